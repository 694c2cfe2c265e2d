package bench_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/bench/workload"
)

func byName(t testing.TB, name string) bench.Workload {
	t.Helper()
	w, err := workload.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var allWorkloads = []string{"copy-256k", "log-20", "isam-60", "build-10", "office-2"}

func TestEveryWorkloadIsDeliveredWithoutLossOnALAN(t *testing.T) {
	for _, name := range allWorkloads {
		for _, policy := range []string{nt351, q143413, "sync-close"} {
			s := spec(t, policy, "lan10")
			s.Loss, s.Workload = 0, byName(t, name)
			for range 5 {
				r := run(t, s)
				if r.Outcome != bench.Delivered || r.App == nil || r.Durable == nil || r.Delivered == nil || r.Workload != name {
					t.Errorf("%s under %s, seed %d: %+v", name, policy, s.Seed, r)
				}
				s.Seed++
			}
		}
	}
}
