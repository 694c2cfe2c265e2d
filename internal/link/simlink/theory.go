package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// TheoryLosses are the loss rates at which the model is held against the theories.
func TheoryLosses() []float64 { return []float64{0.005, 0.01, 0.02, 0.05} }

// Conditions are those of a comparison with the theories, which assume a transfer
// without an end that neither the window nor the rate limits, and random loss of data
// alone. Two more assumptions are the caller's to keep: no acknowledgement waits longer
// than a round trip, since the theories know no timer of it; and a timeout is long
// against the round trips of the slow start after it, which they do not count.
type Conditions struct {
	TCP link.TCP
	// RTT is the round trip without any queue.
	RTT time.Duration
	// AckEvery is b, the number of segments that an acknowledgement answers.
	AckEvery int
	// Losses is how many losses the measurement is to see, roughly.
	Losses int
}

// TheoryConditions are those that the theories are meant for: NT's delayed
// acknowledgement waits for one round trip, and a timeout takes five.
//
// src: RFC 2988 §2.4 (the minimum of 1 s); assumed (the round trip: the wait of NT)
func TheoryConditions(f Flavour, ackEvery int) Conditions {
	return Conditions{
		TCP: link.TCP{Flavour: f, MinRTO: time.Second}, RTT: 200 * time.Millisecond, AckEvery: ackEvery,
		Losses: 4000,
	}
}

// Profile is the link: a delay and nothing else.
func (c Conditions) Profile() link.Profile {
	return link.Profile{Name: "theory", RTT: c.RTT, Queue: time.Second}
}

// Agreement is what the model did, as a part of what the theories say.
type Agreement struct {
	Conditions
	Loss         float64
	Measured     Measurement
	PFTK, Mathis float64 // the model's segments a second, divided by the theory's
}

// Compare measures the model under the conditions at one loss. It is called from a task.
func Compare(r rt.Runtime, c Conditions, loss float64) (Agreement, error) {
	const unlimited = 1 << 20
	tcp := c.TCP.Params(link.StockTCP())
	tcp.Window, tcp.SendBuffer, tcp.RecvBuffer, tcp.AckEvery = unlimited, unlimited, unlimited, c.AckEvery
	p := c.Profile()
	opt := Options{Flavour: c.TCP.Flavour, Loss: loss, DataLossOnly: true, TCP: &tcp}
	perSecond := link.PFTK(loss, c.RTT, max(tcp.MinRTO, c.RTT), c.AckEvery)
	d := time.Duration(float64(c.Losses) / (loss * perSecond) * float64(time.Second)).Truncate(time.Second)
	m, err := Measure(r, p, opt, d)
	if err != nil {
		return Agreement{}, fmt.Errorf("%v at a loss of %v: %w", c.TCP, loss, err)
	}
	return Agreement{
		Conditions: c, Loss: loss, Measured: m,
		PFTK:   m.SegmentsPerSecond / link.PFTK(loss, m.Stats.MeanRTT, m.Stats.MeanT0, c.AckEvery),
		Mathis: m.SegmentsPerSecond / link.Mathis(loss, m.Stats.MeanRTT, c.AckEvery),
	}, nil
}
