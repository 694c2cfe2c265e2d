package bench

import (
	"time"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// World is where a trial happens.
type World = machine.World

// finalLooks is how many complete looks of the reader must pass after the application
// is done and nothing is dirty, before a trial is over.
//
// src: assumed (one to see what came last, one to be sure)
const finalLooks = 2

// settlePoll separates two looks at whether dirty data is left.
//
// src: assumed (the lazy writer's period is as fine as it needs to be)
const settlePoll = time.Second

// trial is one Spec being played in a World.
type trial struct {
	spec  Spec
	w     *World
	run   workload.Run
	wire  *wireWatch
	start time.Time
	calls int
	live  bool // a server that does not let the sender in is an error, not a story

	mu        rt.Mutex  // guards the rest, which the reader's task shares
	settledAt time.Time // when the application was done and nothing dirty; zero: not yet
	looks     int       // complete looks begun after settledAt
	enough    rt.Event  // looks == finalLooks
	changed   rt.Event  // something has changed at the server since the last look
}

func newTrial(s Spec, w *World) (*trial, error) {
	t := &trial{
		spec: s, w: w, start: w.RT.Now(),
		enough: w.RT.NewEvent(rt.Notification), changed: w.RT.NewEvent(rt.Notification), mu: w.RT.NewMutex(),
	}
	var err error
	if t.run, err = s.workload().Start(t.stage()); err != nil {
		return nil, err
	}
	t.wire = newWireWatch(machine.ActorSenderHost, t.run.Role)
	watch, kinds := t.wire.see, watchedKinds[:]
	if s.OnEvent != nil {
		watch, kinds = func(e Event) {
			t.wire.see(e)
			s.OnEvent(w, e)
		}, nil
	}
	w.Trace.Watch(watch, kinds...)
	return t, nil
}

// stage is where the workload happens.
func (t *trial) stage() workload.Stage {
	server := t.w.Trace.Actor(machine.ActorServer)
	return workload.Stage{
		Runtime: t.w.RT, Seed: t.spec.Seed,
		Local: machine.LocalFS(t.w.Local), Share: t.w.SenderFS, Reader: t.w.MailerFS,
		App: t.w.Trace.Actor(machine.ActorSender), Look: t.w.Trace.Actor(machine.ActorMailer),
		OnCall: func(step, op, path string, err error) {
			t.calls++
			if t.spec.OnCall != nil {
				t.spec.OnCall(t.w, Call{N: t.calls, Step: step, Op: op, Path: path, Err: err})
			}
		},
		OnOpen: func(path string) {
			if t.w.FileState != nil && server.Wants(trace.FileState) {
				size, opens := t.w.FileState(path)
				server.Emit(trace.Event{Kind: trace.FileState, Path: path, Off: size, Len: int64(opens)})
			}
		},
	}
}

// play is the story: the drive is connected, the reader looks, the application runs,
// and two more looks pass after everything has settled.
func (t *trial) play() error {
	t.w.RT.Go("reader", t.poll)
	if err := t.w.Client.Connect(); err != nil {
		if t.live {
			return err
		}
		t.w.Trace.Actor(machine.ActorSender).Emit(trace.Event{Kind: trace.AppNote, Text: "the drive could not be connected: " + err.Error()})
	}
	if err := t.run.Play(); err != nil {
		return err
	}
	t.settle()
	t.mu.Lock()
	t.settledAt = t.w.RT.Now()
	t.mu.Unlock()
	t.changed.Set()
	t.enough.Wait(rt.Forever)
	if t.w.MailerIdle != nil {
		t.w.MailerIdle.Wait(rt.Forever)
	}
	return nil
}

// settle waits until nothing that the application wrote is on its way.
func (t *trial) settle() {
	for {
		t.w.Client.Idle().Wait(rt.Forever)
		if t.w.Client.DirtyBytes() == 0 {
			return
		}
		t.w.RT.Sleep(settlePoll)
	}
}

// poll is when the reader looks: every Poll, its phase drawn from a stream of its own.
func (t *trial) poll() {
	if t.spec.PollOnChange {
		t.pollOnChange()
		return
	}
	phase := time.Duration(t.w.RT.Rand("mailer-phase").Int64N(int64(t.spec.Poll)))
	next := t.start.Add(phase)
	for !t.enough.Wait(next.Sub(t.w.RT.Now())) {
		t.look()
		for !next.After(t.w.RT.Now()) {
			next = next.Add(t.spec.Poll)
		}
	}
}

// changeDelay is how long after a change at the server PollOnChange looks.
//
// src: assumed (soon, so that a reader meets what is there for a moment only)
const changeDelay = time.Second

// pollOnChange looks soon after each change at the server, and again and again once
// everything has settled.
func (t *trial) pollOnChange() {
	pause := rt.Forever
	for t.w.RT.WaitAny(pause, t.enough, t.changed) != 0 {
		if t.enough.Wait(changeDelay) {
			return
		}
		t.changed.Reset()
		t.look()
		t.mu.Lock()
		if !t.settledAt.IsZero() {
			pause = t.spec.Poll
		}
		t.mu.Unlock()
	}
}

// look lets the reader look once, and counts the look if it was complete and everything
// had settled before.
func (t *trial) look() {
	begun := t.w.RT.Now()
	if !t.run.Look() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.settledAt.IsZero() && !begun.Before(t.settledAt) {
		if t.looks++; t.looks == finalLooks {
			t.enough.Set()
		}
	}
}

// result puts together what happened. The server's disk is read through fs.
func (t *trial) result(fs mailclient.FS) (Result, error) {
	rep, err := t.run.Report(fs)
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Key: t.spec.key(), Edition: t.spec.Policy.Edition.Name, Seed: t.spec.Seed,
		Fate:  Fate{Told: rep.Told.String(), Code: rep.Code, Reason: rep.Reason, Attempts: rep.Attempts, Copies: rep.Copies},
		Bytes: t.spec.workload().Bytes(), Checksum: t.w.Trace.Checksum(), Events: t.w.Trace.Events(),
	}
	r.Outcome, r.Silent = Classify(rep.Observation)
	t.setTimes(&r, &rep)
	for _, e := range t.w.Client.EventLog() {
		r.EventLog = append(r.EventLog, LogEvent{
			Seconds: e.At.Sub(t.start).Seconds(), Source: e.Source, ID: int(e.ID), Path: e.Path, Text: e.Text, Ours: e.Ours,
		})
	}
	return r, nil
}

// setTimes fills in the times, all from the application's first call.
func (t *trial) setTimes(r *Result, rep *workload.Report) {
	if rep.Begun.IsZero() {
		return
	}
	r.AppStart = seconds(rep.Begun.Sub(t.start))
	zero := rep.Begun.Sub(t.w.Trace.Start())
	at := func(d time.Duration) *float64 { return seconds(d - zero) }
	if !rep.Ended.IsZero() {
		r.App = seconds(rep.Ended.Sub(rep.Begun))
	}
	if rep.Told == mailclient.ToldSuccess && t.wire.reached && !t.wire.cut {
		r.Durable = at(t.wire.lastDone)
	}
	if t.wire.keyReached {
		r.KeyVisible = at(t.wire.keyClose)
	}
	if !rep.Delivered.IsZero() {
		r.Delivered = seconds(rep.Delivered.Sub(rep.Begun))
	}
}

func seconds(d time.Duration) *float64 {
	s := float64(d.Microseconds()) / 1e6
	return &s
}
