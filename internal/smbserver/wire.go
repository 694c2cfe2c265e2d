package smbserver

import (
	"errors"
	"net"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// wire is a circuit's transport: a task that receives, a task that sends, and the
// queue between the core and the latter. The server's lock guards the fields below
// it.
type wire struct {
	conn link.Conn
	work rt.Event // something to send, or gone
	room rt.Event // the queue was too full and is emptied, or gone

	queue  [][]byte
	queued int // bytes
	gone   bool
}

// highWater is the number of queued bytes above which no more requests are received
// from the client. It does not read; let it wait.
//
// src: assumed (some fifty replies of SizReqBuf, which is what MaxMpxCt allows)
const highWater = 256 << 10

// start adopts a connection.
func (s *Server) start(conn link.Conn, client string) {
	w := &wire{conn: conn, work: s.rt.NewEvent(rt.Synchronization), room: s.rt.NewEvent(rt.Synchronization)}
	if client == "" {
		client = remoteHost(conn)
	}
	id, ok := s.adopt(w)
	if !ok {
		w.hangUp()
		return
	}
	s.step(openedInput{conn: id, client: client, speed: conn.LinkSpeed(), delay: linkDelay(conn)})
	s.rt.Go("smbserver receive "+client, func() { s.receive(id, w) })
	s.rt.Go("smbserver send "+client, func() { s.send(id, w) })
}

func (s *Server) adopt(w *wire) (connID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.wires) >= s.maxConns {
		return 0, false
	}
	s.lastID++
	s.wires[s.lastID] = w
	s.order = append(s.order, s.lastID)
	return s.lastID, true
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

func (s *Server) receive(id connID, w *wire) {
	for s.waitForRoom(w) {
		frame, err := w.conn.Recv()
		if err != nil {
			s.step(closedInput{conn: id, why: reason(err)})
			return
		}
		s.step(frameInput{conn: id, frame: frame})
	}
}

// waitForRoom reports whether to go on receiving.
func (s *Server) waitForRoom(w *wire) bool {
	for {
		s.mu.Lock()
		gone, full := w.gone, w.queued > highWater
		s.mu.Unlock()
		if gone || !full {
			return !gone
		}
		w.room.Wait(rt.Forever)
	}
}

func (s *Server) send(id connID, w *wire) {
	var batch [][]byte
	for {
		w.work.Wait(rt.Forever)
		gone := false
		if batch, gone = s.takeQueue(w, batch); gone {
			return
		}
		for _, frame := range batch {
			if err := w.conn.Send(frame); err != nil {
				s.step(closedInput{conn: id, why: reason(err)})
				return
			}
			s.rt.Free(frame)
		}
	}
}

// takeQueue exchanges the batch that has been sent for the next.
func (s *Server) takeQueue(w *wire, sent [][]byte) (batch [][]byte, gone bool) {
	clear(sent)
	s.mu.Lock()
	if w.queued > highWater {
		w.room.Set()
	}
	batch, gone = w.queue, w.gone
	w.queue, w.queued = sent[:0], 0
	s.mu.Unlock()
	return batch, gone
}

// queueLocked reports whether there was room.
func (w *wire) queueLocked(frame []byte, limit int) bool {
	if w.queued+len(frame) > limit {
		return false
	}
	w.queue = append(w.queue, frame)
	w.queued += len(frame)
	w.work.Set()
	return true
}

// forgetLocked removes a wire from the tables; its tasks end.
func (s *Server) forgetLocked(id connID) {
	w := s.wires[id]
	w.gone, w.queue, w.queued = true, nil, 0
	delete(s.wires, id)
	s.order = slices.DeleteFunc(s.order, func(other connID) bool { return other == id })
	w.work.Set()
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
