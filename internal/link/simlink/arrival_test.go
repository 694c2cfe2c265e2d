package simlink_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
)

// afterPacket disturbs the link as the first of three data segments has arrived; the
// others are on their way.
func afterPacket(t *testing.T, o link.Outage, want string) {
	t.Helper()
	tcp := link.StockTCP()
	tcp.InitialWindow = 3
	o.Packet = 4 // SYN, SYN-ACK and its acknowledgement come first
	run(t, fast, simlink.Options{TCP: &tcp, Outages: []link.Outage{o}}, func(w *world) {
		c, s := w.connect()
		got := w.sink(s)
		w.Sleep(second)
		w.start = w.Now()
		w.log.Reset()
		for range 3 {
			w.send(c, 1456)
			w.Sleep(10 * ms)
		}
		w.Sleep(time.Minute)
		w.packets(want)
		is(t, "delivered", got.bytes == 3*1456, o.Kind != link.Cut)
	})
}

func TestSilenceAfterAPacketLosesWhatIsOnItsWay(t *testing.T) {
	afterPacket(t, link.Outage{Duration: 300 * ms}, `
		0.000 > 1+1460 ack 1
		0.010 > 1461+1460 ack 1
		0.020 > 2921+1460 ack 1
		0.250 < ack 1461 vanished
		0.500 > again 1+1460 ack 1
		0.550 < ack 1461
		0.600 > again 1461+1460 ack 1
		0.600 > again 2921+1460 ack 1
		0.650 < ack 4381
	`)
}

func TestStandstillAfterAPacketDelaysWhatIsOnItsWay(t *testing.T) {
	afterPacket(t, link.Outage{Kind: link.Standstill, Duration: 300 * ms}, `
		0.000 > 1+1460 ack 1
		0.010 > 1461+1460 ack 1
		0.020 > 2921+1460 ack 1
		0.250 < ack 1461
		0.370 < ack 4381
	`)
}

func TestCutAfterAPacket(t *testing.T) {
	afterPacket(t, link.Outage{Kind: link.Cut}, `
		0.000 > 1+1460 ack 1
		0.010 > 1461+1460 ack 1
		0.020 > 2921+1460 ack 1
		0.060 < RST
		0.070 < RST
	`)
}

func TestArrivalsHaveAHistory(t *testing.T) {
	history := func(first int) (list []uint64) {
		run(t, fast, simlink.Options{}, func(w *world) {
			w.l.OnArrival(func(n int64, h uint64) {
				if n != int64(len(list)+1) {
					t.Errorf("packet %d is number %d", len(list)+1, n)
				}
				list = append(list, h)
			})
			c, s := w.connect()
			w.send(c, first)
			w.recv(s)
			w.Sleep(second)
			is(t, "delivered", w.l.Delivered(), int64(len(list)))
		})
		return list
	}
	a, b := history(10), history(11)
	is(t, "the same packets", history(10), a)
	is(t, "the handshake", b[:3], a[:3])
	if a[3] == b[3] || a[4] == b[4] {
		t.Errorf("different packets have the history %x", a)
	}
}
