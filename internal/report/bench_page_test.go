package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

func benchHTML(t *testing.T, b report.Bench) string {
	t.Helper()
	var out strings.Builder
	if err := report.BenchHTML(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// wellFormed checks each drawing of a page as XML and that no id is used twice.
func wellFormed(t *testing.T, page string) (drawings int) {
	t.Helper()
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("a coordinate is no number:\n%s", svg)
		}
		drawings++
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if seen[id[1]] {
			t.Errorf("id %s is used twice", id[1])
		}
		seen[id[1]] = true
	}
	return drawings
}

// The page needs nothing beside itself, is the same bytes each time, and has a title
// and a description for each of its drawings.
func TestBenchPageStandsAlone(t *testing.T) {
	b := report.Bench{
		Tallies: tallied([]played{
			{"fast", "t1", 1, 2}, {"good", "t1", 2, 0}, {"fast", "ras", 10, 10}, {"good", "ras", 11, 0},
		}),
		Parameters: [][2]string{{"commit", "abc123"}},
		Failing:    &report.Failing{Run: report.Run{Title: "fast", Outcome: "corrupted"}, Where: "fast on t1", Replay: "ntrdr repro --seed 7"},
	}
	page := benchHTML(t, b)
	if page != benchHTML(t, b) {
		t.Error("two pages of the same run differ")
	}
	for _, want := range []string{
		"400 trials of mail-32k: 2 policies x 2 links", "<dt>safe</dt><dd>good: no silent failure in 200</dd>", "good *", "abc123",
		"<code>ntrdr repro --seed 7</code>", "t1, loss 1 %", "below 1.83 %", "They cover the choice of seeds in this simulation",
		"fast, t1, loss 1 %: silent 50 of 100, 39.8 % - 60.2 %",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if m := regexp.MustCompile(`(?i)https?:|src=|href=|<link|@import|url\(`).FindString(page); m != "" {
		t.Errorf("the page refers to something outside: %q", m)
	}
	// The overview, two links, the map, the story, two distributions a link, three legends of two.
	if n := wellFormed(t, page); n != 1+2+1+1+4+3*2 {
		t.Errorf("%d drawings", n)
	}
	if titles, drawings := strings.Count(page, "aria-labelledby="), strings.Count(page, "<desc"); titles != 8 || drawings != 8 {
		t.Errorf("%d drawings with a title, %d with a description, want 8", titles, drawings)
	}
}

// Pages of runs that have little to show, or names that HTML means something by.
func TestBenchPagesOfOddRuns(t *testing.T) {
	key := bench.Key{Policy: "a", Link: "t1", Workload: "log"}
	untimed := &bench.Tally{}
	untimed.Add(&bench.Result{Key: key, Fate: bench.Fate{Outcome: bench.Pending}}, nil)
	broken := &bench.Tally{}
	broken.Add(&bench.Result{Key: key}, nil)
	many := []played{}
	for _, policy := range strings.Fields("a b c d e f g h i j") {
		for _, link := range strings.Fields("1 2 3 4 5 6 7 8 9") {
			many = append(many, played{policy, link, 1, 0})
		}
	}
	for name, tallies := range map[string][]*bench.Tally{
		"none": nil, "no times": {untimed}, "no outcome": {broken}, "many": tallied(many),
		"markup": tallied([]played{{`<script>"&'`, `</svg><b>`, 1, 2}, {"b", `</svg><b>`, 1, 0}}),
	} {
		t.Run(name, func(t *testing.T) {
			page := benchHTML(t, report.Bench{Tallies: tallies})
			wellFormed(t, page)
			if strings.Contains(page, "<script>") || strings.Contains(page, "</svg><b>") || strings.Contains(page, "NaN") {
				t.Errorf("a name is markup, or a number none:\n%s", page)
			}
			var out strings.Builder
			if err := report.Answer(&out, tallies); err != nil || strings.Contains(out.String(), "NaN") {
				t.Errorf("%v\n%s", err, out.String())
			}
			if none := name == "no outcome"; strings.Contains(page, "<td>no trial</td>") != none || strings.Contains(out.String(), "no trial") != none {
				t.Errorf("no trial: not said of %s alone", name)
			}
		})
	}
}
