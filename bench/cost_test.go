package bench_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/invariant"
)

// Twice as much message takes twice as many more steps of the kernel.
func TestTheCostOfATrialIsLinearInItsMessage(t *testing.T) {
	w := bench.NewWorker()
	defer w.Close()
	steps := func(mb int) float64 {
		s := spec(t, q143413, "t1") // the Mailer reads all of it
		s.Loss, s.MessageSize = 0, mb<<20
		var world *bench.Sim
		s.OnWorld = func(w *bench.Sim) { world = w }
		worked(t, w, s)
		return float64(world.Kernel.Steps())
	}
	one, two, four := steps(1), steps(2), steps(4)
	if ratio := (four - two) / (two - one); ratio < 1.8 || ratio > 2.2 {
		t.Errorf("%.0f, %.0f and %.0f steps for 1, 2 and 4 MB: the second step up is %.2f of the first, want 2", one, two, four, ratio)
	}
}

// A worker's trials use the memory of those before. The bound is a tenth above what a trial
// takes, and less than one takes without slab, or without the kernel's buffers.
func TestATrialMakesLittleGarbage(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checked builds allocate more: run it without -race and -tags invariants")
	}
	w := bench.NewWorker()
	defer w.Close()
	s := spec(t, nt351, "t1")
	if got := testing.AllocsPerRun(20, func() { worked(t, w, s); s.Seed++ }); got > 2300 {
		t.Errorf("%.0f allocations a trial of mail on t1", got)
	}
}
