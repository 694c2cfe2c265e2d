package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// unwindTime is how long tasks may take to end after a command has returned.
const unwindTime = 5 * time.Second

// hereAlone runs a command line in this process and fails if it leaves a goroutine.
// What a command starts carries the test's label, so that tests can run side by side.
func hereAlone(ctx context.Context, t *testing.T, args ...string) (o outcome) {
	t.Helper()
	pprof.Do(ctx, pprof.Labels("command", t.Name()), func(ctx context.Context) { o = here(ctx, args...) })
	noneLeft(t, t.Name())
	return o
}

// noneLeft fails if goroutines that carry a label do not end.
func noneLeft(t *testing.T, label string) {
	t.Helper()
	deadline := time.Now().Add(unwindTime)
	for left := goroutines(t, label); len(left) > 0; left = goroutines(t, label) {
		if time.Now().After(deadline) {
			t.Errorf("goroutines are left:\n%s", strings.Join(left, "\n\n"))
			return
		}
		time.Sleep(time.Millisecond) // nobody tells when a goroutine has ended
	}
}

// goroutines are the stacks of the living goroutines that carry a label.
func goroutines(t *testing.T, label string) (stacks []string) {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	for s := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(s, `"`+label+`"`) {
			stacks = append(stacks, s)
		}
	}
	return stacks
}

func TestGoroutinesFindsOneThatIsLeft(t *testing.T) {
	end := make(chan struct{})
	pprof.Do(t.Context(), pprof.Labels("command", t.Name()), func(context.Context) { go func() { <-end }() })
	if len(goroutines(t, t.Name())) != 1 {
		t.Error("not found")
	}
	close(end)
}

// peer listens and gives each connection to serve, on a goroutine of its own; it ends
// with the test.
func peer(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { c.Close() }) // whatever the client does
			wg.Go(func() {
				defer stop()
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

// frame is a NetBIOS session message.
func frame(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...)
}

// readFrame reads one, with its header.
func readFrame(r io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err := io.ReadFull(r, msg)
	return append(header[:], msg...), err
}

// says answers a request with some bytes and waits for the client to go.
func says(answer []byte) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := readFrame(c); err != nil {
			return
		}
		if _, err := c.Write(answer); err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

// The reply of a peer that spoils it.
type spoiler func(reply []byte) []byte

// Ways to spoil a reply.
var (
	// half is a shorter message in a frame of its own length.
	half spoiler = func(reply []byte) []byte { return frame(reply[4 : 4+(len(reply)-4)/2]) }
	// header is the SMB header alone.
	header spoiler = func(reply []byte) []byte { return frame(reply[4:36]) }
	// breaksOff ends within the frame.
	breaksOff spoiler = func(reply []byte) []byte { return reply[:len(reply)/2] }
	// longer claims more words than there are.
	longer spoiler = func(reply []byte) []byte {
		reply = slices.Clone(reply)
		reply[36] = 0xff
		return reply
	}
)

// spoils is a real server behind a peer that spoils the nth reply of a connection and,
// if it breaks off, ends it.
func spoils(t *testing.T, n int, how spoiler) func(net.Conn) {
	server := realServer(t)
	return func(c net.Conn) {
		s, err := net.Dial("tcp", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		go func() {
			_, _ = io.Copy(s, c) // ends when the client goes
			s.Close()
		}()
		for i := 1; ; i++ {
			reply, err := readFrame(s)
			if err != nil {
				return
			}
			if i == n {
				reply = how(reply)
			}
			if _, err := c.Write(reply); err != nil || i == n && binary.BigEndian.Uint32(reply) != uint32(len(reply)-4) {
				return
			}
		}
	}
}

// realServer serves a volume in memory with a postoffice in it until the test ends.
func realServer(t *testing.T) (addr string) {
	t.Helper()
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA")
	if got := here(t.Context(), "po", "init", s.url()); got.Code != exitOK {
		t.Fatalf("po init: %+v", got)
	}
	return s.addr
}

func TestHostileServers(t *testing.T) {
	t.Parallel()
	garbage := bytes.Repeat([]byte("\x00\x00\x00\x40 the quick brown fox jumps over the lazy dog \xff\x00\x81"), 20)
	negotiate := frame(append([]byte("\xffSMB\x72\x00\x00\x00\x00\x98\x53\xc8"), make([]byte, 20)...))
	tests := []struct {
		name  string
		serve func(*testing.T) func(net.Conn)
		want  string // in the message
	}{
		{"garbage", func(*testing.T) func(net.Conn) { return says(garbage) }, "malformed"},
		{"another protocol", func(*testing.T) func(net.Conn) { return says([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, "session packet 0x48"},
		{"16 MB", func(*testing.T) func(net.Conn) { return says([]byte("\x00\xff\xff\xff\xffSMB")) }, "16777215 bytes exceeds"},
		{"closes at once", func(*testing.T) func(net.Conn) { return func(net.Conn) {} }, "connect"},
		{"NEGOTIATE without parameters", func(*testing.T) func(net.Conn) { return says(negotiate) }, "NEGOTIATE"},
		{"half a NEGOTIATE", func(t *testing.T) func(net.Conn) { return spoils(t, 1, half) }, "NEGOTIATE"},
		{"NEGOTIATE breaks off", func(t *testing.T) func(net.Conn) { return spoils(t, 1, breaksOff) }, "EOF"},
		{"half a challenge", func(t *testing.T) func(net.Conn) { return spoils(t, 2, half) }, "SESSION_SETUP"},
		{"challenge breaks off", func(t *testing.T) func(net.Conn) { return spoils(t, 2, breaksOff) }, "EOF"},
		{"a header for a challenge", func(t *testing.T) func(net.Conn) { return spoils(t, 2, header) }, "SESSION_SETUP"},
		{"half a logon", func(t *testing.T) func(net.Conn) { return spoils(t, 3, header) }, "SESSION_SETUP"},
		{"half a share", func(t *testing.T) func(net.Conn) { return spoils(t, 4, half) }, "shorter than a header"},
		{"a share with too many words", func(t *testing.T) func(net.Conn) { return spoils(t, 4, longer) }, "TREE_CONNECT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := "smb1://user:secret@" + peer(t, tt.serve(t)) + "/MAILDATA"
			for _, args := range [][]string{{"send", "--link", "none"}, {"mailer"}, {"read"}, {"po", "check"}, {"po", "init"}} {
				got := hereAlone(t.Context(), t, append(args, url)...)
				if got.Code != exitPeer || !strings.Contains(got.Stderr, tt.want) || got.Stdout != "" {
					t.Errorf("%v: %+v; want exit status 3 and %q", args, got, tt.want)
				}
			}
		})
	}
}

// A server that turns hostile after the share is connected.
func TestServersThatTurnHostile(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]spoiler{"half": half, "header": header, "breaks off": breaksOff, "longer": longer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "smb1://user:secret@" + peer(t, spoils(t, 5, how)) + "/MAILDATA"
			for _, args := range [][]string{{"po", "check"}, {"read"}} {
				if got := hereAlone(t.Context(), t, append(args, url)...); got.Code != exitPeer {
					t.Errorf("%v: %+v; want exit status 3", args, got)
				}
			}
		})
	}
}

// A server that never answers is given up when the request's timer ends it.
func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 10 s, the least that SessTimeout can be: run it without -short")
	}
	dir := t.TempDir()
	reg := dir + "/impatient.reg"
	writeText(t, reg, "REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\LanmanWorkstation\\Parameters]\n\"SessTimeout\"=dword:0000000a\n")
	url := "smb1://user:secret@" + peer(t, says(nil)) + "/MAILDATA"
	begun := time.Now()
	got := hereAlone(t.Context(), t, "send", "--link", "none", "--policy", reg, url)
	if took := time.Since(begun); got.Code != exitPeer || !strings.Contains(got.Stderr, "STATUS_IO_TIMEOUT") || took > 15*time.Second {
		t.Errorf("after %v: %+v", took, got)
	}
}

