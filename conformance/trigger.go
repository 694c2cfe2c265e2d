package conformance

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// trigger cuts ws1's link when something has been seen so many times.
type trigger struct {
	count   int
	what    pattern
	silence time.Duration // 0: reset
	actor   string
}

// triggerSetup are the setup lines that act during the story.
var triggerSetup = []setupCommand{{
	"when [N x] ACTOR PATTERN then reset|silence DURATION", "cuts the actor's link at the N-th SMB that the pattern fits",
	simulated, parseTrigger,
}}

func parseTrigger(a *args) func(*setup) {
	words := a.words
	a.words = nil
	t := trigger{count: 1}
	for i, w := range words {
		if w != "then" {
			continue
		}
		a.words = words[i+1:]
		switch how := a.word("reset or silence"); how {
		case "reset":
		case "silence":
			t.silence = a.duration()
		default:
			a.fail("%q is neither reset nor silence", how)
		}
		t.readWhat(a, words[:i])
		return func(s *setup) { s.triggers = append(s.triggers, t) }
	}
	a.fail("`then` is missing")
	return nil
}

func (t *trigger) readWhat(a *args, words []string) {
	if len(words) > 1 && words[1] == "x" {
		n, err := parseSize(words[0])
		if err != nil || n < 1 {
			a.fail("%q is no count", words[0])
		}
		t.count, words = int(n), words[2:]
	}
	if len(words) < 2 {
		a.fail("an actor and a pattern are missing")
		return
	}
	t.actor = words[0]
	var err error
	if t.what, err = parseWirePattern(append(words[1:], a.named...)); err != nil {
		a.fail("%w", err)
	}
	a.named = nil
}

// watch counts what triggers wait for.
type watch struct {
	list  []trigger
	seen  []int
	names *namer
	cut   func(trigger)
}

func newWatch(list []trigger, dir string, cut func(trigger)) *watch {
	return &watch{list: list, seen: make([]int, len(list)), names: newNamer(dir), cut: cut}
}

// see takes the next event. The cut comes just after it: it is being recorded with
// locks held.
func (w *watch) see(r rt.Runtime, e trace.Event) {
	if len(w.list) == 0 {
		return
	}
	e = w.names.name(e)
	for i, t := range w.list {
		if e.Actor != t.actor || !t.what.fits(e) {
			continue
		}
		if w.seen[i]++; w.seen[i] == t.count {
			r.AfterFunc(0, func() { w.cut(t) })
		}
	}
}

// arm makes the triggers act on what is recorded.
func (w *world) arm(list []trigger) {
	if len(list) == 0 {
		return
	}
	t := newWatch(list, w.dir, func(t trigger) { w.cut(t.actor, t.silence) })
	w.trace.Watch(func(e trace.Event) { t.see(w.rt, e) })
}
