package simlink_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// loseOnce loses the first transmission of the data segments up with these numbers.
func loseOnce(numbers ...int64) func(simlink.Packet) bool {
	return func(p simlink.Packet) bool {
		for _, n := range numbers {
			if p.Up && p.Number == n && !p.Resent {
				return true
			}
		}
		return false
	}
}

// segments sends n segments' worth of data with some losses, and returns when it
// was all received.
func segments(t *testing.T, n int, f simlink.Flavour, lost ...int64) (w *world, took time.Duration) {
	opt := simlink.Options{Flavour: f, Drop: loseOnce(lost...)}
	w = run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		w.log.Reset()
		w.start = w.Now()
		w.send(c, n*1460-link.FrameHeaderLen)
		w.recv(s)
		took = w.since()
		w.Sleep(time.Minute)
	})
	return w, took
}

func TestNT351IgnoresDuplicateAcknowledgements(t *testing.T) {
	w, took := segments(t, 10, simlink.NT351, 4)
	is(t, "duration", took, 1150*ms)
	w.packets(`
		0.000 > 1+1460 ack 1
		0.250 < ack 1461
		0.300 > 1461+1460 ack 1
		0.300 > 2921+1460 ack 1
		0.350 < ack 4381
		0.400 > 4381+1460 ack 1 lost
		0.400 > 5841+1460 ack 1
		0.400 > 7301+1460 ack 1
		0.450 < ack 4381
		0.450 < ack 4381
		0.900 > again 4381+1460 ack 1
		0.950 < ack 8761
		1.000 > 8761+1460 ack 1
		1.000 > 10221+1460 ack 1
		1.050 < ack 11681
		1.100 > 11681+1460 ack 1
		1.100 > 13141+1460 ack 1
		1.150 < ack 14601
	`)
}

func TestFlavoursRecoverFromOneLoss(t *testing.T) {
	for _, row := range []struct {
		flavour  simlink.Flavour
		lost     int64 // the fourth has two behind it, the twelfth as many as the window holds
		timeouts int64
	}{
		{simlink.NT351, 4, 1},
		{simlink.NT4SP2, 4, 0},
		{simlink.Reno, 4, 1},
		{simlink.NewReno, 4, 1},
		{simlink.NT351, 12, 1},
		{simlink.Reno, 12, 0},
		{simlink.NewReno, 12, 0},
	} {
		t.Run(fmt.Sprintf("%v loses %d", row.flavour, row.lost), func(t *testing.T) {
			w, _ := segments(t, 30, row.flavour, row.lost)
			is(t, "timeouts", w.l.Stats().Timeouts, row.timeouts)
			is(t, "retransmissions", w.l.Stats().Retransmits, 1)
		})
	}
}

func TestTimeoutsBackOffAndAbort(t *testing.T) {
	tcp := link.StockTCP()
	tcp.MinRTO = second
	run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		atServer := w.sink(s)
		w.l.Down(rt.Forever)
		w.log.Reset()
		w.start = w.Now()
		w.send(c, 6)
		_, err := c.Recv()
		if !errors.Is(err, link.ErrAborted) {
			t.Errorf("recv: %v, want aborted", err)
		}
		if err := c.Send(nil); !errors.Is(err, link.ErrAborted) {
			t.Errorf("send: %v, want aborted", err)
		}
		is(t, "abort at 63 times the timeout", w.since(), 63*second)
		w.packets(`
			0.000 > 1+10 ack 1 vanished
			1.000 > again 1+10 ack 1 vanished
			3.000 > again 1+10 ack 1 vanished
			7.000 > again 1+10 ack 1 vanished
			15.000 > again 1+10 ack 1 vanished
			31.000 > again 1+10 ack 1 vanished
			63.000 > RST ack 1 vanished
		`)
		w.Sleep(24 * time.Hour)
		is(t, "the server's end, a day later", atServer.err, nil)
		is(t, "aborts", w.l.Stats().Aborts, 1)
	})
}

func TestTheTimeoutIsAtMost240Seconds(t *testing.T) {
	tcp := link.StockTCP()
	tcp.MinRTO = 100 * second
	run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
		c, _ := w.connect()
		w.l.Down(rt.Forever)
		w.start = w.Now()
		w.send(c, 1)
		_, _ = c.Recv()
		is(t, "abort", w.since(), (100+200+4*240)*second)
	})
}

