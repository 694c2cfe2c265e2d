package simlink

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// planOutages arms the outages that begin at a time and keeps the others.
func (l *Link) planOutages() {
	for i, o := range l.opt.Outages {
		if o.Segment > 0 {
			l.outages = append(l.outages, i)
			continue
		}
		l.rt.AfterFunc(o.At, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.begin(o)
			l.cutIfDue()
		})
	}
}

// beginOutagesAt begins the outages of the data segment with that number, and
// reports whether the segment itself is lost.
func (l *Link) beginOutagesAt(number int64) (hit bool) {
	l.outages = slices.DeleteFunc(l.outages, func(i int) bool {
		o := l.opt.Outages[i]
		if o.Segment != number {
			return false
		}
		l.begin(o)
		hit = hit || o.Kind != link.Standstill
		return true
	})
	return hit
}

func (l *Link) begin(o link.Outage) {
	switch o.Kind {
	case link.Silence:
		l.goDown(o.Duration, o.String())
	case link.Standstill:
		l.standStill(o)
	case link.Cut:
		l.emit(trace.LinkDown, o.String())
		l.cutDue = true
	}
}

// Down makes every packet vanish that is offered in the next d, which may be
// rt.Forever. An outage within an outage can only lengthen it.
func (l *Link) Down(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d > 0 {
		l.goDown(d, "down")
	}
}

// Up ends an outage.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goUp()
}

func (l *Link) goDown(d time.Duration, why string) {
	if !l.isDown {
		l.isDown, l.downTil = true, l.rt.Now()
		l.emit(trace.LinkDown, why)
	}
	if d == rt.Forever || l.downTil.IsZero() {
		l.downTil = time.Time{}
		return
	}
	if until := l.rt.Now().Add(d); until.After(l.downTil) {
		l.downTil = until
		l.rt.AfterFunc(d, l.onOutageEnd)
	}
}

func (l *Link) onOutageEnd() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.downTil.IsZero() && !l.rt.Now().Before(l.downTil) {
		l.goUp()
	}
}

func (l *Link) goUp() {
	if l.isDown {
		l.isDown = false
		l.emit(trace.LinkUp, "up")
	}
}

func (l *Link) standStill(o link.Outage) {
	l.emit(trace.LinkDown, o.String())
	until := l.rt.Now().Add(o.Duration)
	l.up.line.Hold(until)
	l.down.line.Hold(until)
	l.rt.AfterFunc(o.Duration, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.emit(trace.LinkUp, "up")
	})
}

// cutIfDue resets all connections if an outage asked for it. It is called when no
// tcb is at work.
func (l *Link) cutIfDue() {
	if l.cutDue {
		l.cutDue = false
		l.resetAll()
	}
}

func (l *Link) emit(k trace.Kind, why string) {
	l.opt.Trace.Emit(trace.Event{Kind: k, Text: why})
}
