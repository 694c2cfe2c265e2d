package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// output sends what may be sent, and an acknowledgement if one is due and none rode
// on data.
func (t *tcb) output(now time.Duration) {
	if t.state != established {
		return
	}
	for n, fin := t.next(); n > 0 || fin; n, fin = t.next() {
		t.emit(now, t.nxt, n, fin)
	}
	if t.rcv.ackNow {
		t.emitACK(t.max)
	}
	t.watchWindow(now)
}

// next is what the segment at nxt holds that may be sent now: bytes, and the FIN.
func (t *tcb) next() (n int64, fin bool) {
	end := t.buf.end()
	if t.nxt > end || t.nxt == end && !t.closing {
		return 0, false
	}
	n = t.sendable(end - t.nxt)
	return n, t.closing && t.nxt+n == end
}

// sendable is how much of the n bytes from nxt on goes into the next segment.
func (t *tcb) sendable(n int64) int64 {
	if t.nxt < t.max {
		// A repeated segment holds nothing new.
		n = min(n, t.max-t.nxt)
	}
	mss := int64(t.p.MSS)
	usable := min(t.una+t.cc.cwnd, t.edge) - t.nxt
	size := max(0, min(n, mss, usable))
	switch {
	case size < mss && size < n:
		// Avoid the silly window: wait until a whole segment may go.
		return 0
	case size < mss && t.p.Nagle && t.nxt > t.una && !t.closing:
		return 0
	}
	return size
}

// emit sends n bytes from seq on, or a FIN, or both.
func (t *tcb) emit(now time.Duration, seq, n int64, fin bool) {
	s := t.add(flagACK, seq)
	s.again = seq < t.max
	if n > 0 {
		s.data = t.buf.slice(seq, n)
	}
	if fin {
		s.flags |= flagFIN
	}
	t.passive = t.passive || s.has(flagFIN) && !s.again && t.rcv.fin
	t.nxt = max(t.nxt, s.end())
	t.max = max(t.max, s.end())
	switch {
	case s.again:
		t.seen.resent++
		// By Karn's rule nothing is timed while segments are repeated.
		t.timedEnd = 0
	case t.timedEnd == 0:
		t.timedEnd, t.timedAt = s.end(), now
	}
	if t.resendAt == 0 || t.probing {
		t.probing = false
		t.resendAt = now + t.rtt.RTO()
	}
}

// emitACK sends an acknowledgement without data.
func (t *tcb) emitACK(seq int64) { t.add(flagACK, seq) }

// add appends a segment that acknowledges what has arrived. It is the caller's to complete.
func (t *tcb) add(f flags, seq int64) *segment {
	s := segment{flags: f, seq: seq}
	s.ack, s.wnd = t.rcv.acknowledged()
	t.out = append(t.out, s)
	return &t.out[len(t.out)-1]
}

// watchWindow makes sure that a sender who waits for a shut window, with nothing
// under way that would be answered, asks for it.
func (t *tcb) watchWindow(now time.Duration) {
	if t.resendAt == 0 && t.max == t.una && t.nxt < t.buf.end() {
		t.probing = true
		t.resendAt = now + t.rtt.RTO()
	}
}

// timeout acts on resendAt.
func (t *tcb) timeout(now time.Duration) {
	if t.resendAt == 0 || now < t.resendAt || t.state == dead {
		return
	}
	t.resendAt = 0
	switch {
	case t.state == timeWait:
		t.die(nil)
	case t.state != established:
		t.resendSYN(now)
	case t.probing:
		t.rtt.Backoff()
		t.probe(now)
	case t.tries >= t.p.MaxDataRetransmissions:
		t.abort(link.ErrAborted)
	default:
		t.seen.timeout(t.tries, t.rtt.RTO())
		t.tries++
		t.rtt.Backoff()
		t.cc.timedOut(t.max, t.max-t.una)
		t.nxt = t.una
		t.timedEnd = 0
		t.output(now)
	}
}

func (t *tcb) resendSYN(now time.Duration) {
	if t.tries >= t.p.MaxConnectRetransmissions {
		t.die(link.ErrTimeout)
		return
	}
	t.tries++
	t.rtt.Backoff()
	t.sendSYN(now)
}

// probe sends a segment that is so old that the peer answers with its window, or
// what the window holds if that is less than a segment. Probes never give up.
//
// src: KB Q153596 (window probes, doubled up to 240 s)
func (t *tcb) probe(now time.Duration) {
	if n := min(t.edge-t.nxt, t.buf.end()-t.nxt); n > 0 {
		t.emit(now, t.nxt, min(n, int64(t.p.MSS)), false)
		return
	}
	t.emitACK(t.una - 1)
	t.resendAt = now + t.rtt.RTO()
}

// ackTimeout acts on rcv.ackAt.
func (t *tcb) ackTimeout(now time.Duration) {
	if t.rcv.ackAt == 0 || now < t.rcv.ackAt || t.state != established {
		return
	}
	t.rcv.ackNow = true
	t.output(now)
}
