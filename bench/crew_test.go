package bench_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/invariant"
)

// ending is what a test sees of a trial's end.
type ending struct {
	Seed    uint64
	Policy  string
	Outcome bench.Outcome
	Error   string
}

func endings(t *testing.T, m bench.Matrix, workers int) (list []ending) {
	t.Helper()
	err := m.Each(t.Context(), 0, workers, func(g *bench.Group) error {
		for i := range g.Results {
			r := &g.Results[i]
			list = append(list, ending{r.Seed, r.Policy, r.Outcome, r.Error})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// fourSeeds is a matrix of one cell a policy.
func fourSeeds(t *testing.T) bench.Matrix {
	m := smallMatrix(t)
	m.Links, m.Losses, m.Trials = m.Links[1:], m.Losses[:1], 4
	return m
}

// A trial that cannot come to an end is a result with an error; the others are as they
// are without it.
func TestATrialThatBreaksIsOneResult(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	const hangs = "nor let itself be ended"
	tests := map[string]struct {
		hook func(w *bench.Sim)
		want string
	}{
		"a task panics":               {func(w *bench.Sim) { w.RT.Go("culprit", func() { panic("boom") }) }, `task "culprit"`},
		"the hook panics":             {func(*bench.Sim) { panic("boom") }, "panic: boom"},
		"the hook ends its goroutine": {func(*bench.Sim) { runtime.Goexit() }, "runtime.Goexit"},
		"a task sleeps no time":       {func(w *bench.Sim) { w.RT.Go("busy", func() { forever(w) }) }, "step limit exceeded after 10000 steps"},
		"a task never yields":         {func(w *bench.Sim) { w.RT.Go("stuck", func() { <-release }) }, hangs},
		"the hook never returns":      {func(*bench.Sim) { <-release }, hangs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := fourSeeds(t)
			want := endings(t, m, 2)
			if tt.want == hangs {
				m.TrialLimit = patience()
			}
			got := endings(t, m.WithHook(func(s *bench.Spec) {
				if s.Seed == 2 && s.Policy.Policy.Name == nt351 {
					s.OnWorld = tt.hook
				}
			}, 10_000), 2)
			bad := &got[2]
			if bad.Outcome != bench.Broken || bad.Seed != 2 || bad.Policy != nt351 || !strings.Contains(bad.Error, tt.want) {
				t.Errorf("%+v, want an error that says %q", *bad, tt.want)
			}
			*bad = want[2]
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("the others (-got +want):\n%s", diff)
			}
		})
	}
}

// patience is how long the test waits for a trial that hangs. A good one may stand still for
// seconds on a loaded machine under the race detector.
func patience() time.Duration {
	if invariant.Enabled {
		return 10 * time.Second
	}
	return time.Second
}

func forever(w *bench.Sim) {
	for {
		w.RT.Sleep(0)
	}
}

// A trial that cannot be finished ends a run that has no place for it.
func TestRunReturnsTheErrorOfATrial(t *testing.T) {
	m := fourSeeds(t)
	m.Base.OnWorld = func(*bench.Sim) { panic("boom") }
	if rs, err := m.Run(t.Context(), 2, func() {}); err == nil || err.Error() != "panic: boom" {
		t.Errorf("%d results, error %v", len(rs), err)
	}
}

// Whatever the number of workers, groups come in order, each once, and of those that
// wait no more than the window are begun; and what is done when the context ends comes
// without a gap.
func TestGroupsComeInOrder(t *testing.T) {
	m := fourSeeds(t)
	m.Trials = 20_000
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(t.Context())
		next := 500
		err := m.WithPlay(fakeTrial).Each(ctx, next, workers, func(g *bench.Group) error {
			if g.N != next || g.Results[0].Seed != uint64(next+1) || len(g.Results) != 2 {
				return fmt.Errorf("group %d with seed %d, want %d", g.N, g.Results[0].Seed, next)
			}
			if next++; next == 10_000 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || next < 10_000 || next > 10_000+2*bench.Window {
			t.Errorf("%d workers: %v after %d groups", workers, err, next)
		}
	}
}

// fakeTrial is a trial that costs nothing; one of sixteen is lost.
func fakeTrial(s bench.Spec) (bench.Result, error) {
	r := bench.Result{
		Key: bench.Key{
			Schema: bench.Schema, Commit: s.Commit, Policy: s.Policy.Policy.Name, Link: s.Link.Name, ProfileHash: s.Link.Hash(),
			Loss: s.Loss, Workload: s.WorkloadName(),
		},
		Seed: s.Seed, Fate: bench.Fate{Outcome: bench.Delivered, Told: "success"}, Bytes: s.MessageSize,
	}
	app := float64(s.Seed%97) / 10
	r.App, r.Durable = &app, &app
	if s.Seed%16 == 0 {
		r.Outcome, r.Silent = bench.Lost, true
	}
	return r, nil
}

// The memory of a sweep does not grow with the number of its trials: a line alone has
// some 400 bytes.
func TestMemoryIsConstantInTheNumberOfTrials(t *testing.T) {
	m := fourSeeds(t)
	m.Trials, m.Keep = 100_000, bench.KeepAll
	var before, after uint64
	tallies := m.Tallies(nil)
	err := m.WithPlay(fakeTrial).Each(t.Context(), 0, 2, func(g *bench.Group) error {
		for i := range g.Results {
			tallies[i].Add(&g.Results[i], &g.Results[0])
		}
		switch g.N {
		case 0:
			before = heap()
		case 99_999:
			after = heap()
		}
		return nil
	})
	if err != nil || tallies[0].Trials != 100_000 {
		t.Fatalf("%d trials, error %v", tallies[0].Trials, err)
	}
	if after > before+8<<20 {
		t.Errorf("%d bytes of heap after 200,000 trials, %d before", after, before)
	}
}

func heap() uint64 {
	runtime.GC()
	var st runtime.MemStats
	runtime.ReadMemStats(&st)
	return st.HeapAlloc
}
