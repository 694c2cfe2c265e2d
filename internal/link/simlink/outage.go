package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// watch arranges for onChange when the schedule has something to do, or before.
func (l *Link) watch() {
	next := l.medium.Schedule.Next()
	switch {
	case next == rt.Forever:
		return
	case l.change == nil:
	case l.changeAt <= next:
		return
	default:
		l.change.Stop()
	}
	l.changeAt = next
	l.change = l.rt.AfterFunc(next-l.now(), l.onChange)
}

func (l *Link) onChange() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change = nil
	l.act(l.medium.Schedule.Advance(l.now()))
	l.cutIfDue()
}

// beginOutagesAt begins the outages of the data segment with that number, and
// reports whether the segment itself is lost.
func (l *Link) beginOutagesAt(number int64) (hit bool) {
	changes, hit := l.medium.Schedule.Segment(number, l.now())
	l.act(changes)
	return hit
}

// Down makes every packet vanish that is offered in the next d, which may be
// rt.Forever. An outage within an outage can only lengthen it.
func (l *Link) Down(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.act(l.medium.Schedule.Down(l.now(), d))
}

// Up ends an outage.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.act(l.medium.Schedule.Up())
}

// act does what the schedule decided.
func (l *Link) act(changes []link.Change) {
	for _, c := range l.medium.Apply(changes) {
		kind := trace.LinkDown
		if c.Over {
			kind = trace.LinkUp
		}
		l.opt.Trace.Emit(trace.Event{Kind: kind, Text: c.Why})
		switch c.Kind {
		case link.Cut:
			l.cutDue = true
		case link.HalfOpen:
			l.forgotten = l.conns
		case link.Silence, link.Standstill: // the medium's
		}
	}
	l.watch()
}

// cutIfDue resets all connections if an outage asked for it. It is called when no
// tcb is at work.
func (l *Link) cutIfDue() {
	if l.cutDue {
		l.cutDue = false
		l.resetAll()
	}
}
