package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// verdict is what became of a mutant.
type verdict string

const (
	killed    verdict = "killed"
	hung      verdict = "killed (hangs)"
	survived  verdict = "SURVIVED"
	broken    verdict = "ERROR"
	explained verdict = "survived, explained"
)

// result is a mutant's fate.
type result struct {
	mutant
	Verdict verdict
	Killer  string
	Took    time.Duration
}

// runner builds and runs guards.
type runner struct {
	options
	tmp string
}

func newRunner(o options) (*runner, error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return nil, err
	}
	o.root = root
	tmp, err := os.MkdirTemp("", "mutants")
	return &runner{options: o, tmp: tmp}, err
}

func (r *runner) close() { _ = os.RemoveAll(r.tmp) }

func (o options) path(name string) string { return filepath.Join(o.root, name) }

// runAll checks that every guard is green and then kills mutants, jobs at a time.
func (r *runner) runAll(list []mutant) ([]result, error) {
	if r.discover == "" {
		if err := r.checkGuards(list); err != nil {
			return nil, err
		}
	}
	results, errs := make([]result, len(list)), make([]error, len(list))
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		done int
	)
	slots := make(chan struct{}, r.jobs)
	for i, m := range list {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wait.Done() }()
			results[i], errs[i] = r.try(m)
			mu.Lock()
			done++
			if errs[i] != nil {
				results[i].Verdict = broken
			}
			fmt.Fprintf(os.Stderr, "%d/%d %s: %s %s\n", done, len(list), m.ID, results[i].Verdict, results[i].Killer)
			mu.Unlock()
		}()
	}
	wait.Wait()
	return results, errors.Join(errs...)
}

// checkGuards runs every guard without a mutation.
func (r *runner) checkGuards(list []mutant) error {
	var errs []error
	dir := filepath.Join(r.tmp, "none")
	for _, pkg := range packages(list) {
		bin, err := r.build(dir, pkg, "")
		if err != nil {
			return err
		}
		var seen []string
		for _, m := range list {
			for _, g := range m.By {
				if g.Package != pkg || slices.Contains(seen, g.Pattern) {
					continue
				}
				seen = append(seen, g.Pattern)
				red, _, err := r.guard(bin, g)
				if err != nil {
					errs = append(errs, fmt.Errorf("line %d: %s: %w", m.line, m.ID, err))
				} else if red != "" {
					errs = append(errs, fmt.Errorf("line %d: %s: %v is red without a mutation: %s", m.line, m.ID, g, red))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// try runs a mutant's guards until one goes red.
func (r *runner) try(m mutant) (result, error) {
	started := time.Now()
	out := result{mutant: m, Verdict: survived}
	if m.Why != "" {
		out.Verdict = explained
	}
	dir := filepath.Join(r.tmp, m.ID)
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := r.overlay(dir, m)
	if err != nil {
		return out, err
	}
	guards := m.By
	if r.discover != "" {
		guards = discoverers(r.discover)
	}
	for _, g := range guards {
		bin, err := r.build(dir, g.Package, overlay)
		if err != nil {
			return out, fmt.Errorf("line %d: %s: the mutant does not compile: %w", m.line, m.ID, err)
		}
		red, late, err := r.guard(bin, g)
		switch {
		case err != nil:
			return out, fmt.Errorf("line %d: %s: %w", m.line, m.ID, err)
		case late:
			out.Verdict, out.Killer = hung, joined(out.Killer, g.String())
		case red != "":
			out.Verdict, out.Killer = killed, joined(out.Killer, red)
		default:
			continue
		}
		if r.discover == "" {
			break
		}
	}
	out.Took = time.Since(started)
	return out, nil
}

// discoverers are guards of everything in some packages.
func discoverers(list string) (guards []guard) {
	for _, p := range strings.Split(list, ",") {
		if pattern, ok := strings.CutPrefix(p, "cases:"); ok {
			guards = append(guards, guard{Pattern: pattern})
		} else {
			guards = append(guards, guard{Package: p, Pattern: "."})
		}
	}
	return guards
}

// overlay writes the mutated file and the description that the go command takes.
func (r *runner) overlay(dir string, m mutant) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	text, err := m.mutated(r.root)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	description, err := json.Marshal(map[string]map[string]string{"Replace": {r.path(m.File): file}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, description, 0o600)
}

// build makes the binary of a package's tests, or of ntrdr for the cases.
func (r *runner) build(dir, pkg, overlay string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, strings.NewReplacer("/", "-", ".", "").Replace("bin"+pkg))
	args := []string{"test", "-c", "-o", bin}
	if pkg == "" {
		pkg = "./cmd/ntrdr"
		args = []string{"build", "-o", bin}
	}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = r.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, out)
	}
	return bin, nil
}

// guard runs a guard and says what went red; late tells that it had to be stopped.
func (r *runner) guard(bin string, g guard) (red string, late bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "conformance", "--json", "--run", "^("+g.Pattern+")$")
	cmd.Dir = r.root
	if g.Package != "" {
		cmd = exec.CommandContext(ctx, bin, "-test.v", "-test.short", "-test.run", g.Pattern)
		cmd.Dir = r.path(g.Package)
	}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", true, nil
	case err != nil && !errors.As(err, &exit):
		return "", false, err
	case err != nil:
		return g.reds(string(out)), false, nil
	case g.Package != "" && !strings.Contains(string(out), "--- PASS"):
		return "", false, fmt.Errorf("%v: there is no such test, or it is skipped", g)
	}
	return "", false, nil
}

var redTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// reds finds the names of what failed in a guard's output: the cases, or the innermost
// tests; the whole guard if it ended otherwise, as by a panic.
func (g guard) reds(out string) string {
	if g.Package == "" {
		return g.redCases(out)
	}
	var names []string
	for _, match := range redTest.FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	inner := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return slices.ContainsFunc(names, func(o string) bool { return strings.HasPrefix(o, n+"/") })
	})
	if len(inner) == 0 {
		return g.String()
	}
	return "test " + g.Package + " " + strings.Join(inner, " ")
}

// redCases reads the report that ntrdr conformance --json prints.
func (g guard) redCases(out string) string {
	var report []struct {
		ID       string `json:"id"`
		Model    string `json:"model"`
		Embedded string `json:"embedded"`
	}
	start := strings.IndexByte(out, '[')
	if start < 0 || json.NewDecoder(strings.NewReader(out[start:])).Decode(&report) != nil {
		return g.String()
	}
	red := "case"
	for _, c := range report {
		if c.Model == "fail" || c.Embedded == "fail" {
			red += " " + c.ID
		}
	}
	if red == "case" {
		return g.String()
	}
	return red
}
