package tcplink

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

const ms = time.Millisecond

// fast is a link on which only the round trip takes time.
var fast = link.Profile{Name: "fast", RTT: 100 * ms}

// world is a client's shaped end and a server's end, joined by a pipe. Its time is
// that of package synctest, which also fails the test if a goroutine is left.
type world struct {
	t              *testing.T
	s              *Shaper
	rec            *trace.Recorder
	client, server *Conn
	start          time.Time
}

type clock struct{ start time.Time }

func (clock) Now() time.Time { return time.Now() }

func (c clock) Elapsed() time.Duration { return time.Since(c.start) }

func run(t *testing.T, p link.Profile, opt Options, story func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, rec: trace.NewRecorder(clock{time.Now()}, &sync.Mutex{}, true), start: time.Now()}
		opt.Trace = w.rec.Actor("link")
		s, err := NewShaper(p, opt)
		if err != nil {
			t.Fatal(err)
		}
		c, peer := net.Pipe()
		w.s = s
		w.client, w.server = newConn(s.Shape(c), p.LinkSpeed(), false), newConn(peer, 0, true)
		story(w)
		_ = w.client.Close()
		_ = w.server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) since() time.Duration { return time.Since(w.start) }

func (w *world) send(c *Conn, n int) {
	if err := c.Send(make([]byte, n)); err != nil {
		w.t.Errorf("send of %d bytes: %v", n, err)
	}
}

func (w *world) recv(c *Conn) int {
	msg, err := c.Recv()
	if err != nil {
		w.t.Errorf("recv: %v", err)
	}
	return len(msg)
}

func is[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: got (-) want (+):\n%s", what, diff)
	}
}

// within fails the test unless got is at most 2 % off.
func within(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if (got - want).Abs() > want/50 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestARoundTripTakesTheRTT(t *testing.T) {
	run(t, fast, Options{}, func(w *world) {
		w.send(w.client, 100)
		w.recv(w.server)
		is(t, "there", w.since(), 50*ms)
		w.send(w.server, 100)
		w.recv(w.client)
		is(t, "and back", w.since(), 100*ms)
	})
}

func TestThroughput(t *testing.T) {
	const messages = 60
	for _, row := range []struct {
		name string
		p    link.Profile
		took time.Duration
	}{
		{"of the rate", link.Profile{RateBits: 1_000_000, RTT: 10 * ms, Queue: 100 * ms}, messages * 12 * ms},
		{"of a slow rate", link.Profile{RateBits: 9_600, RTT: 700 * ms, Queue: 4 * time.Second}, messages * 1250 * ms},
		{"of the window", link.Profile{RTT: 600 * ms}, messages / 6 * 600 * ms},
	} {
		for _, up := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, up %v", row.name, up), func(t *testing.T) {
				run(t, row.p, Options{}, func(w *world) {
					from, to := w.client, w.server
					if !up {
						from, to = to, from
					}
					go func() {
						for range messages + 1 {
							w.send(from, 1460-link.FrameHeaderLen)
						}
					}()
					w.recv(to)
					begin := w.since()
					for range messages {
						w.recv(to)
					}
					within(t, "duration", w.since()-begin, row.took)
				})
			})
		}
	}
}

func TestAWriterWaitsForRoom(t *testing.T) {
	p := link.Profile{RateBits: 8 * 1500, RTT: 10 * ms, Queue: 2 * time.Second} // a segment a second
	run(t, p, Options{}, func(w *world) {
		go func() {
			for {
				if _, err := w.server.Recv(); err != nil {
					return
				}
			}
		}()
		for range 10 {
			w.send(w.client, 1456)
		}
		// Two are queued, one is on the line, one waits for the line.
		if got := w.since(); got < 6*time.Second || got > 8*time.Second {
			t.Errorf("ten segments were accepted after %v, want 6 to 8 s", got)
		}
	})
}

