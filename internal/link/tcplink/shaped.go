package tcplink

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// linger is how long Close lets what was written go out.
//
// src: assumed (a full window on the slowest built-in profile takes 7.5 s)
const linger = 10 * time.Second

// shaped is the client's end of a connection, seen through a Shaper.
type shaped struct {
	net.Conn
	s        *Shaper
	up, down *flow
	rest     []byte // of the segment that Read is handing out; used by Read alone
	readErr  error  // what ended reading; used by Read alone

	closing   chan struct{} // closed by Close
	closeOnce sync.Once
	dead      chan struct{} // closed when the socket is
	deadOnce  sync.Once
	err       error // why it is dead; set before dead is closed
	halfOpen  bool  // nothing that either end sends arrives; guarded by Shaper.mu
}

// flow is one direction of a connection.
type flow struct {
	c     *shaped
	w     *wire
	queue chan piece
	rtt   link.RTTEstimator // used by pass alone, as win
	win   window
}

// piece is a segment on its way, or the end of the stream.
type piece struct {
	data   []byte
	number int64
	at     time.Time
	lost   bool // at the first attempt
	err    error
}

func newShaped(s *Shaper, c net.Conn) *shaped {
	sc := &shaped{Conn: c, s: s, closing: make(chan struct{}), dead: make(chan struct{})}
	sc.up, sc.down = sc.newFlow(&s.up), sc.newFlow(&s.down)
	return sc
}

func (c *shaped) newFlow(w *wire) *flow {
	return &flow{
		c: c, w: w,
		queue: make(chan piece, c.s.queueLen(w.way)),
		rtt:   link.NewRTTEstimator(c.s.tcp),
		win:   window{size: c.s.tcp.Window},
	}
}

func (c *shaped) run() {
	go c.pump()
	go c.fill()
}

// Write cuts p into segments and queues them; it blocks while the queue is full.
func (c *shaped) Write(p []byte) (n int, err error) {
	for n < len(p) {
		data := append([]byte(nil), p[n:min(n+c.s.tcp.MSS, len(p))]...)
		if err := c.up.put(data, nil); err != nil {
			return n, err
		}
		n += len(data)
	}
	return n, nil
}

// put queues a segment; err is the end of the stream.
func (f *flow) put(data []byte, err error) error {
	if err := f.c.over(); err != nil {
		return err
	}
	p := piece{data: data, at: time.Now(), err: err}
	if err == nil {
		p.number, p.lost = f.c.s.launch(f.c, f.w, len(data))
	}
	select {
	case <-f.c.dead:
		return f.c.err
	case <-f.c.closing:
		return link.ErrClosed
	case f.queue <- p:
		return nil
	}
}

// pass waits until p has crossed the link, or the connection dies, or stop is closed.
func (f *flow) pass(p piece, stop <-chan struct{}) error {
	s := f.c.s
	start := f.win.admit(p.at, len(p.data))
	if p.lost {
		wait := func(d time.Duration) error { return f.c.sleepUntil(start.Add(d), stop) }
		lost := func() bool { return s.again(f.c, f.w, p.number, len(p.data)) }
		stall, err := retransmit(s.tcp, f.rtt.RTO(), wait, lost)
		if err != nil {
			f.c.countAbort(err)
			return err
		}
		start = start.Add(stall)
	}
	arrival := s.transmit(f.w, start, len(p.data))
	acked := arrival.Add(s.p.OneWay())
	f.win.sent(len(p.data), acked)
	if !p.lost {
		f.rtt.Sample(acked.Sub(start))
	}
	return f.c.sleepUntil(arrival, stop)
}

// sleepUntil waits for at, unless the connection dies or stop is closed.
func (c *shaped) sleepUntil(at time.Time, stop <-chan struct{}) error {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.dead:
		return c.err
	case <-stop:
		return link.ErrClosed
	}
}

func (c *shaped) countAbort(err error) {
	if errors.Is(err, link.ErrAborted) {
		c.s.mu.Lock()
		c.s.stats.Aborts++
		c.s.mu.Unlock()
	}
}

// pump sends what was written, and after Close the rest of it.
func (c *shaped) pump() {
	for {
		p, ok := c.written()
		if !ok || !c.forward(p) {
			return
		}
	}
}

// written waits for the next segment to send; after Close and the last one it ends the
// connection.
func (c *shaped) written() (piece, bool) {
	select {
	case p := <-c.up.queue:
		return p, true
	case <-c.dead:
		return piece{}, false
	case <-c.closing:
	}
	// Both may have been ready: what was written before Close is in the queue by now.
	select {
	case p := <-c.up.queue:
		return p, true
	default:
		c.fail(link.ErrClosed)
		return piece{}, false
	}
}

func (c *shaped) forward(p piece) bool {
	err := c.up.pass(p, nil)
	if err == nil {
		_, err = c.Conn.Write(p.data)
	}
	if err != nil {
		c.fail(err)
	}
	return err == nil
}

// fill reads from the socket what Read hands out later.
func (c *shaped) fill() {
	for {
		buf := make([]byte, c.s.tcp.MSS)
		n, err := c.Conn.Read(buf)
		if n > 0 && c.down.put(buf[:n], nil) != nil {
			return
		}
		if err != nil {
			// The end of the stream is news that travels behind the data; if nobody
			// takes it, the connection is closed anyway.
			_ = c.down.put(nil, err)
			return
		}
	}
}

// Read returns what has arrived through the link. One goroutine may read.
func (c *shaped) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.readErr != nil {
			return 0, c.readErr
		}
		c.rest, c.readErr = c.next()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *shaped) next() ([]byte, error) {
	if err := c.over(); err != nil {
		return nil, err
	}
	var p piece
	select {
	case p = <-c.down.queue:
	case <-c.closing:
		return nil, link.ErrClosed
	case <-c.dead:
		return nil, c.err
	}
	if err := c.down.pass(p, c.closing); err != nil {
		c.fail(err)
		return nil, err
	}
	return p.data, p.err
}

// over is why the connection is no longer of use, nil if it is.
func (c *shaped) over() error {
	select {
	case <-c.dead:
		return c.err
	case <-c.closing:
		return link.ErrClosed
	default:
		return nil
	}
}

// Close ends reading and writing at once; what was written goes out in the
// background, for the linger time at most.
func (c *shaped) Close() error {
	c.closeOnce.Do(func() {
		close(c.closing)
		time.AfterFunc(linger, func() { c.fail(link.ErrClosed) })
	})
	return nil
}

// fail ends the connection and closes the socket, unless the server is not to hear of it.
func (c *shaped) fail(err error) {
	c.deadOnce.Do(func() {
		c.err = err
		close(c.dead)
		if c.s.forget(c) {
			return
		}
		// The reason is err; what the socket says about its end adds nothing.
		_ = c.Conn.Close()
	})
}

// reset ends the connection so that the peer hears a reset, too.
func (c *shaped) reset() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		// A socket that has gone already cannot be told, and need not.
		_ = t.SetLinger(0)
	}
	c.fail(link.ErrReset)
}
