package report

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: want -, got +:\n%s", path, diff)
	}
}

func pair() []Run {
	return []Run{
		{Title: "nt351", Outcome: "corrupted, and the sender was told success", Events: stock()},
		{Title: "q143413", Outcome: "delivered", Events: fixed()},
	}
}

func TestTimeline(t *testing.T) {
	var out strings.Builder
	if err := Timeline(&out, pair(), 0); err != nil {
		t.Fatal(err)
	}
	golden(t, "timeline.txt", out.String())
	fits(t, out.String(), DefaultWidth)
}

// Runs that do not fit beside each other stand below each other.
func TestNarrowTimeline(t *testing.T) {
	var out strings.Builder
	if err := Timeline(&out, pair(), 80); err != nil {
		t.Fatal(err)
	}
	fits(t, out.String(), 80)
	first, second := strings.Index(out.String(), "nt351"), strings.Index(out.String(), "q143413")
	if between := strings.Count(out.String()[first:second], "\n"); between < 20 {
		t.Errorf("%d lines between the two runs' headings", between)
	}
}

func fits(t *testing.T, s string, width int) {
	t.Helper()
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > width || strings.HasSuffix(line, " ") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestTimelineOfNothing(t *testing.T) {
	var out strings.Builder
	if err := Timeline(&out, nil, 120); err != nil {
		t.Fatal(err)
	}
	if err := Timeline(&out, []Run{{Title: "a"}}, 120); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&out, nil); err != nil {
		t.Fatal(err)
	}
}

func TestFold(t *testing.T) {
	at := func(s int, c class, key bool) Moment {
		return Moment{At: time.Duration(s) * time.Second, Text: "x", class: c, Key: key, Held: int64(s)}
	}
	row := func(c class, from, to int) (out []Moment) {
		for s := from; s <= to; s++ {
			out = append(out, at(s, c, false))
		}
		return out
	}
	tests := []struct {
		name string
		in   []Moment
		want []string
	}{
		{"three are kept", row(classLook, 1, 3), []string{"x", "x", "x"}},
		{"four are folded", row(classLook, 1, 4), []string{"x", "... 2 more looks (until 3.00 s)", "x"}},
		{"others are kept", row(classNone, 1, 9), []string{"x", "x", "x", "x", "x", "x", "x", "x", "x"}},
		{
			"writes and answers are one row",
			append(row(classWire, 1, 3), row(classAppWrite, 4, 6)...),
			[]string{"x", "... 2 more writes by the sender, 2 more WRITEs reach the server (until 5.00 s)", "x"},
		},
		{
			"a key moment ends a row",
			append(append(row(classWire, 1, 3), at(4, classWire, true)), row(classWire, 5, 9)...),
			[]string{"x", "x", "x", "x", "x", "... 3 more WRITEs reach the server (until 8.00 s)", "x"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range Fold(tt.in) {
				got = append(got, m.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"", []string{""}},
		{"one two", []string{"one two"}},
		{"one two three", []string{"one two", "three"}},
		{"a STATUS_VIRTUAL_CIRCUIT b", []string{"a", "STATUS_VI", "RTUAL_CIR", "CUIT b"}},
		{"äöü äöü äöü", []string{"äöü äöü", "äöü"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, wrap(tt.in, 9)); diff != "" {
			t.Errorf("%q: want -, got +:\n%s", tt.in, diff)
		}
	}
}

// The bar is full only if the file is whole, and empty only if next to nothing is there.
func TestBar(t *testing.T) {
	for _, tt := range []struct {
		held, total int64
		want        string
	}{
		{0, 0, "        "}, {0, 8, "░░░░░░░░"}, {4, 8, "████░░░░"}, {32767, 32768, "███████░"}, {8, 8, "████████"}, {9, 8, "████████"}, {-1, 8, "░░░░░░░░"},
	} {
		if got := bar(tt.held, tt.total); got != tt.want {
			t.Errorf("%d of %d: got %q, want %q", tt.held, tt.total, got, tt.want)
		}
	}
}

func TestCoverage(t *testing.T) {
	var c coverage
	for _, step := range []struct {
		from, to, want int64
	}{{10, 20, 10}, {30, 40, 20}, {0, 5, 25}, {15, 32, 35}, {20, 25, 35}, {40, 41, 36}, {7, 7, 36}, {0, 50, 50}} {
		c.add(step.from, step.to)
		if got := c.bytes(); got != step.want {
			t.Errorf("with %d to %d: got %d bytes, want %d: %v", step.from, step.to, got, step.want, c.ranges)
		}
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	err := Table(&out, []string{"policy", "trials", "rate"}, [][]string{{"nt351", "200", "93.5 %"}, {"q143413", "7", "-"}})
	want := "policy   trials    rate\n------------------------\nnt351       200  93.5 %\nq143413       7       -\n"
	if diff := cmp.Diff(want, out.String()); diff != "" || err != nil {
		t.Errorf("%v; want -, got +:\n%s", err, diff)
	}
}

func TestHTML(t *testing.T) {
	runs := append(pair(), Run{Title: `<b>"cut"</b>`, Outcome: "failed", Events: cut()})
	var out strings.Builder
	if err := HTML(&out, runs); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"<title>ntrdr: nt351 and q143413 and &lt;b&gt;",
		"<h2>nt351: corrupted, and the sender was told success</h2>",
		"INQUEUE3.KEY is closed: the mail is announced. The message file has 4096 of 32768 bytes</td>",
		"<polygon points=\"110.0,240.0 ", "<title>outage</title>", "<title>last WRITE</title>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"<b>", "http://", "https://", "src=", "@import", "url(", "ZgotmplZ", "<script"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, err := range map[string]error{
		"Timeline": Timeline(full{}, pair(), 0), "HTML": HTML(full{}, pair()),
		"Table": Table(full{}, []string{"a"}, nil),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want errFull", name, err)
		}
	}
}
