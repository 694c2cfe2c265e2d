package smbserver

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Server serves shares to the clients of any number of listeners.
type Server struct {
	rt       rt.Runtime
	maxConns int
	maxQueue int

	mu        rt.Mutex
	core      *core               // guarded by mu
	wires     table[connID, wire] // guarded by mu
	lastID    connID              // guarded by mu
	unsent    []*wire             // with a queue and no task that sends it; guarded by mu
	listeners []link.Listener     // guarded by mu
	closed    bool                // guarded by mu
	armedAt   time.Duration       // when timer fires; never: not armed; guarded by mu
	timer     rt.Timer            // guarded by mu
}

// New returns a server that serves nobody yet.
func New(r rt.Runtime, cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Server{
		rt: r, maxConns: cfg.Limits.MaxConns, maxQueue: cfg.Limits.MaxQueue,
		mu: r.NewMutex(), core: newCore(cfg, r.Rand("smbserver/"+cfg.Name), r, r),
		armedAt: never,
	}, nil
}

// Serve accepts circuits from ln until it fails or the server is closed. The client
// is the name of the workstation at the other end, by which its circuits belong
// together; if it is "" and a connection tells its remote host, that is the name.
func (s *Server) Serve(ln link.Listener, client string) error {
	if !s.addListener(ln) {
		return link.ErrClosed
	}
	for {
		conn, err := ln.Accept()
		switch {
		case s.isClosed() && err == nil:
			return errors.Join(link.ErrClosed, conn.Close())
		case s.isClosed():
			return link.ErrClosed
		case err != nil:
			return err
		}
		s.start(conn, client)
	}
}

// Close stops serving: listeners and circuits are closed, and with them all FIDs.
func (s *Server) Close() error {
	s.mu.Lock()
	listeners := s.listeners
	open := s.wires.all()
	s.closed, s.listeners = true, nil
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()

	var first error
	for _, ln := range listeners {
		if err := ln.Close(); err != nil && first == nil {
			first = err
		}
	}
	for _, w := range open {
		s.step(closedInput{conn: w.id, why: "the server stops"})
	}
	return first
}

// FileState returns the size of a file, -1 if there is none, and how many FIDs are
// open to it.
func (s *Server) FileState(share, path string) (size int64, opens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.fileState(share, path)
}

func (s *Server) addListener(ln link.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners = append(s.listeners, ln)
	return true
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// step takes an input and sends what comes of it.
func (s *Server) step(in input) {
	s.take(in)
	s.mu.Lock()
	s.flushLocked()
	s.mu.Unlock()
}

// take feeds the core and sees to what it wants done. Frames are queued in the order
// in which steps were taken, to be sent by flushLocked; transports are closed outside
// the lock, because that may take its time.
func (s *Server) take(in input) {
	s.mu.Lock()
	now := s.rt.Elapsed()
	out, wake := s.core.step(now, in)
	hangUp, deaf := s.deliverLocked(out)
	s.armLocked(now, wake)
	s.mu.Unlock()
	for _, w := range hangUp {
		w.hangUp()
	}
	for _, id := range deaf {
		s.step(closedInput{conn: id, why: "the client does not receive"})
	}
}

// deliverLocked returns the transports to close, and the circuits that the core does
// not know to be closed yet because their queue ran full.
func (s *Server) deliverLocked(out []outbound) (hangUp []*wire, deaf []connID) {
	for _, o := range out {
		w := s.wires.get(o.conn)
		switch {
		case w == nil:
		case o.close:
			hangUp = append(hangUp, w)
			s.forgetLocked(o.conn)
		case !s.queueLocked(w, o.frame):
			hangUp, deaf = append(hangUp, w), append(deaf, o.conn)
			s.forgetLocked(o.conn)
		}
	}
	return hangUp, deaf
}

// armLocked sees that a tick comes at wake or before. A tick that comes too early
// does nothing but arm the next one, which is cheaper than moving the timer with
// every frame.
func (s *Server) armLocked(now, wake time.Duration) {
	if s.closed || wake >= s.armedAt {
		return
	}
	s.armedAt = wake
	if s.timer != nil {
		s.timer.Reset(max(wake-now, 0))
		return
	}
	s.timer = s.rt.AfterFunc(max(wake-now, 0), func() {
		s.rt.Go("smbserver tick", s.tick)
	})
}

func (s *Server) tick() {
	s.mu.Lock()
	s.armedAt = never
	s.mu.Unlock()
	s.step(tickInput{})
}
