package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/registry"
)

func paramsCommand() *command {
	return &command{
		name: "params", args: "[NAME...]", summary: "the registry parameters: name, range, default, source, effect",
		long: "Prints every registry value that the model knows, with its path, type, range, defaults of NT 3.5 and 3.51, source\n" +
			"and effect. A star marks what the emulator acts on. With --reg, --policy or --edition it shows what that sets and\n" +
			"where. NAME, which may contain * and ?, asks for all that is known of some values.\n\nThe editions:\n" + editionList(),
		example: "  ntrdr params --policy q143413\n" +
			"  ntrdr params CacheFileTimeout DormantFileLimit\n" +
			"  ntrdr params --key server --acted\n" +
			"  ntrdr params --edition nt35 --changed",
		run: runParams,
	}
}

// editionList describes each edition on a line.
func editionList() string {
	var lines []string
	for _, e := range registry.Editions() {
		lines = append(lines, fmt.Sprintf("  %-17s %s", e.Name, e.Description))
	}
	return strings.Join(lines, "\n")
}

// paramFilter is which rows to show.
type paramFilter struct {
	key           string
	acted, idle   bool
	changed, ours bool
	names         []string // patterns
}

func runParams(c *invocation) error {
	var want paramFilter
	reg := c.flags.String("reg", "", "show what this .reg file changes")
	name := c.flags.String("policy", "", "show what a built-in policy changes")
	edition := c.flags.String("edition", defaultEdition, "the model underneath: "+editionNames())
	c.flags.StringVar(&want.key, "key", "", "only the values of Rdr, LanmanWorkstation or LanmanServer (or workstation, server)")
	c.flags.BoolVar(&want.acted, "acted", false, "only the values that the emulator acts on")
	c.flags.BoolVar(&want.idle, "idle", false, "only the values that it does not act on")
	c.flags.BoolVar(&want.changed, "changed", false, "only what the policy sets, or the edition has otherwise than a stock 3.51")
	c.flags.BoolVar(&want.ours, "ours", false, "only the values that are ours")
	width := c.flags.Int("width", terminalWidth(), "wrap the table at this many columns; 0: never")
	asJSON := c.flags.Bool("json", false, "print JSON")
	if err := c.parse(len(registry.Params())); err != nil {
		return err
	}
	s, err := paramSettings(c, *reg, *name, *edition)
	if err != nil {
		return err
	}
	want.names = c.flags.Args()
	rows, err := want.rows(registry.Rows(s))
	switch {
	case err != nil:
		return err
	case *asJSON:
		return registry.WriteJSON(c.stdout, rows)
	case len(want.names) > 0 || want.idle:
		return registry.WriteDetails(c.stdout, rows)
	}
	return registry.WriteTable(c.stdout, rows, *width)
}

// rows picks the rows that are wanted. A name that matches nothing is an error, and so
// is an unknown key.
func (f *paramFilter) rows(all []registry.Row) ([]registry.Row, error) {
	service, err := serviceOf(f.key)
	if err != nil {
		return nil, err
	}
	for _, n := range f.names {
		if !slices.ContainsFunc(all, func(r registry.Row) bool { return nameMatches(n, r.Name) }) {
			return nil, badInput("there is no value %q; `ntrdr params` lists them", n)
		}
	}
	kept := []registry.Row{}
	for _, r := range all {
		if f.keeps(&r) && strings.Contains(r.Path, `\`+service+`\`) {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

func (f *paramFilter) keeps(r *registry.Row) bool {
	switch {
	case f.acted && !r.Acted, f.idle && r.Acted, f.changed && !r.Changed, f.ours && !r.Ours:
		return false
	}
	return len(f.names) == 0 || slices.ContainsFunc(f.names, func(n string) bool { return nameMatches(n, r.Name) })
}

func nameMatches(pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
	return ok && err == nil
}

// serviceOf is the service whose key is meant; "" is any.
func serviceOf(key string) (string, error) {
	switch strings.ToLower(key) {
	case "":
		return "Services", nil
	case "rdr":
		return "Rdr", nil
	case "lanmanworkstation", "workstation":
		return "LanmanWorkstation", nil
	case "lanmanserver", "server":
		return "LanmanServer", nil
	}
	return "", badInput("--key: there is no key %q; there are Rdr, LanmanWorkstation and LanmanServer", key)
}

func paramSettings(c *invocation, reg, name, edition string) (registry.Settings, error) {
	switch {
	case reg != "" && name != "":
		return registry.Settings{}, badInput("--reg and --policy exclude each other")
	case reg != "":
		return loadPolicyFile(c, reg, edition)
	case name == "":
		name = defaultPolicies[0]
	}
	return builtinPolicy(name, edition)
}
