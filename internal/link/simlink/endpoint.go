package simlink

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// endpoint is one end of a connection. It implements link.Conn.
type endpoint struct {
	l    *Link
	conn uint32
	out  *direction
	own  *table

	sending rt.Resource // one message at a time enters the stream

	// The rest is guarded by Link.mu.
	t         tcb
	resend    alarm
	ack       alarm
	keep      alarm
	used      time.Duration // when data was last sent, or anything received
	sent      []sentSegment // data under way, and some before it, in order
	first     [16]sentSegment
	announced bool     // the handshake is over and somebody knows it
	closed    bool     // by Close
	opened    rt.Event // the client's handshake ended, well or badly; nil at the server
	readable  rt.Event
	writable  rt.Event
	recvWaits bool
	sendWaits bool
}

// sentSegment remembers the number of the data segment that ends there.
type sentSegment struct{ end, number int64 }

var (
	_ link.Conn   = (*endpoint)(nil)
	_ link.Prompt = (*endpoint)(nil)
)

func (l *Link) newEndpoint(conn uint32, out *direction, own *table) *endpoint {
	e := l.slabs.endpoints.Next()
	e.l, e.conn, e.out, e.own = l, conn, out, own
	e.t.init(l.opt.Flavour, &l.tcp, l.rt)
	e.sending = l.rt.NewResource()
	e.readable, e.writable = l.rt.NewEvent(rt.Notification), l.rt.NewEvent(rt.Notification)
	e.sent = e.first[:0]
	e.resend.ring = func() { e.onAlarm(&e.resend, e.t.timeout) }
	e.ack.ring = func() { e.onAlarm(&e.ack, e.t.ackTimeout) }
	e.keep.ring = func() { e.onAlarm(&e.keep, e.keepAlive) }
	own.add(e)
	return e
}

func (e *endpoint) client() bool { return e.out.up }

// LinkSpeed is the profile's rate away from this end.
func (e *endpoint) LinkSpeed() int64 {
	if e.client() {
		return e.l.p.Rate(link.Up) / 8
	}
	return e.l.p.Rate(link.Down) / 8
}

// LinkDelay is the profile's delay.
func (e *endpoint) LinkDelay() time.Duration { return e.l.p.OneWay() }

// Send puts the message into the stream; it blocks while the send buffer is full.
func (e *endpoint) Send(msg []byte) error {
	if len(msg) > link.MaxMessage {
		return fmt.Errorf("send: message of %d bytes exceeds %d", len(msg), link.MaxMessage)
	}
	e.sending.AcquireExclusive()
	defer e.sending.Release()
	h := link.FrameHeader{Type: link.SessionMessage, Length: len(msg)}.Bytes()
	for header, body := h[:], msg; ; {
		nh, nb, err := e.put(header, body)
		if err != nil {
			return fmt.Errorf("send: %w", err)
		}
		header, body = header[nh:], body[nb:]
		if len(header)+len(body) == 0 {
			return nil
		}
		e.writable.Wait(rt.Forever)
	}
}

// TrySend is Send for a message that there is room for.
func (e *endpoint) TrySend(msg []byte) bool {
	h := link.FrameHeader{Type: link.SessionMessage, Length: len(msg)}.Bytes()
	if len(msg) > link.MaxMessage || !e.sending.TryAcquireExclusive() {
		return false
	}
	defer e.sending.Release()
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	if e.sendError() != nil || e.t.room() < len(h)+len(msg) {
		return false
	}
	e.putLocked(h[:], msg)
	return true
}

// put buffers what it can of header and body.
func (e *endpoint) put(header, body []byte) (nh, nb int, err error) {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	if err := e.sendError(); err != nil {
		return 0, 0, err
	}
	nh, nb = e.putLocked(header, body)
	return nh, nb, nil
}

// putLocked is put on a connection that is open. It takes one step, so that the header does
// not become a segment of its own.
func (e *endpoint) putLocked(header, body []byte) (nh, nb int) {
	e.t.buf.reserve(min(len(header)+len(body), e.t.room()))
	nh = e.t.write(header)
	if nh == len(header) {
		nb = e.t.write(body)
	}
	e.used = e.l.now()
	e.t.output(e.used)
	if nh+nb < len(header)+len(body) {
		e.sendWaits = true
		e.writable.Reset()
	}
	e.settle()
	return nh, nb
}

func (e *endpoint) sendError() error {
	switch {
	case e.closed:
		return link.ErrClosed
	case e.t.state == dead:
		return e.t.err
	}
	return nil
}

// Recv returns the next message. What arrived whole before the connection died is
// still delivered.
func (e *endpoint) Recv() ([]byte, error) {
	for {
		msg, err := e.get()
		if err != nil {
			return nil, fmt.Errorf("recv: %w", err)
		}
		if msg != nil {
			return msg, nil
		}
		e.readable.Wait(rt.Forever)
	}
}

