package tcplink

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/ntrdr/ntrdr/internal/link"
)

// stream is the read side of a connection; what is written goes nowhere.
type stream struct {
	net.Conn
	io.Reader
}

func (s stream) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s stream) Write(p []byte) (int, error) { return len(p), nil }

// FuzzRecv: whatever a peer sends, Recv returns whole messages of at most
// MaxMessage bytes, no more of them than were sent, and then an error.
func FuzzRecv(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x03abc\x85\x00\x00\x00\x00\x00\x00\x00"), true)
	f.Add([]byte("\x81\x00\x00\x02ab\x00\x00\x00\x01"), true)
	f.Fuzz(func(t *testing.T, data []byte, server bool) {
		c := newConn(stream{Reader: bytes.NewReader(data)}, 0, server)
		for left := len(data); ; {
			msg, err := c.Recv()
			if err != nil {
				return
			}
			if left -= link.FrameHeaderLen + len(msg); left < 0 || len(msg) > link.MaxMessage {
				t.Fatalf("message of %d bytes from a stream of %d", len(msg), len(data))
			}
		}
	})
}