func TestOutage(t *testing.T) {
	// The timeout is 0.5 s: attempts at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s, the abort at
	// 31.5 s.
	for _, row := range []struct {
		name   string
		outage link.Outage
		err    error
		at     time.Duration // after the send
	}{
		{"ends before the first retransmission", link.Outage{Segment: 2, Duration: 400 * ms}, nil, 550 * ms},
		{"ends between retransmissions", link.Outage{Segment: 2, Duration: 5 * time.Second}, nil, 7550 * ms},
		{"ends before the last retransmission", link.Outage{Segment: 2, Duration: 15 * time.Second}, nil, 15550 * ms},
		{"ends after it", link.Outage{Segment: 2, Duration: 16 * time.Second}, link.ErrAborted, 31500 * ms},
		{"never ends", link.Outage{Segment: 2, Duration: rt.Forever}, link.ErrAborted, 31500 * ms},
		{"by time", link.Outage{At: 9 * time.Second, Duration: 5 * time.Second}, nil, 7550 * ms},
		{"is a standstill", link.Outage{Kind: link.Standstill, Segment: 2, Duration: 5 * time.Second}, nil, 5050 * ms},
		{"is a cut", link.Outage{Kind: link.Cut, Segment: 2}, link.ErrReset, 0},
		{"is a cut by time", link.Outage{Kind: link.Cut, At: 11 * time.Second}, link.ErrReset, time.Second},
		{"comes later", link.Outage{Segment: 3, Duration: time.Second}, nil, 50 * ms},
	} {
		t.Run(row.name, func(t *testing.T) {
			tcp := link.StockTCP()
			tcp.InitialRTO = tcp.MinRTO
			run(t, fast, Options{Outages: []link.Outage{row.outage}, TCP: &tcp}, func(w *world) {
				w.send(w.client, 6)
				w.recv(w.server)
				time.Sleep(10*time.Second - w.since())
				arrived := make(chan time.Duration, 1)
				go func() {
					if _, err := w.server.Recv(); err == nil {
						arrived <- w.since()
					}
				}()
				if err := w.client.Send(make([]byte, 6)); err != nil && row.err == nil {
					t.Errorf("send: %v", err)
				}
				if row.err == nil {
					is(t, "arrival", <-arrived, 10*time.Second+row.at)
					return
				}
				_, err := w.client.Recv()
				if !errors.Is(err, row.err) {
					t.Errorf("recv: %v, want %v", err, row.err)
				}
				is(t, "end", w.since(), 10*time.Second+row.at)
				if err := w.client.Send(nil); !errors.Is(err, row.err) {
					t.Errorf("send after the end: %v, want %v", err, row.err)
				}
			})
		})
	}
}

// The client of a half-open connection gives up, and the server does not hear of it until
// the shaper is closed.
func TestHalfOpen(t *testing.T) {
	run(t, fast, Options{Outages: []link.Outage{{Kind: link.HalfOpen, At: 5 * time.Second}}}, func(w *world) {
		w.send(w.client, 6)
		w.recv(w.server)
		time.Sleep(10 * time.Second)
		heard := make(chan error, 1)
		go func() {
			_, err := w.server.Recv()
			heard <- err
		}()
		w.send(w.client, 6)
		if _, err := w.client.Recv(); !errors.Is(err, link.ErrAborted) {
			t.Errorf("recv: %v, want an abort", err)
		}
		time.Sleep(time.Hour)
		select {
		case err := <-heard:
			t.Errorf("the server heard of it: %v", err)
		default:
		}
		if err := w.s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-heard; err == nil {
			t.Error("the server got a message")
		}
	})
}

func TestTheTimeoutFollowsTheRoundTrip(t *testing.T) {
	p := link.Profile{RTT: 400 * ms}
	run(t, p, Options{Outages: []link.Outage{{Segment: 2, Duration: ms}}}, func(w *world) {
		w.send(w.client, 6)
		w.recv(w.server)
		sent := w.since()
		w.send(w.client, 6)
		w.recv(w.server)
		is(t, "three round trips after one sample, and the way", w.since()-sent, 1400*ms)
	})
}

func TestEventsOfAnOutage(t *testing.T) {
	run(t, fast, Options{Outages: []link.Outage{{Segment: 1, Duration: time.Second}}}, func(w *world) {
		w.send(w.client, 6)
		w.recv(w.server)
		is(t, "events", w.rec.Events(), []trace.Event{
			{Actor: "link", Kind: trace.LinkDown, Text: "segment=1:1s"},
			{Actor: "link", Kind: trace.SegmentLost, Op: "DATA", Off: 1, Len: 10, Text: "up vanished"},
			{Actor: "link", At: time.Second, Kind: trace.LinkUp, Text: "up"},
			{Actor: "link", At: 3 * time.Second, Kind: trace.SegmentResent, Op: "DATA", Off: 1, Len: 10, Text: "up"},
		})
		is(t, "stats", w.s.Stats(), link.Stats{
			Connections: 1, Retransmits: 1, Timeouts: 1,
			Up: link.DirectionStats{Packets: 2, Bytes: 100, Segments: 1, Vanished: 1},
		})
	})
}

