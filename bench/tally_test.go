package bench_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
)

// Every value, from the smallest to the largest, comes back within 0.2 %, and one of
// less than 512 as it is.
func TestHistogramKeepsItsResolution(t *testing.T) {
	for _, v := range []int64{0, 1, 255, 256, 511, 512, 513, 12345, 999_999_999, 4 * 3600 * 1e6, math.MaxInt64} {
		for _, v := range []int64{v, -v} {
			var h bench.Histogram
			h.Add(v)
			got := *h.Quantile(0.5)
			if math.Abs(got-float64(v)) > 0.002*math.Abs(float64(v)) || v < 512 && v > -512 && got != float64(v) {
				t.Errorf("%d comes back as %v", v, got)
			}
		}
	}
	var h bench.Histogram
	if h.Add(math.MinInt64); *h.Quantile(1) > -9.2e18 {
		t.Errorf("the least integer comes back as %v", *h.Quantile(1))
	}
}

// Against the sorted values themselves, of either sign and over nine decades.
func TestHistogramQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var (
		h      bench.Histogram
		values []float64
	)
	for range 5000 {
		v := int64(math.Exp(r.Float64()*20)) * (r.Int64N(3) - 1)
		h.Add(v)
		values = append(values, float64(v))
	}
	slices.Sort(values)
	for _, p := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.999, 1} {
		want := values[max(int(math.Ceil(p*5000)), 1)-1]
		if got := *h.Quantile(p); math.Abs(got-want) > 0.002*math.Abs(want) {
			t.Errorf("quantile %v: %v, want %v", p, got, want)
		}
	}
	last, share := math.Inf(-1), 0.0
	h.Steps(func(v, s float64) {
		if v <= last || s <= share {
			t.Fatalf("step to %v at %v after %v at %v", s, v, share, last)
		}
		last, share = v, s
	})
	if share != 1 || (&bench.Histogram{}).Quantile(0.5) != nil {
		t.Errorf("the steps end at %v", share)
	}
}

// tallyOf counts some results of the second policy against the first's.
func tallyOf(here, there []bench.Result) *bench.Tally {
	t := &bench.Tally{}
	for i := range here {
		t.Add(&here[i], &there[i])
	}
	return t
}

