package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Disturbance is what an Exploration does to the link after a segment.
type Disturbance struct {
	Name  string // such as reset, silence-60s, stall-5s
	Stall bool   // nothing is lost
	Kind  link.OutageKind
	For   time.Duration
}

// Disturbances are what an Exploration does after each segment in turn: some shorter and
// some longer than a TCP's retransmissions, 31 s from a timeout of 0.5 s, and SessTimeout.
//
// src: assumed (the times)
func Disturbances() []Disturbance {
	list := []Disturbance{
		{"reset", false, link.Cut, 0},
		{"silence-60s", false, link.Silence, time.Minute},
	}
	for _, s := range []time.Duration{5, 40, 120} {
		list = append(list, Disturbance{fmt.Sprintf("stall-%ds", s), true, link.Standstill, s * time.Second})
	}
	return list
}

// Outage is the disturbance after a segment.
func (d Disturbance) Outage(segment int64) Outage {
	return Outage{Kind: d.Kind, Packet: segment, Duration: d.For}
}

// Exploration is one trial, disturbed after every segment of its link in turn.
type Exploration struct {
	Spec Spec
	// Every explores each Every-th segment only; 0 and 1 are all.
	Every int64
}

// Explored is what the trials of an Exploration came to.
type Explored struct {
	Spec     Spec
	Segments int64 // of the undisturbed trial
	Every    int64
	Calm     Result // the undisturbed trial, with its trace's checksum
	// At is when the undisturbed trial delivered each segment, since its start.
	At    []time.Duration
	Kinds []ExploredKind
}

// ExploredKind is a disturbance after each segment in turn.
type ExploredKind struct {
	Disturbance
	Trials []CutTrial // in order of their segments
}

// CutTrial is a trial that was disturbed.
type CutTrial struct {
	Segment int64
	Outcome Outcome
	Silent  bool
	Prefix  bool // the server held, at some moment, what no prefix of the application's operations gives
}

// Failing reports what a user would call a failure of the policy: damage that a reader
// saw, or success told for what did not arrive.
func (c CutTrial) Failing() bool { return c.Silent || c.Outcome == Corrupted }

// Run plays the undisturbed trial, and then the others on so many workers. planned is
// told how many there are, and step is called after each, from several goroutines. Up to
// the disturbance a trial is the undisturbed one, packet by packet, or Run fails.
func (x Exploration) Run(ctx context.Context, workers int, planned func(trials int), step func()) (*Explored, error) {
	x.Spec.PollOnChange, x.Spec.CheckPrefix = true, true
	x.Every = max(1, x.Every)
	calm, history, at, err := x.calm()
	if err != nil {
		return nil, err
	}
	e := &Explored{Spec: x.Spec, Segments: calm.Packets, Every: x.Every, Calm: calm, At: at}
	for _, d := range Disturbances() {
		k := ExploredKind{Disturbance: d}
		for n := x.Every; n <= calm.Packets; n += x.Every {
			k.Trials = append(k.Trials, CutTrial{Segment: n})
		}
		e.Kinds = append(e.Kinds, k)
	}
	planned(e.Trials())
	return e, e.play(ctx, workers, history, step)
}

// Trials is the number of disturbed trials.
func (e *Explored) Trials() int { return len(e.Kinds) * len(e.Kinds[0].Trials) }

// calm plays the undisturbed trial and returns the hash over the packets up to each, and
// when each came.
func (x Exploration) calm() (r Result, history []uint64, at []time.Duration, err error) {
	s := x.Spec
	s.NoTrace = false
	s.OnWorld = func(w *Sim) {
		start := w.Kernel.Now()
		w.Link.OnArrival(func(_ int64, h uint64) {
			history = append(history, h)
			at = append(at, w.Kernel.Now().Sub(start))
		})
	}
	r, err = Run(s)
	if err == nil && r.Packets == 0 {
		err = fmt.Errorf("trial %s: no packet was delivered", trialName(s))
	}
	return r, history, at, err
}

// play runs the disturbed trials, those of one segment together.
func (e *Explored) play(ctx context.Context, workers int, history []uint64, step func()) error {
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	total := int64(e.Trials())
	for range min(max(1, workers), runtime.NumCPU()*4) {
		wg.Go(func() {
			w := NewWorker()
			defer w.Close()
			for i := next.Add(1) - 1; i < total && ctx.Err() == nil; i = next.Add(1) - 1 {
				k := &e.Kinds[i%int64(len(e.Kinds))]
				t := &k.Trials[i/int64(len(e.Kinds))]
				if err := e.cut(w, k.Disturbance, t, history); err != nil {
					once.Do(func() { first = err })
					cancel()
					return
				}
				step()
			}
		})
	}
	wg.Wait()
	if first != nil {
		return first
	}
	return ctx.Err()
}

// Cut returns the Spec of one disturbed trial.
func (e *Explored) Cut(d Disturbance, segment int64) Spec { return CutSpec(e.Spec, d, segment) }

// Replay plays one of the trials again, with a trace. It is an error if it comes out
// otherwise.
func (e *Explored) Replay(d Disturbance, t CutTrial) (Result, error) {
	s := e.Cut(d, t.Segment)
	s.NoTrace = false
	r, err := Run(s)
	if again := judged(t.Segment, &r); err == nil && again != t {
		err = fmt.Errorf("%s after segment %d: %+v at first, and then %+v", d.Name, t.Segment, t, again)
	}
	return r, err
}

// judged is what the result of the trial that was disturbed after a segment says.
func judged(segment int64, r *Result) CutTrial {
	return CutTrial{segment, r.Outcome, r.Silent, r.Prefix != ""}
}

// CutSpec is a Spec of an Exploration, disturbed after a segment.
func CutSpec(s Spec, d Disturbance, segment int64) Spec {
	s.PollOnChange, s.CheckPrefix = true, true
	s.Outages = append(append([]Outage(nil), s.Outages...), d.Outage(segment))
	return s
}

func (e *Explored) cut(w *Worker, d Disturbance, t *CutTrial, history []uint64) error {
	s := e.Cut(d, t.Segment)
	same := false
	s.OnWorld = func(sim *Sim) {
		sim.Link.OnArrival(func(n int64, h uint64) {
			if n == t.Segment {
				same = h == history[n-1]
			}
		})
	}
	r, err := w.Run(s)
	switch {
	case err != nil:
		return fmt.Errorf("%s after segment %d: %w", d.Name, t.Segment, err)
	case !same:
		return fmt.Errorf("%s after segment %d: trial %s was not the undisturbed one until then", d.Name, t.Segment, trialName(s))
	}
	*t = judged(t.Segment, &r)
	return nil
}

// Count is how many trials of the kind a predicate holds for.
func (k *ExploredKind) Count(is func(CutTrial) bool) (n int) {
	for _, t := range k.Trials {
		if is(t) {
			n++
		}
	}
	return n
}

// Count is how many disturbed trials a predicate holds for.
func (e *Explored) Count(is func(CutTrial) bool) (n int) {
	for i := range e.Kinds {
		n += e.Kinds[i].Count(is)
	}
	return n
}

// Smallest is the first segment after which a predicate holds, and the first disturbance
// with which it does.
func (e *Explored) Smallest(is func(CutTrial) bool) (t CutTrial, d Disturbance, found bool) {
	for i := range e.Kinds[0].Trials {
		for _, k := range e.Kinds {
			if is(k.Trials[i]) {
				return k.Trials[i], k.Disturbance, true
			}
		}
	}
	return t, d, false
}
