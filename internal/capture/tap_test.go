package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
)

var tcpData = layers.TCP{ACK: true, PSH: true}

// echo is a connection that answers every message with itself, until it ends.
type echo struct {
	sent [][]byte
	end  error
}

func (e *echo) Send(msg []byte) error {
	e.sent = append(e.sent, bytes.Clone(msg))
	return nil
}

func (e *echo) Recv() ([]byte, error) {
	if len(e.sent) == 0 {
		return nil, e.end
	}
	msg := e.sent[0]
	e.sent = e.sent[1:]
	return msg, nil
}

func (e *echo) Close() error     { return nil }
func (e *echo) LinkSpeed() int64 { return 3600 }

type echoDialer struct{ end error }

func (d echoDialer) Dial(time.Duration) (link.Conn, error) { return &echo{end: d.end}, nil }

// A tapped connection is in the capture with its messages and its end.
func TestDialer(t *testing.T) {
	tests := []struct {
		name string
		end  error
		want []string
	}{
		{"the server closes", fmt.Errorf("recv: %w", io.EOF), []string{"< FA", "> FA", "< A"}},
		{"the server resets", fmt.Errorf("recv: %w", link.ErrReset), []string{"< RA"}},
		{"our TCP gives up", fmt.Errorf("recv: %w", link.ErrAborted), []string{"> RA"}},
		{"the client closes", nil, []string{"> FA", "< FA", "> A"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var file bytes.Buffer
			w := newWriter(t, &file)
			conn, err := w.Dialer(echoDialer{tt.end}, ws1.Addr(), server).Dial(time.Second)
			if err != nil {
				t.Fatal(err)
			}
			talk(t, conn, tt.end)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			want := append([]string{"> S", "< SA", "> A", "> PA 6", "< PA 6"}, tt.want...)
			if diff := cmp.Diff(want, packets(t, file.Bytes())); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// talk sends a message, receives it, and ends the connection twice over.
func talk(t *testing.T, conn link.Conn, end error) {
	t.Helper()
	if err := conn.Send([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	if msg, err := conn.Recv(); err != nil || string(msg) != "hi" {
		t.Fatalf("got %q, %v", msg, err)
	}
	if end != nil {
		if _, err := conn.Recv(); !errors.Is(err, end) {
			t.Fatalf("got %v, want %v", err, end)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// packets lists a capture as direction, flags and number of bytes.
func packets(t *testing.T, file []byte) []string {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		p := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.Default)
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			t.Fatalf("no TCP: %v", p)
		}
		out = append(out, describe(tcp))
	}
}

func describe(tcp *layers.TCP) string {
	s := ">"
	if tcp.SrcPort == Port {
		s = "<"
	}
	s += " "
	for _, f := range []struct {
		set  bool
		name string
	}{{tcp.SYN, "S"}, {tcp.FIN, "F"}, {tcp.RST, "R"}, {tcp.PSH, "P"}, {tcp.ACK, "A"}} {
		if f.set {
			s += f.name
		}
	}
	if n := len(tcp.Payload); n > 0 {
		s += fmt.Sprintf(" %d", n)
	}
	return s
}

// A long message is cut into segments, every second of them acknowledged at once.
func TestSegments(t *testing.T) {
	var file bytes.Buffer
	w := newWriter(t, &file)
	c := connect(t, w, ws1)
	c.Message(link.Received, make([]byte, 3*mss))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"> S", "< SA", "> A", "< A 1460", "< A 1460", "> A", "< A 1460", "< PA 4", "> A"}
	if diff := cmp.Diff(want, packets(t, file.Bytes())); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// On wallrt several tasks write through one Writer and its lock.
func TestConcurrentUse(t *testing.T) {
	const tasks, each = 4, 25
	world := wallrt.New(1)
	var file bytes.Buffer
	w, err := NewWriter(&file, world, world.NewMutex())
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	for range tasks {
		world.Go("sender", func() {
			c, err := w.Conn(netip.AddrPortFrom(ws1.Addr(), 0), server)
			if err != nil {
				t.Error(err)
				return
			}
			for range each {
				c.Message(link.Sent, make([]byte, 3000))
			}
			c.Close()
		})
	}
	if left := world.Wait(time.Minute); len(left) > 0 {
		t.Fatalf("still running: %v", left)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	msgs, damaged := readAll(t, file.Bytes())
	if len(msgs) != tasks*each || damaged != 0 {
		t.Errorf("got %d messages, %d damaged; want %d and 0", len(msgs), damaged, tasks*each)
	}
}
