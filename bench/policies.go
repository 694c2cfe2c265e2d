package bench

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
)

// PolicyByName returns a built-in policy, such as nt351, on the default edition.
func PolicyByName(name string) (Settings, error) {
	p, err := registry.Builtin(name)
	if err != nil {
		return Settings{}, err
	}
	return p.On(registry.Editions()[0]), nil
}

// LinkByName returns a built-in link, such as t1.
func LinkByName(name string) (Profile, error) { return link.ByName(name) }

// policed is a Spec with the matrix's n-th policy.
func (m Matrix) policed(s Spec, n int) Spec {
	s.Policy = m.Policies[n]
	if own := m.WritePolicies[s.Policy.Policy.Name]; own != nil {
		s.WritePolicy = own
	}
	return s
}

// checkPolicies refuses a WritePolicy that no policy of the matrix has.
func (m Matrix) checkPolicies() error {
	for _, name := range slices.Sorted(maps.Keys(m.WritePolicies)) {
		if !slices.ContainsFunc(m.Policies, func(s Settings) bool { return s.Policy.Name == name }) {
			return fmt.Errorf("a WritePolicy for %q, which is no policy of the matrix", name)
		}
	}
	return nil
}
