package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// direction carries packets one way.
type direction struct {
	l      *Link
	up     bool
	name   string
	to     *table // of the endpoints that it leads to
	wire   *link.Wire
	flying fifo // in order of arrival
	armed  bool
	timer  rt.Timer // nil before the first packet
	stats  link.DirectionStats
}

func newDirection(l *Link, way link.Way, to *table) *direction {
	d := l.slabs.directions.Next()
	d.l, d.up, d.name, d.to, d.wire = l, way == link.Up, way.String(), to, l.medium.Wire(way)
	d.flying.items = d.flying.first[:0]
	return d
}

// offer sends p; fresh data is counted and may begin an outage.
func (d *direction) offer(p *packet) {
	d.stats.Packets++
	hit := p.number > 0 && !p.again && d.up && d.l.beginOutagesAt(p.number)
	fate := d.decide(p, hit)
	if fate != Dropped {
		d.stats.Bytes += int64(p.size())
	}
	if d.l.opt.Tap != nil {
		d.l.opt.Tap(d.view(p, fate))
	}
	if fate == Arrives {
		d.flying.push(p)
		if !d.armed {
			d.arm()
		}
		return
	}
	d.lose(p, fate)
}

// decide settles what becomes of p, and when it arrives.
func (d *direction) decide(p *packet, hit bool) Fate {
	gone := hit || d.l.medium.Schedule.IsDown() || p.conn <= d.l.forgotten
	arrival, fate := d.wire.Offer(d.l.now(), p.size(), gone)
	switch {
	case fate == Lost && d.l.opt.DataLossOnly && len(p.data) == 0:
		fate = Arrives
	case fate == Arrives && d.l.opt.Drop != nil && d.l.opt.Drop(d.view(p, Arrives)):
		fate = Lost
	}
	p.at = arrival
	return fate
}

// view is p for the functions of Options.
func (d *direction) view(p *packet, fate Fate) Packet {
	return Packet{
		At: d.l.rt.Now(), Up: d.up, Conn: p.conn, Seq: p.seq, Ack: p.ack, Window: p.wnd,
		SYN: p.has(flagSYN), ACK: p.has(flagACK), FIN: p.has(flagFIN), RST: p.has(flagRST),
		Data: p.data, Number: p.number, Resent: p.again, Fate: fate,
	}
}

func (d *direction) lose(p *packet, fate Fate) {
	switch fate {
	case Lost:
		d.stats.Lost++
	case Dropped:
		d.stats.Dropped++
	case Vanished:
		d.stats.Vanished++
	case Arrives: // is not lost
	}
	d.l.opt.Trace.Emit(trace.Event{
		Kind: trace.SegmentLost, Op: p.kind(), Off: p.number, Len: int64(len(p.data)), Text: d.name + " " + fate.String(),
	})
	d.l.spare = append(d.l.spare, p)
}

// arm arranges for onArrival when the first packet is due.
func (d *direction) arm() {
	d.armed = true
	wait := d.flying.next().at - d.l.now()
	if d.timer == nil {
		d.timer = d.l.rt.AfterFunc(wait, d.onArrival)
		return
	}
	d.timer.Reset(wait)
}

func (d *direction) onArrival() {
	d.l.mu.Lock()
	defer d.l.mu.Unlock()
	d.armed = false
	now := d.l.now()
	for !d.flying.empty() && d.flying.next().at <= now {
		p := d.flying.pop()
		d.deliver(now, p)
		d.l.arrived(d, now, p)
		d.l.spare = append(d.l.spare, p)
	}
	if !d.flying.empty() && !d.armed {
		d.arm()
	}
}

// deliver gives p to its endpoint. What arrives for a connection that does not
// exist is answered with a reset, unless it is one.
func (d *direction) deliver(now time.Duration, p *packet) {
	e := d.to.find(p.conn)
	if e == nil && d.up && p.has(flagSYN) {
		e = d.l.welcome(p.conn)
	}
	switch {
	case e != nil:
		e.used = now
		e.t.receive(now, &p.segment)
		e.settle()
	case d.up && p.has(flagSYN) && d.l.listener != nil:
		// The accept queue is full: TCP leaves the caller to try again.
	case !p.has(flagRST):
		s := segment{flags: flagRST, seq: p.ack, ack: p.end()}
		d.opposite().offer(d.l.packet(p.conn, &s))
	}
}

func (d *direction) opposite() *direction {
	if d.up {
		return d.l.down
	}
	return d.l.up
}

// number gives a data segment its number in this direction.
func (d *direction) number() int64 {
	d.stats.Segments++
	return d.stats.Segments
}