func TestDownAndUpByHand(t *testing.T) {
	run(t, fast, Options{}, func(w *world) {
		w.s.Down(rt.Forever)
		w.s.Down(ms)
		time.AfterFunc(2*time.Second, w.s.Up)
		w.send(w.client, 6)
		w.recv(w.server)
		is(t, "arrival after the first timeout of 3 s", w.since(), 3050*ms)
	})
}

func TestStallsOfTheProfile(t *testing.T) {
	p := fast
	always := func(d time.Duration) link.Spread { return link.Spread{Min: d} }
	p.Stall = link.Stall{Every: always(10 * time.Second), For: always(2 * time.Second)}
	run(t, p, Options{}, func(w *world) {
		time.Sleep(10500*ms - w.since())
		w.send(w.client, 6)
		w.recv(w.server)
		is(t, "arrival", w.since(), 12050*ms)
	})
}

func TestHandshake(t *testing.T) {
	for _, row := range []struct {
		name          string
		outage, limit time.Duration
		err           error
		took          time.Duration
	}{
		{"answered at once", 0, rt.Forever, nil, 100 * ms},
		{"the first SYN lost", time.Second, rt.Forever, nil, 3100 * ms},
		{"the last SYN answered", 20 * time.Second, rt.Forever, nil, 21100 * ms},
		{"no SYN answered", rt.Forever, rt.Forever, link.ErrTimeout, 45 * time.Second},
		{"the caller's patience ends first", rt.Forever, 10 * time.Second, link.ErrTimeout, 10 * time.Second},
		{"the caller has none", 0, 50 * ms, link.ErrTimeout, 50 * ms},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, Options{}, func(w *world) {
				w.s.Down(row.outage)
				if err := w.s.handshake(deadlineOf(row.limit)); !errors.Is(err, row.err) {
					t.Errorf("handshake: %v, want %v", err, row.err)
				}
				is(t, "duration", w.since(), row.took)
			})
		})
	}
}

func TestCloseSendsWhatWasWritten(t *testing.T) {
	p := link.Profile{RateBits: 8 * 1500, RTT: 10 * ms, Queue: 9 * time.Second}
	run(t, p, Options{}, func(w *world) {
		for range 5 {
			w.send(w.client, 1456)
		}
		if err := w.client.Close(); err != nil {
			t.Error(err)
		}
		is(t, "close does not wait", w.since(), 0)
		if _, err := w.client.Recv(); !errors.Is(err, link.ErrClosed) {
			t.Errorf("recv after close: %v", err)
		}
		for range 5 {
			is(t, "message", w.recv(w.server), 1456)
		}
		if _, err := w.server.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("recv: %v, want io.EOF", err)
		}
	})
}

func TestCloseLingersForALimitedTime(t *testing.T) {
	run(t, fast, Options{}, func(w *world) {
		w.s.Down(rt.Forever)
		w.send(w.client, 6)
		_ = w.client.Close()
		_, err := w.server.Recv()
		is(t, "the peer sees the end", w.since(), linger)
		if err == nil {
			t.Error("received what was lost")
		}
	})
}

func TestCloseReleasesWhoWaits(t *testing.T) {
	for _, closer := range []struct {
		name string
		end  func(w *world)
		err  error
	}{
		{"the connection", func(w *world) { _ = w.client.Close() }, link.ErrClosed},
		{"the link", func(w *world) { _ = w.s.Close() }, link.ErrClosed},
		{"a reset", func(w *world) { w.s.Reset() }, link.ErrReset},
	} {
		t.Run(closer.name, func(t *testing.T) {
			run(t, link.Profile{RateBits: 1, RTT: 10 * ms}, Options{}, func(w *world) {
				errs := make(chan error, 2)
				go func() { _, err := w.client.Recv(); errs <- err }()
				go func() { errs <- w.client.Send(make([]byte, link.MaxMessage)) }()
				synctest.Wait()
				closer.end(w)
				for range 2 {
					if err := <-errs; !errors.Is(err, closer.err) {
						t.Errorf("%v, want %v", err, closer.err)
					}
				}
			})
		})
	}
}

func TestTheEndOfTheStreamTravelsBehindTheData(t *testing.T) {
	run(t, fast, Options{}, func(w *world) {
		go func() {
			w.send(w.server, 6)
			_ = w.server.Close()
		}()
		is(t, "message", w.recv(w.client), 6)
		if _, err := w.client.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("recv: %v, want io.EOF", err)
		}
		is(t, "end", w.since(), 50*ms)
	})
}
