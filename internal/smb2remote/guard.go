package smb2remote

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// guard checks each message of the server before go-smb2 sees it: that library reads
// the header of what it is given without a look at its length, on a goroutine of its
// own, where a panic cannot be caught. What the library writes leaves as whole frames: it
// writes the length by itself, which would travel in a segment of its own.
type guard struct {
	net.Conn
	rest []byte // of the present frame, its length included
	err  error  // what was wrong; nothing is read after it
	head []byte // of a frame that is not whole yet; used by Write alone

	gone atomic.Bool // reading or writing has failed
}

// Write sends the length of a frame together with what follows it.
func (g *guard) Write(p []byte) (int, error) {
	if len(g.head) == 0 && len(p) == frameHeader {
		g.head = append(g.head, p...)
		return len(p), nil
	}
	g.head = append(g.head, p...)
	_, err := g.Conn.Write(g.head)
	g.head = g.head[:0]
	if err != nil {
		g.gone.Store(true)
		return 0, err
	}
	return len(p), nil
}

// Sizes of messages and of what is checked in them.
//
// src: [MS-SMB2] §2.1 (length of a frame), §2.2.1.1 (header), §2.2.41 (transform header); assumed (limit: the
// largest read that go-smb2 asks for is 8 MB).
const (
	frameHeader     = 4
	smb2Header      = 64
	transformHeader = 52
	maxMessage      = 16<<20 - 1
)

// Read returns bytes of frames that have been checked whole.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.rest) == 0 && g.err == nil {
		if g.rest, g.err = g.frame(); g.err != nil {
			g.gone.Store(true)
		}
	}
	if len(g.rest) == 0 {
		return 0, g.err
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// frame reads the next frame: 4 bytes of length, then the message.
//
// src: [MS-SMB2] §2.1 (direct TCP)
func (g *guard) frame() ([]byte, error) {
	head := make([]byte, frameHeader)
	if _, err := io.ReadFull(g.Conn, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n > maxMessage {
		return nil, fmt.Errorf("frame of 0x%x bytes exceeds 0x%x", n, maxMessage)
	}
	// Growing with what arrives keeps a peer from having memory for an announcement.
	body, err := io.ReadAll(io.LimitReader(g.Conn, int64(n)))
	if err == nil && len(body) < int(n) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = checkMessage(body)
	}
	if err != nil {
		return nil, err
	}
	return append(head, body...), nil
}

// checkMessage checks what go-smb2 takes for granted: a protocol that it knows, whole
// headers, and a compound whose parts follow each other inside the message.
func checkMessage(b []byte) error {
	if len(b) < 4 {
		return fmt.Errorf("message of %d bytes has no protocol identifier", len(b))
	}
	switch protocol := string(b[:4]); protocol {
	case "\xFDSMB":
		if len(b) < transformHeader {
			return fmt.Errorf("encrypted message of %d bytes has no header", len(b))
		}
		return nil
	case "\xFESMB":
		return checkCompound(b)
	default:
		return fmt.Errorf("protocol identifier %x is not SMB2's", protocol)
	}
}

func checkCompound(b []byte) error {
	for {
		if len(b) < smb2Header {
			return fmt.Errorf("SMB2 message of %d bytes has no header", len(b))
		}
		if size := binary.LittleEndian.Uint16(b[4:]); size != smb2Header {
			return fmt.Errorf("SMB2 header says that it has %d bytes", size)
		}
		next := binary.LittleEndian.Uint32(b[20:])
		switch {
		case next == 0:
			return nil
		case next%8 != 0 || next < smb2Header || int64(next) > int64(len(b)):
			return fmt.Errorf("next SMB2 message at %d of %d bytes", next, len(b))
		}
		b = b[next:]
	}
}
