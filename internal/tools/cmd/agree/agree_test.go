package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/tools/netns"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// The test's program is the command as well: netns trials run it inside.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "--inside" {
		if _, err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// On a slow line each policy fares live as it may in simulation: over a shaped stream, and
// over the kernel's TCP with real packet loss, the Mailer reading by SMB1 and by SMB2. The
// stock policy's window there is twice the poll, so nothing hangs on a fraction of a second.
func TestLiveOutcomesAreSimulatedOnes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 25 s: a slow line in real time; run it without -short")
	}
	if what := samba.Missing(); what != "" {
		t.Skip("missing: " + what)
	}
	f := flags{
		policies: "nt351,q143413", edition: "kb143413", loss: "1%", trials: 2, simulated: 60, size: 24 << 10,
		poll: 2 * time.Second, seed: 1, atOnce: 4, links: "ras-28.8",
	}
	list, err := f.profiles()
	if err != nil {
		t.Fatal(err)
	}
	all := worlds()
	if what := netns.Missing(); what != "" {
		t.Run("over real packet loss", func(t *testing.T) { t.Skip("missing: " + what) })
	}
	// All at once, whatever the number of cores: live trials wait most of the time.
	var live sync.WaitGroup
	for _, m := range readers {
		for _, w := range all[2:] {
			live.Go(func() {
				want, err := all[w.like].play(t.Context(), &f, list[0], m)
				if err != nil {
					t.Error(err)
				}
				got, err := w.play(t.Context(), &f, list[0], m)
				if err != nil || len(got) != f.trials*2 {
					t.Errorf("%s, %s, %s: %d trials, %v", m.name, w.name, w.tcp, len(got), err)
				}
				for policy := range strings.SplitSeq(f.policies, ",") {
					simulated, here := outcomes(want, policy), outcomes(got, policy)
					if slices.ContainsFunc(here, func(o string) bool { return !slices.Contains(simulated, o) }) {
						t.Errorf("%s, %s, %s, %s: live %q, simulated %q", policy, m.name, w.name, w.tcp, here, simulated)
					}
				}
			})
		}
	}
	live.Wait()
}

// outcomes are those that there were.
func outcomes(ts []trial, policy string) []string {
	set := map[string]bool{}
	for i := range ts {
		if ts[i].Policy == policy {
			set[string(ts[i].Outcome)] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
