package main

import (
	"fmt"
	"math"

	"github.com/ntrdr/ntrdr/bench"
)

// counts are the outcomes of a policy.
type counts struct {
	n, corrupted, silent, delivered int
	exposed                         []exposure
}

func count(ts []trial, policy string) (c counts) {
	for i := range ts {
		t := &ts[i]
		if t.Policy != policy {
			continue
		}
		c.n++
		c.exposed = append(c.exposed, t.Exposed)
		switch t.Outcome {
		case bench.Corrupted:
			c.corrupted++
		case bench.Delivered:
			c.delivered++
		default:
		}
		if t.Silent {
			c.silent++
		}
	}
	return c
}

// alike says how many trials came out as the simulated ones of the same seeds, whose
// Mailer looks at the same times.
func alike(ts, simulated []trial, policy string) string {
	outcomes := map[uint64]bench.Outcome{}
	for i := range simulated {
		if t := &simulated[i]; t.Policy == policy {
			outcomes[t.Seed] = t.Outcome
		}
	}
	same, n := 0, 0
	for i := range ts {
		if t := &ts[i]; t.Policy == policy {
			n++
			if o, ok := outcomes[t.Seed]; ok && o == t.Outcome {
				same++
			}
		}
	}
	return fmt.Sprintf("%d of %d", same, n)
}

// agrees reports whether each rate is within the other's bounds.
func (c counts) agrees(o counts) bool {
	return within(c.corrupted, c.n, o.corrupted, o.n) && within(c.silent, c.n, o.silent, o.n) && within(c.delivered, c.n, o.delivered, o.n)
}

// within reports whether k of n is a rate within the bounds that the simulation would
// have after as many trials, and the simulated rate within the bounds of k of n. The
// simulation has more trials, so that its own chance does not blur the comparison.
func within(k, n, simulated, of int) bool {
	if n == 0 || of == 0 {
		return false
	}
	inside := func(k int, r float64) bool {
		low, high := bench.ClopperPearson(k, n)
		return low <= r && r <= high
	}
	r := float64(simulated) / float64(of)
	return inside(k, r) && inside(int(math.Round(r*float64(n))), float64(k)/float64(n))
}

func rate(k, n int) string {
	low, high := bench.ClopperPearson(k, n)
	return fmt.Sprintf("%d\t%.3f-%.3f", k, low, high)
}
