package tcplink

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

func TestRetransmit(t *testing.T) {
	tcp := link.StockTCP()
	for _, row := range []struct {
		name  string
		rto   time.Duration
		again int // how often it is lost again
		stall time.Duration
		err   error
	}{
		{"lost once", time.Second, 0, 1 * time.Second, nil},
		{"lost twice", time.Second, 1, 3 * time.Second, nil},
		{"lost five times", time.Second, 4, 31 * time.Second, nil},
		{"lost six times", time.Second, 5, 63 * time.Second, link.ErrAborted},
		{"lost forever", 500 * ms, 99, 31500 * ms, link.ErrAborted},
		{"up to 240 s", 100 * time.Second, 99, (100 + 200 + 4*240) * time.Second, link.ErrAborted},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := 0
			stall, err := retransmit(tcp, row.rto, func(time.Duration) error { return nil }, func() bool { n++; return n <= row.again })
			is(t, "stall", stall, row.stall)
			if !errors.Is(err, row.err) {
				t.Errorf("%v, want %v", err, row.err)
			}
		})
	}
}

func TestRetransmitEndsWithTheConnection(t *testing.T) {
	wait := func(since time.Duration) error {
		if since > 3*time.Second {
			return link.ErrClosed
		}
		return nil
	}
	_, err := retransmit(link.StockTCP(), time.Second, wait, func() bool { return true })
	if !errors.Is(err, link.ErrClosed) {
		t.Errorf("%v, want closed", err)
	}
}

func TestDistributionOfStalls(t *testing.T) {
	const loss, n = 0.2, 100_000
	r := rand.New(rand.NewPCG(1, 2))
	got := map[time.Duration]int{}
	for range n {
		stall := time.Duration(0)
		if r.Float64() < loss {
			var err error
			stall, err = retransmit(link.StockTCP(), time.Second, func(time.Duration) error { return nil }, func() bool { return r.Float64() < loss })
			if err != nil {
				stall = -1
			}
		}
		got[stall]++
	}
	p := 1.0
	for _, stall := range []time.Duration{0, 1, 3, 7, 15, 31} {
		// Lost k times and then not: loss^k (1 - loss).
		want := n * p * (1 - loss)
		if count := float64(got[stall*time.Second]); count < want*0.9-20 || count > want*1.1+20 {
			t.Errorf("stalls of %d s: %v, want about %.0f", stall, count, want)
		}
		p *= loss
	}
	if got[-1] > 30 {
		t.Errorf("%d aborts, want about %.0f", got[-1], n*p)
	}
}

func TestWindow(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	w := window{size: 3000}
	for i, step := range []struct{ ready, n, acked, want int }{
		{0, 1500, 100, 0},
		{0, 1500, 110, 0},
		{0, 1000, 220, 100},   // waits for the first
		{0, 500, 230, 100},    // fits beside it
		{105, 1500, 240, 110}, // waits for the second
		{500, 3000, 600, 500}, // all is acknowledged
		{500, 3000, 700, 600},
	} {
		got := w.admit(at(step.ready), step.n)
		if !got.Equal(at(step.want)) {
			t.Errorf("step %d: admitted at %v, want %d ms", i, got.UnixMilli(), step.want)
		}
		w.sent(step.n, at(step.acked))
	}
}
