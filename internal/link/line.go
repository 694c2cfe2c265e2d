package link

import (
	"time"

	"golang.org/x/time/rate"
)

// Line is one direction of a link: a wire that sends one packet after the other
// at a rate, and a queue before it that drops what would wait too long. It has no
// clock and no lock. Times count from the start of the link.
//
// The token bucket says when a packet may start; a packet shorter than the bucket
// may start before the one ahead has ended, so the line also remembers when it
// becomes free, and with both it is a wire, exact for packets of all sizes.
type Line struct {
	bits    int64
	queue   time.Duration
	bucket  *rate.Limiter
	untold  packet        // sent when the bucket was full, which has not been told of it
	free    time.Duration // when the last packet has been sent
	late    time.Duration // how long after that the bucket may become full, at most
	heldTil time.Duration // the line stands still until then
}

// packet is so many bytes, 0 for none, sent at a time.
type packet struct {
	at time.Duration
	n  int
}

// NewLine returns an idle line of so many bit/s, 0 for unlimited.
func NewLine(bits int64, queue time.Duration) *Line {
	limit := rate.Inf
	if bits > 0 {
		limit = rate.Limit(float64(bits) / 8)
	}
	return &Line{bits: bits, queue: queue, bucket: rate.NewLimiter(limit, MTU)}
}

// Transmit queues a packet of n bytes, at most MTU, and returns when its last bit
// will have left; ok is false if the queue is full and the packet dropped.
func (l *Line) Transmit(now time.Duration, n int) (done time.Duration, ok bool) {
	if now-l.free >= l.late && n <= MTU {
		l.untold, l.late = packet{now, n}, time.Microsecond
		l.free = max(now, l.heldTil) + l.serialization(n)
		return l.free, true
	}
	l.tell()
	shown := clockTime(now)
	r := l.bucket.ReserveN(shown, n)
	if !r.OK() {
		return now, false
	}
	begin := max(now+r.DelayFrom(shown).Round(time.Microsecond), l.free, l.heldTil)
	if begin-max(now, l.heldTil) > l.queue {
		r.CancelAt(shown)
		return now, false
	}
	l.free = begin + l.serialization(n)
	l.late += time.Microsecond // more than what serialization rounds off
	return l.free, true
}

// tell the bucket of the last packet. It is full when the line is idle, whatever was sent
// before: of a packet that finds it so it is told, which takes some effort, only when another
// must wait for that one.
func (l *Line) tell() {
	if l.untold.n > 0 {
		l.bucket.ReserveN(clockTime(l.untold.at), l.untold.n)
		l.untold = packet{}
	}
}

// clockTime is a time for the bucket, to which only differences matter.
func clockTime(at time.Duration) time.Time { return time.Unix(0, int64(at)) }

// Hold makes the line stand still until t; what waits goes on waiting.
func (l *Line) Hold(t time.Duration) { l.heldTil = max(l.heldTil, t) }

// Pause makes the line stand still for d from now on, in the midst of what it is sending.
func (l *Line) Pause(now, d time.Duration) {
	l.free = max(now, l.free) + d
	l.Hold(now + d)
}

// serialization is how long n bytes take, in whole microseconds.
func (l *Line) serialization(n int) time.Duration {
	if l.bits == 0 {
		return 0
	}
	// n is at most MTU: the product fits.
	return time.Duration((int64(n)*8*1_000_000+l.bits/2)/l.bits) * time.Microsecond
}
