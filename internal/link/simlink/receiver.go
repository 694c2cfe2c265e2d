package simlink

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// receiver is the receiving half of a tcb: it puts the stream in order and decides
// when to acknowledge.
type receiver struct {
	p     *link.TCPParams
	next  int64 // the sequence number expected
	edge  int64 // the end of the window as advertised; it never moves back
	early []earlyData
	spare [][]byte // buffers of early, to be used again
	finAt int64    // the sequence number of the peer's FIN, 0 if unknown
	fin   bool     // everything up to and including the FIN has arrived
	in    assembler

	unacked int           // data segments since the last acknowledgement
	ackNow  bool          // an acknowledgement is due at once
	ackAt   time.Duration // or at this time; 0 is no time
}

// earlyData arrived before something that is missing.
type earlyData struct {
	seq  int64
	data []byte
}

func (e earlyData) end() int64 { return e.seq + int64(len(e.data)) }

// take processes the data and the FIN of a segment.
func (r *receiver) take(now time.Duration, s *segment) {
	n := int64(len(s.data))
	switch {
	case n == 0 && !s.has(flagFIN):
		// Only a probe of the window is older than what is expected.
		r.ackNow = r.ackNow || s.seq < r.next
		return
	case n > 0 && s.seq+n > r.edge:
		r.ackNow = true
		return
	case s.has(flagFIN):
		r.finAt = s.seq + n
	}
	if n > 0 {
		r.data(now, s.seq, s.data)
	}
	r.takeFIN(s.has(flagFIN))
}

func (r *receiver) data(now time.Duration, seq int64, data []byte) {
	switch end := seq + int64(len(data)); {
	case end <= r.next:
		r.ackNow = true
	case seq > r.next:
		r.keep(seq, data)
		r.ackNow = true
	default:
		r.ackNow = r.ackNow || len(r.early) > 0
		r.accept(seq, data)
		r.drain()
		r.countForAck(now)
	}
}

// countForAck delays the acknowledgement of the first of AckEvery segments.
func (r *receiver) countForAck(now time.Duration) {
	r.unacked++
	switch {
	case r.unacked >= r.p.AckEvery:
		r.ackNow = true
	case r.ackAt == 0:
		r.ackAt = now + r.p.DelayedAck
	}
}

func (r *receiver) takeFIN(inSegment bool) {
	if r.finAt == r.next && r.finAt > 0 {
		r.next++
		r.fin = true
	}
	r.ackNow = r.ackNow || inSegment
}

// accept passes on what is new of data that starts at seq, not beyond next.
func (r *receiver) accept(seq int64, data []byte) {
	if fresh := r.next - seq; fresh < int64(len(data)) {
		r.in.write(data[fresh:])
		r.next = seq + int64(len(data))
	}
}

// drain passes on early data that is no longer early.
func (r *receiver) drain() {
	n := 0
	for n < len(r.early) && r.early[n].seq <= r.next {
		r.accept(r.early[n].seq, r.early[n].data)
		r.spare = append(r.spare, r.early[n].data[:0])
		n++
	}
	r.early = slices.Delete(r.early, 0, n)
}

// keep stores data in order of its place. The window bounds how much there is.
func (r *receiver) keep(seq int64, data []byte) {
	i := len(r.early)
	for i > 0 && r.early[i-1].seq > seq {
		i--
	}
	if i > 0 && r.early[i-1].end() >= seq+int64(len(data)) {
		return
	}
	r.early = slices.Insert(r.early, i, earlyData{seq, append(r.buffer(), data...)})
}

func (r *receiver) buffer() []byte {
	n := len(r.spare)
	if n == 0 {
		return nil
	}
	b := r.spare[n-1]
	r.spare = r.spare[:n-1]
	return b
}

// acknowledged is called as an acknowledgement leaves, and returns its number and
// window.
func (r *receiver) acknowledged() (ack, wnd int64) {
	r.ackNow, r.ackAt, r.unacked = false, 0, 0
	r.edge = r.wantedEdge()
	return r.next, r.edge - r.next
}

// wantedEdge is the end of the window that Recv's pace allows. While Recv lags behind, it
// moves by steps that are worth a segment.
//
// src: RFC 1122 §4.2.3.3 (the receiver avoids the silly window)
func (r *receiver) wantedEdge() int64 {
	lag := max(0, r.in.waiting-r.p.RecvBuffer)
	edge := r.next + int64(max(0, r.p.Window-lag))
	if lag > 0 && edge-r.edge < int64(min(r.p.MSS, r.p.Window/2)) {
		return r.edge
	}
	return max(r.edge, edge)
}

// windowOpened is called after Recv took a message, and reports whether a sender
// that found the window shut must be told.
func (r *receiver) windowOpened() bool {
	shut := r.edge-r.next < int64(r.p.MSS)
	if shut && r.wantedEdge()-r.edge >= int64(min(2*r.p.MSS, r.p.Window/2)) {
		r.ackNow = true
	}
	return r.ackNow
}
