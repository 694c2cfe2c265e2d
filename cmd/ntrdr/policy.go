package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/registry"
)

// defaultEdition is the model of the article.
const defaultEdition = "kb143413"

// defaultPolicies are the article's two: stock, and its cure.
var defaultPolicies = []string{"nt351", "q143413"}

func lookupEdition(name string) (registry.Edition, error) {
	e, ok := registry.LookupEdition(name)
	if !ok {
		return e, badInput("--edition: there is no edition %q; there are %s", name, editionNames())
	}
	return e, nil
}

func editionNames() string {
	var names []string
	for _, e := range registry.Editions() {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}

func builtinPolicy(name, edition string) (registry.Settings, error) {
	e, err := lookupEdition(edition)
	if err != nil {
		return registry.Settings{}, err
	}
	if name == bench.SMB2 {
		return registry.Settings{}, badInput("%w; it needs ntrdr bench --server", bench.ErrLiveOnly)
	}
	p, err := registry.Builtin(name)
	if err != nil {
		return registry.Settings{}, inputError{err}
	}
	return usable(p.On(e))
}

// usable refuses settings under which no redirector could work.
func usable(s registry.Settings) (registry.Settings, error) {
	if n, origin := s.Value("MaxCmds"); n.DWORD == 0 {
		return s, badInput("%v: MaxCmds is 0: the redirector could send nothing", origin)
	}
	return s, nil
}

// loadPolicyFile reads a .reg file and prints its warnings.
func loadPolicyFile(c *invocation, path, edition string) (registry.Settings, error) {
	e, err := lookupEdition(edition)
	if err != nil {
		return registry.Settings{}, err
	}
	text, err := c.sources.read(path, registry.MaxFileSize)
	if err != nil {
		return registry.Settings{}, err
	}
	p, warnings, err := registry.Load(path, bytes.NewReader(text))
	if err != nil {
		return registry.Settings{}, inputError{err}
	}
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "warning: %v\n", w)
	}
	s := p.On(e)
	if bench.IsSMB2(s) {
		return s, badInput("%s: the name %s is taken by go-smb2: give the file another one", path, bench.SMB2)
	}
	for _, x := range s.Ignored() {
		fmt.Fprintf(c.stderr, "warning: %v: NT %s does not have %s: it is ignored\n", x.Origin, e.Release, x.Param.Name)
	}
	return usable(s)
}

// livePolicy is builtinPolicy where there is a live server.
func livePolicy(name, edition string) (registry.Settings, error) {
	e, err := lookupEdition(edition)
	if err != nil || name != bench.SMB2 {
		return builtinPolicy(name, edition)
	}
	return bench.SMB2On(e), nil
}

// selectPolicies puts the built-in policies and the files together, in that order.
func selectPolicies(c *invocation, names, files []string, edition string, live bool) ([]registry.Settings, error) {
	builtin := builtinPolicy
	if live {
		builtin = livePolicy
	}
	var list []registry.Settings
	for _, n := range names {
		s, err := builtin(n, edition)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	for _, f := range files {
		s, err := loadPolicyFile(c, f, edition)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s.Policy.Name] {
			return nil, badInput("two policies are named %q", s.Policy.Name)
		}
		seen[s.Policy.Name] = true
	}
	if len(list) == 0 {
		return nil, badInput("--policies: name at least one policy")
	}
	return list, nil
}

// changed adds --set's values to each policy.
func changed(c *invocation, list []registry.Settings, assignments []string) ([]registry.Settings, error) {
	if len(assignments) == 0 {
		return list, nil
	}
	var out []registry.Settings
	for _, s := range list {
		if bench.IsSMB2(s) {
			fmt.Fprintf(c.stderr, "warning: --set: %s has no registry: nothing changes there\n", bench.SMB2)
			out = append(out, s)
			continue
		}
		p, err := s.Policy.With("--set", assignments...)
		if err != nil {
			return nil, inputError{err}
		}
		s.Policy = p
		if s, err = usable(s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	warnIdle(c, out[0], assignments)
	return out, nil
}

// warnIdle says which of --set's values change nothing.
func warnIdle(c *invocation, s registry.Settings, assignments []string) {
	for _, a := range assignments {
		name, _, _ := strings.Cut(a, "=")
		row, _ := registry.Lookup(name)
		if !row.Acted || !row.In(s.Edition.Release) {
			fmt.Fprintf(c.stderr, "warning: --set: %s has no effect here; `ntrdr params %s` says why\n", row.Name, row.Name)
		}
	}
}

// terminalWidth is the width of standard output, or 0 if it is not a terminal.
func terminalWidth() int {
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}
