package simlink

import "time"

// acked processes the acknowledgement and the window of a segment.
func (t *tcb) acked(now time.Duration, s *segment) {
	if !s.has(flagACK) || s.ack > t.max {
		return
	}
	switch {
	case s.ack > t.una:
		t.advance(now, s.ack)
	case s.ack == t.una && t.isDuplicate(s):
		if t.cc.duplicate(t.una, t.max, t.max-t.una) {
			t.resendFirst(now)
		}
	}
	t.moveEdge(s.ack + s.wnd)
}

// isDuplicate tells a duplicate acknowledgement from one that brings news.
//
// src: RFC 2581 §2
func (t *tcb) isDuplicate(s *segment) bool {
	return t.max > t.una && len(s.data) == 0 && !s.has(flagFIN) && s.ack+s.wnd == t.edge
}

func (t *tcb) advance(now time.Duration, ack int64) {
	t.sampleRTT(now, ack)
	t.tries = 0
	partial := t.cc.acked(ack-t.una, ack)
	t.una = ack
	t.nxt = max(t.nxt, ack)
	t.buf.release(ack)
	t.resendAt = 0
	if t.max > t.una {
		t.resendAt = now + t.rtt.RTO()
	}
	if partial {
		t.resendFirst(now)
	}
}

func (t *tcb) moveEdge(edge int64) {
	if edge <= t.edge {
		return
	}
	t.edge = edge
	if t.probing {
		t.probing, t.resendAt = false, 0
	}
}

// sampleRTT times the segment that ack covers.
func (t *tcb) sampleRTT(now time.Duration, ack int64) {
	if t.timedEnd > 0 && ack >= t.timedEnd {
		t.rtt.Sample(now - t.timedAt)
		t.seen.sample(now - t.timedAt)
		t.timedEnd = 0
	}
}

// resendFirst sends the oldest segment again, without going back.
func (t *tcb) resendFirst(now time.Duration) {
	n := min(int64(t.p.MSS), t.buf.end()-t.una, t.max-t.una)
	t.emit(now, t.una, n, t.closing && t.una+n == t.buf.end() && t.max > t.buf.end())
}
