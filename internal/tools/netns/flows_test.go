package netns

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
)

var (
	alice = netip.MustParseAddrPort("10.77.1.1:1025")
	bob   = netip.MustParseAddrPort("10.77.1.2:445")
)

// A retransmission is told from what is new, across the wrap of sequence numbers too; a
// SYN begins a connection once.
func TestSightings(t *testing.T) {
	f := flows{}
	syn := segment{from: alice, to: bob, flags: flagSYN, seq: 0xfffffff0}
	data := segment{from: alice, to: bob, flags: flagACK, seq: 0xfffffff1, ack: 7, data: 20}
	for _, row := range []struct {
		name string
		s    segment
		way  link.Way
		want sighting
	}{
		{"SYN", syn, link.Up, sighting{opens: true}},
		{"SYN again", syn, link.Up, sighting{}},
		{"its answer", segment{from: bob, to: alice, flags: flagSYN | flagACK, seq: 6, ack: 0xfffffff1}, link.Down, sighting{}},
		{"data over the wrap", data, link.Up, sighting{fresh: true}},
		{"data again", data, link.Up, sighting{}},
		{"data after the wrap", segment{from: alice, to: bob, flags: flagACK, seq: 5, ack: 7, data: 1}, link.Up, sighting{fresh: true}},
		{"data back", segment{from: bob, to: alice, flags: flagACK, seq: 7, ack: 6, data: 1}, link.Down, sighting{fresh: true}},
	} {
		if got := f.see(row.s, row.way); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
	f.forget()
	if got := f.see(data, link.Up); !got.forgotten {
		t.Errorf("a connection that was forgotten: %+v", got)
	}
	syn.seq = 0x1000
	if got := f.see(syn, link.Up); got.forgotten {
		t.Errorf("a new connection of the same ports: %+v", got)
	}
}

// A reset has the numbers that its receiver expects, and checksums that it accepts.
func TestResets(t *testing.T) {
	f := flows{}
	f.see(segment{from: alice, to: bob, flags: flagACK, seq: 1, ack: 0x0102}, link.Up)
	f.see(segment{from: bob, to: alice, flags: flagACK, seq: 1, ack: 0x0304}, link.Down)
	toClient, toServer := f.resets()
	for _, row := range []struct {
		packets  [][]byte
		from, to netip.AddrPort
		seq      uint32
	}{{toClient, bob, alice, 0x0102}, {toServer, alice, bob, 0x0304}} {
		if len(row.packets) != 1 {
			t.Fatalf("%d resets", len(row.packets))
		}
		p := row.packets[0]
		got, ok := parseSegment(p)
		want := segment{from: row.from, to: row.to, flags: flagRST, seq: row.seq}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(segment{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" || !ok {
			t.Errorf("reset (-want +got):\n%s", diff)
		}
		if sum := checksum(0, p[:ipHeader]); sum != 0 {
			t.Errorf("IP checksum is off by 0x%04x", sum)
		}
	}
	if len(f) != 0 {
		t.Errorf("%d connections are left", len(f))
	}
}

// What is no TCP, or is cut short, is carried and not looked at.
func TestParseSegmentRefuses(t *testing.T) {
	whole := reset(alice, bob, 1)
	for n := range whole {
		if _, ok := parseSegment(whole[:n]); ok {
			t.Errorf("%d bytes of %d were taken", n, len(whole))
		}
	}
	for name, change := range map[string]func(p []byte){
		"IPv6":             func(p []byte) { p[0] = 6<<4 | 5 },
		"UDP":              func(p []byte) { p[9] = 17 },
		"a short header":   func(p []byte) { p[0] = 4<<4 | 4 },
		"too long options": func(p []byte) { p[0] = 4<<4 | 15 },
	} {
		p := append([]byte(nil), whole...)
		change(p)
		if _, ok := parseSegment(p); ok {
			t.Errorf("%s was taken", name)
		}
	}
}