func TestOutageAgainstTheAbort(t *testing.T) {
	// The timeout is 0.5 s: retransmissions at 0.5, 1.5, 3.5, 7.5 and 15.5 s, the
	// abort at 31.5 s.
	for _, row := range []struct {
		name    string
		outage  time.Duration
		client  error
		arrives time.Duration
	}{
		{"ends before the first retransmission", 400 * ms, nil, 550 * ms},
		{"ends between retransmissions", 5 * second, nil, 7550 * ms},
		{"ends before the last retransmission", 15 * second, nil, 15550 * ms},
		{"ends after the last retransmission", 16 * second, link.ErrAborted, 0},
		{"outlasts the abort", 60 * second, link.ErrAborted, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, simlink.Options{}, func(w *world) {
				c, s := w.connect()
				w.start = w.Now()
				w.l.Down(row.outage)
				w.send(c, 6)
				atClient, atServer := w.sink(c), w.sink(s)
				w.Sleep(2 * time.Minute)
				if !errors.Is(atClient.err, row.client) {
					t.Errorf("client: %v, want %v", atClient.err, row.client)
				}
				is(t, "received", atServer.bytes > 0, row.client == nil)
				if row.client != nil {
					return
				}
				is(t, "the RTO ends with the outage", w.l.Stats().Aborts, 0)
			})
		})
	}
}

func TestHalfOpenPeer(t *testing.T) {
	for _, row := range []struct {
		name   string
		outage time.Duration // from the client's send on; the abort's RST leaves at 31.5 s
		speaks bool          // the server sends at 100 s
		server error
		at     time.Duration
	}{
		{"hears the reset", 20 * second, false, link.ErrReset, 31550 * ms},
		{"hears nothing", 50 * second, false, nil, 0},
		{"speaks to a dead client", 50 * second, true, link.ErrReset, 100100 * ms},
		{"speaks and is not heard", rt.Forever, true, link.ErrAborted, 131500 * ms},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, simlink.Options{}, func(w *world) {
				c, s := w.connect()
				w.start = w.Now()
				w.l.Down(row.outage)
				w.send(c, 6)
				atServer := w.sink(s)
				w.Sleep(100 * second)
				if row.speaks {
					w.send(s, 6)
				}
				w.Sleep(100 * second)
				if !errors.Is(atServer.err, row.server) {
					t.Errorf("server: %v, want %v", atServer.err, row.server)
				}
				is(t, "at", atServer.at, row.at)
			})
		})
	}
}

func TestResetThatIsLostLeavesThePeerHalfOpen(t *testing.T) {
	drop := func(p simlink.Packet) bool { return p.RST || p.Up && len(p.Data) > 0 }
	run(t, fast, simlink.Options{Drop: drop}, func(w *world) {
		c, s := w.connect()
		atServer := w.sink(s)
		w.send(c, 1)
		if _, err := c.Recv(); !errors.Is(err, link.ErrAborted) {
			t.Fatalf("recv: %v, want aborted", err)
		}
		w.Sleep(time.Hour)
		is(t, "server", atServer.err, nil)
	})
}

func TestTheAbortNeedsFiveFailuresInARow(t *testing.T) {
	// Every segment is lost four times; the connection lives.
	tries := map[int64]int{}
	drop := func(p simlink.Packet) bool {
		if p.Number == 0 || !p.Up {
			return false
		}
		tries[p.Number]++
		return tries[p.Number] <= 4
	}
	run(t, fast, simlink.Options{Drop: drop}, func(w *world) {
		c, s := w.connect()
		for range 3 {
			w.send(c, 100)
			is(t, "message", w.recv(s), 100)
		}
		is(t, "timeouts", w.l.Stats().Timeouts, 12)
	})
}

func TestBackoffLastsUntilARoundTripIsMeasured(t *testing.T) {
	run(t, fast, simlink.Options{Drop: loseOnce(1)}, func(w *world) {
		c, s := w.connect()
		w.log.Reset()
		w.start = w.Now()
		w.send(c, 6) // lost, answered after one timeout: no sample, the timeout stays 1 s
		w.recv(s)
		w.Sleep(second)
		w.l.Down(100 * ms)
		w.start = w.Now()
		w.log.Reset()
		w.send(c, 6)
		w.recv(s)
		w.packets(`
			0.000 > 11+10 ack 1 vanished
			1.000 > again 11+10 ack 1
		`)
	})
}

func TestDataAfterARepeatedSYNStartsWithTheInitialTimeout(t *testing.T) {
	run(t, fast, simlink.Options{Drop: loseOnce(1)}, func(w *world) {
		w.l.Down(4 * second) // two SYNs: the timeout has doubled once
		c, s := w.connect()
		w.start = w.Now()
		w.log.Reset()
		w.send(c, 6)
		w.recv(s)
		w.packets(`
			0.000 > 1+10 ack 1 lost
			3.000 > again 1+10 ack 1
		`)
	})
}

func TestSpuriousTimeoutDoesNotRepeatForever(t *testing.T) {
	// The line is so slow that the first full segment takes longer than the timeout
	// that the SYN suggested. Karn's rule makes the timeout grow until it is measured.
	p := link.Profile{Name: "slow", RateBits: 9600, RTT: 100 * ms, Queue: time.Minute}
	run(t, p, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.send(c, 20*1460)
		w.recv(s)
		if got := w.l.Stats().Retransmits; got == 0 || got > 6 {
			t.Errorf("%d retransmissions, want one or a few", got)
		}
	})
}
