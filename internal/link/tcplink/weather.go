package tcplink

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// launch counts a segment of n bytes that is sent for the first time, and reports
// whether it is lost.
func (s *Shaper) launch(w *wire, n int) (number int64, lost bool) {
	s.mu.Lock()
	w.stats.Segments++
	number = w.stats.Segments
	hit, cut := s.beginOutagesAt(w, number)
	lost = s.attempt(w, number, n, hit)
	s.mu.Unlock()
	if cut {
		s.Reset()
	}
	return number, lost
}

// again sends a segment once more and reports whether it is lost again.
func (s *Shaper) again(w *wire, number int64, n int) (lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Retransmits++
	s.stats.Timeouts++
	s.emit(trace.Event{Kind: trace.SegmentResent, Op: "DATA", Off: number, Len: int64(n), Text: w.name})
	return s.attempt(w, number, n, false)
}

// attempt draws the same numbers whatever happens.
func (s *Shaper) attempt(w *wire, number int64, n int, hit bool) (lost bool) {
	w.stats.Packets++
	w.stats.Bytes += int64(n + link.PacketOverhead)
	unlucky := w.weather.Float64() < s.p.TotalLoss(s.opt.Loss)
	why := " lost"
	switch {
	case hit || s.isDown:
		w.stats.Vanished++
		why = " vanished"
	case unlucky:
		w.stats.Lost++
	default:
		return false
	}
	s.emit(trace.Event{Kind: trace.SegmentLost, Op: "DATA", Off: number, Len: int64(n), Text: w.name + why})
	return true
}

// transmit puts a segment on the line and returns when its last bit has left.
func (s *Shaper) transmit(w *wire, at time.Time, n int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, _ := w.line.Transmit(at, n+link.PacketOverhead)
	if stall := s.p.Stall.Draw(w.stalls); stall > 0 {
		done = done.Add(stall)
		w.line.Hold(done)
	}
	return done
}

func (s *Shaper) emit(e trace.Event) { s.opt.Trace.Emit(e) }

func (s *Shaper) planOutages() {
	for _, o := range s.opt.Outages {
		if o.Segment > 0 {
			s.outages = append(s.outages, o)
			continue
		}
		s.timers = append(s.timers, time.AfterFunc(o.At, func() {
			s.mu.Lock()
			cut := s.begin(o)
			s.mu.Unlock()
			if cut {
				s.Reset()
			}
		}))
	}
}

// beginOutagesAt begins the outages of the segment with that number. It reports
// whether the segment is lost, and whether connections are to be reset.
func (s *Shaper) beginOutagesAt(w *wire, number int64) (hit, cut bool) {
	if w != &s.up {
		return false, false
	}
	s.outages = slices.DeleteFunc(s.outages, func(o link.Outage) bool {
		if o.Segment != number {
			return false
		}
		cut = s.begin(o) || cut
		hit = hit || o.Kind != link.Standstill
		return true
	})
	return hit, cut
}

func (s *Shaper) begin(o link.Outage) (cut bool) {
	switch o.Kind {
	case link.Silence:
		s.goDown(o.Duration, o.String())
	case link.Standstill:
		s.emit(trace.Event{Kind: trace.LinkDown, Text: o.String()})
		until := time.Now().Add(o.Duration)
		s.up.line.Hold(until)
		s.down.line.Hold(until)
		s.after(o.Duration, func() { s.emit(trace.Event{Kind: trace.LinkUp, Text: "up"}) })
	case link.Cut:
		s.emit(trace.Event{Kind: trace.LinkDown, Text: o.String()})
		return true
	}
	return false
}

// Down loses every segment that is sent in the next d, which may be rt.Forever.
func (s *Shaper) Down(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d > 0 {
		s.goDown(d, "down")
	}
}

// Up ends an outage.
func (s *Shaper) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goUp()
}

func (s *Shaper) goDown(d time.Duration, why string) {
	if !s.isDown {
		s.isDown, s.downTil = true, time.Now()
		s.emit(trace.Event{Kind: trace.LinkDown, Text: why})
	}
	if d == rt.Forever || s.downTil.IsZero() {
		s.downTil = time.Time{}
		return
	}
	if until := time.Now().Add(d); until.After(s.downTil) {
		s.downTil = until
		s.after(d, s.endOutage)
	}
}

// after calls f, with the lock held, after d unless the shaper is closed by then.
func (s *Shaper) after(d time.Duration, f func()) {
	s.timers = append(s.timers, time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f()
	}))
}

func (s *Shaper) endOutage() {
	if !s.downTil.IsZero() && !time.Now().Before(s.downTil) {
		s.goUp()
	}
}

func (s *Shaper) goUp() {
	if s.isDown {
		s.isDown = false
		s.emit(trace.Event{Kind: trace.LinkUp, Text: "up"})
	}
}
