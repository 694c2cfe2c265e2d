package bench_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/link"
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

// What stock NT shows a reader on a bad slow link, and what it never does with the fix.
// A copy and a table lose only what a dying circuit leaves behind, so theirs dies; and of
// a copy that is a beginning, so it is lost.
func TestStockShowsWhatAReaderMayNeverSeeAndTheFixDoesNot(t *testing.T) {
	rows := []struct {
		workload string
		outcome  bench.Outcome
		code     string
		kind     link.OutageKind
		lasts    time.Duration // of an outage; 0: none
	}{
		{"copy-64k", bench.Lost, "unfinished", link.Cut, time.Nanosecond},
		{"log-20", bench.Corrupted, "ahead", 0, 0},
		{"isam-60", bench.Corrupted, "torn", link.Silence, 5 * time.Minute},
		{"build-20", bench.Corrupted, "ahead", 0, 0},
		{"office-1", bench.Corrupted, "missing", 0, 0},
	}
	for _, r := range rows {
		codes := map[string]int{}
		for seed := range uint64(20) {
			for _, policy := range []string{nt351, q143413} {
				s := spec(t, policy, "ras-28.8")
				s.Workload, s.Seed = byName(t, r.workload), seed
				if r.lasts > 0 {
					s.Outages = []link.Outage{{Kind: r.kind, At: time.Duration(seed+2) * time.Second, Duration: r.lasts}}
				}
				got := run(t, s)
				switch {
				case policy == nt351 && got.Outcome == r.outcome:
					codes[got.Code]++
				case policy == q143413 && (got.Outcome == bench.Corrupted || got.Silent):
					t.Errorf("%s under the fix, seed %d: %s %s %s", r.workload, seed, got.Outcome, got.Code, got.Reason)
				}
			}
		}
		if codes[r.code] == 0 {
			t.Errorf("%s: stock NT was seen with %v, want some %s", r.workload, codes, r.code)
		}
	}
}

func TestSameSeedSameTraceOfEveryWorkload(t *testing.T) {
	for _, name := range allWorkloads {
		w := byName(t, name)
		if distinct := replay(t, 6, func(seed uint64) (string, error) {
			s := spec(t, nt351, "t1")
			s.Seed, s.Workload = seed, w
			r, err := bench.Run(s)
			return r.Checksum, err
		}); distinct != 6 {
			t.Errorf("%s: 6 seeds gave %d different traces", name, distinct)
		}
	}
}
