package smbserver

import (
	"errors"
	"net"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// wire is a circuit's transport: a task that receives, and a queue of what is to be
// sent, with a task that sends it for as long as that means to wait. The server's lock
// guards the fields below it.
type wire struct {
	id     connID
	client string
	conn   link.Conn
	prompt link.Prompt // conn, if it is one
	room   rt.Event    // the queue was too full and is emptied, or gone

	queue   [][]byte
	queued  int  // bytes
	sending bool // there is a task that sends
	gone    bool
}

// highWater is the number of queued bytes above which no more requests are received
// from the client. It does not read; let it wait.
//
// src: assumed (some fifty replies of SizReqBuf, which is what MaxMpxCt allows)
const highWater = 256 << 10

// start adopts a connection.
func (s *Server) start(conn link.Conn, client string) {
	if client == "" {
		client = remoteHost(conn)
	}
	w := &wire{client: client, conn: conn, room: s.rt.NewEvent(rt.Synchronization)}
	w.prompt, _ = conn.(link.Prompt)
	if !s.adopt(w) {
		w.hangUp()
		return
	}
	s.step(openedInput{conn: w.id, client: client, speed: conn.LinkSpeed(), delay: linkDelay(conn)})
	s.rt.Go("smbserver receive "+client, func() { s.receive(w) })
}

func (s *Server) adopt(w *wire) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.wires.len() >= s.maxConns {
		return false
	}
	s.lastID++
	w.id = s.lastID
	s.wires.put(w.id, w)
	return true
}

// remoteHost names the peer if its transport can.
func remoteHost(conn link.Conn) string {
	c, ok := conn.(interface{ RemoteAddr() net.Addr })
	if !ok {
		return ""
	}
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return host
}

// linkDelay is what the transport knows of it, 0 if nothing.
func linkDelay(conn link.Conn) time.Duration {
	if d, ok := conn.(link.Delayer); ok {
		return d.LinkDelay()
	}
	return 0
}

func (s *Server) receive(w *wire) {
	for s.waitForRoom(w) {
		frame, err := w.conn.Recv()
		if err != nil {
			s.step(closedInput{conn: w.id, why: reason(err)})
			return
		}
		s.take(frameInput{conn: w.id, frame: frame})
	}
}

// waitForRoom reports whether to go on receiving. What there is to send, to whomever, goes
// out when all that has arrived has been answered, or is too much, or is not looked at.
func (s *Server) waitForRoom(w *wire) bool {
	more := w.prompt != nil && w.prompt.Pending()
	for {
		s.mu.Lock()
		if !more || w.gone || w.queued > highWater {
			s.flushLocked()
		}
		gone, full := w.gone, w.queued > highWater
		s.mu.Unlock()
		if gone || !full {
			return !gone
		}
		w.room.Wait(rt.Forever)
	}
}

// queueLocked reports whether there was room.
func (s *Server) queueLocked(w *wire, frame []byte) bool {
	if w.queued+len(frame) > s.maxQueue {
		return false
	}
	if len(w.queue) == 0 && !w.sending {
		s.unsent = append(s.unsent, w)
	}
	w.queue = append(w.queue, frame)
	w.queued += len(frame)
	return true
}

// flushLocked sends what is queued, or has it sent.
func (s *Server) flushLocked() {
	for _, w := range s.unsent {
		n := 0
		for n < len(w.queue) && w.prompt != nil && w.prompt.TrySend(w.queue[n]) {
			w.queued -= len(w.queue[n])
			s.rt.Free(w.queue[n])
			n++
		}
		w.queue = w.queue[:copy(w.queue, w.queue[n:])]
		if len(w.queue) > 0 {
			w.sending = true
			s.rt.Go("smbserver send "+w.client, func() { s.send(w) })
		}
	}
	s.unsent = s.unsent[:0]
}

// send sends what is queued until nothing is.
func (s *Server) send(w *wire) {
	for batch := s.takeQueue(w, nil); len(batch) > 0; batch = s.takeQueue(w, batch) {
		for _, frame := range batch {
			if err := w.conn.Send(frame); err != nil {
				s.step(closedInput{conn: w.id, why: reason(err)})
				return
			}
			s.rt.Free(frame)
		}
	}
}

// takeQueue exchanges the batch that has been sent for the next. If that is empty the
// task must end.
func (s *Server) takeQueue(w *wire, sent [][]byte) (batch [][]byte) {
	clear(sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.queued > highWater {
		w.room.Set()
	}
	batch, w.queue, w.queued = w.queue, sent[:0], 0
	w.sending = len(batch) > 0
	return batch
}

// forgetLocked removes a wire from the tables; its tasks end.
func (s *Server) forgetLocked(id connID) {
	w := s.wires.get(id)
	w.gone, w.queue, w.queued = true, nil, 0
	s.wires.remove(id)
	w.room.Set()
}

// hangUp closes the transport. Nobody is left to whom an error would matter.
func (w *wire) hangUp() { _ = w.conn.Close() }

// reason names a transport error for the trace, in words that do not depend on the
// implementation of the link.
func reason(err error) string {
	for _, known := range [...]error{link.ErrClosed, link.ErrReset, link.ErrAborted, link.ErrTimeout} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the client hung up"
}