// An interrupt ends the wait for a server.
func TestAnInterruptEndsTheWait(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"send", "--link", "none"}, {"mailer"}, {"read"}, {"read", "--poll", "1s"}, {"po", "check"}} {
		ctx, cancel := context.WithCancel(t.Context())
		url := "smb1://user:secret@" + peer(t, func(c net.Conn) {
			if _, err := readFrame(c); err == nil {
				cancel()
			}
			_, _ = io.Copy(io.Discard, c)
		}) + "/MAILDATA"
		if got := hereAlone(ctx, t, append(args, url)...); got.Code != exitInterrupt || !strings.Contains(got.Stderr, "interrupted") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

// What hostile clients do to `serve` hurts nobody else.
func TestHostileClients(t *testing.T) {
	t.Parallel()
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA")
	negotiate := frame([]byte("\xffSMB\x72\x00\x00\x00\x00\x18\x53\xc8" + strings.Repeat("\x00", 20) + "\x00\x0c\x00\x02NT LM 0.12\x00"))
	tests := map[string][]byte{
		"nothing":                   nil,
		"garbage":                   []byte("GET / HTTP/1.1\r\n\r\n"),
		"16 MB":                     []byte("\x00\xff\xff\xff\xffSMB"),
		"half a NEGOTIATE":          frame(negotiate[4:40]),
		"a header alone":            frame(negotiate[4:36]),
		"many dialects":             frame(append(negotiate[4:37:37], bytes.Repeat([]byte("\xff\xff\x02"), 1000)...)),
		"no NEGOTIATE before logon": frame(append([]byte("\xffSMB\x73"), negotiate[9:]...)),
	}
	for name, text := range tests {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() // stays for all that follows
		if _, err := c.Write(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, verb := range []string{"init", "check"} {
		if got := here(t.Context(), "po", verb, s.url()); got.Code != exitOK {
			t.Errorf("po %s: %+v", verb, got)
		}
	}
	if got := s.stop(); got.Code != exitOK {
		t.Errorf("serve: %+v", got)
	}
	noneLeft(t, servingLabel(t))
}
