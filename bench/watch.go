package bench

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// serverWatch hears of the changes that the sender's workstation makes at the server of
// a simulated trial.
type serverWatch struct {
	t      *trial       // nil until it begins
	prefix *prefixWatch // nil: not checked
}

// hooks are what the server needs to be told for a Spec.
func (w *serverWatch) hooks(s Spec) []func(*smbserver.Config) {
	if !s.PollOnChange && !s.CheckPrefix {
		return nil
	}
	return []func(*smbserver.Config){func(c *smbserver.Config) { c.OnChange = w.see }}
}

// prepare puts the application's log around the sender's file system.
func (w *serverWatch) prepare(s Spec, sim *Sim) error {
	if !s.CheckPrefix {
		return nil
	}
	disks, err := disksOf(s.workload())
	if err != nil {
		return err
	}
	begun := volume.NewMemFrom(disks.share, startClock{}, nil, volume.StockLimits())
	base := func(path string) []byte {
		content, err := begun.ReadFile(path)
		if err != nil {
			return nil // it was not there
		}
		return content
	}
	start := sim.Kernel.Now()
	w.prefix = newPrefixWatch(base, func() time.Duration { return sim.Kernel.Now().Sub(start) })
	sim.SenderFS = loggedFS{sim.SenderFS, w.prefix}
	return nil
}

func (w *serverWatch) see(ch smbserver.Changed) {
	if ch.Client != machine.ActorSenderHost || ch.Share != machine.ShareName || w.t == nil {
		return
	}
	if w.prefix != nil {
		w.prefix.see(ch)
	}
	w.t.changed.Set()
}

func (w *serverWatch) found() string {
	if w.prefix == nil {
		return ""
	}
	return w.prefix.found
}
