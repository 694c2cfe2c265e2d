package netns

import (
	"encoding/binary"
	"net/netip"

	"github.com/ntrdr/ntrdr/internal/link"
)

// flow is a TCP connection, named from the client's end.
type flow struct{ client, server netip.AddrPort }

// flowState is what the relay knows of a connection.
type flowState struct {
	ends [2]endState // by the way of what the end sends
	old  bool        // it began before the link forgot its connections
}

// endState is one end of a connection.
type endState struct {
	// expects is the number that it acknowledged last: a reset with it is believed.
	//
	// src: RFC 5961 §3.2
	expects uint32
	// sent is the number after the last byte that it has sent.
	sent uint32
}

// flows are the connections that have been seen on a link.
type flows map[flow]*flowState

// Offsets and values of headers.
//
// src: RFC 791 §3.1, RFC 793 §3.1
const (
	ipHeader  = 20
	tcpHeader = 20
	protoTCP  = 6
	flagSYN   = 0x02
	flagRST   = 0x04
	flagACK   = 0x10
)

// segment is a TCP segment inside an IPv4 packet.
type segment struct {
	from, to netip.AddrPort
	flags    byte
	seq, ack uint32
	data     int // bytes
}

// parseSegment reads the headers of an IPv4 packet; ok is false if it holds no TCP.
func parseSegment(p []byte) (s segment, ok bool) {
	if len(p) < ipHeader || p[0]>>4 != 4 || p[9] != protoTCP {
		return s, false
	}
	ihl := int(p[0]&15) * 4
	if ihl < ipHeader || len(p) < ihl+tcpHeader {
		return s, false
	}
	t := p[ihl:]
	src, dst := netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20]))
	s.from = netip.AddrPortFrom(src, binary.BigEndian.Uint16(t))
	s.to = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(t[2:]))
	s.seq = binary.BigEndian.Uint32(t[4:])
	s.ack, s.flags = binary.BigEndian.Uint32(t[8:]), t[13]
	s.data = max(0, len(t)-int(t[12]>>4)*4)
	return s, true
}

// sighting is what a segment is to its connection.
type sighting struct {
	forgotten bool // the link has forgotten the connection
	fresh     bool // it holds data that has not been sent before
	opens     bool // it is the first of the connection
}

// see notes a segment that was sent.
func (f flows) see(s segment, way link.Way) (got sighting) {
	key := flow{s.from, s.to}
	if way == link.Down {
		key = flow{s.to, s.from}
	}
	syn := way == link.Up && s.flags&(flagSYN|flagACK) == flagSYN
	st := f[key]
	if st == nil || syn && st.ends[link.Up].sent != s.seq+1 {
		st = &flowState{}
		f[key] = st
		st.ends[way].sent = s.seq
		got.opens = syn
	}
	end := &st.ends[way]
	if s.flags&flagSYN != 0 {
		end.sent = s.seq + 1
	}
	if s.flags&flagACK != 0 {
		end.expects = s.ack
	}
	// Sequence numbers wrap.
	if after := s.seq + uint32(s.data); s.data > 0 && int32(after-end.sent) > 0 {
		end.sent, got.fresh = after, true
	}
	got.forgotten = st.old
	return got
}

// forget makes every connection that there is one whose packets vanish.
func (f flows) forget() {
	for _, st := range f { // map order: each is treated alike
		st.old = true
	}
}

// resets returns, for each connection, a reset to either end, and forgets them.
func (f flows) resets() (toClient, toServer [][]byte) {
	for key, st := range f { // map order: resets of different connections do not meet
		toClient = append(toClient, reset(key.server, key.client, st.ends[link.Up].expects))
		toServer = append(toServer, reset(key.client, key.server, st.ends[link.Down].expects))
	}
	clear(f)
	return toClient, toServer
}

// reset is an IPv4 packet with a TCP reset.
func reset(from, to netip.AddrPort, seq uint32) []byte {
	p := make([]byte, ipHeader+tcpHeader)
	p[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[8], p[9] = 64, protoTCP
	src, dst := from.Addr().As4(), to.Addr().As4()
	copy(p[12:], src[:])
	copy(p[16:], dst[:])
	binary.BigEndian.PutUint16(p[10:], checksum(0, p[:ipHeader]))
	t := p[ipHeader:]
	binary.BigEndian.PutUint16(t, from.Port())
	binary.BigEndian.PutUint16(t[2:], to.Port())
	binary.BigEndian.PutUint32(t[4:], seq)
	t[12], t[13] = tcpHeader/4<<4, flagRST
	pseudo := uint32(protoTCP + len(t))
	for i := 12; i < 20; i += 2 {
		pseudo += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	binary.BigEndian.PutUint16(t[16:], checksum(pseudo, t))
	return p
}

// checksum is the Internet's, of an even number of bytes.
//
// src: RFC 1071 §1
func checksum(sum uint32, b []byte) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
