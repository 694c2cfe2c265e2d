package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/registry"
)

// registrySetup are the lines for values that a machine has and does not obey.
var registrySetup = []setupCommand{
	{
		"ignored ACTOR NAME=VALUE ...", "registry values that change nothing: ones that the emulator does not act on (ws1, ws2 or server)",
		simulated, parseIgnored,
	},
}

// parseIgnored is parseValues for the other values: a story shows that they do nothing.
func parseIgnored(a *args) func(*setup) {
	actor, list := a.word("ACTOR"), a.named
	a.named = nil
	if !slices.Contains([]string{"ws1", "ws2", "server"}, actor) && a.err == nil {
		a.fail("%q is none of ws1, ws2 and server", actor)
	}
	if len(list) == 0 {
		a.fail("NAME=VALUE is missing")
	}
	for _, v := range list {
		name, _, _ := strings.Cut(v, "=")
		if row, ok := registry.Lookup(name); ok && row.Acted {
			a.fail("the emulator acts on %s", name)
		}
	}
	if _, err := settings(actor, list, registry.DefaultEdition); err != nil {
		a.fail("%w", err)
	}
	return func(s *setup) { s.values[actor] = append(s.values[actor], list...) }
}

// obeyed fails for a value that the emulator does not act on: a story about it would
// say nothing.
func obeyed(values []string) error {
	for _, v := range values {
		name, _, _ := strings.Cut(v, "=")
		if row, ok := registry.Lookup(name); ok && !row.Acted {
			return fmt.Errorf("the emulator does not act on %s", name)
		}
	}
	return nil
}
