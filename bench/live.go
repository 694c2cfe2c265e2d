package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Peer is a live server's share and the directory of it that holds the postoffice.
type Peer = machine.Peer

// RunLive plays a trial in real time against a live server. It makes an empty
// postoffice in peer.Dir, which must exist and hold none. The Mailer reads through
// go-smb2, so that what it saw is told by an implementation that is not ours, or as in
// simulation: see Peer.SMB1Mailer, which the policy SMB2 implies. Its looks have the phase
// that they have in simulation.
//
// A cancelled ctx cuts the connections and ends the trial with an error.
func RunLive(ctx context.Context, s Spec, peer Peer) (r Result, err error) {
	stock, err := stockSettings(s.Policy)
	if err != nil {
		return Result{}, err
	}
	w, err := machine.NewLive(machine.LiveConfig{
		Settings: s.Policy, SMB2: IsSMB2(s.Policy), Mailer: stock, Peer: peer, Link: s.Link, Loss: s.Loss, Outages: s.Outages,
		Seed: s.Seed, Keep: s.KeepEvents, Wrap: s.Wrap, Policy: s.WritePolicy,
	})
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	defer context.AfterFunc(ctx, w.Abort)()
	doErr := w.Runtime.Do("trial", func() {
		if err = s.workload().Prepare(machine.LocalFS(w.Local), w.DirectFS); err != nil {
			return
		}
		t, terr := newTrial(s, &w.World)
		if err = terr; err == nil {
			t.live = true
			err = t.play()
		}
		if err == nil {
			r, err = t.result(w.DirectFS)
			r.countLink(w.LinkStats())
		}
		err = errors.Join(w.Cannot(), err)
	})
	if err := errors.Join(doErr, err); err != nil {
		return Result{}, fmt.Errorf("live trial %s: %w", trialName(s), err)
	}
	return r, nil
}

// Describe says in a few words what an event of a live trial tells its watcher, or
// "" for most events.
func Describe(e Event) string {
	switch e.Kind {
	case trace.AppNote, trace.Verdict, trace.EventLog, trace.LinkDown, trace.LinkUp:
		return e.Text
	}
	return ""
}
