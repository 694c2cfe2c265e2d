package bench_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// liveMatrix is a small matrix against a server, on a link and with a poll that end soon.
func liveMatrix(t *testing.T, server *samba.Server) bench.Matrix {
	t.Helper()
	base := spec(t, nt351, "lan10")
	base.Poll, base.MessageSize = 100*time.Millisecond, 8<<10
	return bench.Matrix{
		Policies: []bench.Settings{base.Policy, spec(t, q143413, "lan10").Policy},
		Links:    []bench.Profile{base.Link}, Losses: []float64{0, 0.01}, Trials: 2, Base: base,
		Live: &bench.Live{Peers: []bench.Peer{peerOf(server)}},
	}
}

// Live trials have the order and the results of simulated ones, whichever ends first, and
// a directory each.
func TestLiveMatrixIsAMatrix(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	m := liveMatrix(t, server)
	type trial struct {
		Policy string
		Loss   float64
		Seed   uint64
		Told   string
	}
	var got, want []trial
	err := m.Each(t.Context(), 0, 4, func(g *bench.Group) error {
		for _, r := range g.Results {
			got = append(got, trial{r.Policy, r.Loss, r.Seed, r.Told})
			if r.LinkBytes < 8<<10 {
				t.Errorf("trial %d carried %d bytes: it has no link of its own", g.N, r.LinkBytes)
			}
		}
		if n := bytes.Count(g.Lines, []byte("\n")); n != len(g.Results) {
			t.Errorf("group %d keeps %d lines of %d", g.N, n, len(g.Results))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, loss := range m.Losses {
		for seed := range uint64(m.Trials) {
			for _, p := range m.Policies {
				want = append(want, trial{p.Policy.Name, loss, m.Base.Seed + seed, "success"})
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
	dirs, err := filepath.Glob(filepath.Join(server.Dir, "ntrdr-bench-*", "*-*"))
	if err != nil || len(dirs) != m.Total() {
		t.Errorf("directories %v, %v", dirs, err)
	}
}

// A server that goes away ends the run, and what has been handed on stays so.
func TestLiveMatrixEndsWithItsServer(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	m := liveMatrix(t, server)
	handed := 0
	err := m.Each(t.Context(), 0, 1, func(*bench.Group) error {
		handed++
		return server.Stop()
	})
	var peer *bench.PeerError
	if !errors.As(err, &peer) || handed != 1 {
		t.Errorf("%d groups, then %v", handed, err)
	}
}

// A server that goes away under trials which would wait for it for long ends the run.
func TestLiveMatrixEndsWhenItsServerIsGone(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	m := liveMatrix(t, server)
	m.Live.Probe = 100 * time.Millisecond
	m.Base.OnCall = func(*bench.World, bench.Call) { _ = server.Stop() } // the second time there is none
	begun := time.Now()
	err := m.Each(t.Context(), 0, 1, func(g *bench.Group) error {
		t.Errorf("group %d has ended", g.N)
		return nil
	})
	if _, gone := errors.AsType[*bench.PeerError](err); !gone {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v: as long as the sender's pause", took)
	}
}

// A trial that fails at a server which is there is a line of its own.
func TestLiveMatrixKeepsABrokenTrial(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	m := liveMatrix(t, server)
	m.Losses, m.Trials, m.TrialLimit = m.Losses[:1], 1, 10*time.Millisecond
	var got []bench.Outcome
	err := m.Each(t.Context(), 0, 1, func(g *bench.Group) error {
		for _, r := range g.Results {
			got = append(got, r.Outcome)
			if r.Error != "the trial did not end within 10ms" {
				t.Errorf("it says %q", r.Error)
			}
		}
		return nil
	})
	if diff := cmp.Diff([]bench.Outcome{bench.Broken, bench.Broken}, got); diff != "" || err != nil {
		t.Errorf("%v; outcomes (-want +got):\n%s", err, diff)
	}
	if _, err := os.Stat(server.Dir); err != nil {
		t.Error(err)
	}
}
