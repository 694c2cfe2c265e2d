package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/ntrdr/ntrdr"
	root   = "../.." // of the module, seen from this package's directory
)

// file is one parsed source file.
type file struct {
	path string // from the module's root, with slashes
	set  *token.FileSet
	ast  *ast.File
	text []string // lines
}

// dir is the package's directory from the module's root.
func (f file) dir() string { return strings.TrimSuffix(f.path, "/"+filepath.Base(f.path)) }

// at names the place of a node.
func (f file) at(n ast.Node) string {
	p := f.set.Position(n.Pos())
	p.Filename = f.path
	return p.String()
}

// parse parses text as the file at path.
func parse(t *testing.T, path, text string) file {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file{path: path, set: set, ast: tree, text: strings.Split(text, "\n")}
}

// walk calls f with each file of the repository that is not a product of it.
func walk(t *testing.T, f func(path string, text []byte)) {
	t.Helper()
	products := []string{".git", ".tools", "bin", "dist", "ntrdr-bench"}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(products, d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular(), d.Name() == ".git": // in a linked worktree .git is a file
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(rel), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sources parses the Go files of the module, tests excepted.
func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	walk(t, func(path string, text []byte) {
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testdata/") {
			files = append(files, parse(t, path, string(text)))
		}
	})
	if len(files) == 0 {
		t.Fatal("no source found: the checks would pass vacuously")
	}
	return files
}

// report fails the test with one line a finding.
func report(t *testing.T, findings []string) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}
