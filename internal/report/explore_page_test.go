package report_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/report"
)

// exploredAs is an exploration whose reset after each segment came out as the letters
// say: d delivered, l lost, p delivered but without a prefix.
func exploredAs(policy, profile, letters string) report.ExploredRun {
	e := &bench.Explored{
		Spec: bench.Spec{
			Policy: bench.Settings{Policy: &registry.Policy{Name: policy}}, Link: link.Profile{Name: profile}, MessageSize: 8 << 10,
		},
		Segments: int64(len(letters)), Every: 1,
	}
	start, app := 0.5, 1.0
	e.Calm.AppStart, e.Calm.App = &start, &app
	k := bench.ExploredKind{Disturbance: bench.Disturbances()[0]}
	for i, c := range letters {
		t := bench.CutTrial{Segment: int64(i + 1), Outcome: bench.Delivered, Prefix: c == 'p'}
		if c == 'l' {
			t.Outcome, t.Silent = bench.Lost, true
		}
		k.Trials = append(k.Trials, t)
		e.At = append(e.At, time.Duration(i)*time.Second)
	}
	e.Kinds = []bench.ExploredKind{k}
	return report.ExploredRun{Explored: e}
}

// Neighbours that came out alike are one stretch; links have maps of their own.
func TestExplorePageStandsAlone(t *testing.T) {
	one := exploredAs("bad <b>", "t1", "ddllppd")
	one.Smallest, one.Replay = "reset after segment 3 of 7", "ntrdr explore --replay 3:reset"
	x := report.Explore{
		Runs:       []report.ExploredRun{one, exploredAs("good", "t1", "ddd"), exploredAs("good", "ras", "dd")},
		Header:     []string{"link", "workload", "policy", "cuts"},
		Rows:       [][]string{{"t1", "mail-8k", "bad", "7"}},
		Parameters: [][2]string{{"commit", "abc123"}},
	}
	draw := func() string {
		var out strings.Builder
		if err := report.ExploreHTML(&out, x); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	page := draw()
	if page != draw() {
		t.Error("two pages of the same exploration differ")
	}
	for _, want := range []string{
		"12 disturbed trials", "that is all there are", "<h2>mail-8k on t1</h2>", "<h2>mail-8k on ras</h2>", "abc123",
		"<dt>bad &lt;b&gt;</dt><dd>of 7: corrupted 0, silent 2, not a prefix 2</dd>",
		"bad &lt;b&gt;, reset after segment 3 to 4, at 2 s to 3 s: lost, silent</title>",
		"undisturbed: the application goes on at 1.5 s, after segment 2</title>",
		`<rect class="o-delivered" x="210.0" y="10.0" width="248.6" `, // 2 of 7 segments
		`<rect class="o-lost" x="458.6" y="10.0" width="248.6" `,
		`<line class="told" x1="458.6" x2="458.6" `,
		"<em>bad &lt;b&gt;</em>, smallest failing cut: reset after segment 3 of 7. Play it again: <code>ntrdr explore --replay 3:reset</code>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, `<rect class="o-delivered" x="`) - 1; n != 3+1+1 { // one is the legend's
		t.Errorf("%d stretches of delivered cuts", n)
	}
	if m := regexp.MustCompile(`(?i)https?:|src=|href=|<link|@import|url\(`).FindString(page); m != "" {
		t.Errorf("the page refers to something outside: %q", m)
	}
	if n := wellFormed(t, page); n != 2+8 {
		t.Errorf("%d drawings", n)
	}
}

func TestExplorePageOfNothing(t *testing.T) {
	var out strings.Builder
	if err := report.ExploreHTML(&out, report.Explore{}); err != nil || !strings.Contains(out.String(), "Nothing was explored") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
