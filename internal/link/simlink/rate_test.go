package simlink_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
)

// bulk measures n segments of a steady transfer: the time from the arrival of the
// first of them to that of the last.
func bulk(t *testing.T, p link.Profile, ackEvery, skip, n int) time.Duration {
	t.Helper()
	var took time.Duration
	tcp := link.StockTCP()
	tcp.AckEvery = ackEvery
	run(t, p, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		const segment = 1460 - link.FrameHeaderLen
		w.Go("source", func() {
			for range skip + n + 1 {
				w.send(c, segment)
			}
		})
		for range skip + 1 {
			w.recv(s)
		}
		begin := w.Now()
		for range n {
			w.recv(s)
		}
		took = w.Now().Sub(begin)
	})
	return took
}

func TestThroughputWithoutLoss(t *testing.T) {
	for _, row := range []struct {
		name     string
		p        link.Profile
		ackEvery int
		took     time.Duration // of 600 segments
	}{
		{
			"limited by the rate: 1500 bytes take 1.2 ms",
			link.Profile{Name: "10M", RateBits: 10_000_000, RTT: ms, Queue: 50 * ms},
			2,
			600 * 1200 * time.Microsecond,
		},
		{
			"limited by a slow rate: 1500 bytes take 187.5 ms",
			link.Profile{Name: "64k", RateBits: 64_000, RTT: 30 * ms, Queue: second},
			2,
			600 * 187500 * time.Microsecond,
		},
		{
			"limited by the window: 6 segments a round trip",
			link.Profile{Name: "long", RTT: 600 * ms, Queue: second},
			1,
			100 * 600 * ms,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			is(t, "duration", bulk(t, row.p, row.ackEvery, 60, 600), row.took)
		})
	}
}

func TestBulkTransferOnEveryProfile(t *testing.T) {
	for _, p := range link.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			run(t, p, simlink.Options{}, func(w *world) {
				c, s := w.connect()
				got := w.sink(s)
				for range 40 {
					w.send(c, 4096)
				}
				w.Sleep(time.Hour)
				is(t, "received", got.bytes, 40*4096)
				// A full window takes 7.5 s at 9600 bit/s; the queue of X.25 holds 4 s.
				is(t, "overflows its own queue", w.l.Stats().Up.Dropped > 0, p.RateBits == 9600 && p.Queue < 5*second)
			})
		})
	}
}

func TestTheQueueDropsItsTail(t *testing.T) {
	tcp := link.StockTCP()
	tcp.InitialWindow = 6
	// One segment takes 187.5 ms. Of six sent at once the first waits 0, the last
	// 937.5 ms: a queue of half a second takes three.
	p := link.Profile{Name: "short queue", RateBits: 64_000, RTT: 30 * ms, Queue: 500 * ms}
	run(t, p, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		w.Sleep(second)
		w.log.Reset()
		w.start = w.Now()
		w.send(c, 6*1460-link.FrameHeaderLen)
		w.Sleep(200 * ms)
		w.packets(`
			0.000 > 1+1460 ack 1
			0.000 > 1461+1460 ack 1
			0.000 > 2921+1460 ack 1
			0.000 > 4381+1460 ack 1 dropped
			0.000 > 5841+1460 ack 1 dropped
			0.000 > 7301+1460 ack 1 dropped
		`)
		is(t, "message", w.recv(s), 6*1460-link.FrameHeaderLen)
		is(t, "dropped", w.l.Stats().Up.Dropped, 3)
	})
}

func TestLossRatePerDirection(t *testing.T) {
	run(t, fast, simlink.Options{Loss: 0.05}, func(w *world) {
		c, s := w.connect()
		got := w.sink(s)
		for range 3000 {
			w.send(c, 1456)
		}
		c.Close()
		got.done.Wait(time.Hour)
		st := w.l.Stats()
		for _, d := range []struct {
			name string
			link.DirectionStats
		}{{"up", st.Up}, {"down", st.Down}} {
			// At 3000 packets the standard deviation is 0.4 %.
			if share := float64(d.Lost) / float64(d.Packets); d.Packets < 1500 || share < 0.035 || share > 0.065 {
				t.Errorf("%s: lost %d of %d packets, want 5 %%", d.name, d.Lost, d.Packets)
			}
		}
	})
}

func TestStalledLineDelaysAndLosesNothing(t *testing.T) {
	p := fast
	always := func(d time.Duration) link.Spread { return link.Spread{Min: d} }
	p.Stall = link.Stall{Every: always(10 * second), For: always(2 * second)}
	run(t, p, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.Sleep(10500*ms - w.since())
		w.send(c, 6)
		w.recv(s)
		is(t, "arrival", w.since(), 12050*ms)
		is(t, "lost", w.l.Stats().Up.Lost+w.l.Stats().Down.Lost, 0)
		is(t, "retransmitted meanwhile", w.l.Stats().Retransmits, 2)
	})
}

func TestASlowReaderShutsTheWindow(t *testing.T) {
	tcp := link.StockTCP()
	tcp.RecvBuffer = 0
	run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		for range 20 {
			w.send(c, 1456)
		}
		w.Sleep(time.Minute)
		is(t, "segments before the reader looks", w.l.Stats().Up.Segments, 6)
		if w.l.Stats().Aborts+w.l.Stats().Retransmits > 0 {
			t.Errorf("a shut window is no loss: %+v", w.l.Stats())
		}
		// The news of the open window is lost; a probe finds out.
		w.l.Down(ms)
		for range 20 {
			is(t, "message", w.recv(s), 1456)
		}
	})
}

func TestNoSillyWindow(t *testing.T) {
	tcp := link.StockTCP()
	tcp.RecvBuffer = 0
	run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		for range 300 {
			w.send(c, 96)
		}
		for range 300 {
			w.Sleep(100 * ms)
			is(t, "message", w.recv(s), 96)
		}
		// 30000 bytes are 21 full segments; the reader frees 100 bytes at a time.
		if got := w.l.Stats().Up.Segments; got > 60 {
			t.Errorf("%d segments, want few that are not full", got)
		}
	})
}

func TestNagleHoldsShortSegmentsBack(t *testing.T) {
	for _, row := range []struct {
		nagle bool
		want  int64
	}{{false, 4}, {true, 2}} {
		tcp := link.StockTCP()
		tcp.Nagle, tcp.InitialWindow = row.nagle, 4
		run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
			c, s := w.connect()
			for range 4 {
				w.send(c, 6)
			}
			for range 4 {
				is(t, "message", w.recv(s), 6)
			}
			is(t, "segments", w.l.Stats().Up.Segments, row.want)
		})
	}
}
