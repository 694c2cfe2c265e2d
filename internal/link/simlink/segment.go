package simlink

import "github.com/ntrdr/ntrdr/internal/rt"

type flags uint8

const (
	flagSYN flags = 1 << iota
	flagACK
	flagFIN
	flagRST
)

// segment is what one tcb tells the other. Sequence numbers do not wrap: the SYN
// is 0, data starts at 1, the FIN follows the last byte.
type segment struct {
	flags flags
	again bool // all of it was sent before
	seq   int64
	ack   int64 // meaningful with flagACK
	wnd   int64 // bytes from ack on that may be sent
	data  []byte
}

// end is the sequence number after the segment.
func (s *segment) end() int64 {
	n := s.seq + int64(len(s.data))
	if s.flags&(flagSYN|flagFIN) != 0 {
		n++
	}
	return n
}

func (s *segment) has(f flags) bool { return s.flags&f != 0 }

// kind names the segment in traces.
func (s *segment) kind() string {
	switch {
	case s.has(flagRST):
		return "RST"
	case s.has(flagSYN):
		return "SYN"
	case len(s.data) > 0:
		return "DATA"
	case s.has(flagFIN):
		return "FIN"
	}
	return "ACK"
}

// sendBuffer holds what was accepted and not acknowledged, from sequence number
// base on.
type sendBuffer struct {
	memory rt.Memory
	base   int64
	bytes  []byte // bytes[head:] is the content
	head   int
}

// largeBuffer is more than most messages need.
//
// src: assumed (only memory depends on it)
const largeBuffer = 4096

func (b *sendBuffer) len() int { return len(b.bytes) - b.head }

// end is the sequence number after the last byte.
func (b *sendBuffer) end() int64 { return b.base + int64(b.len()) }

func (b *sendBuffer) write(p []byte) {
	b.reserve(len(p))
	b.bytes = append(b.bytes, p...)
}

// reserve makes room for n bytes more.
func (b *sendBuffer) reserve(n int) {
	if len(b.bytes)+n > cap(b.bytes) {
		b.grow(b.len() + n)
	}
}

// grow moves the content to where there is room for n bytes, and for as many again if what
// is there moves.
func (b *sendBuffer) grow(n int) {
	if b.len() > 0 {
		n *= 2
	}
	larger := b.memory.Bytes(n)
	larger = larger[:copy(larger, b.bytes[b.head:])]
	b.memory.Free(b.bytes)
	b.bytes, b.head = larger, 0
}

func (b *sendBuffer) slice(seq int64, n int64) []byte {
	from := b.head + int(seq-b.base)
	return b.bytes[from : from+int(n)]
}

// release forgets what comes before seq. It moves the rest only when as much has
// been freed, so that a byte is moved once on average. A large buffer that is empty is
// given back.
func (b *sendBuffer) release(seq int64) {
	n := min(int(seq-b.base), b.len())
	b.head += n
	b.base += int64(n)
	switch {
	case b.len() == 0 && cap(b.bytes) > largeBuffer:
		b.memory.Free(b.bytes)
		b.bytes, b.head = nil, 0
	case b.head >= b.len():
		b.bytes = append(b.bytes[:0], b.bytes[b.head:]...)
		b.head = 0
	}
}
