package conformance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// header begins the cases of these tests, which run on the model.
const header = `id: x
title: X
source: ntrdr: a test
versions: 3.51
runs on: model
not on embedded: a test
not on live: a test
`

func parsed(t *testing.T, text string) *Case {
	t.Helper()
	c, err := Parse("x.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// played returns what did not hold, a line each: expected | observed.
func played(t *testing.T, text string) []string {
	t.Helper()
	r := parsed(t, header+text).run(Model, Server{})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	var lines []string
	for _, f := range r.Broken() {
		lines = append(lines, strings.TrimPrefix(f.Variant+": ", ": ")+f.Expected+" | "+strings.ReplaceAll(f.Observed, "\n", " / "))
	}
	return lines
}

// What does not hold is told with both sides, in every version of the story.
func TestWhatDoesNotHoldIsTold(t *testing.T) {
	got := played(t, `
steps:
  ws1 open f X access=rw share=read create
  w: ws1 write f 10 -> ok n=10 in 1s..2s
  ws1 read f 10 -> ok n=10 data=b:10
  ws1 read g 10 -> ok n=99
  ws1 stat Y -> ok
  ws1 close f
  settle
expect:
  wire ws1: 2 x WRITE_ANDX X
  wire ws1: CLOSE X before WRITE_ANDX X
  wire ws1: order NT_CREATE_ANDX X; CLOSE X; WRITE_ANDX X
  wire ws1: no CLOSE X
  wire ws1 from w to w: only WRITE_ANDX X
  server X size=9
  server Z absent
  event ws1 26
  no popup ws1
control another size:
  step w -> ok n=11
  server X content=a:10
`)
	for i := range got { // what was observed is for the reader
		got[i], _, _ = strings.Cut(got[i], " | ")
	}
	want := []string{
		"w: ws1 write f 10 -> ok n=10 in 1s..2s",
		"ws1 read f 10 -> ok n=10 data=b:10",
		"ws1 stat Y -> ok",
		"wire ws1: 2 x WRITE_ANDX X",
		"wire ws1: CLOSE X before WRITE_ANDX X",
		"wire ws1: order NT_CREATE_ANDX X; CLOSE X; WRITE_ANDX X",
		"wire ws1: no CLOSE X",
		"wire ws1 from w to w: only WRITE_ANDX X",
		"server X size=9",
		"event ws1 26",
		"control another size: ws1 read f 10 -> ok n=10 data=b:10",
		"control another size: ws1 stat Y -> ok",
		"control another size: step w -> ok n=11",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAStepThatCannotBeTriedIsNotTheFailure(t *testing.T) {
	got := played(t, `
steps:
  ws1 open f X access=rw share=read
  ws1 read f 10 -> ok n=10
  ws1 close f
`)
	if len(got) != 1 || !strings.HasPrefix(got[0], "ws1 open f X") {
		t.Errorf("got %q", got)
	}
}

// A story that panics or never ends is a failed result, not the end of the run.
func TestAPanicAndAHangAreFailures(t *testing.T) {
	c := parsed(t, header+"steps:\n  after 1s -> ok\n")
	c.steps[0].do = func(*story) outcome { panic("boom") }
	r := c.run(Model, Server{})
	if r.Verdict != Fail || r.Err == nil || !strings.Contains(r.Err.Error(), "boom") {
		t.Errorf("a panic gives %v, %v", r.Verdict, r.Err)
	}
	c = parsed(t, header+"setup:\n  limit 1m\nsteps:\n  after 1h -> ok\n")
	if r = c.run(Model, Server{}); r.Verdict != Fail || r.Err == nil || !strings.Contains(r.Err.Error(), "hangs") {
		t.Errorf("a hang gives %v, %v", r.Verdict, r.Err)
	}
}

// A live server that differs is fine if the case file says why, and only there.
func TestADifferenceNeedsAnExplanation(t *testing.T) {
	a := annotated{differs: []difference{{"samba", "it is younger"}}}
	for server, want := range map[string]string{"Samba 4.17": "it is younger", "Windows NT": "", "": ""} {
		if got := a.explains(server); got != want {
			t.Errorf("on %q: %q, want %q", server, got, want)
		}
	}
	r := Result{Target: Live, Findings: []Finding{{Holds: false, Explained: "it is younger"}, {Holds: true}}}
	if r.Unexplained() {
		t.Error("an explained difference is taken for a failure")
	}
	r.Findings = append(r.Findings, Finding{Holds: false})
	if !r.Unexplained() {
		t.Error("an unexplained difference passes")
	}
}

func TestResultsStandInTheOrderOfTheCases(t *testing.T) {
	var cases []*Case
	for _, id := range []string{"c", "a", "b"} {
		c := parsed(t, header+"steps:\n  after 1s -> ok\n")
		c.ID = id
		cases = append(cases, c)
	}
	var got []string
	for _, r := range Run(context.Background(), cases, Options{Targets: []Target{Model, Embedded}, Workers: 3}) {
		got = append(got, r.Case.ID+" "+string(r.Target)+" "+string(r.Verdict))
	}
	want := []string{"c model pass", "c embedded skipped", "a model pass", "a embedded skipped", "b model pass", "b embedded skipped"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, r := range Run(ctx, cases, Options{Targets: []Target{Model}, Workers: 1}) {
		if r.Err != nil && !errors.Is(r.Err, context.Canceled) {
			t.Error(r.Err)
		}
	}
}

// Bytes in a wrong place, of another writer, or of nobody, are told apart.
func TestDescribe(t *testing.T) {
	p := make([]byte, 2000)
	fill(p[:1000], 0, 'a')
	fill(p[1000:1500], 1000, 'b')
	if got, want := describe(p, 0), "a:1000,b:500,zeros:500"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := describe(p[:100], 512); strings.HasPrefix(got, "a:100") {
		t.Errorf("bytes of another block pass for %s", got)
	}
	if got, want := describe([]byte("hello there"), 0), "hello there"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for off := int64(0); off < 5; off++ {
		q := make([]byte, 7)
		fill(q, off, 'c')
		if got, want := describe(q, off), "c:7"; got != want {
			t.Errorf("at %d: %s, want %s", off, got, want)
		}
	}
}

func TestConditions(t *testing.T) {
	for text, holds := range map[string]bool{
		"n=8192": true, "n=8KB": true, "n!=8KB": false, "n<9000": true, "n>=8192": true, "n>8192": false, "n~19": true,
	} {
		c, err := parseCondition(text)
		if err != nil || c.holds("8192") != holds {
			t.Errorf("%s: %v, %v", text, c.holds("8192"), err)
		}
	}
	for text, want := range map[string]timeRange{"3s..3.1s": {3 * time.Second, 3100 * time.Millisecond}} {
		if got, err := parseTimeRange(text); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
