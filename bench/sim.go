package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

// trialLimit is the virtual time after which a trial ends, whatever is left.
//
// src: assumed (long enough for every documented timer and retry)
const trialLimit = 4 * time.Hour

// stepLimit bounds the task switches and callbacks of a trial, so that a livelock ends
// at the same step every time.
//
// src: assumed (ten times what a message of 100 MB takes; some 20 s)
const stepLimit = 20_000_000

// Sim is a simulated World, for the hooks of a Spec.
type Sim = machine.Sim

// Run plays one simulated trial.
func Run(s Spec) (Result, error) {
	w := NewWorker()
	defer w.Close()
	return w.Run(s)
}

// limits bound a trial: see simrt.Options. The zero wall and onHang are the kernel's.
type limits struct {
	steps  uint64
	wall   time.Duration
	onHang func(report string)
}

func (w *Worker) run(s Spec) (Result, error) {
	if IsSMB2(s.Policy) {
		return Result{}, ErrLiveOnly
	}
	watch := &serverWatch{}
	sim, err := w.newSim(s, watch)
	if err != nil {
		return Result{}, err
	}
	defer sim.Kernel.Close()
	if s.OnWorld != nil {
		s.OnWorld(sim)
	}
	if err := watch.prepare(s, sim); err != nil {
		return Result{}, err
	}
	t, err := newTrial(s, &sim.World)
	if err != nil {
		return Result{}, err
	}
	watch.t = t
	var upAtClose int64
	t.wire.onClose = func() { upAtClose = sim.Link.Stats().Up.Bytes }
	var playErr error
	out := sim.Kernel.RunTask("trial", func() { playErr = t.play() })
	if err := errors.Join(deadlocked(out), out.Err(), playErr); err != nil {
		return Result{}, fmt.Errorf("trial %s: %w", trialName(s), err)
	}
	r, err := t.result(machine.LocalFS(sim.Volume))
	if err != nil {
		return Result{}, fmt.Errorf("trial %s: %w", trialName(s), err)
	}
	r.countLink(sim.Link.Stats())
	r.Packets, r.Prefix = sim.Link.Delivered(), watch.found()
	if rate := s.Link.Rate(link.Up); rate > 0 && r.Durable != nil && *r.Durable > 0 {
		used := float64(upAtClose*8) / (float64(rate) * *r.Durable)
		r.Utilisation = &used
	}
	return r, nil
}

// deadlocked says that the trial waits for what can never come.
func deadlocked(out simrt.Outcome) error {
	if out.Reason != simrt.Idle {
		return nil
	}
	return fmt.Errorf("deadlock at %v: %s", out.Elapsed, strings.Join(out.Parked, ", "))
}

func (w *Worker) newSim(s Spec, watch *serverWatch) (*Sim, error) {
	stock, err := stockSettings(s.Policy)
	if err != nil {
		return nil, err
	}
	disks, err := disksOf(s.workload())
	if err != nil {
		return nil, err
	}
	var only func(string, trace.Kind) bool
	if s.NoTrace && !s.KeepEvents && s.OnEvent == nil {
		only = watched
	}
	return machine.NewSim(machine.SimConfig{
		Name: trialName(s), Settings: s.Policy, Mailer: stock,
		Link: s.Link, Loss: s.Loss, Outages: s.Outages, TCP: s.TCP, Seed: s.Seed, Shuffle: s.Shuffle,
		Keep: s.KeepEvents, Only: only, Deadline: trialLimit, Wrap: s.Wrap, Pool: w.pool, Models: &w.models, Policy: s.WritePolicy,
		Local: disks.local, Share: disks.share, Server: watch.hooks(s),
		MaxSteps: w.lim.steps, WallLimit: w.lim.wall, OnHang: w.lim.onHang,
	})
}

// trialName says how to find the trial again.
func trialName(s Spec) string {
	return "policy=" + s.Policy.Policy.Name + " link=" + s.Link.Name + " " + s.TCP.String() + " loss=" + strconv.FormatFloat(s.Loss, 'g', -1, 64) +
		" seed=" + strconv.FormatUint(s.Seed, 10) + " size=" + strconv.Itoa(s.MessageSize)
}

// disks are what the two volumes of a simulated trial begin with.
type disks struct{ local, share *volume.Image }

// disksOf prepares the disks for a workload.
func disksOf(w Workload) (disks, error) {
	if _, ok := w.(mail); ok {
		return newDisks()
	}
	d, err := prepare(w)
	if err != nil {
		return d, fmt.Errorf("workload %s: %w", w.Name(), err)
	}
	return d, nil
}

func prepare(w Workload) (disks, error) {
	local := volume.NewMem(startClock{}, nil, volume.StockLimits())
	share := volume.NewMem(startClock{}, nil, volume.StockLimits())
	err := w.Prepare(machine.LocalFS(local), machine.LocalFS(share))
	return disks{local.Image(), share.Image()}, err
}

// newDisks makes the postoffices once for all trials, at the time at which each begins.
var newDisks = sync.OnceValues(func() (disks, error) { return prepare(Mail{}) })

type startClock struct{}

func (startClock) Now() time.Time { return simrt.DefaultStart() }

func initPostoffices(local, remote mailclient.FS) error {
	if err := mailclient.Init(local, localPO); err != nil {
		return fmt.Errorf("local postoffice: %w", err)
	}
	if err := mailclient.Init(remote, remotePO); err != nil {
		return fmt.Errorf("remote postoffice: %w", err)
	}
	return nil
}

// stockPolicy is that of a default workstation, read once for all trials.
var stockPolicy = sync.OnceValues(func() (*registry.Policy, error) { return registry.Builtin("nt351") })

// stockSettings are those of a default workstation on the policy's edition.
func stockSettings(s Settings) (Settings, error) {
	stock, err := stockPolicy()
	if err != nil {
		return Settings{}, err
	}
	return stock.On(s.Edition), nil
}
