package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// packet is a segment on its way.
type packet struct {
	segment
	conn   uint32
	number int64 // of the data segment; 0 without data
	at     time.Duration
	store  []byte // backs segment.data
}

func (p *packet) size() int { return len(p.data) + link.PacketOverhead }

// fullPacket is the room, in bytes, that a packet gets with its first data, so that it
// need not grow with every longer segment.
//
// src: assumed (an Ethernet frame's; only memory depends on it)
const fullPacket = 1460

// packet returns one with a copy of s.
func (l *Link) packet(conn uint32, s *segment) *packet {
	var p *packet
	if n := len(l.spare); n > 0 {
		p, l.spare = l.spare[n-1], l.spare[:n-1]
	} else {
		p = l.slabs.packets.Next()
	}
	p.segment, p.conn, p.number = *s, conn, 0
	if n := len(s.data); n > cap(p.store) {
		p.store = l.rt.Bytes(max(n, fullPacket))
	}
	p.store = append(p.store[:0], s.data...)
	p.data = p.store
	return p
}

// fifo is a queue that uses its array again.
type fifo struct {
	items []*packet
	head  int
	first [16]*packet
}

func (q *fifo) empty() bool { return q.head == len(q.items) }

func (q *fifo) next() *packet { return q.items[q.head] }

func (q *fifo) push(p *packet) {
	if q.head > 0 && len(q.items) == cap(q.items) {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
	q.items = append(q.items, p)
}

func (q *fifo) pop() *packet {
	p := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.empty() {
		q.items, q.head = q.items[:0], 0
	}
	return p
}
