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

func compare(t *testing.T, c simlink.Conditions, loss float64) (a simlink.Agreement) {
	t.Helper()
	if invariant.Enabled {
		t.Skip("takes long with checks: run it without -race and -tags invariants")
	}
	simtest.Run(t, simrt.Options{Seed: 1}, func(k *simrt.Kernel) {
		var err error
		if a, err = simlink.Compare(k, c, loss); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%.3f of PFTK, %.3f of Mathis, %.1f segments/s, mean RTT %v, mean T0 %v", a.PFTK, a.Mathis,
		a.Measured.SegmentsPerSecond, a.Measured.Stats.MeanRTT, a.Measured.Stats.MeanT0)
	return a
}

// Reno agrees with PFTK within 10 % at all rates, whether each segment is acknowledged
// or every second one, where the theory's assumptions hold. What breaks them costs what
// it does not count: a minimum timeout of 500 ms is only two and a half round trips
// long, and on a round trip of 100 ms the delayed acknowledgement waits for two.
func TestRenoAgreesWithPFTK(t *testing.T) {
	meant := func(b int) simlink.Conditions { return simlink.TheoryConditions(simlink.Reno, b) }
	shortTimeout, shortTrip := meant(1), meant(2)
	shortTimeout.TCP.MinRTO = 500 * ms
	shortTrip.RTT, shortTrip.TCP.MinRTO = 100*ms, 500*ms
	for _, row := range []struct {
		name      string
		c         simlink.Conditions
		low, high float64
	}{
		{"every segment acknowledged", meant(1), 0.9, 1.1},
		{"every second segment acknowledged", meant(2), 0.9, 1.1},
		{"timeouts of two and a half round trips", shortTimeout, 0.85, 1.1},
		{"a round trip shorter than the delayed acknowledgement", shortTrip, 0.85, 1.1},
	} {
		for _, loss := range simlink.TheoryLosses() {
			t.Run(fmt.Sprintf("%s, loss %v", row.name, loss), func(t *testing.T) {
				a := compare(t, row.c, loss)
				// By Karn's rule what was sent twice is not timed.
				if row.c.AckEvery == 1 && a.Measured.Stats.MeanRTT != row.c.RTT {
					t.Errorf("mean round trip %v, want %v", a.Measured.Stats.MeanRTT, row.c.RTT)
				}
				if a.PFTK < row.low || a.PFTK > row.high {
					t.Errorf("%.2f of PFTK, want %.2f to %.2f", a.PFTK, row.low, row.high)
				}
			})
		}
	}
}

// NT 3.51 falls to 60 to 80 % of PFTK: each loss costs a timeout and a slow start.
func TestNT351FallsBelowPFTK(t *testing.T) {
	for _, loss := range simlink.TheoryLosses() {
		t.Run(fmt.Sprintf("loss %v", loss), func(t *testing.T) {
			if a := compare(t, simlink.TheoryConditions(simlink.NT351, 2), loss); a.PFTK < 0.6 || a.PFTK > 0.8 {
				t.Errorf("%.2f of PFTK, want 0.6 to 0.8", a.PFTK)
			}
		})
	}
}

// Without timeouts Mathis and PFTK are one; with rare ones they are close.
func TestNewRenoAgreesWithMathisAtSmallLoss(t *testing.T) {
	if a := compare(t, simlink.TheoryConditions(simlink.NewReno, 1), 0.005); a.Mathis < 0.9 || a.Mathis > 1.1 {
		t.Errorf("%.2f of Mathis, want 0.9 to 1.1", a.Mathis)
	}
}

func TestFlavoursInOrderOfTheirThroughput(t *testing.T) {
	last := 0.0
	for _, f := range []simlink.Flavour{simlink.NT351, simlink.Reno, simlink.NewReno} {
		a := compare(t, simlink.TheoryConditions(f, 1), 0.02)
		if a.PFTK <= last {
			t.Errorf("%v reaches %.2f of PFTK, no more than the one before", f, a.PFTK)
		}
		last = a.PFTK
	}
}

// A longer minimum timeout costs who recovers by timeouts alone.
func TestMinRTOCostsNT351(t *testing.T) {
	last := 1e9
	for _, rto := range []time.Duration{300 * ms, 500 * ms, time.Second} {
		c := simlink.TheoryConditions(simlink.NT351, 2)
		c.TCP = link.TCP{MinRTO: rto}
		a := compare(t, c, 0.02)
		if a.Measured.SegmentsPerSecond >= last {
			t.Errorf("min RTO %v: %.1f segments/s, no fewer than with the one before", rto, a.Measured.SegmentsPerSecond)
		}
		last = a.Measured.SegmentsPerSecond
	}
}
