package bench_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
)

// Without a trace a trial is the same but for its checksum.
func TestWithoutATraceTheResultIsTheSame(t *testing.T) {
	t.Run("mail", func(t *testing.T) { testWithoutATrace(t, nil, seeds()) })
	for _, name := range allWorkloads {
		t.Run(name, func(t *testing.T) { testWithoutATrace(t, byName(t, name), seeds()/10) })
	}
}

func testWithoutATrace(t *testing.T, load bench.Workload, n int) {
	t.Helper()
	w := bench.NewWorker()
	defer w.Close()
	for _, policy := range []string{nt351, q143413} {
		for _, name := range []string{"t1", "ras-28.8", "x25-9.6"} {
			s := spec(t, policy, name)
			s.Loss, s.Workload = 0.05, load
			for range n {
				want := worked(t, w, s)
				s.NoTrace = true
				got := worked(t, w, s)
				s.NoTrace = false
				if want.Checksum == "" || got.Checksum != "" {
					t.Errorf("checksum %q with a trace, %q without", want.Checksum, got.Checksum)
				}
				want.Checksum = ""
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s on %s, seed %d (-with +without a trace):\n%s", policy, name, s.Seed, diff)
				}
				s.Seed++
			}
		}
	}
}

// Who asks for events gets all of them.
func TestEventsAreTracedWhateverNoTraceSays(t *testing.T) {
	s := spec(t, nt351, "t1")
	want := run(t, s).Checksum
	s.NoTrace, s.KeepEvents = true, true
	if r := run(t, s); len(r.Events) == 0 || r.Checksum != want {
		t.Errorf("with KeepEvents: %d events, checksum %s, want %s", len(r.Events), r.Checksum, want)
	}
	seen := 0
	s.KeepEvents, s.OnEvent = false, func(*bench.World, bench.Event) { seen++ }
	if r := run(t, s); seen == 0 || r.Checksum != want {
		t.Errorf("with OnEvent: %d events, checksum %s, want %s", seen, r.Checksum, want)
	}
}

func worked(t *testing.T, w *bench.Worker, s bench.Spec) bench.Result {
	t.Helper()
	r, err := w.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
