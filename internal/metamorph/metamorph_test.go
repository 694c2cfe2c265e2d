package metamorph

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

var (
	workloads = flag.Uint64("workloads", 2000, "how many random workloads; a tenth with -short")
	firstSeed = flag.Uint64("first", 1, "the first one's seed")
	replay    = flag.String("replay", "", "play the workload in this file")
)

// shrinkTries bounds the work of making a failure readable.
const shrinkTries = 1500

// A cache must not be seen: random workloads on random registries leave the same bytes
// at the server and return the same to the applications as without one.
func TestRandomWorkloads(t *testing.T) {
	n := *workloads
	if testing.Short() {
		n /= 10
	}
	random(t, n, func(seed uint64, pool *simrt.Pool) bool { return check(t, Generate(seed), pool, Check) })
}

// Links that fail: what may be lost, and how it must be told.
func TestRandomFaults(t *testing.T) {
	n := *workloads / 2
	if testing.Short() {
		n /= 10
	}
	random(t, n, func(seed uint64, pool *simrt.Pool) bool { return check(t, GenerateFaults(seed), pool, CheckFaults) })
}

// random checks n seeds, on all processors.
func random(t *testing.T, n uint64, ok func(seed uint64, pool *simrt.Pool) bool) {
	t.Helper()
	shards := uint64(runtime.GOMAXPROCS(0))
	for shard := range shards {
		t.Run(fmt.Sprint("shard ", shard), func(t *testing.T) {
			t.Parallel()
			pool := simrt.NewPool()
			defer pool.Close()
			failed := 0
			for i := shard; i < n && failed < 3; i += shards {
				if !ok(*firstSeed+i, pool) {
					failed++
				}
			}
		})
	}
}

// check plays a workload; one that fails is made small and printed.
func check(t *testing.T, w Workload, pool *simrt.Pool, play func(Workload, *simrt.Pool) (string, error)) bool {
	t.Helper()
	diff, err := play(w, pool)
	if err != nil {
		t.Errorf("seed %d: %v\n%v", w.Seed, err, w)
		return false
	}
	if diff == "" {
		return true
	}
	small := Shrink(w, shrinkTries, func(w Workload) bool {
		diff, err := play(w, pool)
		return err == nil && diff != ""
	})
	diff, _ = play(small, pool)
	t.Errorf("seed %d:\n%s--- workload; save it and run with -replay FILE:\n%v", w.Seed, diff, small)
	return false
}

// Workloads that once failed.
func TestKnownWorkloads(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if *replay != "" {
		files = []string{*replay}
	}
	pool := simrt.NewPool()
	defer pool.Close()
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			w, err := Parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			play := Check
			if w.Loss != 0 || len(w.Faults) > 0 {
				play = CheckFaults
			}
			if diff, err := play(w, pool); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestATextSaysTheWholeWorkload(t *testing.T) {
	for seed := range uint64(100) {
		w := Generate(seed)
		if seed%2 == 1 {
			w = GenerateFaults(seed)
		}
		got, err := Parse(w.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// A value that the emulator acts on and that no workload sets is not tried.
func TestEveryValueThatIsActedOnIsDrawn(t *testing.T) {
	drawn := map[string]bool{}
	for seed := range uint64(200) {
		for _, v := range Generate(seed).Values {
			drawn[v.Name] = true
		}
	}
	for _, p := range registry.Params() {
		if p.Acted && p.Since == "" && !strings.HasPrefix(p.Name, "NtrdrQuirk") && !drawn[p.Name] {
			t.Errorf("%s is never drawn", p.Name)
		}
	}
}
