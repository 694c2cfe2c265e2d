package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

// played is a run of made-up trials: for each policy and link how long an application
// waits, and every nth trial that fails silently. Every fourth trial takes longer.
type played struct {
	policy, link string
	app          float64
	fails        int
}

func tallied(runs []played) (tallies []*bench.Tally) {
	const trials = 100
	first := map[string]float64{}
	for _, r := range runs {
		if _, ok := first[r.link]; !ok {
			first[r.link] = r.app
		}
	}
	for _, r := range runs {
		t := &bench.Tally{}
		for seed := range uint64(trials) {
			here, there := madeUp(r, r.app, seed), madeUp(runs[0], first[r.link], seed)
			if r.policy == runs[0].policy {
				t.Add(&here, nil)
			} else {
				t.Add(&here, &there)
			}
		}
		tallies = append(tallies, t)
	}
	return tallies
}

func madeUp(p played, app float64, seed uint64) bench.Result {
	app *= 1 + float64(seed%4/3)
	r := bench.Result{
		Key:  bench.Key{Policy: p.policy, Link: p.link, Loss: 0.01, Workload: "mail-32k"},
		Seed: seed, Fate: bench.Fate{Outcome: bench.Delivered, Told: "success"},
		Bytes: 32768, Spent: bench.Spent{App: &app, Delivered: new(2 * app)},
	}
	if p.fails > 0 && seed%uint64(p.fails) == 0 {
		r.Outcome, r.Silent, r.Delivered = bench.Corrupted, true, nil
	} else {
		r.Durable = new(app + 1)
	}
	return r
}

func TestAnswerOnOneScreen(t *testing.T) {
	tallies := tallied([]played{
		{"fast", "t1", 1, 2},
		{"slow", "t1", 5, 0},
		{"good", "t1", 2, 0},
		{"fast", "ras", 10, 10},
		{"slow", "ras", 20, 0},
		{"good", "ras", 10, 0},
	})
	var out strings.Builder
	if err := report.Answer(&out, tallies); err != nil {
		t.Fatal(err)
	}
	want := `600 trials of mail-32k: 3 policies x 2 links
policy  silent failures   of        95 % bounds      worst cell
-------------------------------------------------------------------
fast    fails            200  30 %  23.7 % - 36.9 %  t1, 1 %: 50 %
slow    never seen       200   0 %  below 1.83 %     -
good *  never seen       200   0 %  below 1.83 %     -

application throughput (bytes over seconds), as multiples of fast's
policy    t1   ras   all  95 % bounds  durable  latency
--------------------------------------------------------
fast    1.00  1.00  1.00  -               1.00     1.00
slow    0.20  0.50  0.32  -               0.39     3.16
good *  0.50  1.00  0.71  -               0.79     1.41

fast   fast gives the application the most bytes a second
safe   slow, good: no silent failure in 200
price  good * gives the application 70.7 % of fast's throughput; until the server has it all, 79.1 %
but    circuits broke by chance alone; ` + "`ntrdr explore` breaks them after every segment in turn\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Several ways in which a run has no fast policy, no safe one, or nothing at all.
func TestVerdictsWithoutAnswer(t *testing.T) {
	rows := map[string]struct {
		runs []played
		want [][2]string
	}{
		"nothing was run": {nil, nil},
		"none is safe": {[]played{{"a", "t1", 1, 2}, {"b", "t1", 2, 50}}, [][2]string{
			{"fast", "a gives the application the most bytes a second"},
			{"safe", "none: under each, senders were told success and nobody could read what they sent"},
		}},
		"the first is both": {[]played{{"a", "t1", 1, 0}, {"b", "t1", 2, 50}}, [][2]string{
			{"fast", "a gives the application the most bytes a second"},
			{"safe", "a: no silent failure in 100"},
			{"price", "a * is both"},
			{"but", "circuits broke by chance alone; `ntrdr explore` breaks them after every segment in turn"},
		}},
		"two are alike: the first counts": {[]played{{"a", "t1", 1, 0}, {"b", "t1", 0.999, 0}}, [][2]string{
			{"fast", "a gives the application the most bytes a second"},
			{"safe", "a, b: no silent failure in 100"},
			{"price", "a * is both"},
			{"but", "circuits broke by chance alone; `ntrdr explore` breaks them after every segment in turn"},
		}},
	}
	for name, r := range rows {
		if diff := cmp.Diff(r.want, report.Verdict(bench.Answers(tallied(r.runs)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Where every message fails with an error nobody is fast, and where some do the screen
// says so: no silent failure is not yet a delivery.
func TestVerdictsWhereSendersAreTold(t *testing.T) {
	const but = "circuits broke by chance alone; `ntrdr explore` breaks them after every segment in turn"
	rows := map[string]struct {
		fails int // every nth, under b, and all under a if it is 1
		want  [][2]string
	}{
		"all fail": {1, [][2]string{
			{"safe", "a, b: no silent failure in 100"},
			{"failed", "a 100 %, b 100 %: not delivered, and the sender knows"},
			{"but", but},
		}},
		"one in four fails": {4, [][2]string{
			{"fast", "a gives the application the most bytes a second"},
			{"safe", "a, b: no silent failure in 100"},
			{"price", "a * is both"},
			{"failed", "b 25 %: not delivered, and the sender knows"},
			{"but", but},
		}},
	}
	for name, r := range rows {
		a, b := &bench.Tally{}, &bench.Tally{}
		for seed := range uint64(100) {
			one, other := told(seed, "a", r.fails == 1), told(seed, "b", seed%uint64(r.fails) == 0)
			a.Add(&one, nil)
			b.Add(&other, &one)
		}
		if diff := cmp.Diff(r.want, report.Verdict(bench.Answers([]*bench.Tally{a, b}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// told is a trial that is delivered, or whose sender is told an error.
func told(seed uint64, policy string, fails bool) bench.Result {
	r := madeUp(played{policy: policy, link: "t1"}, 1, seed)
	if fails {
		r.Outcome, r.Told, r.Spent = bench.Failed, "error", bench.Spent{}
	}
	return r
}
