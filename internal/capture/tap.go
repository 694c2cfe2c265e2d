package capture

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Tap returns a link.Conn that writes every message of conn to c, and how the
// connection ended: a FIN by whoever closed it, a RST if it was reset or given up.
func (c *Conn) Tap(conn link.Conn) link.Conn {
	return &tapped{Conn: link.Tap(conn, c), capture: c}
}

type tapped struct {
	link.Conn
	capture *Conn
}

func (t *tapped) Recv() ([]byte, error) {
	msg, err := t.Conn.Recv()
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		t.capture.finish(link.Received)
	case errors.Is(err, link.ErrReset):
		t.capture.Reset(link.Received)
	case errors.Is(err, link.ErrAborted):
		t.capture.Reset(link.Sent)
	}
	return msg, err
}

func (t *tapped) Close() error {
	t.capture.Close()
	return t.Conn.Close()
}

// Dialer returns a link.Dialer whose connections are captured, each with a client
// port of its own.
func (w *Writer) Dialer(d link.Dialer, client netip.Addr, server netip.AddrPort) link.Dialer {
	return &dialer{d, w, netip.AddrPortFrom(client, 0), server}
}

type dialer struct {
	link.Dialer
	w              *Writer
	client, server netip.AddrPort
}

func (d *dialer) Dial(timeout time.Duration) (link.Conn, error) {
	conn, err := d.Dialer.Dial(timeout)
	if err != nil {
		return nil, err
	}
	c, err := d.w.Conn(d.client, d.server)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c.Tap(conn), nil
}
