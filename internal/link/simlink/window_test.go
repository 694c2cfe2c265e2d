package simlink_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
)

// slowReader lets the client send ten segments to a server whose reader has a buffer of
// none, so that six fill the window, and shows the packets from then on, with windows.
func slowReader(t *testing.T, story func(w *world, c, s link.Conn)) (log []string) {
	t.Helper()
	tcp := link.StockTCP()
	tcp.RecvBuffer, tcp.InitialWindow = 0, 6
	var begin time.Time
	opt := simlink.Options{TCP: &tcp}
	run(t, fast, opt, func(w *world) {
		c, s := w.connect()
		for range 10 {
			w.send(c, 1456)
		}
		w.Sleep(130 * ms)
		begin = w.Now()
		w.onPacket = func(p simlink.Packet) {
			way, what := ">", "probe"
			switch {
			case !p.Up:
				way, what = "<", fmt.Sprintf("ack %d window %d", p.Ack, p.Window)
			case len(p.Data) > 0:
				what = fmt.Sprintf("%d bytes", len(p.Data))
			}
			log = append(log, fmt.Sprintf("%v %s %s", p.At.Sub(begin).Round(10*ms), way, what))
		}
		story(w, c, s)
	})
	return log
}

// A shut window is probed at intervals that double up to four minutes, and each probe
// is answered; the connection is not given up.
//
// src: KB Q153596
func TestAShutWindowIsProbed(t *testing.T) {
	log := slowReader(t, func(w *world, _, _ link.Conn) { w.Sleep(20 * time.Minute) })
	var probes []string
	for i, line := range log {
		if i%2 == 0 {
			probes = append(probes, line)
		} else if got, want := line, "ack 8761 window 0"; len(got) < len(want) || got[len(got)-len(want):] != want {
			t.Errorf("a probe is answered with %q, want %q", got, want)
		}
	}
	is(t, "probes", probes, []string{
		"470ms > probe", "1.47s > probe", "3.47s > probe", "7.47s > probe", "15.47s > probe", "31.47s > probe", "1m3.47s > probe",
		"2m7.47s > probe", "4m15.47s > probe", "8m15.47s > probe", "12m15.47s > probe", "16m15.47s > probe",
	})
}

// The reader's pace opens the window in steps of two segments, and says so at once.
func TestTheOpenWindowIsTold(t *testing.T) {
	log := slowReader(t, func(w *world, _, s link.Conn) {
		w.Sleep(170 * ms)
		for range 4 {
			w.recv(s)
			w.Sleep(20 * ms)
		}
		w.Sleep(second)
	})
	is(t, "packets", log, []string{
		"190ms < ack 8761 window 2920",
		"240ms > 1460 bytes",
		"240ms > 1460 bytes",
		"290ms < ack 11681 window 2920",
		"340ms > 1460 bytes",
		"340ms > 1460 bytes",
		"390ms < ack 14601 window 0",
	})
}

// The news of the open window is lost: the next probe finds out.
func TestALostWindowUpdateIsProbed(t *testing.T) {
	log := slowReader(t, func(w *world, _, s link.Conn) {
		w.Sleep(170 * ms)
		w.l.Down(ms)
		w.recv(s)
		w.recv(s)
		w.Sleep(500 * ms)
	})
	is(t, "packets", log, []string{
		"170ms < ack 8761 window 2920",
		"470ms > probe",
		"520ms < ack 8761 window 2920",
		"570ms > 1460 bytes",
		"570ms > 1460 bytes",
		"620ms < ack 11681 window 0",
	})
}

// A reader that frees a few bytes at a time does not move the window by a few bytes.
func TestTheWindowMovesBySegments(t *testing.T) {
	tcp := link.StockTCP()
	tcp.RecvBuffer = 0
	run(t, fast, simlink.Options{TCP: &tcp}, func(w *world) {
		c, s := w.connect()
		edge := int64(0)
		w.onPacket = func(p simlink.Packet) {
			if p.Up {
				return
			}
			if step := p.Ack + p.Window - edge; edge > 0 && step != 0 && step < 1460 {
				t.Errorf("the window moved by %d bytes", step)
			}
			edge = p.Ack + p.Window
		}
		for range 300 {
			w.send(c, 96)
		}
		for range 250 { // the buffer is not empty at the end: then the window opens wide
			w.Sleep(100 * ms)
			w.recv(s)
		}
		if edge < 20_000 {
			t.Errorf("the window has moved to %d only", edge)
		}
	})
}
