package link

import (
	"math/rand/v2"
	"time"
)

// Wire is one way of a link, for single packets: rate, queue and delay, and the
// weather of that way. It has no clock, no lock and no task. Times count from the start of
// the link and do not go back.
//
// Bernoulli loss is drawn packet by packet, in the order in which packets are offered;
// everything else is a function of the seed and of time, whatever the traffic.
type Wire struct {
	line  *Line
	delay time.Duration
	loss  float64
	draws *rand.Rand // one number a packet; nil without loss
	rough *rough     // nil on a plain link
}

// rough is what most links do not have.
type rough struct {
	burst  *burstWeather // nil: none, as all below
	stalls *spells
	jitter *jitter
	last   time.Duration // when the last packet arrives
}

// Offer sends a packet of n bytes, at most MTU, and returns when it arrives, if it
// does; a Lost packet would have arrived then. A packet that is gone is neither
// transmitted nor delivered, because the link is down or its connection half-open; it
// has its share of the weather all the same.
func (w *Wire) Offer(now time.Duration, n int, gone bool) (arrival time.Duration, fate Fate) {
	unlucky := w.draws != nil && w.draws.Float64() < w.loss
	if gone {
		return now, Vanished
	}
	done, ok := w.Transmit(now, n)
	if !ok {
		return now, Dropped
	}
	if w.rough != nil && w.rough.loses(done) || unlucky {
		fate = Lost
	}
	return w.Arrival(done), fate
}

// Loses draws whether what is sent now is lost, for a stream that is not sent packet
// by packet.
func (w *Wire) Loses(now time.Duration) bool {
	unlucky := w.draws != nil && w.draws.Float64() < w.loss
	return w.rough != nil && w.rough.loses(now) || unlucky
}

// Transmit queues n bytes, at most MTU, and returns when the last bit will have left;
// ok is false if the queue is full.
func (w *Wire) Transmit(now time.Duration, n int) (done time.Duration, ok bool) {
	if w.rough == nil || w.rough.stalls == nil {
		return w.line.Transmit(now, n)
	}
	return w.rough.stall(w.line, now, n)
}

// Arrival returns when what has left the line arrives; nothing overtakes.
func (w *Wire) Arrival(done time.Duration) time.Duration {
	at := done + w.delay
	if w.rough == nil || w.rough.jitter == nil {
		return at
	}
	r := w.rough
	r.last = max(r.last, at+r.jitter.at(done))
	return r.last
}

// Hold makes the wire stand still until t.
func (w *Wire) Hold(t time.Duration) { w.line.Hold(t) }

// Pause makes the wire stand still for d from now on, in the midst of what it is sending.
func (w *Wire) Pause(now, d time.Duration) { w.line.Pause(now, d) }

func (r *rough) loses(at time.Duration) bool {
	return r.burst != nil && r.burst.loses(at)
}

// stall transmits over a line that stands still now and then. What is being sent as a
// stall begins goes on when it ends.
func (r *rough) stall(l *Line, now time.Duration, n int) (done time.Duration, ok bool) {
	if from, to := r.stalls.at(now); from <= now {
		l.Hold(to)
	}
	if done, ok = l.Transmit(now, n); !ok {
		return done, false
	}
	begin := done - l.serialization(n)
	for {
		from, to := r.stalls.at(begin)
		if from >= done {
			break
		}
		done += to - max(begin, from)
		begin = to
		l.Hold(done)
	}
	return done, true
}
