package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/smb1client"
)

// story is one version of a case being played in a world.
type story struct {
	w *world
	c *Case
	v *variant

	mu      rt.Mutex
	clients map[string]*client  // guarded by mu, as all below
	handles map[string]handle   // by actor and name
	tasks   map[string]*running // steps in the background, by label
	runs    []*stepRun
}

// handle is an open file, or why there is none.
type handle struct {
	file file
	why  string
}

func newStory(w *world, c *Case, v *variant) *story {
	return &story{
		w: w, c: c, v: v, mu: w.rt.NewMutex(),
		clients: map[string]*client{}, handles: map[string]handle{}, tasks: map[string]*running{},
	}
}

// fileSystem returns what an actor works on, connecting a plain client first.
func (s *story) fileSystem(actor string) (fileSystem, outcome) {
	if ws := s.w.ws[actor]; ws != nil {
		return station{ws}, outcome{}
	}
	c, o := s.clientOf(actor)
	if c == nil {
		return nil, o
	}
	return c, o
}

func (s *story) onNames(actor string, f func(fileSystem) outcome) outcome {
	fs, o := s.fileSystem(actor)
	if fs == nil {
		return o
	}
	return f(fs)
}

func (s *story) onHandle(actor, name string, f func(file) outcome) outcome {
	s.mu.Lock()
	h, known := s.handles[actor+" "+name]
	s.mu.Unlock()
	switch {
	case !known:
		return voided(fmt.Sprintf("%s has opened no %s", actor, name))
	case h.file == nil:
		return voided(h.why)
	}
	return f(h.file)
}

// setHandle remembers what an open gave; a nil file with an outcome that is no error
// means that the handle is closed.
func (s *story) setHandle(actor, name string, f file, o outcome) {
	h := handle{file: f, why: name + " is closed"}
	if o.err != nil {
		h = handle{why: name + " could not be opened"}
	}
	s.mu.Lock()
	s.handles[actor+" "+name] = h
	s.mu.Unlock()
}

// clientOf returns a plain client, connected.
func (s *story) clientOf(actor string) (*client, outcome) {
	s.mu.Lock()
	c := s.clients[actor]
	s.mu.Unlock()
	if c != nil {
		return c, outcome{}
	}
	conn, err := s.w.dial(actor)
	if err != nil {
		return nil, failed(err)
	}
	opt := smb1client.Options{Runtime: s.w.rt, Trace: s.w.trace.Actor(actor), VCNumber: 1}
	cred := s.w.credentials
	cred.Workstation = actor
	tree, err := smb1client.Logon(conn, opt, cred, s.w.root)
	if err != nil {
		return nil, failed(err)
	}
	c = &client{Tree: tree, w: s.w}
	s.mu.Lock()
	s.clients[actor] = c
	s.mu.Unlock()
	return c, outcome{}
}

// closeClients ends the plain clients' circuits.
func (s *story) closeClients() {
	s.mu.Lock()
	clients := s.clients
	s.clients = map[string]*client{}
	s.mu.Unlock()
	for _, c := range clients { // map order: nobody watches any more
		_ = c.Session().Client().Close() // the peer may be gone
	}
}

func (s *story) running(label string) *running {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tasks[label]
}

// connect sets up the circuits of all actors of the story, as drives that are
// connected before an application starts.
func (s *story) connect() error {
	var done []string
	for _, st := range s.c.steps {
		if slices.Contains(done, st.actor) {
			continue
		}
		done = append(done, st.actor)
		var err error
		switch kindOf(st.actor) {
		case workstation:
			err = s.w.ws[st.actor].Connect()
		case plainClient:
			_, o := s.clientOf(st.actor)
			err = o.err
		default: // the server and the world have no circuit
		}
		if err != nil {
			return fmt.Errorf("%s could not connect: %w", st.actor, err)
		}
	}
	return nil
}

// play is the story. It returns what was observed.
func (s *story) play() (*observed, error) {
	if err := s.connect(); err != nil {
		return nil, err
	}
	o := &observed{steps: map[string]*stepRun{}, states: map[look][]namedState{}}
	o.start = s.mark()
	s.w.arm(s.c.setupOf(s.v).triggers)
	looks := s.looks()
	for _, st := range s.c.steps {
		r := s.begin(st)
		if st.label != "" {
			o.steps[st.label] = r
			s.look(o, looks, st.label)
		}
	}
	s.look(o, looks, "")
	s.joinAll()
	s.freeze(o)
	o.events = nameAll(s.w.trace.Events(), s.w.dir)
	return o, nil
}

