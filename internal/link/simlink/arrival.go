package simlink

import (
	"hash/crc32"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// OnArrival has f called for each packet that has been delivered, of either direction,
// with its number, counted from 1, and a hash over all that has been delivered up to
// it: when, which way and what. It must not block or call into the Link, and a nil f
// ends it.
func (l *Link) OnArrival(f func(n int64, history uint64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onArrive = f
}

// arrived counts a packet that was delivered, and begins the outages that follow it.
func (l *Link) arrived(d *direction, now time.Duration, p *packet) {
	l.delivered++
	if l.onArrive != nil {
		l.history = p.mixInto(l.history, d.up, now)
		l.onArrive(l.delivered, l.history)
	}
	changes := l.medium.Schedule.Packet(l.delivered, now)
	if len(changes) == 0 {
		return
	}
	for _, c := range changes {
		l.up.interrupt(c)
		l.down.interrupt(c)
	}
	l.act(changes)
	l.cutIfDue()
}

// interrupt lets an outage hit what is on its way: lost in a silence, late by a
// standstill. What a cut leaves behind arrives where nobody knows its connection.
func (d *direction) interrupt(c link.Change) {
	switch c.Kind {
	case link.Silence, link.HalfOpen:
		for !c.Over && !d.flying.empty() {
			d.lose(d.flying.pop(), Vanished)
		}
	case link.Standstill:
		pause := c.Until - d.l.now()
		d.wire.Pause(d.l.now(), pause)
		for _, p := range d.flying.items[d.flying.head:] {
			p.at += pause
		}
	case link.Cut:
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mixInto adds the packet to a hash of those before it.
func (p *packet) mixInto(h uint64, up bool, at time.Duration) uint64 {
	way := uint64(0)
	if up {
		way = 1
	}
	for _, v := range [...]uint64{
		uint64(at), way, uint64(p.conn), uint64(p.flags), uint64(p.seq), uint64(p.ack), uint64(p.wnd),
		uint64(len(p.data)), uint64(crc32.Checksum(p.data, castagnoli)),
	} {
		// The multiplier of FNV-1a, on words.
		h = (h ^ v) * 0x100000001b3
		h ^= h >> 29
	}
	return h
}

// Delivered is the number of packets that have arrived, of both directions.
func (l *Link) Delivered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delivered
}
