package bench_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/mailclient"
)

func explore(t *testing.T, policy string, every int64, workers int) *bench.Explored {
	t.Helper()
	if invariant.Enabled {
		t.Skip("hundreds of trials: run it without -race and -tags invariants")
	}
	s := spec(t, policy, "t1")
	s.MessageSize, s.NoTrace = 4<<10, true
	planned, played := 0, make(chan struct{}, 10_000)
	e, err := bench.Exploration{Spec: s, Every: every}.Run(t.Context(), workers, func(n int) { planned = n }, func() { played <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	if e.Trials() != planned || len(played) != planned {
		t.Errorf("%d trials, %d were planned and %d played", e.Trials(), planned, len(played))
	}
	return e
}

func silent(t bench.CutTrial) bool { return t.Silent }
func prefix(t bench.CutTrial) bool { return t.Prefix }

// Every segment is cut after. The stock policy loses or corrupts without a word, and its
// server holds what no prefix of the writes gives; the fix never does.
func TestExploreIsExhaustive(t *testing.T) {
	stock, fix := explore(t, nt351, 1, 2), explore(t, q143413, 1, 2)
	for _, e := range []*bench.Explored{stock, fix} {
		for _, k := range e.Kinds {
			if int64(len(k.Trials)) != e.Segments || k.Trials[0].Segment != 1 {
				t.Errorf("%s: %d trials for %d segments", k.Name, len(k.Trials), e.Segments)
			}
		}
	}
	if stock.Count(silent) == 0 || stock.Count(prefix) == 0 {
		t.Errorf("nt351: %d silent, %d without a prefix, want some", stock.Count(silent), stock.Count(prefix))
	}
	if n := fix.Count(bench.CutTrial.Failing); n > 0 || fix.Count(prefix) > 0 {
		t.Errorf("q143413: %d fail and %d without a prefix, want none", n, fix.Count(prefix))
	}
	least, d, ok := stock.Smallest(bench.CutTrial.Failing)
	if !ok {
		t.Fatal("no smallest failing cut")
	}
	for _, k := range stock.Kinds {
		for _, c := range k.Trials[:least.Segment-1] {
			if c.Failing() {
				t.Errorf("%s after %d fails before the smallest, %d", k.Name, c.Segment, least.Segment)
			}
		}
	}
	// It can be played alone.
	r, err := bench.Run(stock.Cut(d, least.Segment))
	if err != nil || r.Outcome != least.Outcome || r.Silent != least.Silent {
		t.Errorf("alone: %v, silent %v, %v, want %+v", r.Outcome, r.Silent, err, least)
	}
}

func TestExploreDoesNotDependOnTheWorkers(t *testing.T) {
	one, two := explore(t, nt351, 7, 1), explore(t, nt351, 7, 3)
	if diff := cmp.Diff(one.Kinds, two.Kinds); diff != "" {
		t.Errorf("one worker (-), three (+):\n%s", diff)
	}
}

// A disturbed trial that is another from its beginning says nothing about the cut.
func TestExploreRefusesTrialsThatAreNotTheUndisturbedOne(t *testing.T) {
	s := spec(t, q143413, "t1")
	s.MessageSize, s.NoTrace = 4<<10, true
	trials := 0
	s.Sender = func(c *mailclient.SenderConfig) {
		trials++
		c.FlushBeforeKey = trials > 3
	}
	_, err := bench.Exploration{Spec: s}.Run(t.Context(), 1, func(int) {}, func() {})
	if err == nil || !strings.Contains(err.Error(), "was not the undisturbed one until then") {
		t.Errorf("error %v", err)
	}
}

// A trial that is played again comes out as it did, or the replay says so.
func TestAReplayIsTheTrial(t *testing.T) {
	e := explore(t, nt351, 30, 1)
	d, was := e.Kinds[0].Disturbance, e.Kinds[0].Trials[0]
	if r, err := e.Replay(d, was); err != nil || r.Checksum == "" {
		t.Errorf("checksum %q, error %v", r.Checksum, err)
	}
	was.Prefix = !was.Prefix
	if _, err := e.Replay(d, was); err == nil || !strings.Contains(err.Error(), "at first, and then") {
		t.Errorf("another outcome: error %v", err)
	}
}
