package assumed

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const source = `// Package p says that assumed (this) is no tag. src: assumed (nor this)
package p

// a is a number.
//
// src: KB Q143413 (3); assumed (any (small) number
// will do)
const a = 1

const (
	b = 2 // src: assumed (as a)
	c = 3 // src: KB Q143413
)

type t struct {
	// f waits. src: assumed (long enough)
	f int
}

func g() {
	// src: assumed (the rest)
	_ = 5
}
`

func TestListFindsEachAssumptionWithItsName(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"p.go", "a", "any (small) number will do"},
		{"p.go", "b", "as a"},
		{"p.go", "t.f", "long enough"},
		{"p.go", "in g", "the rest"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("assumptions (-want +got):\n%s", diff)
	}
}
