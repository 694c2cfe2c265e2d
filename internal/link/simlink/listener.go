package simlink

import (
	"fmt"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// backlog bounds the connections that wait for Accept, half-open ones included.
//
// src: assumed (far above what one client opens)
const backlog = 64

// Listener makes the server listen. There is one listener at a time: an earlier one
// is closed. Until the first call, and after Close, connections are refused.
func (l *Link) Listener() link.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		l.listener.shut()
	}
	l.listener = &listener{l: l, ready: l.rt.NewEvent(rt.Notification)}
	return l.listener
}

type listener struct {
	l      *Link
	ready  rt.Event
	queue  []*endpoint // established and not accepted
	closed bool
}

// Accept waits for the next connection.
func (s *listener) Accept() (link.Conn, error) {
	for {
		e, err := s.next()
		if err != nil {
			return nil, fmt.Errorf("accept: %w", err)
		}
		if e != nil {
			return e, nil
		}
		s.ready.Wait(rt.Forever)
	}
}

func (s *listener) next() (*endpoint, error) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	switch {
	case s.closed:
		return nil, link.ErrClosed
	case len(s.queue) == 0:
		s.ready.Reset()
		return nil, nil
	}
	e := s.queue[0]
	s.queue = s.queue[1:]
	return e, nil
}

// Close stops listening; connections that were accepted go on, those that were not
// are reset.
func (s *listener) Close() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.shut()
	return nil
}

func (s *listener) shut() {
	if s.closed {
		return
	}
	s.closed = true
	if s.l.listener == s {
		s.l.listener = nil
	}
	for _, e := range s.queue {
		if e.t.state != dead {
			e.t.abort(link.ErrReset)
			e.settle()
		}
	}
	s.queue = nil
	s.ready.Set()
}

// welcome makes the server's end for a SYN, or returns nil if nobody listens or
// too many wait.
func (l *Link) welcome(conn uint32) *endpoint {
	if l.listener == nil || len(l.listener.queue)+l.halfOpen() >= backlog {
		return nil
	}
	return l.newEndpoint(conn, l.down, &l.servers)
}

func (l *Link) halfOpen() (n int) {
	for _, e := range l.servers.all {
		if !e.announced {
			n++
		}
	}
	return n
}

// established puts a connection into the accept queue.
func (l *Link) established(e *endpoint) {
	if l.listener == nil {
		e.t.abort(link.ErrReset)
		e.settle()
		return
	}
	l.listener.queue = append(l.listener.queue, e)
	l.listener.ready.Set()
}
