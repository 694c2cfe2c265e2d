package smb2remote

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// message is a minimal SMB2 message, its next one at the given offset.
func message(next uint32, extra int) []byte {
	b := make([]byte, smb2Header+extra)
	copy(b, "\xFESMB")
	binary.LittleEndian.PutUint16(b[4:], smb2Header)
	binary.LittleEndian.PutUint32(b[20:], next)
	return b
}

func framed(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...)
}

func TestCheckMessage(t *testing.T) {
	rows := []struct {
		name string
		msg  []byte
		want string // part of the error; "" for none
	}{
		{"whole", message(0, 9), ""},
		{"compound", append(message(smb2Header, 0), message(0, 1)...), ""},
		{"encrypted", append([]byte("\xFDSMB"), make([]byte, 60)...), ""},
		{"nothing", nil, "0 bytes"},
		{"one byte", []byte{0}, "1 bytes"},
		{"identifier alone", []byte("\xFESMB"), "no header"},
		{"SMB1", append([]byte("\xFFSMB"), make([]byte, 60)...), "identifier"},
		{"text", bytes.Repeat([]byte("A"), 32), "identifier"},
		{"short encrypted", []byte("\xFDSMB1234"), "no header"},
		{"header size", append([]byte("\xFESMB\x00\x00"), make([]byte, 60)...), "0 bytes"},
		{"next inside the header", message(8, 100), "next"},
		{"next unaligned", message(65, 100), "next"},
		{"next past the end", message(1<<31, 100), "next"},
		{"next at the end", message(smb2Header, 0), "no header"},
	}
	for _, r := range rows {
		err := checkMessage(r.msg)
		if (err == nil) != (r.want == "") || err != nil && !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: %v, want an error with %q", r.name, err, r.want)
		}
	}
}

func TestGuardPassesWholeFramesAndStopsAtABadOne(t *testing.T) {
	client, server := net.Pipe()
	good := append(framed(message(0, 3)), framed(message(0, 0))...)
	go func() {
		_, _ = server.Write(append(bytes.Clone(good), framed([]byte("bad"))...)) // the reader stops early
		_ = server.Close()
	}()
	got, err := io.ReadAll(&guard{Conn: client})
	if !bytes.Equal(got, good) || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes, %v; want %d and an error", len(got), err, len(good))
	}
}

// A server that is none: an error, soon, and no panic on go-smb2's goroutine.
func TestHostileServers(t *testing.T) {
	for name, reply := range map[string][]byte{
		"one byte": framed([]byte{0}), "identifier alone": framed([]byte("\xFESMB")), "text": framed(bytes.Repeat([]byte("A"), 32)),
		"eight bytes": framed([]byte("\xFESMB@\x00\x00\x00")), "a frame without end": {0, 0xFF, 0xFF, 0xFF, 'x'}, "HTTP": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"an empty header": framed(message(0, 0)), "closed at once": nil,
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go answer(ln, reply)
			_, err = Dial(Config{Addr: ln.Addr().String(), User: "u", Password: "p", Share: "s", Timeout: 2 * time.Second})
			var e *nt.Error
			if !errors.As(err, &e) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// answer reads one request, replies with b and hangs up.
func answer(ln net.Listener, b []byte) {
	c, err := ln.Accept()
	if err != nil {
		return
	}
	_, _ = c.Read(make([]byte, 4096)) // whatever it is
	_, _ = c.Write(b)
	_ = c.Close()
}

// writes notes each write of a connection.
type writes struct {
	net.Conn
	seen [][]byte
	err  error
}

func (w *writes) Write(p []byte) (int, error) {
	w.seen = append(w.seen, bytes.Clone(p))
	return len(p), w.err
}

// The library writes the length and the message of a frame apart; they leave together.
func TestGuardWritesWholeFrames(t *testing.T) {
	conn := &writes{}
	g := &guard{Conn: conn}
	frames := [][]byte{framed(message(0, 3)), framed(message(0, 200)), framed([]byte("four"))}
	for _, f := range frames {
		for _, part := range [][]byte{f[:4], f[4:]} {
			if n, err := g.Write(part); n != len(part) || err != nil {
				t.Errorf("%d of %d bytes, %v", n, len(part), err)
			}
		}
	}
	if diff := cmp.Diff(frames, conn.seen); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestGuardKnowsThatTheConnectionIsGone(t *testing.T) {
	g := &guard{Conn: &writes{err: net.ErrClosed}}
	_, _ = g.Write(make([]byte, 4))
	if g.gone.Load() {
		t.Error("gone before anything was written")
	}
	if _, err := g.Write(make([]byte, 9)); !errors.Is(err, net.ErrClosed) || !g.gone.Load() {
		t.Errorf("%v, gone %v", err, g.gone.Load())
	}
}

// Bytes have the time that they take on a slow line.
func TestTimeoutGrowsWithTheBytes(t *testing.T) {
	slow := &FS{timeout: time.Minute, rate: 3600}
	if got := slow.timeoutOf(360_000); got != time.Minute+100*time.Second {
		t.Errorf("%v", got)
	}
	if got := (&FS{timeout: time.Minute}).timeoutOf(360_000); got != time.Minute {
		t.Errorf("without a rate %v", got)
	}
}
