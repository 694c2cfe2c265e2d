package tcplink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Conn is a connection of session packets. It implements link.Conn.
type Conn struct {
	c      net.Conn
	r      *bufio.Reader
	speed  int64
	server bool
	closed atomic.Bool
	opened bool  // a control packet has arrived; used by Recv alone
	broken error // there are no more messages; used by Recv alone

	sendMu sync.Mutex
	frame  []byte // +checklocks:sendMu
}

var _ link.Conn = (*Conn)(nil)

func newConn(c net.Conn, speed int64, server bool) *Conn {
	return &Conn{c: c, r: bufio.NewReader(c), speed: speed, server: server}
}

// LinkSpeed is the rate of the Shaper's profile, or the Dialer's Speed.
func (c *Conn) LinkSpeed() int64 { return c.speed }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.c.RemoteAddr() }

// Send writes the message behind its header.
func (c *Conn) Send(msg []byte) error {
	if len(msg) > link.MaxMessage {
		return fmt.Errorf("send: message of %d bytes exceeds %d", len(msg), link.MaxMessage)
	}
	return c.send(link.SessionMessage, msg)
}

func (c *Conn) send(kind byte, body []byte) error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	h := link.FrameHeader{Type: kind, Length: len(body)}.Bytes()
	// One write, so that the header does not travel in a segment of its own.
	c.frame = append(append(c.frame[:0], h[:]...), body...)
	if _, err := c.c.Write(c.frame); err != nil {
		return c.failure("send", err)
	}
	return nil
}

// Recv returns the next message. It answers a session request, as the server, and
// passes over keep-alives. After an error there are no more messages.
func (c *Conn) Recv() ([]byte, error) {
	for c.broken == nil {
		kind, body, err := c.packet()
		switch {
		case err != nil:
			c.broken = c.failure("recv", err)
		case kind == link.SessionMessage:
			return body, nil
		default:
			c.broken = c.control(kind)
		}
	}
	return nil, c.broken
}

// control handles a session packet that is not a message.
func (c *Conn) control(kind byte) error {
	first := !c.opened
	c.opened = true
	switch {
	case kind == link.SessionKeepAlive:
		return nil
	case kind == link.SessionRequest && c.server && first:
		return c.send(link.PositiveResponse, nil)
	}
	return fmt.Errorf("recv: unexpected session packet 0x%02x", kind)
}

// packet reads a session packet; io.EOF means that the stream ended before it.
func (c *Conn) packet() (kind byte, body []byte, err error) {
	h, err := c.header()
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, h.Length)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return 0, nil, unexpected(err)
	}
	return h.Type, body, nil
}

// maxControl bounds session packets that are not messages.
//
// src: RFC 1002 §4.3.2 (two encoded names of at most 255 bytes each)
const maxControl = 510

func (c *Conn) header() (link.FrameHeader, error) {
	var b [link.FrameHeaderLen]byte
	if n, err := io.ReadFull(c.r, b[:]); err != nil {
		if n > 0 {
			err = unexpected(err)
		}
		return link.FrameHeader{}, err
	}
	h, err := link.ParseFrameHeader(b)
	if err == nil && h.Type != link.SessionMessage && h.Length > maxControl {
		err = fmt.Errorf("session packet 0x%02x of %d bytes exceeds %d", h.Type, h.Length, maxControl)
	}
	return h, err
}

// unexpected is err for a stream that ended inside a packet.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close closes the connection.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if err := c.c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// failure names an error of the socket by the errors of package link.
func (c *Conn) failure(op string, err error) error {
	if c.closed.Load() {
		return fmt.Errorf("%s: %w", op, link.ErrClosed)
	}
	if known := reason(err); known != nil {
		return fmt.Errorf("%s: %w: %w", op, known, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// reason is package link's word for an error of a socket, nil if it has none or the
// error says it already.
func reason(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, net.ErrClosed):
		return link.ErrClosed
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded):
		return link.ErrAborted
	case errors.As(err, &op):
		return link.ErrReset
	}
	return nil
}
