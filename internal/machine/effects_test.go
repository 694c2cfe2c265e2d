package machine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// effect says what one registry value does: what somebody outside the model (an
// application, the wire, the server, the event log) observes of the same story under
// the value's default and under another setting.
type effect struct {
	set     string                // the value and its other setting, as in "UseWriteBehind=0"
	given   string                // settings of both runs, as in "UseLockReadUnlock=0 LockQuota=1"
	edition string                // of both runs; "" is the default one
	link    string                // of both runs; "" is "t1"
	observe func(s *story) string // tells the story and says what was observed
	stock   string                // what is observed under the default
	changed string                // what is observed under the other setting
}

// effects is the table: at least a row for each value that the emulator acts on.
func effects() []effect {
	var all []effect
	for _, part := range [][]effect{
		writeEffects, cacheEffects, wireEffects, serverEffects, ourEffects, circuitEffects, quirkEffects, rawEffects, modelEffects,
		lockEffects,
		nameEffects,
		cacheManagerEffects,
		plainClientEffects,
	} {
		all = append(all, part...)
	}
	return all
}

// name is the value that the row is about.
func (e effect) name() string {
	name, _, _ := strings.Cut(e.set, "=")
	return name
}

// A value that the emulator is said to act on changes what is observed, and as the row
// of the table says.
func TestEffects(t *testing.T) {
	for _, e := range effects() {
		t.Run(e.set, func(t *testing.T) {
			stock, changed := e.watch(t, e.given), e.watch(t, e.given+" "+e.set)
			if diff := cmp.Diff([2]string{e.stock, e.changed}, [2]string{stock, changed}); diff != "" {
				t.Errorf("default, then %s (-want +got):\n%s", e.set, diff)
			}
			if stock == changed {
				t.Errorf("%s changes nothing: %s", e.set, stock)
			}
		})
	}
}

// Each value that is acted on has a row, and each row is about such a value.
func TestEffectsCoverWhatIsActedOn(t *testing.T) {
	rows := map[string]bool{}
	for _, e := range effects() {
		p, ok := registry.Lookup(e.name())
		if !ok || !p.Acted {
			t.Errorf("a row for %s, which is not acted on", e.name())
		}
		rows[p.Name] = true
	}
	for _, p := range registry.Params() {
		if p.Acted && !rows[p.Name] {
			t.Errorf("%s is said to be acted on, but no row of effects shows what it does", p.Name)
		}
	}
}

// watch plays the row's story under the settings and returns what was observed.
func (e effect) watch(t *testing.T, set string) (observed string) {
	t.Helper()
	name, linkName := e.edition, e.link
	if name == "" {
		name = registry.DefaultEdition
	}
	if linkName == "" {
		linkName = "t1"
	}
	edition, ok := registry.LookupEdition(name)
	if !ok {
		t.Fatalf("no edition %q", name)
	}
	policy := settings(t, regLines(t, set)).Policy
	play(t, linkName, policy.On(edition), registry.Settings{Edition: edition}, func(s *story) { observed = e.observe(s) })
	return observed
}

// regLines turns "UseWriteBehind=0 NtrdrWriteBehindScope=all" into lines of a .reg file.
func regLines(t *testing.T, set string) string {
	t.Helper()
	var lines strings.Builder
	for _, word := range strings.Fields(set) {
		name, value, _ := strings.Cut(word, "=")
		p, ok := registry.Lookup(name)
		if !ok {
			t.Fatalf("no value %q", name)
		}
		fmt.Fprintf(&lines, "[%s]\n%q=", p.Key.Path(), p.Name)
		if p.Type != registry.TypeDWORD {
			fmt.Fprintf(&lines, "%q\n", value)
			continue
		}
		var n uint32
		if _, err := fmt.Sscan(value, &n); err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		fmt.Fprintf(&lines, "dword:%08x\n", n)
	}
	return lines.String()
}

// play plays f as a task on a link, with the settings of the sender and the server and
// those of the Mailer's workstation.
func play(t *testing.T, linkName string, sender, mailer registry.Settings, f func(s *story)) {
	t.Helper()
	profile, err := link.ByName(linkName)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := NewSim(SimConfig{
		Name: t.Name(), Settings: sender, Mailer: mailer, Link: profile, Seed: 1,
		Keep: true, Deadline: 4 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Kernel.Close()
	s := &story{Sim: sim, t: t, ws1: sim.Sender.Redirector, ws2: sim.MailerFS}
	out := sim.Kernel.RunTask("story", func() {
		if err := s.ws1.Connect(); err != nil {
			t.Error(err)
			return
		}
		f(s)
	})
	if err := out.Err(); err != nil {
		t.Fatal(err)
	}
	if out.Reason != simrt.Stopped {
		t.Errorf("the story did not come to its end: %v", out)
	}
}
