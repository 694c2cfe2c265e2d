package conformance

import (
	"strings"
	"testing"
)

// good is a case without a fault, for tests that put one in.
const good = `id: good
title: A case
source: KB Q143413
versions: 3.51
runs on: model, embedded
not on live: it is not for others
about:
  Nothing.

setup:
  file X 100
steps:
  o: c1 open f X access=r -> ok size=100
  r: c1 read f 10 &
  join r -> ok n=10
expect:
  wire c1: READ_ANDX X
  server X size=100
variant another file:
  with file Y 5
  step o -> ok
`

func TestAGoodCaseIsRead(t *testing.T) {
	c, err := Parse("good.txt", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != "good" || len(c.steps) != 3 || len(c.expect) != 2 || len(c.variants) != 1 || len(c.variants[0].setup) != 1 {
		t.Errorf("got %+v", c)
	}
}

// A fault is told with its line, and with what would be right.
func TestWhatAParserRefuses(t *testing.T) {
	tests := map[string]struct{ old, text, want string }{
		"an unknown field":                  {"versions:", "version:", `x.txt:4: unknown field "version"; there are id, title`},
		"an unknown section":                {"setup:", "set up:", `x.txt:10: unknown section "set up"; there are about, setup`},
		"a field twice":                     {"title: A case", "id: again", `x.txt:2: the field "id" stands twice`},
		"no source":                         {"source: KB Q143413\n", "", `x.txt:1: the field "source" is missing`},
		"a source of no known form":         {"KB Q143413", "hearsay", `x.txt:1: source "hearsay": write`},
		"an id with blanks":                 {"id: good", "id: Not good", `x.txt:1: id "Not good" must be lower-case words`},
		"a target without a reason":         {"not on live: it is not for others\n", "", `x.txt:1: the case does not run on live: say why`},
		"a reason and the target":           {"model, embedded", "model, embedded, live", "x.txt:1: the case runs on live and says why not"},
		"an unknown target":                 {"model, embedded", "model, moon", `x.txt:5: unknown target "moon"`},
		"an unknown command":                {"c1 read f", "c1 raed f", `x.txt:14: c1 knows no command "raed"; it knows open, write, read`},
		"an unknown actor":                  {"c1 read f", "d1 read f", `x.txt:14: the story knows no command "d1"`},
		"a word too many":                   {"read f 10 &", "read f 10 twice &", `x.txt:14: read: "twice" has no meaning here (usage: read HANDLE`},
		"a size that is none":               {"read f 10", "read f ten", `x.txt:14: read: SIZE: "ten" is no number of bytes`},
		"an unknown access":                 {"access=r", "access=read", `x.txt:13: open: access=read: it must be one of r, w, rw`},
		"an unknown status":                 {"-> ok size=100", "-> STATUS_NOT_GOOD", "x.txt:13: there is no status STATUS_NOT_GOOD"},
		"a wrong Win32 code":                {"-> ok size=100", "-> STATUS_SHARING_VIOLATION (33)", "x.txt:13: the Win32 code of STATUS_SHARING_VIOLATION is (32), not (33)"},
		"a background step without a label": {"  r: c1 read", "  c1 read", "x.txt:14: a step in the background needs a label"},
		"a join of nothing":                 {"join r", "join q", `x.txt:15: there is no step "q" before this one`},
		"a label twice":                     {"  r: c1 read", "  o: c1 read", `x.txt:14: the label "o" stands twice`},
		"an unknown expectation":            {"wire c1:", "wires c1:", `x.txt:17: unknown expectation "wires"; there are wire, trace`},
		"an unknown event field":            {"READ_ANDX X", "READ_ANDX X length=10", `x.txt:17: wire: events have no field "length"`},
		"a window of no step":               {"wire c1:", "wire c1 from q:", `x.txt:17: there is no step with the label "q"`},
		"an unknown registry value":         {"file X 100", "server EnableOplock=0", "x.txt:11: server: EnableOplock is no registry value"},
		"a value out of range":              {"file X 100", "server EnableOplocks=2", `x.txt:11: server: server:`},
		"what a target cannot do":           {"file X 100", "link t1", "x.txt:1: `link t1` is not possible on embedded"},
		"no expectation":                    {"  step o -> ok\n", "", "x.txt:19: nothing is expected"},
		"of trials where there are none":    {"server X size=100", "trials: lost = 0", "x.txt:18: `trials: lost = 0` does not belong in a story of this kind"},
		"a difference of nothing":           {"expect:\n", "expect:\n  differs samba: so\n", "x.txt:17: write `differs NAME: explanation` below"},
		"an open quote":                     {"c1 read f 10 &", `c1 write f text="a &`, "x.txt:14: a double quote is not closed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("%q is not in the good case", tt.old)
			}
			_, err := Parse("x.txt", []byte(strings.Replace(good, tt.old, tt.text, 1)))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s...", err, tt.want)
			}
		})
	}
}

// FuzzParse: no text makes the parser panic.
func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add("id: x\nmail:\n  trials 3\n")
	f.Add("setup:\n  when 3 x ws1 WRITE_ANDX X then silence 3s\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = Parse("fuzz.txt", []byte(text)) // an error is as good as a case
	})
}
