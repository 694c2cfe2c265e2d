package volume

import (
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
)

func TestPathsThatAreFolded(t *testing.T) {
	for _, row := range []struct {
		name, path, key string
		invalid         bool
	}{
		{name: "the root", path: `\`},
		{name: "capitals", path: `\A\B.TXT`, key: `A\B.TXT`},
		{name: "small letters", path: `a\b.txt\`, key: `A\B.TXT`},
		{name: "beyond ASCII", path: `Ä\Straße`, key: `Ä\STRAßE`},
		{name: "small letters beyond ASCII", path: `Ä\ß\é`, key: `Ä\ß\É`},
		{name: "dots in a name", path: `A\..B.`, key: `A\..B.`},
		{name: "a dot", path: `A\.\B`, invalid: true},
		{name: "two dots at the end", path: `A\..`, invalid: true},
		{name: "two separators", path: `A\\B`, invalid: true},
		{name: "a wildcard", path: `A?\B`, invalid: true},
		{name: "a control character", path: "A\x1f", invalid: true},
		{name: "half a character", path: "A\xc3\\B", invalid: true},
		{name: "the longest name", path: strings.Repeat("N", maxName) + `\B`, key: strings.Repeat("N", maxName) + `\B`},
		{name: "a longer one", path: strings.Repeat("N", maxName+1) + `\B`, invalid: true},
		{name: "a path that is too long", path: strings.Repeat(`N\`, MaxPath/2) + "NN", invalid: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := nt.StatusSuccess
			if row.invalid {
				want = nt.StatusObjectNameInvalid
			}
			if key, st := foldValid(row.path); key != row.key || st != want {
				t.Errorf("%q, %v; want %q, %v", key, st, row.key, want)
			}
			if !row.invalid && Fold(row.path) != row.key {
				t.Errorf("Fold: %q, want %q", Fold(row.path), row.key)
			}
		})
	}
}

func TestAPathIsNoName(t *testing.T) {
	if ValidName(`A\B`) || !ValidName("A") {
		t.Error("a separator makes the difference")
	}
}

func TestRespell(t *testing.T) {
	for _, row := range []struct{ path, name, want string }{
		{`\DIR\name`, "Name", `DIR\Name`},
		{`DIR\name\`, "name", `DIR\name`},
		{"name", "Name", "Name"},
		{"", "", ""},
	} {
		if got := Respell(row.path, row.name); got != row.want {
			t.Errorf("%q with %q: %q, want %q", row.path, row.name, got, row.want)
		}
	}
}
