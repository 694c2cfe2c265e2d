package simlink_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// events are the trace's events without their times and actor.
func (w *world) events() (out []trace.Event) {
	for _, e := range w.trace.Events() {
		e.At, e.Actor = 0, ""
		out = append(out, e)
	}
	return out
}

func TestOutageBySegmentNumber(t *testing.T) {
	opt := simlink.Options{Outages: []link.Outage{{Segment: 3, Duration: second}}}
	w := run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		for range 2 {
			w.send(c, 6)
			w.recv(s)
		}
		w.log.Reset()
		w.start = w.Now()
		w.send(c, 96)
		is(t, "message", w.recv(s), 96)
		w.packets(`
			0.000 > 21+100 ack 1 vanished
			0.550 > again 21+100 ack 1 vanished
			1.550 > again 21+100 ack 1
		`)
	})
	is(t, "events", w.events(), []trace.Event{
		{Kind: trace.LinkDown, Text: "segment=3:1s"},
		{Kind: trace.SegmentLost, Op: "DATA", Off: 3, Len: 100, Text: "up vanished"},
		{Kind: trace.SegmentResent, Op: "DATA", Off: 3, Len: 100, Text: "up"},
		{Kind: trace.SegmentLost, Op: "DATA", Off: 3, Len: 100, Text: "up vanished"},
		{Kind: trace.LinkUp, Text: "up"},
		{Kind: trace.SegmentResent, Op: "DATA", Off: 3, Len: 100, Text: "up"},
	})
}

func TestCutBySegmentNumber(t *testing.T) {
	opt := simlink.Options{Outages: []link.Outage{{Kind: link.Cut, Segment: 2}}}
	run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		atClient, atServer := w.sink(c), w.sink(s)
		w.send(c, 10)
		w.send(c, 20)
		w.Sleep(second)
		if !errors.Is(atClient.err, link.ErrReset) || !errors.Is(atServer.err, link.ErrReset) {
			t.Errorf("recv: %v and %v, want a reset at both ends", atClient.err, atServer.err)
		}
		is(t, "received before", atServer.bytes, 0)
		is(t, "lost", w.l.Stats().Up.Vanished, 1)
		is(t, "at the client at once", atClient.at, 150*ms)
		is(t, "at the server at once", atServer.at, 150*ms)
		w.connect()
	})
}

func TestStandstillBySegmentNumber(t *testing.T) {
	opt := simlink.Options{Outages: []link.Outage{{Kind: link.Standstill, Segment: 2, Duration: 5 * second}}}
	run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		w.send(c, 10)
		w.recv(s)
		w.start = w.Now()
		w.send(c, 20)
		w.recv(s)
		is(t, "arrival", w.since(), 5050*ms)
		is(t, "lost", w.l.Stats().Up.Vanished+w.l.Stats().Up.Dropped, 0)
	})
}

func TestOutageByTime(t *testing.T) {
	opt := simlink.Options{Outages: []link.Outage{{At: 10 * second, Duration: 5 * second}}}
	run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		for _, row := range []struct{ sent, arrives time.Duration }{
			{9 * second, 9050 * ms},
			{11 * second, 18550 * ms}, // repeated after 0.5, 1.5, 3.5 and 7.5 s
			{20 * second, 20050 * ms},
		} {
			w.Sleep(row.sent - w.since())
			w.send(c, 6)
			w.recv(s)
			is(t, "arrival", w.since(), row.arrives)
		}
	})
}

func TestOverlappingOutages(t *testing.T) {
	for _, row := range []struct {
		name string
		down func(l *simlink.Link)
		up   bool // after 6 s
	}{
		{"the longer one counts", func(l *simlink.Link) { l.Down(5 * second); l.Down(second) }, true},
		{"in any order", func(l *simlink.Link) { l.Down(second); l.Down(9 * second) }, false},
		{"forever", func(l *simlink.Link) { l.Down(rt.Forever); l.Down(second) }, false},
		{"ended by hand", func(l *simlink.Link) { l.Down(rt.Forever); l.Up() }, true},
		{"an end that comes too late", func(l *simlink.Link) { l.Down(second); l.Up(); l.Down(9 * second) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			run(t, fast, simlink.Options{}, func(w *world) {
				row.down(w.l)
				w.Sleep(6 * second)
				_, err := w.l.Dialer().Dial(second)
				is(t, "up", err == nil, row.up)
			})
		})
	}
}
