package simlink_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

func TestX(t *testing.T) {
	p := link.Profile{Name: "theory", RTT: 100 * time.Millisecond, Queue: time.Second}
	for _, f := range []simlink.Flavour{simlink.NT351, simlink.NT4SP2, simlink.Reno, simlink.NewReno} {
		for _, b := range []int{1, 2} {
			for _, loss := range []float64{.005, .01, .02, .05} {
				tcp := link.StockTCP()
				tcp.Window = 1 << 20
				tcp.SendBuffer = 1 << 20
				tcp.AckEvery = b; tcp.DelayedAck = 100*time.Millisecond
				if b == 1 {
					tcp.DelayedAck = 0
				}
				var m simlink.Measurement
				start := time.Now()
				simtest.Run(t, simrt.Options{Seed: 1}, func(k *simrt.Kernel) {
					var err error
					m, err = simlink.Measure(k, p, simlink.Options{Flavour: f, Loss: loss, DataLossOnly: true, TCP: &tcp}, 2000*time.Second)
					if err != nil {
						t.Error(err)
					}
				})
				pftk := link.PFTK(loss, m.Stats.MeanRTT, m.Stats.MeanT0, b)
				t.Logf("%v b=%d p=%v: %.1f seg/s PFTK %.2f approx %.2f Mathis %.2f rtt %v t0 %v aborts %d wall %v %d", f, b, loss, m.SegmentsPerSecond,
					m.SegmentsPerSecond/pftk, m.SegmentsPerSecond/approx(loss, m.Stats.MeanRTT.Seconds(), m.Stats.MeanT0.Seconds(), float64(b)),
					m.SegmentsPerSecond/link.Mathis(loss, m.Stats.MeanRTT, b), m.Stats.MeanRTT, m.Stats.MeanT0, m.Stats.Aborts, time.Since(start), m.Stats.Up.Packets)
			}
		}
	}
}
