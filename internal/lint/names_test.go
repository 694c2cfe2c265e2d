package lint

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// places are paths that a reader of this repository cannot follow. They are
// spelled in two pieces, or this file would name them.
var places = []string{"/wo" + "rk/", "/fa" + "rm/", "shared/" + "facts", "shared/" + "design", ".lib" + "rary/"}

func checkNames(path string, text []byte) (findings []string) {
	for i, line := range bytes.Split(text, []byte("\n")) {
		for _, p := range places {
			if bytes.Contains(line, []byte(p)) {
				findings = append(findings, fmt.Sprintf("%s:%d: names %s", path, i+1, p))
			}
		}
	}
	return findings
}

func TestNoForeignPlaces(t *testing.T) {
	walk(t, func(path string, text []byte) { report(t, checkNames(path, text)) })
}

func TestCheckNamesFinds(t *testing.T) {
	got := checkNames("README.md", []byte("one\nsee "+places[0]+"main, work/on\n"))
	if diff := cmp.Diff(got, []string{"README.md:2: names " + places[0]}); diff != "" {
		t.Errorf("findings (-got +want):\n%s", diff)
	}
}
