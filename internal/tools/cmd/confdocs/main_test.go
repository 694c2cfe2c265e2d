package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestThePagesAreCurrent is left out of short runs: who adds a case to a branch need
// not regenerate the pages with every commit.
func TestThePagesAreCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at the whole tree: run it without -short")
	}
	const root = "../../../.."
	for name, write := range pages {
		var want bytes.Buffer
		if err := write(&want, root); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, "conformance", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), string(got)); diff != "" {
			t.Errorf("conformance/%s is stale: run go generate ./conformance (-want +got):\n%s", name, diff)
		}
	}
}
