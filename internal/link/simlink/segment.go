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

func (b *sendBuffer) len() int { return len(b.bytes) - b.head }

// end is the sequence number after the last byte.
func (b *sendBuffer) end() int64 { return b.base + int64(b.len()) }

func (b *sendBuffer) write(p []byte) {
	if len(b.bytes)+len(p) > cap(b.bytes) {
		b.grow(b.len() + len(p))
	}
	b.bytes = append(b.bytes, p...)
}

// grow moves the content to where there is room for n bytes, and for as many again.
func (b *sendBuffer) grow(n int) {
	larger := b.memory.Bytes(2 * n)
	larger = larger[:copy(larger, b.bytes[b.head:])]
	b.memory.Free(b.bytes)
	b.bytes, b.head = larger, 0
}

func (b *sendBuffer) slice(seq int64, n int64) []byte {
	from := b.head + int(seq-b.base)
	return b.bytes[from : from+int(n)]
}

// release forgets what comes before seq. It moves the rest only when as much has
// been freed, so that a byte is moved once on average.
func (b *sendBuffer) release(seq int64) {
	n := min(int(seq-b.base), b.len())
	b.head += n
	b.base += int64(n)
	if b.head >= b.len() {
		b.bytes = append(b.bytes[:0], b.bytes[b.head:]...)
		b.head = 0
	}
}
