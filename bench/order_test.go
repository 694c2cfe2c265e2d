package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/invariant"
)

// Whatever an application does with names, sizes, locks and several handles: with the ordered
// policies the server always has a beginning of it, wherever the circuit is cut. The stock
// policy has something else at some cut of each.
func TestOrderedKeepsTheOrderOfEverything(t *testing.T) {
	if invariant.Enabled {
		t.Skip("hundreds of trials: run it without -race and -tags invariants")
	}
	files, err := filepath.Glob("testdata/order/*.txt")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d workloads, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := workload.Load(file, text)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, row := range []struct {
			policy           string
			breaks, isSilent bool
		}{{nt351, true, true}, {"ordered", false, true}, {"ordered-durable", false, false}} {
			t.Run(name+"/"+row.policy, func(t *testing.T) {
				s := spec(t, row.policy, "t1")
				s.Workload, s.NoTrace = w, true
				e, err := bench.Exploration{Spec: s, Every: 5}.Run(t.Context(), 2, func(int) {}, func() {})
				if err != nil {
					t.Fatal(err)
				}
				if n := e.Count(prefix); (n > 0) != row.breaks {
					t.Errorf("no beginning of it in %d of %d trials", n, e.Trials())
				}
				if n := e.Count(corrupted); n > 0 && !row.breaks {
					t.Errorf("%d corrupted", n)
				}
				if n := e.Count(silent); n > 0 && !row.isSilent {
					t.Errorf("%d lost without a word", n)
				}
			})
		}
	}
}

func corrupted(t bench.CutTrial) bool { return t.Outcome == bench.Corrupted }
