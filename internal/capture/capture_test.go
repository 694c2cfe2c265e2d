package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

var (
	ws1    = netip.MustParseAddrPort("10.0.0.1:1025")
	ws2    = netip.MustParseAddrPort("10.0.0.2:1025")
	server = netip.MustParseAddrPort("10.0.0.9:139")
	start  = time.Date(1996, time.January, 15, 9, 0, 0, 0, time.UTC)
)

// ticker is a clock that moves on by a millisecond with every look.
type ticker struct{ now time.Time }

func (c *ticker) Now() time.Time {
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func newWriter(t *testing.T, w io.Writer) *Writer {
	t.Helper()
	cw, err := NewWriter(w, &ticker{now: start}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cw
}

func connect(t *testing.T, w *Writer, client netip.AddrPort) *Conn {
	t.Helper()
	c, err := w.Conn(client, server)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// smb encodes a request or response.
func smb(t *testing.T, h smbwire.Header, body smbwire.Body) []byte {
	t.Helper()
	h.Command = body.Command()
	m := smbwire.Message{Header: h, Chain: []smbwire.Body{body}}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// conversation writes an open, two writes, an oplock break and a close, as they
// follow a logon, on two connections at once; each end closes one.
func conversation(t *testing.T, w *Writer) {
	t.Helper()
	first, second := connect(t, w, ws1), connect(t, w, ws2)
	request(t, first, 1, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectLanman21, smbwire.DialectNTLM012}})
	reply(t, first, 1, &smbwire.NegotiateCoreResponse{DialectIndex: smbwire.NoDialect})
	request(t, second, 1, &smbwire.EchoRequest{EchoCount: 1, Data: []byte("hello")})
	request(t, first, 2, &smbwire.NTCreateAndXRequest{
		DesiredAccess: nt.GenericRead | nt.GenericWrite, ShareAccess: nt.ShareRead, Disposition: nt.FileOpenIf,
		Attributes: nt.AttrNormal, ImpersonationLevel: 2, FileName: `MAI\MA1\00000001.MAI`,
	})
	for mid := smbwire.MID(3); mid < 5; mid++ {
		request(t, first, mid, &smbwire.WriteAndXRequest{FID: 0x801, Offset: int64(mid-3) * 4096, Data: make([]byte, 4096)})
	}
	reply(t, second, 1, &smbwire.EchoResponse{SequenceNumber: 1, Data: []byte("hello")})
	for mid := smbwire.MID(3); mid < 5; mid++ {
		reply(t, first, mid, &smbwire.WriteAndXResponse{Count: 4096})
	}
	reply(t, first, 0xffff, smbwire.OplockBreak(0x801, nt.OplockNone))
	request(t, first, 5, &smbwire.CloseRequest{FID: 0x801})
	first.Close()
	second.finish(link.Received)
}

func request(t *testing.T, c *Conn, mid smbwire.MID, body smbwire.Body) {
	t.Helper()
	c.Message(link.Sent, smb(t, smbwire.Header{MID: mid, PID: 7, TID: 1, UID: 2}, body))
}

func reply(t *testing.T, c *Conn, mid smbwire.MID, body smbwire.Body) {
	t.Helper()
	h := smbwire.Header{MID: mid, PID: 7, TID: 1, UID: 2, Flags: smbwire.FlagReply}
	if mid == 0xffff {
		h.Flags = 0
	}
	c.Message(link.Received, smb(t, h, body))
}

// tshark decodes every frame as SMB and finds nothing to complain about.
func TestTsharkAgrees(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("not installed: tshark (apt-get install tshark)")
	}
	var file bytes.Buffer
	w := newWriter(t, &file)
	conversation(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	complaints := `_ws.malformed || _ws.expert.severity >= "Warning" || tcp.analysis.flags` +
		` || tcp.checksum.status == "Bad" || ip.checksum.status == "Bad" || nbss.continuation_data`
	check := []string{"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}
	if got := run(t, tshark, name, append(check, "-Y", complaints)...); got != "" {
		t.Errorf("tshark complains:\n%s", got)
	}
	got := strings.Fields(run(t, tshark, name, "-Y", "smb", "-T", "fields", "-E", "occurrence=f", "-e", "smb.cmd"))
	want := []string{"0x72", "0x72", "0x2b", "0xa2", "0x2f", "0x2f", "0x2b", "0x2f", "0x2f", "0x24", "0x04"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands: want -, got +:\n%s", diff)
	}
	paths := run(t, tshark, name, "-Y", "smb.cmd == 0xa2", "-T", "fields", "-e", "smb.file")
	if got := strings.TrimSpace(paths); got != `MAI\MA1\00000001.MAI` {
		t.Errorf("got the path %q", got)
	}
}

func run(t *testing.T, tshark, file string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tshark, append([]string{"-n", "-r", file}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	return string(out)
}

// shown is a message as a test compares it.
type shown struct {
	From, To netip.AddrPort
	Data     []byte
}

func readAll(t *testing.T, file []byte) (msgs []shown, damaged int) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	last := start
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return msgs, r.Damaged()
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.At.Before(last) {
			t.Errorf("message at %v behind one at %v", m.At, last)
		}
		last = m.At
		msgs = append(msgs, shown{m.From, m.To, m.Data})
	}
}

// What is written is read again: every size around a segment's and the largest.
func TestRoundTrip(t *testing.T) {
	var file bytes.Buffer
	w := newWriter(t, &file)
	c := connect(t, w, ws1)
	var want []shown
	for i, n := range []int{0, 1, mss - 5, mss - 4, mss - 3, 2 * mss, 0xffff, 0x10000, link.MaxMessage} {
		msg := bytes.Repeat([]byte{byte(i)}, n)
		if i%2 == 0 {
			c.Message(link.Sent, msg)
			want = append(want, shown{ws1, server, msg})
		} else {
			c.Message(link.Received, msg)
			want = append(want, shown{server, ws1, msg})
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damaged := readAll(t, file.Bytes())
	addrs := cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
	if diff := cmp.Diff(want, got, addrs, cmpopts.EquateEmpty()); diff != "" || damaged != 0 {
		t.Errorf("%d damaged; want -, got +:\n%s", damaged, diff)
	}
}

func TestSameRunSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	for _, file := range []*bytes.Buffer{&a, &b} {
		w := newWriter(t, file)
		conversation(t, w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() == 0 {
		t.Errorf("%d and %d bytes, not the same", a.Len(), b.Len())
	}
}

func TestWriterErrors(t *testing.T) {
	w := newWriter(t, io.Discard)
	if _, err := w.Conn(netip.MustParseAddrPort("[::1]:1"), server); err == nil {
		t.Error("an IPv6 address is no error")
	}
	connect(t, w, ws1).Message(link.Sent, make([]byte, link.MaxMessage+1))
	if err := w.Close(); !errors.Is(err, errTooLong) {
		t.Errorf("got %v, want errTooLong", err)
	}
	full := newWriter(t, &limited{left: 1000})
	c := connect(t, full, ws1)
	for range 10 {
		c.Message(link.Sent, make([]byte, 4000))
	}
	if err := full.Close(); !errors.Is(err, errFull) {
		t.Errorf("got %v, want errFull", err)
	}
}

var errFull = errors.New("disk full")

type limited struct{ left int }

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A client port of 0 is chosen by the writer, a new one each time.
func TestPortsAreChosen(t *testing.T) {
	w := newWriter(t, io.Discard)
	any1 := netip.AddrPortFrom(ws1.Addr(), 0)
	a, b := connect(t, w, any1), connect(t, w, any1)
	if a.client.addr.Port() != 1025 || b.client.addr.Port() != 1026 {
		t.Errorf("got ports %v and %v, want 1025 and 1026", a.client.addr.Port(), b.client.addr.Port())
	}
}

// Messages come out whole whatever the order and overlap of the segments.
func TestStreamReassembly(t *testing.T) {
	two := append(frame("first"), frame("second")...)
	cut := func(from, to int) segment { return segment{uint32(100 + from), two[from:to]} }
	tests := []struct {
		name string
		in   []segment
		want string
		lost bool
	}{
		{"at once", []segment{cut(0, len(two))}, "first second", false},
		{"byte by byte", bytewise(100, two), "first second", false},
		{"out of order", []segment{cut(15, len(two)), cut(5, 15), cut(0, 5)}, "first second", false},
		{"twice", []segment{cut(0, 7), cut(0, 7), cut(7, len(two)), cut(3, 9)}, "first second", false},
		{"overlapping", []segment{cut(0, 7), cut(12, len(two)), cut(3, 14)}, "first second", false},
		{"a hole", []segment{cut(0, 7), cut(9, len(two))}, "", false},
		{"keep-alives are no messages", []segment{{100, append([]byte{0x85, 0, 0, 0}, two...)}}, "first second", false},
		{"no session packet", []segment{{100, []byte("GET / HTTP")}}, "", true},
		{"too long", []segment{{100, []byte{0, 2, 0, 0}}}, "", true},
		{"a message, then nonsense", []segment{{100, append(frame("first"), 7, 0, 0, 0)}}, "first", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &stream{next: 100}
			var got []string
			for _, seg := range tt.in {
				for _, msg := range s.segment(seg.seq, seg.data) {
					got = append(got, string(msg))
				}
			}
			if strings.Join(got, " ") != tt.want || s.lost != tt.lost {
				t.Errorf("got %q, lost %v; want %q, lost %v", got, s.lost, tt.want, tt.lost)
			}
		})
	}
}

func bytewise(seq uint32, b []byte) []segment {
	var out []segment
	for i := range b {
		out = append(out, segment{seq + uint32(i), b[i : i+1]})
	}
	return out
}

func frame(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

// What is kept for a gap that never closes is bounded, in bytes and in segments.
func TestGapIsGivenUp(t *testing.T) {
	for _, size := range []int{1, 60000} {
		s := &stream{next: 100}
		data := make([]byte, size)
		for i := range maxPending/(size+segmentCost) + 1 {
			s.segment(uint32(200+i*size), data)
			if s.held > maxPending {
				t.Fatalf("%d bytes are held", s.held)
			}
		}
		if !s.lost || s.pending != nil {
			t.Errorf("segments of %d bytes: lost %v, %d pending", size, s.lost, len(s.pending))
		}
	}
}

func TestReaderCountsDamage(t *testing.T) {
	var file bytes.Buffer
	w := newWriter(t, &file)
	c := connect(t, w, ws1)
	c.segment(&c.client, &c.server, tcpData, []byte("GET / HTTP/1.0\r\n\r\n"))
	c.Message(link.Received, []byte("fine"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damaged := readAll(t, file.Bytes())
	if len(got) != 1 || damaged != 1 {
		t.Errorf("got %d messages, %d damaged; want 1 and 1", len(got), damaged)
	}
	if _, err := NewReader(strings.NewReader("no capture at all, whatever it says")); err == nil {
		t.Error("a file of another format is no error")
	}
}

// A hostile file is read to its end or to an error.
func FuzzReader(f *testing.F) {
	var file bytes.Buffer
	w, err := NewWriter(&file, &ticker{now: start}, nil)
	if err != nil {
		f.Fatal(err)
	}
	c, err := w.Conn(ws1, server)
	if err != nil {
		f.Fatal(err)
	}
	c.Message(link.Sent, make([]byte, 3000))
	c.Close()
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(_ *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b))
		for err == nil {
			_, err = r.Next()
		}
	})
}
