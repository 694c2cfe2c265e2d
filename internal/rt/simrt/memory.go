package simrt

import (
	"math/bits"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// Buffers are lent in powers of two between these, cut from chunks. A larger one is left
// to the garbage collector.
const (
	minBuffer = 1 << minBufferBits
	maxBuffer = 1 << maxBufferBits
	chunkSize = 2 * maxBuffer

	minBufferBits = 6
	maxBufferBits = 18
)

// memory lends buffers. What has not been given back by the end of a trial is lent
// again in the next one: a trial leaves no garbage, and works where the last one did,
// in memory that the processor has at hand.
type memory struct {
	chunks [][]byte
	used   int    // of chunks
	rest   []byte // of the chunk in use
	free   [maxBufferBits - minBufferBits + 1][][]byte
}

// reset takes everything back.
func (m *memory) reset() {
	m.used, m.rest = 0, nil
	for i := range m.free {
		m.free[i] = m.free[i][:0]
	}
}

func (m *memory) bytes(n int) []byte {
	if n > maxBuffer {
		return make([]byte, n)
	}
	class := max(bits.Len(uint(max(n, 1)-1)), minBufferBits)
	free := &m.free[class-minBufferBits]
	if k := len(*free); k > 0 {
		b := (*free)[k-1]
		*free = (*free)[:k-1]
		return b[:n]
	}
	size := 1 << class
	if len(m.rest) < size {
		m.nextChunk()
	}
	b := m.rest[:n:size]
	m.rest = m.rest[size:]
	spoil(b)
	return b
}

func (m *memory) nextChunk() {
	if m.used == len(m.chunks) {
		m.chunks = append(m.chunks, make([]byte, chunkSize))
	}
	m.rest = m.chunks[m.used]
	m.used++
}

// put takes b back, unless its size says that it was allocated and not lent.
func (m *memory) put(b []byte) {
	size := cap(b)
	if size < minBuffer || size > maxBuffer || size&(size-1) != 0 {
		return
	}
	b = b[:size]
	spoil(b)
	class := bits.Len(uint(size-1)) - minBufferBits
	m.free[class] = append(m.free[class], b)
}

// spoil shows who relies on the content of a new buffer, or on a buffer given back.
func spoil(b []byte) {
	if invariant.Enabled {
		for i := range b {
			b[i] = 0xDB
		}
	}
}

// Bytes lends a buffer of any content.
func (k *Kernel) Bytes(n int) []byte { return k.pool.memory.bytes(n) }

// Free takes back what Bytes lent.
func (k *Kernel) Free(b []byte) { k.pool.memory.put(b) }

// Slabs lends objects until the pool's next trial.
func (k *Kernel) Slabs() *slab.Store { return &k.pool.slabs }
