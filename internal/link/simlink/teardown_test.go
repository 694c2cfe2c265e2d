package simlink_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
)

// teardown plays an orderly end that the client begins and the server follows, and
// loses the nth packet of it, counted from 1.
func teardown(t *testing.T, lose int, want string) {
	t.Helper()
	n, ending := 0, false
	drop := func(simlink.Packet) bool {
		if ending {
			n++
		}
		return ending && n == lose
	}
	run(t, fast, simlink.Options{Drop: drop}, func(w *world) {
		c, s := w.connect()
		w.Sleep(second)
		atServer := w.sink(s)
		w.start, ending = w.Now(), true
		w.log.Reset()
		c.Close()
		w.Sleep(2 * second)
		s.Close()
		w.Sleep(10 * time.Minute)
		w.packets(want)
		if !errors.Is(atServer.err, io.EOF) {
			t.Errorf("the server: %v, want the end of the stream", atServer.err)
		}
		is(t, "aborts", w.l.Stats().Aborts, 0)
	})
}

func TestTheTeardownSurvivesTheLossOfAnyOfItsPackets(t *testing.T) {
	for _, row := range []struct {
		name string
		lose int
		want string
	}{
		{"none", 0, `
			0.000 > FIN ack 1
			0.050 < ack 2
			2.000 < FIN ack 2
			2.050 > ack 2
		`},
		{"the FIN of who closes first", 1, `
			0.000 > FIN ack 1 lost
			0.500 > FIN again ack 1
			0.550 < ack 2
			2.000 < FIN ack 2
			2.050 > ack 2
		`},
		{"its acknowledgement", 2, `
			0.000 > FIN ack 1
			0.050 < ack 2 lost
			0.500 > FIN again ack 1
			0.550 < ack 2
			2.000 < FIN ack 2
			2.050 > ack 2
		`},
		{"the other FIN", 3, `
			0.000 > FIN ack 1
			0.050 < ack 2
			2.000 < FIN ack 2 lost
			2.500 < FIN again ack 2
			2.550 > ack 2
		`},
		{"the last acknowledgement: TIME_WAIT answers", 4, `
			0.000 > FIN ack 1
			0.050 < ack 2
			2.000 < FIN ack 2
			2.050 > ack 2 lost
			2.500 < FIN again ack 2
			2.550 > ack 2
		`},
	} {
		t.Run(row.name, func(t *testing.T) { teardown(t, row.lose, row.want) })
	}
}

// What comes after the wait belongs to no connection any more.
func TestTimeWaitEnds(t *testing.T) {
	tcp := link.StockTCP()
	tcp.TimedWait = 300 * ms
	run(t, fast, simlink.Options{TCP: &tcp, Drop: func(p simlink.Packet) bool { return p.Up && p.ACK && !p.FIN && p.Ack == 2 }}, func(w *world) {
		c, s := w.connect()
		w.Sleep(second)
		w.start = w.Now()
		w.log.Reset()
		c.Close()
		w.Sleep(second)
		s.Close()
		w.Sleep(time.Minute)
		w.packets(`
			0.000 > FIN ack 1
			0.050 < ack 2
			1.000 < FIN ack 2
			1.050 > ack 2 lost
			1.500 < FIN again ack 2
			1.550 > RST
		`)
	})
}

// Who was told that the peer has finished may go on sending; it is acknowledged.
func TestHalfClosed(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.Sleep(second)
		w.start = w.Now()
		w.log.Reset()
		c.Close()
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Fatalf("recv: %v, want the end of the stream", err)
		}
		w.send(s, 96)
		w.Sleep(second)
		s.Close()
		w.Sleep(second)
		w.packets(`
			0.000 > FIN ack 1
			0.050 < ack 2
			0.050 < 1+100 ack 2
			0.300 > ack 101
			1.050 < FIN ack 2
			1.100 > ack 102
		`)
	})
}

func TestBothCloseAtOnce(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.Sleep(second)
		w.start = w.Now()
		w.log.Reset()
		c.Close()
		s.Close()
		w.Sleep(10 * time.Minute)
		w.packets(`
			0.000 > FIN ack 1
			0.000 < FIN ack 1
			0.050 < ack 2
			0.050 > ack 2
		`)
	})
}
