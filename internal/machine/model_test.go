package machine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/registry"
)

// What is kept is given for the very settings that it was made of, and for no others.
func TestModelsAreThoseOfTheSettings(t *testing.T) {
	var all []registry.Settings
	for _, line := range []string{rdrKey + `"UseWriteBehind"=dword:0`, lanmanKey + `"UseRawRead"=dword:0`} {
		p := settings(t, line).Policy
		for _, e := range registry.Editions() {
			for _, e.Release = range []string{"3.5", "3.51"} { // one of which is not the edition's
				all = append(all, p.On(e))
			}
		}
	}
	var kept Models
	for i := range 3 * len(all) {
		for _, s := range []registry.Settings{all[i%len(all)], all[i*i%len(all)], all[i%len(all)]} {
			got, err := kept.of(s)
			if err != nil {
				t.Fatal(err)
			}
			want, err := newModel(s)
			if err != nil {
				t.Fatal(err)
			}
			opts := cmp.AllowUnexported(model{}, circuitConfig{})
			if diff := cmp.Diff(got, want, opts); diff != "" {
				t.Fatalf("%s on %s (-got +want):\n%s", s.Policy.Name, s.Edition.Name, diff)
			}
			if again, _ := kept.of(s); again != got {
				t.Errorf("%s on %s is made again", s.Policy.Name, s.Edition.Name)
			}
		}
	}
}
