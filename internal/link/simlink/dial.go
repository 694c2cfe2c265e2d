package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Dialer returns the client's end of the link.
func (l *Link) Dialer() link.Dialer { return dialer{l} }

type dialer struct{ l *Link }

// Dial opens a connection: a SYN there and a SYN-ACK back. It gives up after
// timeout or when TCP does, 45 s after the first SYN, whichever comes first.
func (d dialer) Dial(timeout time.Duration) (link.Conn, error) {
	e := d.l.call()
	if !e.opened.Wait(timeout) {
		d.l.giveUp(e)
	}
	d.l.mu.Lock()
	defer d.l.mu.Unlock()
	if err := e.t.err; e.t.state == dead && !e.announced {
		return nil, fmt.Errorf("dial: %w", err)
	}
	return e, nil
}

// call sends the first SYN of a new connection.
func (l *Link) call() *endpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns++
	e := l.newEndpoint(l.conns, l.up, &l.clients)
	e.opened = l.rt.NewEvent(rt.Notification)
	e.t.connect(l.now())
	e.settle()
	return e
}

func (l *Link) giveUp(e *endpoint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.t.state == synSent {
		e.t.die(link.ErrTimeout)
		e.settle()
	}
}