// get returns nil if there is nothing yet; a message without bytes is not nil.
func (e *endpoint) get() ([]byte, error) {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	if e.closed {
		return nil, link.ErrClosed
	}
	if msg, ok := e.t.rcv.in.next(); ok {
		if e.t.rcv.windowOpened() {
			e.t.output(e.l.now())
			e.settle()
		}
		return msg, nil
	}
	if err := e.recvError(); err != nil {
		return nil, err
	}
	e.recvWaits = true
	e.readable.Reset()
	return nil, nil
}

// Pending reports whether Recv has something to return.
func (e *endpoint) Pending() bool {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	return e.closed || e.t.rcv.in.any() || e.recvError() != nil
}

func (e *endpoint) recvError() error {
	switch {
	case e.t.rcv.fin && e.t.rcv.in.amid():
		return io.ErrUnexpectedEOF
	case e.t.rcv.fin:
		return io.EOF
	case e.t.state == dead:
		return e.t.err
	}
	return nil
}

// Close ends the connection for its owner at once. What was sent still goes out,
// and then the FIN.
func (e *endpoint) Close() error {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	if !e.closed {
		e.closed = true
		if e.t.state != dead {
			e.t.close(e.l.now())
		}
		e.settle()
	}
	return nil
}

// settle does what the tcb decided, and wakes who waits for it.
func (e *endpoint) settle() {
	for i := range e.t.out {
		e.transmit(&e.t.out[i])
	}
	e.t.out = e.t.out[:0]
	if e.closed {
		e.t.rcv.in.discard()
	}
	if e.t.state == dead {
		e.bury()
	} else {
		e.resend.set(e.l, e.t.resendAt)
		e.ack.set(e.l, e.t.rcv.ackAt)
		if e.keep.at == 0 {
			e.watchIdle()
		}
	}
	if !e.announced {
		e.announce()
	}
	if e.recvWaits || e.sendWaits {
		e.wake()
	}
	e.l.cutIfDue()
}

// bury forgets a dead connection.
func (e *endpoint) bury() {
	e.resend.stop()
	e.ack.stop()
	e.keep.stop()
	if e.own.remove(e) {
		e.l.done.add(e.tally())
	}
}

// announce tells who waits for the handshake that it ended.
func (e *endpoint) announce() {
	switch {
	case e.t.state == dead && e.opened != nil:
		e.opened.Set()
	case e.t.state == established:
		e.announced = true
		if e.opened != nil {
			e.opened.Set()
		} else {
			e.l.established(e)
		}
	}
}

func (e *endpoint) wake() {
	over := e.closed || e.t.state == dead
	if e.recvWaits && (over || e.t.rcv.fin || e.t.rcv.in.any()) {
		e.recvWaits = false
		e.readable.Set()
	}
	if e.sendWaits && (over || e.t.room() > 0) {
		e.sendWaits = false
		e.writable.Set()
	}
}

// transmit offers a segment to the link.
func (e *endpoint) transmit(s *segment) {
	p := e.l.packet(e.conn, s)
	if len(s.data) > 0 {
		p.number = e.numberOf(s)
		if s.again {
			e.l.opt.Trace.Emit(trace.Event{
				Kind: trace.SegmentResent, Op: s.kind(), Off: p.number, Len: int64(len(s.data)), Text: e.out.name,
			})
		}
	}
	e.out.offer(p)
}

// numberOf gives fresh data the next number, and finds that of repeated data.
func (e *endpoint) numberOf(s *segment) int64 {
	if s.again {
		for _, old := range e.sent {
			if s.seq < old.end {
				return old.number
			}
		}
	}
	if len(e.sent) == cap(e.sent) {
		e.sent = slices.DeleteFunc(e.sent, func(old sentSegment) bool { return old.end <= e.t.una })
	}
	fresh := sentSegment{s.seq + int64(len(s.data)), e.out.number()}
	e.sent = append(e.sent, fresh)
	return fresh.number
}

func (e *endpoint) onAlarm(a *alarm, act func(now time.Duration)) {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	a.at = 0
	act(e.l.now())
	e.settle()
}

// alarm calls ring at a time or before: one that is put off is not armed anew but
// rings in vain, since most are put off with every segment.
type alarm struct {
	ring  func()
	timer rt.Timer
	at    time.Duration // when it will ring, 0 if it will not
}

// set makes sure that the alarm rings no later than at; 0 asks for nothing.
func (a *alarm) set(l *Link, at time.Duration) {
	if at != 0 && (a.at == 0 || a.at > at) {
		a.arm(l, at)
	}
}

func (a *alarm) arm(l *Link, at time.Duration) {
	a.at = at
	if a.timer == nil {
		a.timer = l.rt.AfterFunc(at-l.now(), a.ring)
		return
	}
	a.timer.Reset(at - l.now())
}

func (a *alarm) stop() {
	if a.at != 0 {
		a.timer.Stop()
		a.at = 0
	}
}
