package machine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/registry"
)

// everything is all that the registry decides.
type everything struct {
	Redirector any
	Server     any
	MaxCmds    int
}

func decided(t *testing.T, s registry.Settings) everything {
	t.Helper()
	n, err := maxCmds(s)
	if err != nil {
		t.Fatal(err)
	}
	return everything{RedirectorConfig(s), ServerConfig(s), n}
}

// A value that the table calls acted on changes a configuration; one that it does
// not call so changes none.
func TestEveryValueThatIsActedOnReachesAConfiguration(t *testing.T) {
	stock := decided(t, settings(t, ""))
	for _, p := range registry.Params() {
		if p.Since != "" {
			continue
		}
		line, ok := otherValue(p)
		if !ok {
			continue
		}
		changed := !cmp.Equal(stock, decided(t, settings(t, "["+p.Key.Path()+"]\n"+line)))
		if changed != p.Acted {
			t.Errorf("%s: acted on is %v, a change of it has an effect is %v", p.Name, p.Acted, changed)
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
