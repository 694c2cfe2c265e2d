package simlink_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
)

func TestDial(t *testing.T) {
	for _, row := range []struct {
		name    string
		outage  time.Duration // from the first SYN on
		timeout time.Duration
		deaf    bool
		err     error
		took    time.Duration
		syns    int64
	}{
		{"answered at once", 0, rt.Forever, false, nil, 100 * ms, 2},
		{"the first SYN lost", 1 * second, rt.Forever, false, nil, 3100 * ms, 3},
		{"the last SYN answered", 20 * second, rt.Forever, false, nil, 21100 * ms, 5},
		{"no SYN answered", rt.Forever, rt.Forever, false, link.ErrTimeout, 45 * second, 4},
		{"the caller's patience ends first", rt.Forever, 10 * second, false, link.ErrTimeout, 10 * second, 3},
		{"nobody listens", 0, rt.Forever, true, link.ErrRefused, 100 * ms, 1},
		{"nobody listens, and the first answer is lost", 1 * ms, rt.Forever, true, link.ErrRefused, 3100 * ms, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, simlink.Options{}, func(w *world) {
				if row.deaf {
					w.listener.Close()
				}
				w.l.Down(row.outage)
				_, err := w.l.Dialer().Dial(row.timeout)
				if !errors.Is(err, row.err) {
					t.Errorf("Dial: %v, want %v", err, row.err)
				}
				is(t, "duration", w.since(), row.took)
				// The acknowledgement that ends the handshake is a packet as well.
				is(t, "packets up", w.l.Stats().Up.Packets, row.syns)
			})
		})
	}
}

func TestExchangePacketByPacket(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.send(c, 96)
		w.recv(s)
		w.send(s, 46)
		w.recv(c)
		w.send(c, 96)
		w.recv(s)
		w.Sleep(second)
		c.Close()
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("recv after the peer closed: %v, want io.EOF", err)
		}
		s.Close()
		w.Sleep(second)
		w.packets(`
			0.000 > SYN
			0.050 < SYN ack 1
			0.100 > ack 1
			0.150 > 1+100 ack 1
			0.200 < 1+50 ack 101
			0.250 > 101+100 ack 51
			0.500 < ack 201
			1.300 > FIN ack 51
			1.350 < ack 202
			1.350 < FIN ack 202
			1.400 > ack 52
		`)
		is(t, "stats", w.l.Stats(), link.Stats{
			Connections: 1, MeanRTT: 900 * ms / 7,
			Up:   link.DirectionStats{Packets: 6, Bytes: 440, Segments: 2},
			Down: link.DirectionStats{Packets: 5, Bytes: 250, Segments: 1},
		})
	})
}

func TestTheHandshakeSurvivesTheLossOfAnyOfItsPackets(t *testing.T) {
	for _, row := range []struct {
		name string
		lose int // packets of both directions, counted from 1
		want string
	}{
		{"the SYN", 1, `
			0.000 > SYN lost
			3.000 > SYN again
			3.050 < SYN ack 1
			3.100 > ack 1
			3.100 > 1+10 ack 1
			3.350 < ack 11
		`},
		{"the SYN-ACK", 2, `
			0.000 > SYN
			0.050 < SYN ack 1 lost
			3.000 > SYN again
			3.050 < SYN again ack 1
			3.050 < SYN again ack 1
			3.100 > ack 1
			3.100 > ack 1
			3.100 > 1+10 ack 1
			3.350 < ack 11
		`},
		{"its acknowledgement", 3, `
			0.000 > SYN
			0.050 < SYN ack 1
			0.100 > ack 1 lost
			0.100 > 1+10 ack 1
			0.350 < ack 11
		`},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := 0
			drop := func(simlink.Packet) bool { n++; return n == row.lose }
			run(t, fast, simlink.Options{Drop: drop}, func(w *world) {
				c, err := w.l.Dialer().Dial(rt.Forever)
				if err != nil {
					t.Fatal(err)
				}
				w.send(c, 6)
				s, err := w.listener.Accept()
				if err != nil {
					t.Fatal(err)
				}
				is(t, "message", w.recv(s), 6)
				w.Sleep(second)
				w.packets(row.want)
			})
		})
	}
}

