package tcplink

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Session names the ends of a NetBIOS session.
type Session struct {
	Called  string // the server; "*SMBSERVER" is answered by most
	Calling string // the client
}

// The last byte of a NetBIOS name says what it names.
//
// src: KB Q163409 (NetBIOS suffixes)
const (
	suffixWorkstation = 0x00
	suffixServer      = 0x20
)

// request is the trailer of a session request.
//
// src: RFC 1002 §4.3.2
func (s *Session) request() []byte {
	return append(encodeName(s.Called, suffixServer), encodeName(s.Calling, suffixWorkstation)...)
}

// encodeName is the first-level encoding of a name, padded to 15 bytes, without a
// scope. What is longer is cut off.
//
// src: RFC 1001 §14.1
func encodeName(name string, suffix byte) []byte {
	const length = 15
	padded := fmt.Sprintf("%-15s", strings.ToUpper(name))[:length] + string(rune(suffix))
	out := []byte{2 * (length + 1)}
	for i := range len(padded) {
		out = append(out, 'A'+padded[i]>>4, 'A'+padded[i]&15)
	}
	return append(out, 0)
}

// open asks for the session and waits for the answer until the deadline.
func (s *Session) open(c *Conn, deadline time.Time) error {
	if err := c.send(link.SessionRequest, s.request()); err != nil {
		return err
	}
	if err := c.c.SetReadDeadline(deadline); err != nil {
		return err
	}
	kind, body, err := c.packet()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return link.ErrTimeout
	case err != nil:
		return fmt.Errorf("session request: %w", err)
	}
	if err := answer(kind, body); err != nil {
		return err
	}
	return c.c.SetReadDeadline(time.Time{})
}

func answer(kind byte, body []byte) error {
	switch {
	case kind == link.PositiveResponse:
		return nil
	case kind == link.NegativeResponse && len(body) == 1:
		return fmt.Errorf("session request: %w: code 0x%02x", link.ErrRefused, body[0])
	case kind == link.RetargetResponse:
		return errors.New("session request: the server wants another address, which is not supported")
	}
	return fmt.Errorf("session request: answered with session packet 0x%02x of %d bytes", kind, len(body))
}
