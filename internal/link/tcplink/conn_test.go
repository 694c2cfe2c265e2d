package tcplink

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// loopback returns a listener and a dialer for it, on real sockets.
func loopback(t *testing.T) (*Listener, *Dialer) {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, &Dialer{Addr: l.Addr().String()}
}

// pair returns both ends of a connection.
func pair(t *testing.T, l *Listener, d *Dialer) (client, server link.Conn) {
	t.Helper()
	client, err := d.Dial(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return client, server
}

// echo sends everything back until the connection ends.
func echo(c link.Conn) error {
	for {
		msg, err := c.Recv()
		if err != nil {
			return err
		}
		if err := c.Send(msg); err != nil {
			return err
		}
	}
}

func TestMessagesOverLoopback(t *testing.T) {
	shaper, err := NewShaper(link.Profile{Name: "quick", RateBits: 1_000_000_000, RTT: ms, Queue: 50 * ms}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		shaper *Shaper
		speed  int64
	}{{"unshaped", nil, 0}, {"shaped", shaper, 125_000_000}} {
		t.Run(row.name, func(t *testing.T) {
			l, d := loopback(t)
			d.Shaper = row.shaper
			c, s := pair(t, l, d)
			is(t, "link speed", c.LinkSpeed(), row.speed)
			ended := make(chan error)
			go func() { ended <- echo(s) }()
			for i, n := range []int{0, 1, 1459, 1460, 65535, link.MaxMessage} {
				msg := bytes.Repeat([]byte{byte(i + 1)}, n)
				if err := c.Send(msg); err != nil {
					t.Fatal(err)
				}
				got, err := c.Recv()
				if err != nil || !bytes.Equal(got, msg) {
					t.Errorf("message of %d bytes came back as %d bytes, %v", n, len(got), err)
				}
			}
			if err := c.Send(make([]byte, link.MaxMessage+1)); err == nil {
				t.Error("a message beyond MaxMessage was accepted")
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if err := <-ended; !errors.Is(err, io.EOF) {
				t.Errorf("the server's end: %v, want io.EOF", err)
			}
		})
	}
}

// A protocol with framing of its own has the bare stream, on the same link.
func TestAStreamIsShapedToo(t *testing.T) {
	shaper, err := NewShaper(fast, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(c, c)
		_ = c.Close()
	}()
	c, err := (&Dialer{Addr: ln.Addr().String(), Shaper: shaper}).DialStream(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	begun, got := time.Now(), make([]byte, 5)
	if _, err := c.Write([]byte("bytes")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "bytes" {
		t.Errorf("read %q, %v", got, err)
	}
	if took := time.Since(begun); took < fast.RTT {
		t.Errorf("a round trip took %v, on a link of %v", took, fast.RTT)
	}
	if err := errors.Join(c.Close(), shaper.Close()); err != nil {
		t.Error(err)
	}
}

func TestSendersTakeTurns(t *testing.T) {
	l, d := loopback(t)
	c, s := pair(t, l, d)
	const senders, each = 4, 50
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for range each {
				if err := c.Send(bytes.Repeat([]byte{byte(i)}, 1000+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range senders * each {
		msg, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if want := bytes.Repeat(msg[:1], 1000+int(msg[0])); !bytes.Equal(msg, want) {
			t.Fatalf("a message is mixed up: %d bytes of sender %d", len(msg), msg[0])
		}
	}
	all.Wait()
}

func TestHostilePeers(t *testing.T) {
	for _, row := range []struct {
		name string
		sent string
		want string // in the error of Recv
		is   error
	}{
		{"ends between messages", "", "recv: EOF", io.EOF},
		{"ends in the header", "\x00\x00", "unexpected EOF", io.ErrUnexpectedEOF},
		{"ends after the header", "\x00\x00\x00\x05", "unexpected EOF", io.ErrUnexpectedEOF},
		{"ends in the message", "\x00\x00\x00\x05abc", "unexpected EOF", io.ErrUnexpectedEOF},
		{"announces 16 MB", "\x00\xff\xff\xff", "of 16777215 bytes exceeds 131071", nil},
		{"announces 128 KB", "\x00\x02\x00\x00", "of 131072 bytes exceeds 131071", nil},
		{"uses an unknown type", "\x77\x00\x00\x00", "unexpected session packet 0x77", nil},
		{"answers what nobody asked", "\x82\x00\x00\x00", "unexpected session packet 0x82", nil},
		{"asks for two sessions", "\x81\x00\x00\x00\x81\x00\x00\x00", "unexpected session packet 0x81", nil},
		{"asks for a session with a long name", "\x81\x00\x02\x00", "0x81 of 512 bytes exceeds 510", nil},
		{"keeps alive, then ends", "\x85\x00\x00\x00\x85\x00\x00\x00", "recv: EOF", io.EOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, server := net.Pipe()
			c := newConn(server, 0, true)
			go func() {
				_, _ = io.WriteString(client, row.sent) // the other end may have seen enough
				if row.is != nil {
					_ = client.Close() // the end of the stream is what is wrong
				}
			}()
			t.Cleanup(func() { _ = client.Close() })
			go func() { _, _ = io.Copy(io.Discard, client) }()
			_, err := c.Recv()
			if err == nil || !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("recv: %v, want %q", err, row.want)
			}
			if _, again := c.Recv(); again == nil || again.Error() != err.Error() {
				t.Errorf("recv after that: %v, want the same", again)
			}
		})
	}
}

func TestTheServerGrantsASession(t *testing.T) {
	l, d := loopback(t)
	d.Session = &Session{Called: "*SMBSERVER", Calling: "ws1"}
	served := make(chan error)
	go func() {
		s, err := l.Accept()
		if err == nil {
			err = echo(s)
		}
		served <- err
	}()
	c, err := d.Dial(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if msg, err := c.Recv(); err != nil || string(msg) != "hello" {
		t.Errorf("recv: %q, %v", msg, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, io.EOF) {
		t.Errorf("server: %v, want io.EOF", err)
	}
}

func TestSessionRequestOnTheWire(t *testing.T) {
	got := (&Session{Called: "*SMBSERVER", Calling: "ws1"}).request()
	const want = "\x20CKFDENECFDEFFCFGEFFCCACACACACACA\x00" + "\x20FHFDDBCACACACACACACACACACACACAAA\x00"
	is(t, "request", string(got), want)
}

func TestAnswersToASessionRequest(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer string
		want   string
		is     error
	}{
		{"granted", "\x82\x00\x00\x00", "", nil},
		{"called name not present", "\x83\x00\x00\x01\x82", "code 0x82", link.ErrRefused},
		{"go elsewhere", "\x84\x00\x00\x06\x7f\x00\x00\x01\x00\x8b", "another address", nil},
		{"nonsense", "\x00\x00\x00\x01a", "session packet 0x00 of 1 bytes", nil},
		{"cut short", "\x83\x00", "unexpected EOF", io.ErrUnexpectedEOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, d := loopback(t)
			d.Session = &Session{Called: "po", Calling: "ws1"}
			go func() {
				s, err := l.l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(s, make([]byte, 72)); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(s, row.answer)
				_ = s.Close()
			}()
			c, err := d.Dial(10 * time.Second)
			if row.want == "" {
				if err != nil {
					t.Errorf("dial: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("dial: %v, %v, want %q", c, err, row.want)
			}
		})
	}
}

func TestDialErrors(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		l, d := loopback(t)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := d.Dial(10 * time.Second); !errors.Is(err, link.ErrRefused) {
			t.Errorf("dial: %v, want refused", err)
		}
	})
	t.Run("a session that is never answered", func(t *testing.T) {
		_, d := loopback(t)
		d.Session = &Session{Called: "po", Calling: "ws1"}
		if _, err := d.Dial(50 * ms); !errors.Is(err, link.ErrTimeout) {
			t.Errorf("dial: %v, want a timeout", err)
		}
	})
	t.Run("no time at all", func(t *testing.T) {
		_, d := loopback(t)
		if _, err := d.Dial(0); !errors.Is(err, link.ErrTimeout) {
			t.Errorf("dial: %v, want a timeout", err)
		}
	})
}

func TestEndsOfAConnection(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(t *testing.T, s *Shaper, client, server link.Conn)
		want error // of the client's Recv
	}{
		{"the peer closes", func(t *testing.T, _ *Shaper, _, server link.Conn) {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}, io.EOF},
		{"the peer resets", func(t *testing.T, _ *Shaper, _, server link.Conn) {
			c := server.(*Conn)
			if err := c.c.(*net.TCPConn).SetLinger(0); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}, link.ErrReset},
		{"this end closes", func(t *testing.T, _ *Shaper, client, _ link.Conn) {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		}, link.ErrClosed},
		{"the link resets", func(_ *testing.T, s *Shaper, _, _ link.Conn) { s.Reset() }, link.ErrReset},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := NewShaper(link.Profile{RTT: ms}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			l, d := loopback(t)
			d.Shaper = s
			client, server := pair(t, l, d)
			got := make(chan error)
			go func() { _, err := client.Recv(); got <- err }()
			row.end(t, s, client, server)
			if err := <-got; !errors.Is(err, row.want) {
				t.Errorf("recv: %v, want %v", err, row.want)
			}
			if row.name == "the link resets" {
				if _, err := server.Recv(); !errors.Is(err, link.ErrReset) {
					t.Errorf("the peer's recv: %v, want a reset", err)
				}
			}
		})
	}
}

func TestListenerClose(t *testing.T) {
	l, _ := loopback(t)
	accepted := make(chan error)
	go func() { _, err := l.Accept(); accepted <- err }()
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-accepted; !errors.Is(err, link.ErrClosed) {
		t.Errorf("accept: %v, want closed", err)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := NewShaper(link.Profile{RTT: ms}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, d := loopback(t)
	d.Shaper = s
	for range 10 {
		c, peer := pair(t, l, d)
		if err := c.Send([]byte("hello")); err != nil {
			t.Error(err)
		}
		if _, err := peer.Recv(); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestProxy(t *testing.T) {
	server, _ := loopback(t)
	front, d := loopback(t)
	s, err := NewShaper(link.Profile{RTT: 20 * ms}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	proxied := make(chan error)
	p := Proxy{To: server.Addr().String(), Shaper: s}
	go func() { proxied <- p.Serve(front) }()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			_ = echo(c) // the client judges
			_ = c.Close()
		}
	}()
	c, err := d.Dial(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := c.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if msg, err := c.Recv(); err != nil || string(msg) != "hello" {
		t.Errorf("recv: %q, %v", msg, err)
	}
	if took := time.Since(begin); took < 20*ms {
		t.Errorf("the round trip took %v through a link of 20 ms", took)
	}
	_ = c.Close()
	_ = front.Close()
	if err := <-proxied; err != nil {
		t.Errorf("proxy: %v", err)
	}
}

func TestNewShaperRefusesWhatCannotWork(t *testing.T) {
	for _, row := range []struct {
		name string
		p    link.Profile
		opt  Options
	}{
		{"a negative rate", link.Profile{RateBits: -1}, Options{}},
		{"a loss beyond one", link.Profile{}, Options{Loss: 2}},
		{"an outage without length", link.Profile{}, Options{Outages: []link.Outage{{}}}},
		{"a TCP without segments", link.Profile{}, Options{TCP: &link.TCPParams{}}},
	} {
		if _, err := NewShaper(row.p, row.opt); err == nil {
			t.Errorf("%s was accepted", row.name)
		}
	}
}