func TestAServerThatNeverHearsTheClientForgetsIt(t *testing.T) {
	// The SYN arrives and nothing else does.
	drop := func(p simlink.Packet) bool { return p.Up && !p.SYN }
	run(t, fast, simlink.Options{Drop: drop}, func(w *world) {
		if _, err := w.l.Dialer().Dial(rt.Forever); err != nil {
			t.Fatal(err)
		}
		w.Sleep(time.Minute)
		is(t, "SYN-ACKs", w.l.Stats().Down.Packets, 4)
	})
}

func TestManyConnections(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c1, s1 := w.connect()
		c2, s2 := w.connect()
		w.send(c2, 2)
		w.send(c1, 1)
		is(t, "first", w.recv(s1), 1)
		is(t, "second", w.recv(s2), 2)
		c1.Close()
		w.send(s2, 3)
		is(t, "answer", w.recv(c2), 3)
	})
}

func TestListenerLifetime(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		waiting, err := w.l.Dialer().Dial(rt.Forever)
		if err != nil {
			t.Fatal(err)
		}
		accepted, peer := waiting, link.Conn(nil)
		if peer, err = w.listener.Accept(); err != nil {
			t.Fatal(err)
		}
		if waiting, err = w.l.Dialer().Dial(rt.Forever); err != nil {
			t.Fatal(err)
		}
		w.Sleep(second)
		w.listener.Close()
		if _, err := w.listener.Accept(); !errors.Is(err, link.ErrClosed) {
			t.Errorf("accept after close: %v", err)
		}
		if _, err := waiting.Recv(); !errors.Is(err, link.ErrReset) {
			t.Errorf("recv of a connection that was not accepted: %v", err)
		}
		w.send(accepted, 1)
		is(t, "accepted connections go on", w.recv(peer), 1)
		if _, err := w.l.Dialer().Dial(rt.Forever); !errors.Is(err, link.ErrRefused) {
			t.Errorf("dial: %v", err)
		}
		w.listener = w.l.Listener()
		w.connect()
	})
}

func TestTheAcceptQueueIsBounded(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		for range 64 {
			if _, err := w.l.Dialer().Dial(rt.Forever); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.l.Dialer().Dial(rt.Forever); !errors.Is(err, link.ErrTimeout) {
			t.Errorf("dial with a full queue: %v, want a timeout", err)
		}
	})
}

func TestWhoCloses(t *testing.T) {
	for _, row := range []struct {
		name        string
		close       func(w *world, c, s link.Conn)
		client, srv error // of Recv
	}{
		{"the client", func(_ *world, c, _ link.Conn) { c.Close() }, link.ErrClosed, io.EOF},
		{"the server", func(_ *world, _, s link.Conn) { s.Close() }, io.EOF, link.ErrClosed},
		{"both at once", func(_ *world, c, s link.Conn) { c.Close(); s.Close() }, link.ErrClosed, link.ErrClosed},
		{"a reset", func(w *world, _, _ link.Conn) { w.l.Reset() }, link.ErrReset, link.ErrReset},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, simlink.Options{}, func(w *world) {
				c, s := w.connect()
				atClient, atServer := w.sink(c), w.sink(s)
				w.Sleep(second)
				row.close(w, c, s)
				atClient.done.Wait(rt.Forever)
				atServer.done.Wait(rt.Forever)
				if !errors.Is(atClient.err, row.client) || !errors.Is(atServer.err, row.srv) {
					t.Errorf("recv: %v and %v, want %v and %v", atClient.err, atServer.err, row.client, row.srv)
				}
			})
		})
	}
}

func TestCloseSendsWhatWasSent(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.send(c, 50_000)
		c.Close()
		if err := c.Send(nil); !errors.Is(err, link.ErrClosed) {
			t.Errorf("send after close: %v", err)
		}
		is(t, "message", w.recv(s), 50_000)
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("recv: %v, want io.EOF", err)
		}
	})
}

func TestCloseInsideAMessage(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.Go("close", func() { w.Sleep(ms); c.Close() })
		if err := c.Send(make([]byte, link.MaxMessage)); !errors.Is(err, link.ErrClosed) {
			t.Errorf("send that was cut short: %v, want closed", err)
		}
		if _, err := s.Recv(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("recv: %v, want an unexpected EOF", err)
		}
	})
}

func TestMessageLengths(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		got := w.sink(s)
		w.send(c, 0)
		w.send(c, link.MaxMessage)
		if err := c.Send(make([]byte, link.MaxMessage+1)); err == nil {
			t.Error("a message beyond MaxMessage was accepted")
		}
		w.Sleep(time.Minute)
		is(t, "received", got.bytes, link.MaxMessage)
	})
}