// mark is how many events have been recorded.
func (s *story) mark() int { return s.w.trace.Len() }

// begin does a step, or starts it in the background.
func (s *story) begin(st *step) *stepRun {
	r := &stepRun{step: st, from: s.mark(), to: -1}
	r.ended.instant, r.ended.slack = s.w.instant, s.w.slack
	s.mu.Lock()
	s.runs = append(s.runs, r)
	s.mu.Unlock()
	if !st.background {
		s.perform(r)
		return r
	}
	bg := &running{over: s.w.rt.NewEvent(rt.Notification)}
	s.mu.Lock()
	s.tasks[st.label] = bg
	s.mu.Unlock()
	s.w.rt.Go(st.label, func() {
		s.perform(r)
		bg.result = r.ended
		bg.over.Set()
	})
	s.w.rt.Sleep(0) // it gets as far as it can before the next step
	return r
}

// perform does a step and notes its outcome and time. A join takes those of the step
// that it waits for.
func (s *story) perform(r *stepRun) {
	began := s.w.rt.Now()
	out := r.step.do(s)
	took := s.w.rt.Now().Sub(began)
	if bg := s.running(r.step.joins); r.step.joins != "" && bg != nil && bg.over.Wait(0) {
		took = bg.result.took
	}
	s.mu.Lock()
	r.ended.outcome, r.ended.took, r.to = out, took, s.mark()
	s.mu.Unlock()
}

// unjoined bounds the wait for steps that nobody joins.
//
// src: assumed (longer than every documented time-out of one request)
const unjoined = 10 * time.Minute

// joinAll waits for what still runs, which must not be unwound in the middle.
func (s *story) joinAll() {
	limit := unjoined
	if s.w.target != Model {
		limit = realUnjoined
	}
	for _, st := range s.c.steps {
		if bg := s.running(st.label); bg != nil {
			bg.over.Wait(limit)
		}
	}
}

const realUnjoined = 5 * time.Second

// freeze takes the steps as they are now: one that still runs must not change what is
// judged.
func (s *story) freeze(o *observed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.runs {
		now := *r
		s.runs[i] = &now
		if r.step.label != "" {
			o.steps[r.step.label] = &now
		}
	}
}

// looks are the files to look at.
func (s *story) looks() []look {
	var list []look
	for _, e := range s.v.expect {
		list = append(list, e.looks...)
	}
	return list
}

// look sees what the server holds of the files that expectations name for a moment.
func (s *story) look(o *observed, looks []look, label string) {
	for _, l := range looks {
		if l.label == label && o.states[l] == nil {
			o.states[l] = s.w.states(l.path)
		}
	}
}

// judgeAll compares what was observed with what the story says.
func (s *story) judgeAll(o *observed) []Finding {
	var findings []Finding
	overridden := map[string]bool{}
	for _, e := range s.v.expect {
		overridden[e.override] = e.override != ""
	}
	for _, r := range s.runs {
		if r.ended.void != "" || overridden[r.step.label] && r.step.label != "" {
			continue
		}
		if r.step.background && r.to < 0 {
			r.ended.outcome = failed(errStillWaiting)
		}
		if r.step.background && !r.step.stated {
			continue // its join says what is expected
		}
		findings = append(findings, s.finding(r.step.line, r.step.text, r.step.annotated,
			r.step.want.holds(r.ended), r.ended.String()))
	}
	for _, e := range s.v.expect {
		ok, seen := e.one(o)
		findings = append(findings, s.finding(e.line, e.text, e.annotated, ok, seen))
	}
	return findings
}

func (s *story) finding(line int, text string, a annotated, ok bool, seen string) Finding {
	f := Finding{Variant: s.v.name, Line: line, Expected: text, Observed: seen, Holds: ok}
	if !ok && s.w.target == Live {
		f.Explained = a.explains(s.w.server)
	}
	return f
}

// Finding is one thing that a story says and what was observed instead, or as well.
type Finding struct {
	Variant   string // "" for the story itself
	Line      int
	Expected  string
	Observed  string
	Holds     bool
	Explained string // why a live server may differ here
}
