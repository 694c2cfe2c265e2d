package smbserver

import (
	"io"
	"math"
	"slices"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// pipeListener hands out the server's ends of pipes: a link without time, for tests
// of the tasks around the core.
type pipeListener struct {
	rt     rt.Runtime
	mu     rt.Mutex
	event  rt.Event
	prompt bool // the server's ends tell whether they would wait
	queue  []link.Conn
	closed bool
}

func newPipeListener(r rt.Runtime, prompt bool) *pipeListener {
	return &pipeListener{rt: r, prompt: prompt, mu: r.NewMutex(), event: r.NewEvent(rt.Synchronization)}
}

// dial returns the client's end of a new pipe. Each direction holds at most room
// messages.
func (l *pipeListener) dial(room int) link.Conn { return l.dialRooms(room, room) }

func (l *pipeListener) dialRooms(roomUp, roomDown int) link.Conn {
	up, down := newHalf(l.rt, roomUp), newHalf(l.rt, roomDown)
	var server link.Conn = &pipeConn{in: up, out: down}
	if l.prompt {
		server = promptConn{&pipeConn{in: up, out: down}}
	}
	l.mu.Lock()
	l.queue = append(l.queue, server)
	l.mu.Unlock()
	l.event.Set()
	return &pipeConn{in: down, out: up}
}

func (l *pipeListener) Accept() (link.Conn, error) {
	for {
		l.mu.Lock()
		if l.closed || len(l.queue) > 0 {
			break
		}
		l.mu.Unlock()
		l.event.Wait(rt.Forever)
	}
	defer l.mu.Unlock()
	if l.closed {
		return nil, link.ErrClosed
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

func (l *pipeListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.event.Set()
	return nil
}

// half is one direction of a pipe.
type half struct {
	mu       rt.Mutex
	changed  rt.Event // Notification: pulsed by every change
	messages [][]byte
	room     int
	closed   bool // by either end
}

func newHalf(r rt.Runtime, room int) *half {
	return &half{mu: r.NewMutex(), changed: r.NewEvent(rt.Notification), room: room}
}

// until waits for ready, and returns with the lock held.
func (h *half) until(ready func() bool) {
	for {
		h.mu.Lock()
		if ready() {
			return
		}
		h.changed.Reset()
		h.mu.Unlock()
		h.changed.Wait(rt.Forever)
	}
}

func (h *half) send(msg []byte) error {
	h.until(func() bool { return h.closed || len(h.messages) < h.room })
	defer h.mu.Unlock()
	defer h.changed.Set()
	if h.closed {
		return link.ErrClosed
	}
	h.messages = append(h.messages, slices.Clone(msg))
	return nil
}

func (h *half) recv() ([]byte, error) {
	h.until(func() bool { return h.closed || len(h.messages) > 0 })
	defer h.mu.Unlock()
	defer h.changed.Set()
	if len(h.messages) == 0 {
		return nil, io.EOF
	}
	m := h.messages[0]
	h.messages = h.messages[1:]
	return m, nil
}

func (h *half) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.changed.Set()
}

type pipeConn struct{ in, out *half }

func (c *pipeConn) Send(msg []byte) error { return c.out.send(msg) }
func (c *pipeConn) Recv() ([]byte, error) { return c.in.recv() }
func (c *pipeConn) LinkSpeed() int64      { return 0 }

func (c *pipeConn) Close() error {
	c.in.close()
	c.out.close()
	return nil
}

// promptConn is a pipeConn that is a link.Prompt.
type promptConn struct{ *pipeConn }

func (c promptConn) TrySend(msg []byte) bool {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.messages) >= h.room {
		return false
	}
	h.messages = append(h.messages, slices.Clone(msg))
	h.changed.Set()
	return true
}

func (c promptConn) Pending() bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed || len(h.messages) > 0
}

// endless is a direction that never fills.
const endless = math.MaxInt
