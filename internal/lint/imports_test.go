package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Groups of the import table.
var (
	leaves = []string{"internal/nt", "internal/rt", "internal/trace", "internal/invariant", "internal/slab"}
	// assembled is what internal/machine puts together.
	assembled = with(leaves, "mailclient", "ntcache", "ntcache/rdr", "smb1client", "internal/smbserver",
		"internal/registry", "internal/capture", "internal/smb2remote", "internal/smbwire", "internal/volume",
		"internal/ntlm", "internal/link", "internal/link/simlink", "internal/link/tcplink",
		"internal/rt/simrt", "internal/rt/wallrt")
	// run is what stands on top of the assembly.
	run = with(assembled, "internal/machine")
)

// mayImport names the packages of this module that each package may import, in
// its own code; tests may import what they need. A package that is not here may
// not exist.
var mayImport = map[string][]string{
	"internal/nt":                 nil,
	"internal/rt":                 nil,
	"internal/trace":              nil,
	"internal/invariant":          nil,
	"internal/slab":               nil,
	"internal/rt/simrt":           {"internal/rt", "internal/invariant", "internal/slab"},
	"internal/rt/simrt/simtest":   {"internal/rt", "internal/rt/simrt"},
	"internal/rt/wallrt":          {"internal/rt", "internal/invariant"},
	"internal/smbwire":            {"internal/nt", "internal/slab"},
	"internal/link":               leaves,
	"internal/link/simlink":       with(leaves, "internal/link"),
	"internal/link/tcplink":       with(leaves, "internal/link"),
	"internal/volume":             leaves,
	"internal/ntlm":               leaves,
	"internal/registry":           leaves,
	"internal/capture":            with(leaves, "internal/link", "internal/smbwire"),
	"internal/smb2remote":         {"internal/nt"},
	"internal/smbserver":          with(leaves, "internal/link", "internal/smbwire", "internal/volume", "internal/ntlm"),
	"ntcache":                     leaves,
	"ntcache/rdr":                 with(leaves, "ntcache"),
	"ntcache/rdr/indexlast":       {"ntcache/rdr"},
	"smb1client":                  with(leaves, "internal/link", "internal/smbwire", "internal/ntlm"),
	"mailclient":                  leaves,
	"internal/machine":            assembled,
	"bench":                       with(run, "bench/workload"),
	"bench/workload":              with(leaves, "mailclient"),
	"conformance":                 with(run, "bench", "bench/workload"),
	"internal/metamorph":          run,
	"internal/report":             with(leaves, "bench"),
	"cmd/ntrdr":                   with(run, "bench", "bench/workload", "conformance", "internal/report"),
	"internal/lint":               nil,
	"internal/tools/samba":        nil,
	"internal/tools/netns":        {"internal/link", "internal/rt"},
	"internal/tools/mutants":      nil,
	"internal/tools/slurm":        nil,
	"internal/tools/cmd/sambaup":  {"internal/tools/samba"},
	"internal/tools/cmd/netns":    {"internal/tools/samba", "internal/tools/netns", "internal/link"},
	"internal/tools/cmd/agree":    {"bench", "mailclient", "internal/link", "internal/machine", "internal/registry", "internal/trace", "internal/tools/netns", "internal/tools/samba"},
	"internal/tools/assumed":      nil,
	"internal/tools/cmd/confdocs": {"conformance", "internal/registry", "internal/tools/assumed"},
}

// onlyIn confines a dependency to the packages below some directories.
var onlyIn = map[string][]string{
	"github.com/spf13/pflag":           {"cmd/ntrdr"},
	"github.com/hirochachacha/go-smb2": {"internal/smb2remote"},
	"golang.org/x/time/rate":           {"internal/link"},
	"golang.org/x/crypto":              {"internal/ntlm"},
	"golang.org/x/term":                {"cmd/ntrdr"},
	"golang.org/x/sys":                 {"internal/tools/netns"},
	"gonum.org/v1/gonum":               {"bench"},
	"github.com/klauspost/compress":    {"bench"},
	"github.com/gopacket/gopacket":     {"internal/capture"},
	"github.com/jedib0t/go-pretty":     {"internal/registry", "internal/report", "cmd/ntrdr"},
	"github.com/schollz/progressbar":   {"cmd/ntrdr"},
	"github.com/google/go-cmp":         nil, // tests
	"github.com/rogpeppe/go-internal":  nil, // tests
}

