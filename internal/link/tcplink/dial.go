package tcplink

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Dialer opens connections to a server. It implements link.Dialer.
type Dialer struct {
	// Addr is host:port.
	Addr string
	// Shaper shapes the connections; nil leaves them as they are.
	Shaper *Shaper
	// Speed is what connections without a Shaper tell as their LinkSpeed, in bytes a
	// second.
	Speed int64
	// Session asks for a NetBIOS session first; nil is direct hosting.
	Session *Session
}

var _ link.Dialer = (*Dialer)(nil)

// longest bounds Dial if its caller does not.
//
// src: assumed (a day: rt.Forever would overflow a deadline)
const longest = 24 * time.Hour

func deadlineOf(timeout time.Duration) time.Time {
	return time.Now().Add(min(timeout, longest))
}

// Dial connects within timeout.
func (d *Dialer) Dial(timeout time.Duration) (link.Conn, error) {
	deadline := deadlineOf(timeout)
	c, err := d.connect(deadline)
	if err != nil {
		return nil, dialError(d.Addr, err)
	}
	if d.Session == nil {
		return c, nil
	}
	if err := d.Session.open(c, deadline); err != nil {
		return nil, dialError(d.Addr, errors.Join(err, c.Close()))
	}
	return c, nil
}

// DialStream connects within timeout, for a protocol with framing of its own: the bare
// stream, shaped.
func (d *Dialer) DialStream(timeout time.Duration) (net.Conn, error) {
	c, err := d.stream(deadlineOf(timeout))
	if err != nil {
		return nil, dialError(d.Addr, err)
	}
	return c, nil
}

func (d *Dialer) connect(deadline time.Time) (*Conn, error) {
	c, err := d.stream(deadline)
	if err != nil {
		return nil, err
	}
	speed := d.Speed
	if d.Shaper != nil {
		speed = d.Shaper.p.LinkSpeed()
	}
	return newConn(c, speed, false), nil
}

func (d *Dialer) stream(deadline time.Time) (net.Conn, error) {
	if d.Shaper != nil {
		if err := d.Shaper.handshake(deadline); err != nil {
			return nil, err
		}
	}
	left := time.Until(deadline)
	if left <= 0 {
		return nil, link.ErrTimeout
	}
	c, err := net.DialTimeout("tcp", d.Addr, left)
	if err != nil {
		return nil, err
	}
	if d.Shaper == nil {
		return c, nil
	}
	return d.Shaper.Shape(c), nil
}

// wsaECONNREFUSED is what Windows says where others say ECONNREFUSED.
//
// src: Windows Sockets 2 error codes
const wsaECONNREFUSED = syscall.Errno(10061)

func dialError(addr string, err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, link.ErrTimeout), errors.Is(err, link.ErrRefused):
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaECONNREFUSED):
		return fmt.Errorf("dial %s: %w", addr, link.ErrRefused)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("dial %s: %w", addr, link.ErrTimeout)
	}
	return fmt.Errorf("dial %s: %w", addr, err)
}
