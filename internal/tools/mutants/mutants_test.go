package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A row whose text has moved changes nothing, and guards nothing.
func TestTheListFitsTheSource(t *testing.T) {
	text, err := os.ReadFile("mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	list, err := parseList(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkTexts("../../..", list); err != nil {
		t.Error(err)
	}
	if len(list) < 40 {
		t.Errorf("%d mutants", len(list))
	}
}

func TestParseList(t *testing.T) {
	got, err := parseList("# a comment\nid a\nwhat it waits\nfile x.go\n- \twait()\n- \tgo()\n+ \tgo()\nby case Q1\\.P1\nby test ./x TestX\nwhy it is slow\n")
	want := []mutant{{
		ID: "a", What: "it waits", File: "x.go", Find: "\twait()\n\tgo()", Replace: "\tgo()",
		By: []guard{{Pattern: `Q1\.P1`}, {Package: "./x", Pattern: "TestX"}}, Why: "it is slow", line: 2,
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mutant{})); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestParseListRefuses(t *testing.T) {
	const row = "id a\nwhat w\nfile f\n- x\n+ y\nby case c\n"
	for what, text := range map[string]string{
		"a row without a start": "what w\n",
		"an unknown word":       row + "who me\n",
		"two rows of one name":  row + row,
		"no guard":              "id a\nwhat w\nfile f\n- x\n",
		"no change":             "id a\nwhat w\nfile f\n- x\n+ x\nby case c\n",
		"half a guard":          row + "by test ./x\n",
	} {
		if _, err := parseList(text); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestATextMustBeThereOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.go"), []byte("a b a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for find, ok := range map[string]bool{"b": true, "a": false, "c": false} {
		err := checkTexts(dir, []mutant{{ID: "m", File: "f.go", Find: find}})
		if (err == nil) != ok {
			t.Errorf("%q: %v", find, err)
		}
	}
}

func TestRedsAreTheInnermostTests(t *testing.T) {
	out := "=== RUN TestA\n--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/x (0.00s)\n--- PASS: TestB\n--- FAIL: TestC (0.1s)\n"
	g := guard{Package: "./p", Pattern: "."}
	if got := g.reds(out); got != "test ./p TestA/x TestC" {
		t.Errorf("got %q", got)
	}
	if got := g.reds("panic: x"); !strings.Contains(got, "./p") {
		t.Errorf("a panic: got %q", got)
	}
}

func TestRedCasesComeFromTheReport(t *testing.T) {
	out := `[{"id": "a", "model": "pass", "embedded": "fail", "live": null}, {"id": "b", "model": "fail"}, {"id": "c", "model": "pass"}]` + "\n1 of 3 fail\n"
	g := guard{Pattern: "."}
	if got := g.reds(out); got != "case a b" {
		t.Errorf("got %q", got)
	}
	if got := g.reds("panic: x"); got != "case ." {
		t.Errorf("a panic: got %q", got)
	}
}