func with(group []string, more ...string) []string { return slices.Concat(group, more) }

// checkImports returns what f imports and may not.
func checkImports(f file) (findings []string) {
	allowed, known := mayImport[f.dir()]
	if !known {
		return []string{f.path + ": package " + f.dir() + " is not in the import table"}
	}
	for _, spec := range f.ast.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{fmt.Sprintf("%s: import %s: %v", f.at(spec), spec.Path.Value, err)}
		}
		own, isOwn := strings.CutPrefix(path, module+"/")
		switch {
		case isOwn && !slices.Contains(allowed, own):
			findings = append(findings, fmt.Sprintf("%s: %s may not import %s", f.at(spec), f.dir(), own))
		case !isOwn && strings.Contains(strings.Split(path, "/")[0], ".") && !confined(path, f.dir()):
			findings = append(findings, fmt.Sprintf("%s: %s may not import the dependency %s", f.at(spec), f.dir(), path))
		}
	}
	return findings
}

// confined reports whether a dependency is known and dir is where it may be.
func confined(path, dir string) bool {
	for prefix, dirs := range onlyIn {
		if within(path, prefix) {
			return slices.ContainsFunc(dirs, func(d string) bool { return within(dir, d) })
		}
	}
	return false
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func TestImportsGoDownOnly(t *testing.T) {
	for _, f := range sources(t) {
		report(t, checkImports(f))
	}
}

// A row of a package that is gone would let it come back unseen.
func TestEveryRowOfTheImportTableIsAPackage(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range sources(t) {
		seen[f.dir()] = true
	}
	for pkg := range mayImport {
		if !seen[pkg] {
			t.Errorf("%s is in the table and nowhere else", pkg)
		}
	}
}

// TestImportTableHasNoCycle: two packages that the table lets import each other
// would make it meaningless.
func TestImportTableHasNoCycle(t *testing.T) {
	var visit func(pkg string, path []string)
	visit = func(pkg string, path []string) {
		if slices.Contains(path, pkg) {
			t.Fatalf("cycle: %s", strings.Join(append(path, pkg), " > "))
		}
		for _, next := range mayImport[pkg] {
			visit(next, append(slices.Clone(path), pkg))
		}
	}
	for pkg := range mayImport {
		if slices.Contains(leaves, pkg) && len(mayImport[pkg]) > 0 {
			t.Errorf("%s is a leaf and may import %v", pkg, mayImport[pkg])
		}
		visit(pkg, nil)
	}
}

func TestCheckImportsFinds(t *testing.T) {
	tests := map[string]struct {
		path, imports string
		want          []string
	}{
		"down": {"ntcache/rdr/x.go", module + "/ntcache", nil},
		"std":  {"ntcache/x.go", "errors", nil},
		"up": {
			"ntcache/x.go", module + "/ntcache/rdr",
			[]string{"ntcache/x.go:2:8: ntcache may not import ntcache/rdr"},
		},
		"sideways": {
			"smb1client/x.go", module + "/internal/smbserver",
			[]string{"smb1client/x.go:2:8: smb1client may not import internal/smbserver"},
		},
		"flags below cmd": {
			"bench/x.go", "github.com/spf13/pflag",
			[]string{"bench/x.go:2:8: bench may not import the dependency github.com/spf13/pflag"},
		},
		"flags in cmd":    {"cmd/ntrdr/x.go", "github.com/spf13/pflag", nil},
		"the rate in tcp": {"internal/link/tcplink/x.go", "golang.org/x/time/rate", nil},
		"a new dependency": {
			"cmd/ntrdr/x.go", "example.com/new",
			[]string{"cmd/ntrdr/x.go:2:8: cmd/ntrdr may not import the dependency example.com/new"},
		},
		"a new package": {
			"internal/util/x.go", "errors",
			[]string{"internal/util/x.go: package internal/util is not in the import table"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := parse(t, tt.path, "package x\nimport \""+tt.imports+"\"\n")
			if diff := cmp.Diff(checkImports(f), tt.want); diff != "" {
				t.Errorf("findings (-got +want):\n%s", diff)
			}
		})
	}
}
