package bench_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
)

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

// Bounds found by bisection on summed binomial terms; 25 of 10,000 stands in any table
// of exact bounds, and 3,688,878 clean trials are the fewest that stay below 1e-6.
func TestClopperPearson(t *testing.T) {
	rows := []struct {
		k, n      int
		low, high float64
	}{
		{25, 10000, 0.00162, 0.0036883},
		{0, 10000, 0, 3.6882e-4},
		{200, 200, 0.98172466, 1},
		{0, 200, 0, 0.01827534},
		{1, 7, 0.0036103, 0.57872320},
		{3, 10, 0.06673951, 0.65245285},
		{0, 3_688_878, 0, 0.99999989e-6},
		{0, 0, 0, 1},
	}
	for _, r := range rows {
		low, high := bench.ClopperPearson(r.k, r.n)
		if !near(low, r.low, 5e-6) || !near(high, r.high, 1e-7+1e-9*float64(r.n)) && !near(high, r.high, 5e-9) {
			t.Errorf("%d of %d: %.8f to %.8f, want %.8f to %.8f", r.k, r.n, low, high, r.low, r.high)
		}
	}
	if _, high := bench.ClopperPearson(0, 3_688_877); high < 1e-6 {
		t.Errorf("3,688,877 clean trials: %g, want no less than 1e-6", high)
	}
}

// Sums of binomial coefficients; 1 and 7 are the airways of Bentur and others, which
// textbooks of paired proportions share (p = 0.0703).
func TestMcNemarIsTheExactTest(t *testing.T) {
	rows := []struct {
		b, c int
		p    float64
	}{{1, 7, 0.0703125}, {7, 1, 0.0703125}, {0, 5, 0.0625}, {5, 15, 0.0413894653}, {59, 6, 4.9646503e-12}, {300, 390, 6.926142757e-4}, {10, 10, 1}, {0, 0, 1}}
	for _, r := range rows {
		if p := bench.McNemar(r.b, r.c); !near(p/r.p, 1, 1e-8) {
			t.Errorf("%d and %d: p = %.10g, want %.10g", r.b, r.c, p, r.p)
		}
	}
}

func TestPairedRatesAreBonettAndPrices(t *testing.T) {
	rows := []struct {
		b, c, n         int
		diff, low, high float64
	}{
		{1, 7, 21, -0.28571429, -0.50835931, -0.01337982},
		{0, 0, 100, 0, -0.02717458, 0.02717458},
		{12, 2, 100, 0.1, 0.02356993, 0.17250851},
		{0, 50, 50, -1, -1, -0.88688358},
		{6, 59, 161, -0.32919255, -0.4099797, -0.24032705},
		{0, 0, 0, 0, -1, 1},
	}
	for _, r := range rows {
		diff, low, high := bench.PairedRates(r.b, r.c, r.n)
		if !near(diff, r.diff, 1e-8) || !near(low, r.low, 1e-8) || !near(high, r.high, 1e-8) {
			t.Errorf("%d and %d of %d: %.8f, %.8f to %.8f, want %.8f, %.8f to %.8f", r.b, r.c, r.n, diff, low, high, r.diff, r.low, r.high)
		}
	}
}

// The example of Holm's procedure in many textbooks: 0.01, 0.04, 0.03, 0.005.
func TestHolmStepsDown(t *testing.T) {
	p := []float64{0.01, 0.04, 0.03, 0.005, 0.6}
	bench.Holm([]*float64{&p[0], nil, &p[1], &p[2], &p[3]})
	if got, want := fmt.Sprintf("%.2f", p), "[0.03 0.06 0.06 0.02 0.60]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Student's own data, hours of sleep with two drugs, ten hours added so that all are
// positive: the mean difference 1.58 and its bounds 0.70 and 2.46 are in every
// textbook. The ratio is computed independently by the delta method.
func TestPairedSeconds(t *testing.T) {
	there := []float64{10.7, 8.4, 9.8, 8.8, 9.9, 13.4, 13.7, 10.8, 10, 12}
	here := []float64{11.9, 10.8, 11.1, 10.1, 9.9, 14.4, 15.5, 11.6, 14.6, 13.4}
	var tally bench.Tally
	for i := range here {
		ref, r := timed("one", bench.Delivered, uint64(i), &there[i]), timed("two", bench.Delivered, uint64(i), &here[i])
		tally.Add(&r, &ref)
	}
	p := tally.Cell().Paired
	for _, f := range []struct {
		name      string
		got       *float64
		want, tol float64
	}{
		{"pairs", new(float64(p.AppPairs)), 10, 0},
		{"difference", p.AppDiff, 1.58, 1e-9},
		{"low", p.AppDiffLow, 0.70011424, 1e-8},
		{"high", p.AppDiffHigh, 2.45988576, 1e-8},
		{"median", p.AppSecondsDiff, 1.3, 0.003},
		{"ratio", p.AppRatio, 0.87185726, 1e-8},
		{"ratio low", p.AppRatioLow, 0.808598, 1e-6},
		{"ratio high", p.AppRatioHigh, 0.94006550, 1e-6},
		{"p", p.AppP, 0.0026044128, 1e-7},
	} {
		if f.got == nil || !near(*f.got, f.want, f.tol) {
			t.Errorf("%s: %v, want %v", f.name, value(f.got), f.want)
		}
	}
	if p.DurableRatio != nil || p.DurableP != nil || p.DurablePairs != 0 {
		t.Errorf("nothing became durable: %+v", p.PairedSeconds)
	}
}

// timed is a trial of 100 bytes of which only that is known.
func timed(policy string, o bench.Outcome, seed uint64, app *float64) bench.Result {
	return bench.Result{
		Key: bench.Key{Policy: policy}, Seed: seed, Fate: bench.Fate{Outcome: o}, Bytes: 100, Spent: bench.Spent{App: app},
	}
}

func value(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

// A difference between runs that are always alike has no spread: its bounds are
// itself, and equal runs do not differ.
func TestPairedSecondsWithoutSpread(t *testing.T) {
	for _, here := range []float64{2, 4} {
		var tally bench.Tally
		for seed := range uint64(3) {
			ref, r := timed("one", bench.Failed, seed, new(2.0)), timed("two", bench.Failed, seed, &here)
			tally.Add(&r, &ref)
		}
		p := tally.Cell().Paired
		wantP := 0.0
		if here == 2 {
			wantP = 1
		}
		if *p.AppRatio != 2/here || *p.AppRatioLow != *p.AppRatio || *p.AppRatioHigh != *p.AppRatio || *p.AppP != wantP {
			t.Errorf("%v s against 2 s: ratio %v (%v to %v), p %v", here, *p.AppRatio, *p.AppRatioLow, *p.AppRatioHigh, *p.AppP)
		}
	}
}
