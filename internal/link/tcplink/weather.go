package tcplink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// launch counts a segment of n bytes of c that is sent for the first time, and reports
// whether it is lost.
func (s *Shaper) launch(c *shaped, w *wire, n int) (number int64, lost bool) {
	s.mu.Lock()
	w.stats.Segments++
	number = w.stats.Segments
	hit, cut := false, false
	if w.way == link.Up {
		var changes []link.Change
		changes, hit = s.medium.Schedule.Segment(number, time.Since(s.start))
		cut = s.act(changes)
	}
	lost = s.attempt(c, w, number, n, hit)
	s.mu.Unlock()
	if cut {
		s.Reset()
	}
	return number, lost
}

// again sends a segment once more and reports whether it is lost again.
func (s *Shaper) again(c *shaped, w *wire, number int64, n int) (lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Retransmits++
	s.stats.Timeouts++
	s.emit(trace.Event{Kind: trace.SegmentResent, Op: "DATA", Off: number, Len: int64(n), Text: w.way.String()})
	return s.attempt(c, w, number, n, false)
}

// attempt draws the same numbers whatever happens.
func (s *Shaper) attempt(c *shaped, w *wire, number int64, n int, hit bool) (lost bool) {
	w.stats.Packets++
	w.stats.Bytes += int64(n + link.PacketOverhead)
	unlucky := w.Loses(time.Since(s.start))
	fate := link.Lost
	switch {
	case hit || c.halfOpen || s.medium.Schedule.IsDown():
		w.stats.Vanished++
		fate = link.Vanished
	case unlucky:
		w.stats.Lost++
	default:
		return false
	}
	s.emit(trace.Event{Kind: trace.SegmentLost, Op: "DATA", Off: number, Len: int64(n), Text: w.way.String() + " " + fate.String()})
	return true
}

// transmit puts a segment on the line and returns when it arrives.
func (s *Shaper) transmit(w *wire, at time.Time, n int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, _ := w.Transmit(at.Sub(s.start), n+link.PacketOverhead)
	return s.start.Add(w.Arrival(done))
}

func (s *Shaper) emit(e trace.Event) { s.opt.Trace.Emit(e) }

// watch arranges for onChange when the schedule has something to do.
func (s *Shaper) watch() {
	if s.change != nil {
		s.change.Stop()
	}
	if next := s.medium.Schedule.Next(); next != rt.Forever && !s.closed {
		s.change = time.AfterFunc(time.Until(s.start.Add(next)), s.onChange)
	}
}

func (s *Shaper) onChange() {
	s.mu.Lock()
	cut := s.act(s.medium.Schedule.Advance(time.Since(s.start)))
	s.mu.Unlock()
	if cut {
		s.Reset()
	}
}

// act does what the schedule decided, and reports whether connections are to be reset.
func (s *Shaper) act(changes []link.Change) (cut bool) {
	for _, c := range s.medium.Apply(changes) {
		kind := trace.LinkDown
		if c.Over {
			kind = trace.LinkUp
		}
		s.emit(trace.Event{Kind: kind, Text: c.Why})
		switch c.Kind {
		case link.Cut:
			cut = true
		case link.HalfOpen:
			for _, sc := range s.conns {
				sc.halfOpen = true
			}
		case link.Silence, link.Standstill: // the medium's
		}
	}
	s.watch()
	return cut
}

// Down loses every segment that is sent in the next d, which may be rt.Forever.
func (s *Shaper) Down(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act(s.medium.Schedule.Down(time.Since(s.start), d))
}

// Up ends an outage.
func (s *Shaper) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act(s.medium.Schedule.Up())
}
