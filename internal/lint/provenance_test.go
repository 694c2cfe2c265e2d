package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// policyPackages model how NT behaves; a number in them is a claim.
var policyPackages = []string{
	"ntcache", "ntcache/rdr", "internal/link/simlink", "internal/link", "internal/smbserver", "mailclient",
}

// sourceForms are what may follow "src:".
var sourceForms = []*regexp.Regexp{
	regexp.MustCompile(`^\[[A-Z0-9-]+\] §\d+(\.\d+)*`),
	regexp.MustCompile(`^KB Q\d{5,6}\b`),
	regexp.MustCompile(`^RFC \d+ (§\d+(\.\d+)*|\(.+\))`),
	regexp.MustCompile(`^trace \S+ \(.+\)`),
	regexp.MustCompile(`^assumed \(.+\)`),
	// Published works, with the place in them.
	regexp.MustCompile(`^Windows Internals \d+(st|nd|rd|th) ed\., ch\. \d+`),
	regexp.MustCompile(`^Win32 documentation, ".+"`),
	regexp.MustCompile(`^Windows NT Resource Kit \(.+\)`),
	regexp.MustCompile(`^windows-sys \S+\.h \(.+\)`),
}

// tag finds each source tag of a comment.
var tag = regexp.MustCompile(`\bsrc: `)

// sourcesOf returns what follows each tag of a doc comment, on one line.
func sourcesOf(doc *ast.CommentGroup) []string {
	if doc == nil {
		return nil
	}
	text := strings.Join(strings.Fields(doc.Text()), " ")
	return tag.Split(text, -1)[1:]
}

// checkProvenance returns the package-level numbers of f without a source, and
// the sources that say nothing.
func checkProvenance(f file) (findings []string) {
	for _, decl := range f.ast.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST && gen.Tok != token.VAR {
			continue
		}
		group := sourcesOf(gen.Doc)
		findings = append(findings, malformed(f, gen, group)...)
		for _, s := range gen.Specs {
			spec, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			own := slices.Concat(sourcesOf(spec.Doc), sourcesOf(spec.Comment))
			findings = append(findings, malformed(f, spec, own)...)
			if len(group)+len(own) == 0 && hasNumber(spec) {
				findings = append(findings, fmt.Sprintf("%s: %s has no source (src: ...)", f.at(spec), spec.Names[0].Name))
			}
		}
	}
	return findings
}

// malformed returns the sources that are of none of the forms.
func malformed(f file, n ast.Node, sources []string) (findings []string) {
	for _, src := range sources {
		matches := func(form *regexp.Regexp) bool { return form.MatchString(src) }
		if !slices.ContainsFunc(sourceForms, matches) {
			findings = append(findings, fmt.Sprintf("%s: source of no known form: %s", f.at(n), src))
		}
	}
	return findings
}

// hasNumber reports whether a value holds a numeric literal. Enumerations by
// iota are names, and 0 and 1 in them are no claims.
func hasNumber(spec *ast.ValueSpec) bool {
	number, enumerates := false, false
	for _, v := range spec.Values {
		ast.Inspect(v, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.BasicLit:
				number = number || n.Kind == token.INT || n.Kind == token.FLOAT
			case *ast.Ident:
				enumerates = enumerates || n.Name == "iota"
			case *ast.SelectorExpr:
				// time.Second is a duration of one second.
				number = number || isDuration(n)
			}
			return true
		})
	}
	return number && !enumerates
}

func isDuration(n *ast.SelectorExpr) bool {
	units := []string{"Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"}
	x, ok := n.X.(*ast.Ident)
	return ok && x.Name == "time" && slices.Contains(units, n.Sel.Name)
}

func TestPolicyConstantsHaveSources(t *testing.T) {
	for _, f := range sources(t) {
		if slices.Contains(policyPackages, f.dir()) {
			report(t, checkProvenance(f))
		}
	}
}

// TestTracesAreCommitted: a trace is a source only if everybody can read it.
func TestTracesAreCommitted(t *testing.T) {
	named := regexp.MustCompile(`src: trace (\S+) \(`)
	var paths, wanted []string
	walk(t, func(path string, text []byte) {
		paths = append(paths, path)
		if strings.HasSuffix(path, ".go") && !strings.HasPrefix(path, "internal/lint/") {
			for _, m := range named.FindAllSubmatch(text, -1) {
				wanted = append(wanted, string(m[1]))
			}
		}
	})
	for _, name := range wanted {
		if !slices.ContainsFunc(paths, func(p string) bool { return strings.HasSuffix("/"+p, "/"+name) }) {
			t.Errorf("src: trace %s: no such file", name)
		}
	}
}

func TestCheckProvenanceFinds(t *testing.T) {
	tests := map[string]struct {
		decl string
		want []string
	}{
		"a bare number":      {"const n = 8", []string{"x.go:2:7: n has no source (src: ...)"}},
		"a bare duration":    {"var d = time.Second", []string{"x.go:2:5: d has no source (src: ...)"}},
		"a number in a call": {"const s = Size(2)", []string{"x.go:2:7: s has no source (src: ...)"}},
		"a number in a table": {
			"var t = []row{{name: \"a\", size: 4096}}",
			[]string{"x.go:2:5: t has no source (src: ...)"},
		},
		"no tag in the group": {
			"// sizes.\nconst (\n\ta = 1\n\t// src: KB Q143413\n\tb = 2\n)",
			[]string{"x.go:4:2: a has no source (src: ...)"},
		},
		"a source that says nothing": {
			"// n counts. src: known\nconst n = 8",
			[]string{"x.go:3:1: source of no known form: known"},
		},
		"assumed without a reason": {
			"// n counts.\n//\n// src: assumed\nconst n = 8",
			[]string{"x.go:5:1: source of no known form: assumed"},
		},
		"an article":      {"// n counts.\n//\n// src: KB Q143413 (\"three\")\nconst n = 3", nil},
		"a section":       {"// n counts. src: [MS-CIFS] §2.2.4.32.1\nconst n = 3", nil},
		"a group's":       {"// sizes. src: RFC 1002 §4.3.1\nconst (\n\ta = 1\n\tb = 2\n)", nil},
		"at the line end": {"const (\n\ta = 1 // src: assumed (any will do)\n)", nil},
		"over two lines":  {"// n counts. src: assumed (the reason\n// goes on)\nconst n = 8", nil},
		"an enumeration":  {"const (\n\ta = iota + 1\n\tb\n)", nil},
		"an error":        {"var err = errors.New(\"error 5\")", nil},
		"a function body": {"var f = func() int { return 8 }", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := checkProvenance(parse(t, "x.go", "package x\n"+tt.decl+"\n"))
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("findings (-got +want):\n%s", diff)
			}
		})
	}
}
