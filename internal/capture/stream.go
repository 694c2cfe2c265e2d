package capture

import (
	"encoding/binary"
	"slices"

	"github.com/ntrdr/ntrdr/internal/link"
)

// sessionKind is the type of a NetBIOS session packet. Between request and
// keep-alive lie the answers to a request.
//
// src: RFC 1002 §4.3.1
type sessionKind uint8

const (
	sessionMessage   sessionKind = 0x00
	sessionRequest   sessionKind = 0x81
	sessionKeepAlive sessionKind = 0x85
)

const sessionHeaderLen = 4

func (k sessionKind) known() bool {
	return k == sessionMessage || sessionRequest <= k && k <= sessionKeepAlive
}

// segmentCost is what a held segment counts beside its bytes, so that many tiny
// ones are bounded too.
//
// src: assumed
const segmentCost = 1024

// stream is one half of a TCP connection: the bytes in order that are no whole
// message yet, and the segments that came before their time.
type stream struct {
	next    uint32 // sequence number behind buf
	buf     []byte
	pending []segment // by distance from next; at most maxPending bytes
	held    int       // bytes in pending, and segmentCost each
	lost    bool
	counted bool
}

type segment struct {
	seq  uint32
	data []byte
}

// segment takes one segment and returns the messages that it completes.
func (s *stream) segment(seq uint32, data []byte) [][]byte {
	if s.lost || len(data) == 0 {
		return nil
	}
	if s.distance(seq) > 0 {
		s.hold(seq, data)
		return nil
	}
	s.append(seq, data)
	for len(s.pending) > 0 && s.distance(s.pending[0].seq) <= 0 {
		first := s.pending[0]
		s.pending = s.pending[1:]
		s.held -= len(first.data) + segmentCost
		s.append(first.seq, first.data)
	}
	return s.messages()
}

// distance is how far seq lies beyond the next byte; negative for what came twice.
func (s *stream) distance(seq uint32) int32 { return int32(seq - s.next) }

// append takes the part of a segment that is new.
func (s *stream) append(seq uint32, data []byte) {
	if old := -int(s.distance(seq)); old < len(data) {
		s.buf = append(s.buf, data[old:]...)
		s.next += uint32(len(data) - old)
	}
}

// hold keeps a segment for later. A stream whose gap stays open is given up.
func (s *stream) hold(seq uint32, data []byte) {
	if s.held += len(data) + segmentCost; s.held > maxPending {
		s.giveUp()
		return
	}
	i, _ := slices.BinarySearchFunc(s.pending, seq, func(p segment, seq uint32) int {
		return int(int32(p.seq - seq))
	})
	s.pending = slices.Insert(s.pending, i, segment{seq, slices.Clone(data)})
}

func (s *stream) giveUp() {
	*s = stream{lost: true, counted: s.counted}
}

// messages cuts the whole messages off the buffer.
func (s *stream) messages() [][]byte {
	var out [][]byte
	rest := s.buf
	for len(rest) >= sessionHeaderLen {
		kind, n := sessionHeader(rest)
		if n > link.MaxMessage || !kind.known() {
			s.giveUp()
			return out
		}
		if len(rest) < sessionHeaderLen+n {
			break
		}
		if kind == sessionMessage {
			out = append(out, slices.Clone(rest[sessionHeaderLen:sessionHeaderLen+n]))
		}
		rest = rest[sessionHeaderLen+n:]
	}
	s.buf = append(s.buf[:0], rest...)
	return out
}

// sessionHeader reads a header with a length of 24 bits, as SMB directly over TCP
// has it; NetBIOS fills 17 of them.
func sessionHeader(b []byte) (sessionKind, int) {
	word := binary.BigEndian.Uint32(b)
	return sessionKind(word >> 24), int(word & 0x00ff_ffff)
}
