package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// excuse introduces the reason why the order of a map range cannot be seen.
const excuse = "// map order: "

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Export     string // file of export data
	Module     *struct{ Path string }
}

// list asks the go command for packages and all that they import.
func list(t *testing.T, patterns ...string) map[string]listed {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,Module"}
	cmd := exec.Command("go", append(args, patterns...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	pkgs := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
}

// checker type-checks packages against the export data of their imports.
type checker struct {
	set      *token.FileSet
	importer types.Importer
}

func newChecker(pkgs map[string]listed) checker {
	set := token.NewFileSet()
	open := func(path string) (io.ReadCloser, error) {
		if p, ok := pkgs[path]; ok && p.Export != "" {
			return os.Open(p.Export)
		}
		return nil, fmt.Errorf("no export data of %s", path)
	}
	return checker{set: set, importer: importer.ForCompiler(set, "gc", open)}
}

// check returns the unexcused map ranges of a package, given as texts by path.
func (c checker) check(importPath string, texts map[string]string) (findings []string, err error) {
	var files []*ast.File
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		f, err := parser.ParseFile(c.set, path, texts[path], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: c.importer}
	if _, err := conf.Check(importPath, c.set, files, info); err != nil {
		return nil, err
	}
	for _, f := range files {
		lines := strings.Split(texts[c.set.Position(f.Pos()).Filename], "\n")
		findings = append(findings, c.unordered(f, info, lines)...)
	}
	return findings, nil
}

// unordered returns the places of f where a map's order comes out.
func (c checker) unordered(f *ast.File, info *types.Info, lines []string) (findings []string) {
	found := func(n ast.Node, what string) {
		at := c.set.Position(n.Pos())
		if excused(lines, at.Line) {
			return
		}
		findings = append(findings, fmt.Sprintf("%s: %s without a reason (%sWHY)", at, what, excuse))
	}
	sorted := map[ast.Node]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			if _, isMap := info.Types[n.X].Type.Underlying().(*types.Map); isMap {
				found(n, "range over a map")
			}
		case *ast.CallExpr:
			if pkg, name := callee(info, n); pkg == "slices" && strings.HasPrefix(name, "Sorted") && len(n.Args) > 0 {
				sorted[n.Args[0]] = true
			} else if pkg == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, name) && !sorted[n] {
				found(n, "maps."+name)
			}
		}
		return true
	})
	return findings
}

// callee names the package and the function that a call calls, if it is one of
// another package.
func callee(info *types.Info, call *ast.CallExpr) (pkg, name string) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if fn, ok := info.Uses[sel.Sel].(*types.Func); ok && fn.Pkg() != nil {
		return fn.Pkg().Path(), fn.Name()
	}
	return "", ""
}

// excused reports whether a line, or the one above it, gives the reason.
func excused(lines []string, line int) bool {
	for _, text := range lines[max(line-2, 0):line] {
		if _, why, ok := strings.Cut(text, excuse); ok && strings.TrimSpace(why) != "" {
			return true
		}
	}
	return false
}

func TestMapOrderIsNotSeen(t *testing.T) {
	var patterns []string
	for _, dir := range simulated {
		if _, err := os.Stat(filepath.Join(root, dir)); err != nil {
			t.Errorf("simulated package: %v", err)
			continue
		}
		patterns = append(patterns, "./"+dir)
	}
	pkgs := list(t, patterns...)
	c := newChecker(pkgs)
	for _, dir := range simulated {
		p := pkgs[module+"/"+dir]
		texts := map[string]string{}
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			texts[dir+"/"+name] = string(text)
		}
		findings, err := c.check(p.ImportPath, texts)
		if err != nil {
			t.Fatal(err)
		}
		report(t, findings)
	}
}

func TestMapOrderFinds(t *testing.T) {
	tests := map[string]struct {
		body string
		want []string
	}{
		"a map":           {"for k := range m { _ = k }", []string{"x.go:5:1: range over a map without a reason (// map order: WHY)"}},
		"a named map":     {"for range named(m) {}", []string{"x.go:5:1: range over a map without a reason (// map order: WHY)"}},
		"its keys":        {"for k := range maps.Keys(m) { _ = k }", []string{"x.go:5:16: maps.Keys without a reason (// map order: WHY)"}},
		"collected":       {"_ = slices.Collect(maps.Values(m))", []string{"x.go:5:20: maps.Values without a reason (// map order: WHY)"}},
		"sorted keys":     {"for _, k := range slices.Sorted(maps.Keys(m)) { _ = k }", nil},
		"a slice":         {"for range []int{1} {}", nil},
		"a reason":        {"for range m { } // map order: counts alone", nil},
		"a reason before": {"// map order: counts alone\n for range m { }", nil},
		"an empty reason": {"// map order: \n for range m { }", []string{"x.go:6:2: range over a map without a reason (// map order: WHY)"}},
	}
	c := newChecker(list(t, "maps", "slices"))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := "package x\nimport (\"maps\"; \"slices\")\ntype named map[string]int\n" +
				"func _(m map[string]int) {\n" + tt.body + "\n}\n" +
				"var _ = slices.Sorted(maps.Keys(named{}))\n"
			got, err := c.check("x", map[string]string{"x.go": text})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("findings (-got +want):\n%s", diff)
			}
		})
	}
}
