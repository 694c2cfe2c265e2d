package simlink_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// measure runs a bulk transfer without a window limit at a rate that does not
// matter, with loss of data only, as the theories have it.
func measure(t *testing.T, f simlink.Flavour, loss float64, ackEvery int, delayedAck time.Duration) simlink.Measurement {
	t.Helper()
	if invariant.Enabled {
		t.Skip("numbers, which take long with the race detector")
	}
	tcp := link.StockTCP()
	tcp.Window, tcp.SendBuffer, tcp.RecvBuffer = 1<<20, 1<<20, 1<<20
	tcp.AckEvery, tcp.DelayedAck = ackEvery, delayedAck
	opt := simlink.Options{Flavour: f, Loss: loss, DataLossOnly: true, TCP: &tcp}
	var m simlink.Measurement
	simtest.Run(t, simrt.Options{Seed: 1}, func(k *simrt.Kernel) {
		var err error
		// Some 2000 losses at each rate.
		d := time.Duration(20 / loss * float64(second))
		if m, err = simlink.Measure(k, fast, opt, min(d, 1500*second)); err != nil {
			t.Error(err)
		}
	})
	return m
}

var lossRates = []float64{0.005, 0.01, 0.02, 0.05}

// Reno agrees with PFTK within 10 %. With delayed acknowledgements it does so as
// long as their timer is not longer than the round trip: the theory has none, and
// NT's 200 ms cost another tenth on a round trip of 100 ms.
func TestRenoAgreesWithPFTK(t *testing.T) {
	for _, row := range []struct {
		name       string
		ackEvery   int
		delayedAck time.Duration
		low, high  float64
	}{
		{"every segment acknowledged", 1, 0, 0.9, 1.1},
		{"every second segment acknowledged", 2, 100 * ms, 0.9, 1.1},
		{"the timer of NT", 2, 200 * ms, 0.85, 1.1},
	} {
		for _, loss := range lossRates {
			t.Run(fmt.Sprintf("%s, loss %v", row.name, loss), func(t *testing.T) {
				m := measure(t, simlink.Reno, loss, row.ackEvery, row.delayedAck)
				ratio := m.SegmentsPerSecond / link.PFTK(loss, m.Stats.MeanRTT, m.Stats.MeanT0, row.ackEvery)
				t.Logf("%.3f of PFTK, %.1f segments/s", ratio, m.SegmentsPerSecond)
				// By Karn's rule what was sent twice is not timed.
				if row.ackEvery == 1 && m.Stats.MeanRTT != fast.RTT {
					t.Errorf("mean round trip %v, want %v", m.Stats.MeanRTT, fast.RTT)
				}
				if ratio < row.low || ratio > row.high {
					t.Errorf("%.1f segments/s is %.2f of PFTK, want %.2f to %.2f", m.SegmentsPerSecond, ratio, row.low, row.high)
				}
			})
		}
	}
}

// NT 3.51 falls to 60 to 80 % of PFTK: each loss costs a timeout and a slow start.
func TestNT351FallsBelowPFTK(t *testing.T) {
	for _, loss := range lossRates {
		t.Run(fmt.Sprintf("loss %v", loss), func(t *testing.T) {
			m := measure(t, simlink.NT351, loss, 2, 200*ms)
			ratio := m.SegmentsPerSecond / link.PFTK(loss, m.Stats.MeanRTT, m.Stats.MeanT0, 2)
			t.Logf("%.3f of PFTK, %.1f segments/s", ratio, m.SegmentsPerSecond)
			if ratio < 0.6 || ratio > 0.8 {
				t.Errorf("%.1f segments/s is %.2f of PFTK, want 0.6 to 0.8", m.SegmentsPerSecond, ratio)
			}
		})
	}
}

func TestFlavoursInOrderOfTheirThroughput(t *testing.T) {
	last := 0.0
	for _, f := range []simlink.Flavour{simlink.NT351, simlink.Reno, simlink.NewReno} {
		m := measure(t, f, 0.02, 1, 0)
		if m.SegmentsPerSecond <= last {
			t.Errorf("%v sends %.1f segments/s, no more than the one before", f, m.SegmentsPerSecond)
		}
		last = m.SegmentsPerSecond
	}
}
