package simlink_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// measure sends for d on a new link.
func measure(t *testing.T, seed uint64, p link.Profile, opt simlink.Options, d time.Duration) (m simlink.Measurement) {
	t.Helper()
	simtest.Run(t, simrt.Options{Seed: seed}, func(k *simrt.Kernel) {
		var err error
		if m, err = simlink.Measure(k, p, opt, d); err != nil {
			t.Error(err)
		}
	})
	return m
}

// A link that is bad for 1 % of the time costs a TCP some throughput and no connection,
// because the bad time ends whether anybody sends or not. A bad state that lasts so many
// packets does not end for a TCP that has backed off to one packet a timeout.
func TestBurstsInTimeDoNotKillWhatBurstsInPacketsDo(t *testing.T) {
	if invariant.Enabled {
		t.Skip("takes long with checks: run it without -race and -tags invariants")
	}
	const d = 1000 * second
	seeds := uint64(10)
	if testing.Short() {
		seeds = 3
	}
	p := link.Profile{Name: "56k", RateBits: 56_000, RTT: 200 * ms, Queue: 4 * second}
	inTime := p
	inTime.Burst = link.Burst{Good: 49500 * ms, Bad: 500 * ms, BadLoss: 1}
	var aborts int64
	for seed := range seeds {
		m := measure(t, seed, inTime, simlink.Options{}, d)
		aborts += m.Stats.Aborts
		if rate := m.BytesPerSecond * 8; rate < 45_000 {
			t.Errorf("seed %d: %.0f bit/s", seed, rate)
		}
		if m.Stats.Up.Lost == 0 {
			t.Errorf("seed %d: nothing was lost", seed)
		}
	}
	is(t, "aborts with bursts in time", aborts, 0)

	n := 0
	inPackets := simlink.Options{Drop: func(simlink.Packet) bool { n++; return n%2000 >= 1980 }}
	if m := measure(t, 1, p, inPackets, d); m.Stats.Aborts == 0 {
		t.Error("no abort with bursts of 20 packets, 1 % of all")
	}
}

// The peer of a half-open connection hears nothing, and does not say so; a new connection
// works while the server still has the old one.
func TestHalfOpen(t *testing.T) {
	for _, outage := range []link.Outage{
		{Kind: link.HalfOpen, Segment: 2},
		{Kind: link.HalfOpen, At: 5 * second},
	} {
		t.Run(outage.String(), func(t *testing.T) {
			run(t, fast, simlink.Options{Outages: []link.Outage{outage}}, func(w *world) {
				c, s := w.connect()
				w.send(c, 6)
				w.recv(s)
				w.Sleep(10 * second)
				atClient, atServer := w.sink(c), w.sink(s)
				w.send(c, 6)
				fresh, freshServer := w.connect()
				w.send(fresh, 7)
				is(t, "a new connection", w.recv(freshServer), 7)
				w.Sleep(time.Hour)
				if !errors.Is(atClient.err, link.ErrAborted) {
					t.Errorf("the client's end: %v, want an abort", atClient.err)
				}
				is(t, "what the server heard", atServer.bytes, 0)
				is(t, "how the server's end ended", atServer.err, nil)
			})
		})
	}
}

// Each end sends at its own rate, and its transport says so.
func TestAsymmetricLink(t *testing.T) {
	p := link.Profile{Name: "adsl", RateBits: 80_000, DownBits: 8_000_000, RTT: 100 * ms, Queue: second}
	run(t, p, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		is(t, "the client's speed", c.LinkSpeed(), 10_000)
		is(t, "the server's speed", s.LinkSpeed(), 1_000_000)
		for _, row := range []struct {
			from, to link.Conn
			took     time.Duration
		}{
			{c, s, 50*ms + 104400*time.Microsecond}, // 1000 bytes, 4 of the session and 40 of the packet at 10 a ms
			{s, c, 50*ms + 1044*time.Microsecond},
		} {
			begin := w.Now()
			w.send(row.from, 1000)
			w.recv(row.to)
			if got := w.Now().Sub(begin); got != row.took {
				t.Errorf("took %v, want %v", got, row.took)
			}
		}
	})
}

// Outages that come again are in the trace, and end in it.
func TestSpellsAreTraced(t *testing.T) {
	p := fast
	p.Spells = []link.Spell{{Every: link.Spread{Min: 10 * second}, For: link.Spread{Min: 5 * second}}}
	w := run(t, p, simlink.Options{}, func(w *world) { w.Sleep(31 * second) })
	var got []string
	for _, e := range w.trace.Events() {
		got = append(got, e.Text)
	}
	is(t, "events", got, []string{"10s:5s", "up", "25s:5s", "up"})
}
