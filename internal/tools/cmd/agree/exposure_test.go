package main

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
)

// What the trace of simulated trials predicts is what they come to: with a server that
// holds an opener and with one that does not, and for a policy that leaves no window.
func TestTheWindowPredictsTheRate(t *testing.T) {
	t.Parallel()
	f := flags{policies: "nt351,q143413", edition: "kb143413", loss: "0", simulated: 300, size: 32 << 10, poll: 2 * time.Second, seed: 1, links: "t1"}
	list, err := f.profiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range readers {
		ts, err := worlds()[0].play(t.Context(), &f, list[0], m)
		if err != nil {
			t.Fatal(err)
		}
		stock, fixed := count(ts, "nt351"), count(ts, "q143413")
		want := predicted(stock.exposed, m.hold, f.poll)
		if low, high := bench.ClopperPearson(stock.corrupted, stock.n); want < low || want > high || stock.n != f.simulated {
			t.Errorf("%s: %d of %d corrupted, %.3f predicted", m.name, stock.corrupted, stock.n, want)
		}
		if p := predicted(fixed.exposed, m.hold, f.poll); p != 0 || fixed.delivered != fixed.n {
			t.Errorf("%s, the fix: %.3f predicted, %d of %d delivered", m.name, p, fixed.delivered, fixed.n)
		}
	}
}

func TestLooksThatMeetAWindow(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		x    exposure
		hold time.Duration
		want time.Duration
	}{
		"nothing was announced":               {exposure{}, time.Second, 0},
		"whole before it is announced":        {exposure{0, 900 * ms, 1000 * ms, 800 * ms}, time.Second, 0},
		"a server that does not hold":         {exposure{100 * ms, 1900 * ms, 2000 * ms, 2300 * ms}, 0, 300 * ms},
		"held at the lock, then at the KEY":   {exposure{100 * ms, 1900 * ms, 2000 * ms, 2300 * ms}, time.Second, 1400 * ms},
		"held no longer than there is a lock": {exposure{1500 * ms, 1900 * ms, 2000 * ms, 2300 * ms}, time.Second, 800 * ms},
		"the lock went long before":           {exposure{100 * ms, 500 * ms, 2000 * ms, 2300 * ms}, time.Second, 1300 * ms},
	} {
		if got := tt.x.looks(tt.hold); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
