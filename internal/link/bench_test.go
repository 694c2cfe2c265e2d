package link_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// BenchmarkOffer is what a packet costs: on a bare line, on a link that loses at random,
// and on one with all the weather that there is.
func BenchmarkOffer(b *testing.B) {
	plain := link.Profile{RateBits: 1_544_000, RTT: 40 * ms, Queue: 300 * ms}
	lossy := plain.WithLoss(0.01)
	rough := lossy
	rough.Burst = link.Burst{Good: 10 * time.Second, Bad: time.Second, GoodLoss: 0.01, BadLoss: 0.5}
	rough.Jitter = link.Spread{Shape: link.Uniform, Max: 10 * ms}
	rough.Stall = link.Stall{Every: link.Spread{Shape: link.Exponential, Min: time.Minute}, For: fixed(time.Second)}
	line := link.NewLine(plain.RateBits, plain.Queue)
	b.Run("line", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			line.Transmit(time.Duration(i)*10*ms, 1500)
		}
	})
	for _, row := range []struct {
		name string
		p    link.Profile
	}{{"plain", plain}, {"lossy", lossy}, {"rough", rough}} {
		b.Run(row.name, func(b *testing.B) {
			m, err := link.NewMedium(row.p, link.MediumOptions{
				Rand: func(stream string) *rand.Rand { return rand.New(rt.NewSource(1, stream)) },
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := range b.N {
				m.Offer(time.Duration(i)*10*ms, link.Up, 1500, false)
			}
		})
	}
}
