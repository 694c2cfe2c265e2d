package link

import (
	"math/rand/v2"
	"time"
)

// spells are the intervals of time in which something is wrong, generated as time goes
// on from a stream of their own, so that no traffic can move them. Times do not go back.
type spells struct {
	every, length Spread
	r             *rand.Rand
	from, to      time.Duration
}

func newSpells(every, length Spread, r *rand.Rand) *spells {
	s := &spells{every: every, length: length, r: r}
	s.next()
	return s
}

// next goes on to the next spell. Its length is drawn whether there is one or not.
func (s *spells) next() {
	s.from = s.to + s.every.Draw(s.r)
	s.to = s.from + s.length.Draw(s.r)
}

// at returns the first spell that ends after t.
func (s *spells) at(t time.Duration) (from, to time.Duration) {
	for s.to <= t {
		s.next()
	}
	return s.from, s.to
}

// burstWeather is a Burst on its way through time.
type burstWeather struct {
	Burst
	states *rand.Rand // the sojourns, and nothing else
	key    uint64     // of the losses in a state
	bad    bool
	until  time.Duration // the end of the present sojourn
}

// newBurstWeather starts in the stationary state: exponential sojourns do not remember
// how long they have lasted.
func newBurstWeather(b Burst, states *rand.Rand, key uint64) *burstWeather {
	w := &burstWeather{Burst: b, states: states, key: key}
	w.bad = states.Float64() < float64(b.Bad)/float64(b.Good+b.Bad)
	w.until = w.sojourn()
	return w
}

func (w *burstWeather) sojourn() time.Duration {
	mean := w.Good
	if w.bad {
		mean = w.Bad
	}
	return Spread{Shape: Exponential, Min: mean}.Draw(w.states)
}

// loses tells the fate of a packet at time t.
func (w *burstWeather) loses(t time.Duration) bool {
	for w.until <= t {
		w.bad = !w.bad
		w.until += w.sojourn()
	}
	loss := w.GoodLoss
	if w.bad {
		loss = w.BadLoss
	}
	return chance(w.key, t) < loss
}

// jitter is a delay that changes from slot to slot of time. It has no state: any two
// runs meet the same delay at the same time.
type jitter struct {
	Spread
	key uint64
}

func (j *jitter) at(t time.Duration) time.Duration { return j.quantile(chance(j.key, t)) }

// weatherSlot is how long chance says the same.
//
// src: assumed (shorter than the packets of most links, which so have fates of their own)
const weatherSlot = time.Millisecond

// chance is a number from 0 to less than 1 that depends on the time and on nothing else.
func chance(key uint64, t time.Duration) float64 {
	const mantissa = 53
	return float64(mix(key+uint64(t/weatherSlot))>>(64-mantissa)) / (1 << mantissa)
}

// mix turns neighbouring numbers into unrelated ones: the finalizer of splitmix64
// (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
