package machine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
)

// everything is all that the registry decides.
type everything struct {
	Redirector any
	Server     any
	MaxCmds    int
	Circuits   any
	Cache      any
	TCP        link.TCPParams
}

func decided(t *testing.T, s registry.Settings) everything {
	t.Helper()
	n, err := maxCmds(s)
	if err != nil {
		t.Fatal(err)
	}
	return everything{RedirectorConfig(s), ServerConfig(s), n, circuits(s), CacheConfig(s), *TCPParams(s)}
}

// A value that the table calls acted on changes a configuration; one that it does
// not call so changes none.
func TestEveryValueThatIsActedOnReachesAConfiguration(t *testing.T) {
	for _, p := range registry.Params() {
		line, ok := otherValue(p)
		if p.Since != "" || !ok {
			continue
		}
		policy := settings(t, "["+p.Key.Path()+"]\n"+line).Policy
		for _, e := range registry.Editions() {
			stock, other := registry.Settings{Edition: e}, policy.On(e)
			before, _ := stock.Value(p.Name)
			after, _ := other.Value(p.Name)
			changed := !cmp.Equal(decided(t, stock), decided(t, other))
			if want := p.Acted && before != after; changed != want {
				t.Errorf("%s on %s: acted on is %v, a change of it has an effect is %v", p.Name, e.Name, want, changed)
			}
		}
	}
}

// otherValue is a .reg line that sets p to something else than its default.
func otherValue(p registry.Param) (string, bool) {
	switch {
	case p.Type == registry.TypeDWORD && p.Default351.DWORD != p.Min:
		return fmt.Sprintf("%q=dword:%08x", p.Name, max(p.Min, 1)*boolToInt(p.Max > 1)), true
	case p.Type == registry.TypeDWORD:
		return fmt.Sprintf("%q=dword:%08x", p.Name, p.Min+1), p.Min < p.Max
	case len(p.Choices) > 1:
		return fmt.Sprintf("%q=%q", p.Name, p.Choices[1]), true
	}
	return "", false
}

// boolToInt picks 0 for a flag that is on by default and the smallest number else.
func boolToInt(number bool) uint32 {
	if number {
		return 1
	}
	return 0
}

func TestMaxCmds0IsRefused(t *testing.T) {
	if _, err := maxCmds(settings(t, lanmanKey+`"MaxCmds"=dword:0`)); err == nil {
		t.Error("no error")
	}
}
