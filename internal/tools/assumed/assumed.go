// Package assumed finds what the code says it assumes: the source tags "assumed
// (reason)" of its comments.
package assumed

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Entry is one assumption.
type Entry struct {
	File   string // from the root, with slashes
	Name   string // of what is assumed: a constant, a field, a function
	Reason string
}

// skipped are directories without code of the module.
var skipped = []string{".git", ".tools", "bin", "dist", "testdata", "lint", "node_modules"}

// List returns the assumptions of all Go files below root, tests excepted, in the
// order of files and lines.
func List(root string) (entries []Entry, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && slices.Contains(skipped, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found, err := inFile(path)
		for _, e := range found {
			e.File = filepath.ToSlash(rel)
			entries = append(entries, e)
		}
		return err
	})
	return entries, err
}

// inFile returns the assumptions of one file.
func inFile(path string) ([]Entry, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	names := named(tree)
	var entries []Entry
	for _, group := range tree.Comments {
		if group.Pos() < tree.Package {
			continue // how the package documents itself
		}
		for _, reason := range reasons(group) {
			name := names[group]
			if name == "" {
				name = enclosing(tree, group)
			}
			entries = append(entries, Entry{Name: name, Reason: reason})
		}
	}
	return entries, nil
}

var tag = regexp.MustCompile(`\bassumed \(`)

// reasons returns the reasons of a comment's assumptions, each on one line.
func reasons(group *ast.CommentGroup) (list []string) {
	text := strings.Join(strings.Fields(group.Text()), " ")
	if !strings.Contains(text, "src:") {
		return nil
	}
	for _, at := range tag.FindAllStringIndex(text, -1) {
		list = append(list, balanced(text[at[1]:]))
	}
	return list
}

// balanced is s until the parenthesis that closes what was open before it.
func balanced(s string) string {
	depth := 1
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[:i]
			}
		}
	}
	return s
}

// named says what each comment of a declaration is about.
func named(tree *ast.File) map[*ast.CommentGroup]string {
	names := map[*ast.CommentGroup]string{}
	note := func(name string, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if g != nil {
				names[g] = name
			}
		}
	}
	var owner string
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			note(n.Name.Name, n.Doc)
		case *ast.TypeSpec:
			owner = n.Name.Name
			note(owner, n.Doc, n.Comment)
		case *ast.GenDecl:
			note(specNames(n), n.Doc)
		case *ast.ValueSpec:
			note(identNames(n.Names), n.Doc, n.Comment)
		case *ast.Field:
			note(owner+"."+identNames(n.Names), n.Doc, n.Comment)
		}
		return true
	})
	return names
}

func specNames(d *ast.GenDecl) string {
	var all []*ast.Ident
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.ValueSpec:
			all = append(all, s.Names...)
		case *ast.TypeSpec:
			all = append(all, s.Name)
		}
	}
	return identNames(all)
}

func identNames(ids []*ast.Ident) string {
	const most = 4
	var names []string
	for i, id := range ids {
		if i == most {
			names = append(names, "...")
			break
		}
		names = append(names, id.Name)
	}
	return strings.Join(names, ", ")
}

// enclosing names the function or declaration that a comment stands in.
func enclosing(tree *ast.File, group *ast.CommentGroup) string {
	for _, d := range tree.Decls {
		if d.Pos() > group.Pos() || d.End() < group.End() {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			return "in " + d.Name.Name
		case *ast.GenDecl:
			return specNames(d)
		}
	}
	return "-"
}
