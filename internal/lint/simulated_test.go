package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// simulated are the packages that run in virtual time: the same seed must give
// the same trace.
var simulated = []string{
	"internal/nt", "internal/rt", "internal/trace", "internal/smbwire", "internal/ntlm", "internal/registry",
	"internal/link", "internal/link/simlink", "internal/rt/simrt", "internal/volume", "internal/smbserver",
	"ntcache", "ntcache/rdr", "smb1client", "mailclient",
}

// exempt are the files of simulated packages that touch the machine, and why.
var exempt = map[string]string{
	"smb1client/share.go":           "the os-like API takes a context, on wallrt alone",
	"smb1client/file.go":            "the os-like API takes a context, on wallrt alone",
	"internal/rt/simrt/task.go":     "the kernel that replaces goroutines by coroutines",
	"internal/rt/simrt/watchdog.go": "stops a trial by the machine's clock",
	"internal/volume/dir.go":        "a directory on disk, for live servers",
	"internal/volume/dirfile.go":    "a directory on disk, for live servers",
}

// banned are the imports that a simulated package cannot have.
var banned = []string{"sync", "sync/atomic", "context", "crypto/rand", "math/rand"}

// clock are the functions of package time that read or wait for the clock.
var clock = []string{
	"Now", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Since", "Until",
}

// seeded are the functions of math/rand/v2 that make a source of their own; the
// others draw from a global one.
var seeded = []string{"New", "NewPCG", "NewChaCha8", "NewZipf"}

// checkSimulated returns what f does that virtual time does not know. Map
// ranges need types: see maporder_test.go.
func checkSimulated(f file) (findings []string) {
	found := func(n ast.Node, what string) {
		findings = append(findings, fmt.Sprintf("%s: %s in a simulated package", f.at(n), what))
	}
	names := importNames(f)
	for _, spec := range f.ast.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && slices.Contains(banned, path) {
			found(spec, "import of "+path)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found(n, "go statement")
		case *ast.SelectStmt:
			found(n, "select")
		case *ast.SendStmt:
			found(n, "channel send")
		case *ast.ChanType:
			found(n, "channel")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				found(n, "channel receive")
			}
		case *ast.SelectorExpr:
			if what := forbiddenCall(names, n); what != "" {
				found(n, what)
			}
		}
		return true
	})
	return findings
}

// forbiddenCall names a use of the clock or of global randomness.
func forbiddenCall(names map[string]string, n *ast.SelectorExpr) string {
	x, ok := n.X.(*ast.Ident)
	if !ok {
		return ""
	}
	switch names[x.Name] {
	case "time":
		if slices.Contains(clock, n.Sel.Name) {
			return "time." + n.Sel.Name
		}
	case "math/rand/v2":
		// Types such as rand.Rand and rand.Source are no draws.
		if !slices.Contains(seeded, n.Sel.Name) && !slices.Contains([]string{"Rand", "Source", "PCG", "ChaCha8", "Zipf"}, n.Sel.Name) {
			return "global rand." + n.Sel.Name
		}
	}
	return ""
}

// importNames maps the names that f's imports have in it to their paths. A
// variable of the same name would be taken for the package; none should be.
func importNames(f file) map[string]string {
	names := map[string]string{}
	for _, spec := range f.ast.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has accepted it
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if path == "math/rand/v2" {
			name = "rand"
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}

func TestSimulatedPackagesAreDeterministic(t *testing.T) {
	used := map[string]bool{}
	for _, f := range sources(t) {
		if !slices.Contains(simulated, f.dir()) {
			continue
		}
		findings := checkSimulated(f)
		if exempt[f.path] != "" {
			used[f.path] = true
			continue
		}
		report(t, findings)
	}
	for path := range exempt {
		if !used[path] {
			t.Errorf("exemption of %s, which does not exist", path)
		}
	}
}

func TestCheckSimulatedFinds(t *testing.T) {
	tests := map[string]struct {
		imports, body string
		want          []string
	}{
		"go statement":    {"", "go f()", []string{"x.go:3:12: go statement in a simulated package"}},
		"channel":         {"", "var c chan int; _ = c", []string{"x.go:3:18: channel in a simulated package"}},
		"send":            {"", "c <- 1", []string{"x.go:3:12: channel send in a simulated package"}},
		"receive":         {"", "<-c", []string{"x.go:3:12: channel receive in a simulated package"}},
		"select":          {"", "select {}", []string{"x.go:3:12: select in a simulated package"}},
		"lock":            {`import "sync"`, "", []string{"x.go:2:8: import of sync in a simulated package"}},
		"context":         {`import "context"`, "", []string{"x.go:2:8: import of context in a simulated package"}},
		"crypto":          {`import "crypto/rand"`, "", []string{"x.go:2:8: import of crypto/rand in a simulated package"}},
		"clock":           {`import "time"`, "_ = time.Now()", []string{"x.go:3:16: time.Now in a simulated package"}},
		"renamed clock":   {`import clk "time"`, "clk.Sleep(1)", []string{"x.go:3:12: time.Sleep in a simulated package"}},
		"clock as value":  {`import "time"`, "now := time.Now", []string{"x.go:3:19: time.Now in a simulated package"}},
		"global rand":     {`import "math/rand/v2"`, "_ = rand.IntN(3)", []string{"x.go:3:16: global rand.IntN in a simulated package"}},
		"seeded rand":     {`import "math/rand/v2"`, "_ = rand.New(rand.NewPCG(1, 2))", nil},
		"duration":        {`import "time"`, "_ = time.Second", nil},
		"a method of now": {"", "r.Now()", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := checkSimulated(parse(t, "x.go", "package x\n"+tt.imports+"\nfunc _() { "+tt.body+" }\n"))
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("findings (-got +want):\n%s", diff)
			}
		})
	}
}
