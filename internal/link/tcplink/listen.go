package tcplink

import (
	"errors"
	"fmt"
	"net"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Listener accepts connections on a TCP port. It implements link.Listener.
type Listener struct{ l net.Listener }

var _ link.Listener = (*Listener)(nil)

// Listen listens on host:port; port 0 takes a free one.
func Listen(addr string) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Listener{l}, nil
}

// Addr is where the listener listens.
func (l *Listener) Addr() net.Addr { return l.l.Addr() }

// Accept waits for the next connection.
func (l *Listener) Accept() (link.Conn, error) {
	c, err := l.l.Accept()
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil, fmt.Errorf("accept: %w", link.ErrClosed)
	case err != nil:
		return nil, fmt.Errorf("accept: %w", err)
	}
	return newConn(c, 0, true), nil
}

// Close stops listening; connections that were accepted go on.
func (l *Listener) Close() error {
	if err := l.l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
