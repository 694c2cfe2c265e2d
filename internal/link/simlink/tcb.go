package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

type state uint8

const (
	idle state = iota
	synSent
	synReceived
	established // also while closing: see tcb.closing and receiver.fin
	timeWait    // both sides closed, and our last acknowledgement may have been lost
	dead
)

// tcb is one end of a connection: all decisions, no effects. Times are since the
// start of the link. After each call the owner sends out, calls timeout at resendAt
// and ackTimeout at rcv.ackAt.
type tcb struct {
	p     *link.TCPParams
	state state
	err   error // why it is dead; nil if both sides closed in order

	buf     sendBuffer
	una     int64 // the oldest sequence number not acknowledged
	nxt     int64 // the next one to send; after a timeout it goes back to una
	max     int64 // the end of all that was ever sent
	edge    int64 // the end of the peer's window
	closing bool  // a FIN follows what is buffered
	passive bool  // the peer's FIN came before ours went

	cc       congestion
	rtt      link.RTTEstimator
	timedEnd int64 // the end of the segment that is timed, 0 if none is
	timedAt  time.Duration
	tries    int           // retransmissions since something was acknowledged
	resendAt time.Duration // 0 is no time
	probing  bool          // resendAt is for a probe of the peer's shut window

	rcv   receiver
	out   []segment // to be sent; data is borrowed from buf until the next call
	first [4]segment

	seen tally
}

// init makes a zero tcb an end of no connection yet.
func (t *tcb) init(f Flavour, p *link.TCPParams, memory rt.Memory) {
	t.p = p
	t.cc, t.rtt = newCongestion(f, p), link.NewRTTEstimator(*p)
	t.buf = sendBuffer{base: 1, memory: memory}
	t.rcv.p, t.rcv.in.memory = p, memory
	t.out = t.first[:0]
}

// connect opens actively.
func (t *tcb) connect(now time.Duration) {
	t.state = synSent
	t.sendSYN(now)
}

// sendSYN sends the SYN, or the SYN-ACK of a passive open, for the first time or again.
func (t *tcb) sendSYN(now time.Duration) {
	s := t.add(flagSYN, 0)
	if t.state == synReceived {
		s.flags |= flagACK
	}
	if s.again = t.max > 0; s.again {
		t.seen.resent++
		t.timedEnd = 0
	} else {
		t.timedEnd, t.timedAt = 1, now
	}
	t.nxt, t.max = 1, 1
	if t.resendAt == 0 {
		t.resendAt = now + t.rtt.RTO()
	}
}

// receive processes a segment from the peer.
func (t *tcb) receive(now time.Duration, s *segment) {
	switch {
	case s.has(flagRST):
		t.reset()
		return
	case t.state == idle:
		t.listenFor(now, s)
	case t.state == synSent:
		t.awaitSYN(now, s)
	case t.state == synReceived:
		t.awaitACK(now, s)
	case t.state == timeWait:
		t.linger(now, s)
	}
	if t.state != established {
		return
	}
	if s.has(flagSYN) {
		// The peer has not heard our last answer to it.
		t.rcv.ackNow = true
	} else {
		t.acked(now, s)
		t.rcv.take(now, s)
	}
	t.output(now)
	t.finish(now)
}

func (t *tcb) reset() {
	if t.state == synSent {
		t.die(link.ErrRefused)
		return
	}
	t.die(link.ErrReset)
}

// listenFor opens passively.
func (t *tcb) listenFor(now time.Duration, s *segment) {
	if s.has(flagSYN) && !s.has(flagACK) {
		t.state = synReceived
		t.rcv.next = 1
		t.sendSYN(now)
	}
}

func (t *tcb) awaitSYN(now time.Duration, s *segment) {
	if s.has(flagSYN) && s.has(flagACK) && s.ack == 1 {
		t.rcv.next = 1
		t.open(now, s)
		t.rcv.ackNow = true
	}
}

func (t *tcb) awaitACK(now time.Duration, s *segment) {
	switch {
	case s.has(flagSYN):
		t.sendSYN(now)
	case s.has(flagACK) && s.ack >= 1:
		t.open(now, s)
	}
}

// open ends the handshake with the peer's acknowledgement of our SYN.
func (t *tcb) open(now time.Duration, s *segment) {
	t.state = established
	t.sampleRTT(now, 1)
	t.rtt.Restart()
	t.una, t.tries, t.resendAt = 1, 0, 0
	t.edge = s.ack + s.wnd
}

// room is how many bytes write takes.
func (t *tcb) room() int { return max(0, t.p.SendBuffer-t.buf.len()) }

// write buffers as much of p as there is room for; output sends it.
func (t *tcb) write(p []byte) (n int) {
	n = min(len(p), t.room())
	t.buf.write(p[:n])
	return n
}

// close ends the sending side after what is buffered.
func (t *tcb) close(now time.Duration) {
	if t.state == established {
		t.closing = true
		t.output(now)
		return
	}
	t.die(link.ErrClosed)
}

// finSeq is where our FIN is or will be.
func (t *tcb) finSeq() int64 { return t.buf.end() }

// finish ends a connection that both sides closed: at once for the side that closed
// second, whose FIN is known to have arrived, after a wait for the other.
func (t *tcb) finish(now time.Duration) {
	switch {
	case !t.closing || !t.rcv.fin || t.una != t.finSeq()+1:
	case t.passive || t.p.TimedWait == 0:
		t.die(nil)
	default:
		t.state, t.resendAt = timeWait, now+t.p.TimedWait
	}
}

// linger acknowledges a FIN again whose acknowledgement was lost.
//
// src: RFC 793 §3.9 (SEGMENT ARRIVES, TIME-WAIT STATE)
func (t *tcb) linger(now time.Duration, s *segment) {
	if s.end() > s.seq {
		t.resendAt = now + t.p.TimedWait
		t.emitACK(t.max)
	}
}

func (t *tcb) die(err error) {
	t.state, t.err = dead, err
	t.resendAt, t.rcv.ackAt, t.rcv.ackNow = 0, 0, false
}

// abort dies and tells the peer, if that can still be heard.
func (t *tcb) abort(err error) {
	t.out = append(t.out, segment{flags: flagRST | flagACK, seq: t.max, ack: t.rcv.next})
	t.die(err)
}