func encoded(t *testing.T, tally *bench.Tally) []byte {
	t.Helper()
	b, err := json.Marshal(tally)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parts, encoded, decoded and merged in any order, are byte for byte the whole.
func TestMergedTalliesAreTheWholeByteForByte(t *testing.T) {
	m := smallMatrix(t)
	m.Links, m.Losses, m.Trials = m.Links[1:], []float64{0.05}, 12
	rs := runMatrix(t, m, 2)
	var there, here []bench.Result
	for i := 0; i < len(rs); i += 2 {
		there, here = append(there, rs[i]), append(here, rs[i+1])
	}
	here[3].Outcome, here[3].Silent = bench.Broken, false // a trial that failed by itself
	want := encoded(t, tallyOf(here, there))
	for _, cuts := range [][]int{{0, 12}, {0, 1, 2, 12}, {0, 5, 5, 9, 12}} {
		var merged bench.Tally
		for i := len(cuts) - 2; i >= 0; i-- { // the last part first
			var part bench.Tally
			if err := json.Unmarshal(encoded(t, tallyOf(here[cuts[i]:cuts[i+1]], there[cuts[i]:cuts[i+1]])), &part); err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(&part); err != nil {
				t.Fatal(err)
			}
		}
		if got := encoded(t, &merged); !bytes.Equal(got, want) {
			t.Errorf("cut at %v:\n%s\nwant\n%s", cuts, got, want)
		}
		if err := merged.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestTalliesOfDifferentThingsDoNotMerge(t *testing.T) {
	r := bench.Result{Key: bench.Key{Policy: "one", Link: "t1"}, Fate: bench.Fate{Outcome: bench.Lost, Silent: true}}
	for name, change := range map[string]func(*bench.Result){
		"policy": func(r *bench.Result) { r.Policy = "two" }, "link": func(r *bench.Result) { r.Link = "t2" },
		"tcp": func(r *bench.Result) { r.TCP = "tcp-reno" }, "loss": func(r *bench.Result) { r.Loss = 1 }, "workload": func(r *bench.Result) { r.Workload = "copy" },
		"commit": func(r *bench.Result) { r.Commit = "c" }, "profile_hash": func(r *bench.Result) { r.ProfileHash = "h" },
	} {
		var a, b bench.Tally
		a.Add(&r, nil)
		other := r
		change(&other)
		b.Add(&other, nil)
		before := encoded(t, &a)
		if err := a.Merge(&b); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(before, encoded(t, &a)) {
			t.Errorf("%s: the refused tally changed the other", name)
		}
	}
	var a, b bench.Tally
	a.Add(&r, nil)
	b.Add(&r, &r)
	if err := a.Merge(&b); err == nil || !strings.Contains(err.Error(), "versus") {
		t.Errorf("paired with unpaired: %v", err)
	}
}

// Counts of outcomes and of discordant pairs; a trial without an outcome is in no
// rate and in no pair.
func TestTallyCounts(t *testing.T) {
	result := func(policy string, o bench.Outcome, silent bool, told string, seed uint64) bench.Result {
		return bench.Result{Key: bench.Key{Policy: policy}, Fate: bench.Fate{Outcome: o, Silent: silent, Told: told}, Seed: seed}
	}
	var tally bench.Tally
	for i, pair := range [][2]bench.Result{
		{result("b", bench.Delivered, false, "success", 9), result("a", bench.Corrupted, true, "success", 9)},
		{result("b", bench.Lost, true, "success", 8), result("a", bench.Delivered, false, "success", 8)},
		{result("b", bench.Corrupted, true, "success", 7), result("a", bench.Corrupted, true, "success", 7)},
		{result("b", bench.Failed, false, "error", 6), result("a", bench.Lost, true, "success", 6)},
		{result("b", bench.Pending, false, "none", 5), result("a", bench.Pending, false, "none", 5)},
		{result("b", "", false, "", 4), result("a", bench.Corrupted, true, "success", 4)},
		{result("b", bench.Corrupted, true, "success", 10), result("a", "", false, "", 10)},
	} {
		if tally.Add(&pair[0], &pair[1]); tally.Check() != nil {
			t.Fatalf("after %d: %v", i, tally.Check())
		}
	}
	c := tally.Cell()
	got := []int{c.Trials, c.Delivered, c.Corrupted, c.Lost, c.Failed, c.Pending, c.Errors, c.Silent, tally.ToldSuccess, tally.ToldError}
	if diff := cmp.Diff([]int{7, 1, 2, 1, 1, 1, 1, 3, 4, 1}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	p := c.Paired
	got = []int{p.Pairs, p.CorruptedOnly, p.CorruptedOnlyRef, p.SilentOnly, p.SilentOnlyRef}
	if diff := cmp.Diff([]int{5, 0, 1, 1, 2}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if _, high := bench.ClopperPearson(3, 6); c.SilentHigh != high {
		t.Errorf("silent up to %v, want %v: an error has no outcome", c.SilentHigh, high)
	}
	if *c.FirstSilent != 7 || *c.FirstCorrupted != 7 || *tally.FirstError != 4 || tally.FirstSeed != 4 || tally.LastSeed != 10 {
		t.Errorf("seeds %d, %d, %d of %d to %d", *c.FirstSilent, *c.FirstCorrupted, *tally.FirstError, tally.FirstSeed, tally.LastSeed)
	}
}

// What is read from a file is refused unless trials can have made it.
func TestDamagedTalliesAreRefused(t *testing.T) {
	r := bench.Result{Fate: bench.Fate{Outcome: bench.Lost, Silent: true, Told: "success"}, Spent: bench.Spent{App: new(1.5)}, Bytes: 10}
	var tally bench.Tally
	tally.Add(&r, &r)
	whole := string(encoded(t, &tally))
	for _, change := range [][2]string{
		{`"ntrdr-tally/1"`, `"ntrdr-tally/2"`},
		{`"trials":1`, `"trials":2`},
		{`"trials":1,"delivered":0`, `"trials":0,"delivered":-1`},
		{`"silent":1`, `"silent":2`},
		{`"told_success":1`, `"told_success":2`},
		{`"first_silent_seed":0`, `"first_silent_seed":null`},
		{`"first_seed":0`, `"first_seed":1`},
		{`"loss":0`, `"loss":2`},
		{`"us":[3438,1]`, `"us":[3438,2]`},
		{`"us":[3438,1]`, `"us":[3438]`},
		{`"us":[3438,1]`, `"us":[3438,-1]`},
		{`"us":[3438,1]`, `"us":[3438,1,3438,1]`},
		{`"us":[3438,1]`, `"us":[14336,1]`},
		{`"us":[3438,1]`, `"us":[3438,9223372036854775807,3439,1]`},
		{`"n":1`, `"n":2`},
		{`"silent_only_here":0`, `"silent_only_here":2`},
		{`"diff_us":[0,1]`, `"diff_us":[0,2]`},
		{`"here_here":"2250000000000"`, `"here_here":"-1"`},
		{`"here_here":"2250000000000"`, `"here_here":"` + strings.Repeat("9", 39) + `"`},
		{`"here_here":"2250000000000"`, `"here_here":"` + strings.Repeat("9", 1000) + `"`},
		{`"here_here":"2250000000000"`, `"here_here":"2e3"`},
	} {
		text := strings.Replace(whole, change[0], change[1], 1)
		if text == whole {
			t.Fatalf("%s is not in %s", change[0], whole)
		}
		var back bench.Tally
		err := json.Unmarshal([]byte(text), &back)
		if err == nil {
			err = back.Check()
		}
		if err == nil {
			t.Errorf("%s instead of %s is accepted", change[1], change[0])
		}
	}
}
