package tcplink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Conn is one connection. It implements link.Conn.
type Conn struct {
	c      net.Conn
	speed  int64
	server bool // grants session requests
	r      *bufio.Reader

	sending sync.Mutex // one packet at a time; held across the write
	frame   []byte     // scratch; +checklocks:sending

	closing sync.Once
	closed  chan struct{}
}

var _ link.Conn = (*Conn)(nil)

func newConn(c net.Conn, speed int64, server bool) *Conn {
	return &Conn{c: c, speed: speed, server: server, r: bufio.NewReader(c), closed: make(chan struct{})}
}

// LinkSpeed is the profile's rate in bytes a second, 0 without one.
func (c *Conn) LinkSpeed() int64 { return c.speed }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.c.RemoteAddr() }

// Send writes one session message.
func (c *Conn) Send(msg []byte) error {
	if len(msg) > link.MaxMessage {
		return fmt.Errorf("send: message of %d bytes exceeds %d", len(msg), link.MaxMessage)
	}
	if err := c.send(link.SessionMessage, msg); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// send writes one session packet, header and body at once.
func (c *Conn) send(kind byte, body []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	h := link.FrameHeader{Type: kind, Length: len(body)}.Bytes()
	c.frame = append(append(c.frame[:0], h[:]...), body...)
	_, err := c.c.Write(c.frame)
	return c.translate(err)
}

// Recv returns the next session message. Keep-alives are ignored; a server's end
// grants a session request.
//
// src: RFC 1002 §4.3
func (c *Conn) Recv() ([]byte, error) {
	for {
		h, err := c.header()
		if err != nil {
			return nil, fmt.Errorf("recv: %w", err)
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, body); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("recv: %w", c.translate(err))
		}
		switch {
		case h.Type == link.SessionMessage:
			return body, nil
		case h.Type == link.SessionKeepAlive:
		case h.Type == link.SessionRequest && c.server:
			if err := c.send(link.PositiveResponse, nil); err != nil {
				return nil, fmt.Errorf("recv: %w", err)
			}
		default:
			return nil, fmt.Errorf("recv: unexpected session packet 0x%02x of %d bytes", h.Type, h.Length)
		}
	}
}

func (c *Conn) header() (link.FrameHeader, error) {
	var b [link.FrameHeaderLen]byte
	if _, err := io.ReadFull(c.r, b[:]); err != nil {
		return link.FrameHeader{}, c.translate(err)
	}
	return link.ParseFrameHeader(b)
}

// Close closes the connection; pending Send and Recv return ErrClosed.
func (c *Conn) Close() error {
	var err error
	c.closing.Do(func() {
		close(c.closed)
		err = c.c.Close()
	})
	return err
}

// wsaECONNRESET is what Windows says where others say ECONNRESET.
//
// src: Windows Sockets 2 error codes
const wsaECONNRESET = syscall.Errno(10054)

// translate turns a socket's error into one of package link.
func (c *Conn) translate(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-c.closed:
		return link.ErrClosed
	default:
	}
	switch {
	case errors.Is(err, link.ErrAborted), errors.Is(err, link.ErrReset), errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, wsaECONNRESET), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w: %w", link.ErrReset, err)
	case errors.Is(err, syscall.ETIMEDOUT):
		return fmt.Errorf("%w: %w", link.ErrAborted, err)
	}
	return err
}
