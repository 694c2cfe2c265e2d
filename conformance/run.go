package conformance

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Verdict is how a case went on a target.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Differs Verdict = "differs" // a live server does something else
	Skipped Verdict = "skipped" // the case does not run there, and says why
)

// Result is what became of a case on one target.
type Result struct {
	Case     *Case
	Target   Target
	Verdict  Verdict
	Reason   string // why it was skipped
	Findings []Finding
	Err      error // it could not be played to its end
	Traces   []StoryTrace
	Took     time.Duration // of real time
}

// StoryTrace is the trace of one version of a story.
type StoryTrace struct {
	Variant string
	Events  []trace.Event
}

// Broken returns the findings that do not hold.
func (r *Result) Broken() []Finding {
	var list []Finding
	for _, f := range r.Findings {
		if !f.Holds {
			list = append(list, f)
		}
	}
	return list
}

// Unexplained reports whether the case failed, or differs in a way that its file does
// not explain.
func (r *Result) Unexplained() bool {
	if r.Err != nil {
		return true
	}
	for _, f := range r.Broken() {
		if f.Explained == "" {
			return true
		}
	}
	return false
}

// run plays all versions of a case on a target.
func (c *Case) run(t Target, server Server) (r Result) {
	began := time.Now()
	r = Result{Case: c, Target: t, Verdict: Skipped}
	defer func() { r.Took = time.Since(began) }()
	runs, why := c.On(t)
	if !runs {
		r.Reason = why
		return r
	}
	for _, v := range c.versions() {
		if err := c.runVersion(&r, v, server); err != nil {
			if v.name != "" {
				err = fmt.Errorf("%s: %w", v.name, err)
			}
			r.Err = errors.Join(r.Err, err)
		}
	}
	switch {
	case r.Err == nil && len(r.Broken()) == 0:
		r.Verdict = Pass
	case r.Err == nil && t == Live:
		r.Verdict = Differs
	default:
		r.Verdict = Fail
	}
	return r
}

// runVersion plays one version; a panic of its own is its error.
func (c *Case) runVersion(r *Result, v *variant, server Server) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch {
	case c.mail:
		return c.runMail(r, v)
	case r.Target == Model:
		return c.runModel(r, v)
	}
	return c.runReal(r, v, server)
}

// name says which version of which case runs.
func (c *Case) name(v *variant) string { return strings.TrimSpace(c.ID + " " + v.name) }

func (c *Case) runModel(r *Result, v *variant) error {
	w, err := newSimWorld(c.name(v), c.setupOf(v))
	if err != nil {
		return err
	}
	defer w.sim.Kernel.Close()
	s := newStory(w, c, v)
	var o *observed
	var playErr error
	out := w.sim.Kernel.RunTask("story", func() { o, playErr = s.play() })
	if err := errors.Join(out.Err(), playErr); err != nil {
		return err
	}
	if out.Reason != simrt.Stopped {
		return fmt.Errorf("the story hangs: %v", out)
	}
	r.take(s, o)
	return nil
}

// take judges a story that has ended.
func (r *Result) take(s *story, o *observed) {
	r.Findings = append(r.Findings, s.judgeAll(o)...)
	r.Traces = append(r.Traces, StoryTrace{s.v.name, o.events})
}

// realLimit bounds a story in real time. On a busy machine a story of a second can take
// many.
const realLimit = 2 * time.Minute

func (c *Case) runReal(r *Result, v *variant, server Server) error {
	panics := make(chan *wallrt.TaskPanic, 1)
	w := newRealWorld(r.Target, func(p *wallrt.TaskPanic) {
		select {
		case panics <- p:
		default: // the first one tells enough
		}
	})
	defer w.close()
	done := make(chan func() error, 1)
	go func() {
		part := Result{Case: c, Target: r.Target}
		err := w.doStory(c, v, server, &part)
		done <- func() error { // a story that comes too late leaves r alone
			r.Findings = append(r.Findings, part.Findings...)
			r.Traces = append(r.Traces, part.Traces...)
			return err
		}
	}()
	select {
	case finish := <-done:
		return finish()
	case p := <-panics:
		return p
	case <-time.After(realLimit):
		return fmt.Errorf("the story has not ended after %v; waiting: %q", realLimit, w.runtime.Tasks())
	}
}

// doStory plays a story as a task of the real world.
func (w *realWorld) doStory(c *Case, v *variant, server Server, r *Result) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	doErr := w.runtime.Do("story", func() {
		set := c.setupOf(v)
		cleanup := func() error { return nil }
		if r.Target == Live {
			cleanup, err = w.attach(server, set)
		} else {
			err = w.serve(c.name(v), set)
		}
		if err == nil {
			err = w.playAndJudge(c, v, r)
		}
		if cleanup != nil {
			err = errors.Join(err, cleanup())
		}
	})
	return errors.Join(doErr, err)
}

func (w *realWorld) playAndJudge(c *Case, v *variant, r *Result) error {
	s := newStory(w.world, c, v)
	defer s.closeClients()
	o, err := s.play()
	if err != nil {
		return err
	}
	r.take(s, o)
	return nil
}
