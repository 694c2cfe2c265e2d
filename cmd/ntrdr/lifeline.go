package main

import (
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// lifeline is a dialer whose connections an interrupt can cut: a task that reads from
// one does not wait in the runtime and would not end with it.
type lifeline struct {
	link.Dialer
	mu    sync.Mutex
	conns []link.Conn // +checklocks:mu
	isCut bool        // +checklocks:mu
}

// Dial connects, unless the lifeline is cut.
func (l *lifeline) Dial(timeout time.Duration) (link.Conn, error) {
	conn, err := l.Dialer.Dial(timeout)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		_ = conn.Close() // nobody is left to be told
		return nil, link.ErrClosed
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// cut closes all connections, now and later.
func (l *lifeline) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	for _, c := range l.conns {
		_ = c.Close() // nobody is left to be told
	}
}
