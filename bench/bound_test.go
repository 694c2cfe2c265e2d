package bench_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
)

// What no policy can be quicker than with a copy of n bytes that is durable when its close
// returns: an open is answered before the first write, and the last write before the close.
//
// With any TCP the link carries full packets all the time. With a window, so much is under
// way at most from when it is sent until its first segment is acknowledged.
func bounds(t *testing.T, name string, n int64) (anyTCP, window time.Duration) {
	t.Helper()
	p, err := bench.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	tcp := link.StockTCP()
	rate := float64(p.RateBits) / 8
	seconds := func(bytes float64) time.Duration { return time.Duration(bytes / rate * float64(time.Second)) }
	packet := seconds(float64(tcp.MSS + link.PacketOverhead))
	packets := float64(n) / float64(tcp.MSS)
	anyTCP = 2*p.RTT + time.Duration(packets*float64(packet))
	window = p.RTT + time.Duration(float64(n)/float64(tcp.Window)*float64(p.RTT+packet))
	return anyTCP, max(anyTCP, window)
}

// The copy of 256 KB on the two links on which TCP's window is the bound: how much quicker
// than the fix a policy can be, and that ordered-durable is nearly that.
func TestCopyIsNearlyAsQuickAsTheWindowAllows(t *testing.T) {
	const size = 256 << 10
	for _, name := range []string{"t1", "vsat-geo"} {
		fix, own := copySeconds(t, "q143413", name), copySeconds(t, "ordered-durable", name)
		anyTCP, window := bounds(t, name, size)
		t.Logf("copy-256k on %s: q143413 %.3f s, ordered-durable %.3f s: %.2fx; at most %.2fx with a window of %d bytes, %.2fx with any TCP",
			name, fix, own, fix/own, fix/window.Seconds(), link.StockTCP().Window, fix/anyTCP.Seconds())
		if least, most := window.Seconds(), 1.12*window.Seconds(); own < least || own > most {
			t.Errorf("%s: ordered-durable takes %.3f s, and %v are possible", name, own, window)
		}
	}
}

func copySeconds(t *testing.T, policy, name string) float64 {
	t.Helper()
	s, err := bench.PolicyByName(policy)
	if err != nil {
		t.Fatal(err)
	}
	p, err := bench.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := bench.WorkloadByName("copy-256k")
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Run(bench.Spec{Policy: s, Link: p, Seed: 1, Workload: w, Poll: 5 * time.Second, NoTrace: true})
	if err != nil {
		t.Fatal(err)
	}
	return *r.App
}
