package link

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Schedule decides when the outages of a link begin and end: the planned ones, and those
// that come again and again. It acts on nothing: its owner calls Advance when Next says
// so, and does what the Changes say. Times count from the start of the link and do not
// go back. The zero value has no outages.
type Schedule struct {
	byTime    []Outage // that have not begun, in order
	bySegment []Outage
	byPacket  []Outage
	spells    []recurring
	down      bool            // packets vanish
	downTil   time.Duration   // rt.Forever, if nobody ends it
	still     []time.Duration // the ends of the standstills
	changes   []Change
}

// recurring is a Spell on its way through time.
type recurring struct {
	kind OutageKind
	*spells
}

// Change is what happens to a link: an outage of the Kind begins, or is Over. A Cut and
// a HalfOpen are never over.
type Change struct {
	Kind OutageKind
	Over bool
	// Until is when a Standstill that begins will be over.
	Until time.Duration
	Why   string
}

func newSchedule(spellsOf []recurring, outages []Outage) Schedule {
	s := Schedule{spells: spellsOf}
	for _, o := range outages {
		switch {
		case o.Segment > 0:
			s.bySegment = append(s.bySegment, o)
		case o.Packet > 0:
			s.byPacket = append(s.byPacket, o)
		default:
			s.byTime = append(s.byTime, o)
		}
	}
	slices.SortStableFunc(s.byTime, func(a, b Outage) int { return int(max(-1, min(1, a.At-b.At))) })
	return s
}

// IsDown reports whether packets vanish.
func (s *Schedule) IsDown() bool { return s.down }

// Next returns when Advance has something to do, rt.Forever if never.
func (s *Schedule) Next() time.Duration {
	next := rt.Forever
	if len(s.byTime) > 0 {
		next = s.byTime[0].At
	}
	for _, r := range s.spells {
		next = min(next, r.from)
	}
	if s.down {
		next = min(next, s.downTil)
	}
	for _, end := range s.still {
		next = min(next, end)
	}
	return next
}

// Advance returns what has happened up to now, in order. The result is good until the
// next call of a method.
func (s *Schedule) Advance(now time.Duration) []Change {
	s.changes = s.changes[:0]
	for t := s.Next(); t <= now && t != rt.Forever; t = s.Next() {
		s.beginAt(t)
		s.endAt(t)
	}
	return s.changes
}

// beginAt begins what begins at t, before anything ends then: an outage that follows
// another without a gap goes on with it.
func (s *Schedule) beginAt(t time.Duration) {
	for len(s.byTime) > 0 && s.byTime[0].At <= t {
		o := s.byTime[0]
		s.byTime = s.byTime[1:]
		s.begin(o, t)
	}
	for _, r := range s.spells {
		if r.from <= t {
			o := Outage{Kind: r.kind, At: r.from}
			if r.kind.lasts() {
				o.Duration = r.to - r.from
			}
			r.next()
			s.begin(o, t)
		}
	}
}

func (s *Schedule) endAt(t time.Duration) {
	if s.down && s.downTil <= t {
		s.goUp()
	}
	s.still = slices.DeleteFunc(s.still, func(end time.Duration) bool {
		if end > t {
			return false
		}
		s.changes = append(s.changes, Change{Kind: Standstill, Over: true, Why: whyUp})
		return true
	})
}

// whyUp is the Why of an end.
const whyUp = "up"

// Segment begins the outages of the data segment with that number, which is sent from
// the client for the first time, and reports whether the segment itself is lost.
func (s *Schedule) Segment(number int64, now time.Duration) (changes []Change, hit bool) {
	s.changes = s.changes[:0]
	if len(s.bySegment) == 0 {
		return nil, false
	}
	s.bySegment = slices.DeleteFunc(s.bySegment, func(o Outage) bool {
		if o.Segment != number {
			return false
		}
		s.begin(o, now)
		hit = hit || o.Kind != Standstill
		return true
	})
	return s.changes, hit
}

// Packet begins the outages of the packet with that number, which has just arrived.
func (s *Schedule) Packet(number int64, now time.Duration) []Change {
	s.changes = s.changes[:0]
	if len(s.byPacket) == 0 {
		return nil
	}
	s.byPacket = slices.DeleteFunc(s.byPacket, func(o Outage) bool {
		if o.Packet == number {
			s.begin(o, now)
		}
		return o.Packet == number
	})
	return s.changes
}

// Down begins a silence of d, which may be rt.Forever. An outage within an outage can
// only lengthen it.
func (s *Schedule) Down(now, d time.Duration) []Change {
	s.changes = s.changes[:0]
	if d > 0 {
		s.goDown(now, d, "down")
	}
	return s.changes
}

// Up ends a silence.
func (s *Schedule) Up() []Change {
	s.changes = s.changes[:0]
	s.goUp()
	return s.changes
}

func (s *Schedule) begin(o Outage, now time.Duration) {
	switch o.Kind {
	case Silence:
		s.goDown(now, o.Duration, o.String())
	case Standstill:
		s.still = append(s.still, now+o.Duration)
		s.changes = append(s.changes, Change{Kind: Standstill, Until: now + o.Duration, Why: o.String()})
	case Cut, HalfOpen:
		s.changes = append(s.changes, Change{Kind: o.Kind, Why: o.String()})
	}
}

func (s *Schedule) goDown(now, d time.Duration, why string) {
	if !s.down {
		s.down, s.downTil = true, now
		s.changes = append(s.changes, Change{Kind: Silence, Why: why})
	}
	if d > rt.Forever-now { // rt.Forever as well
		s.downTil = rt.Forever
		return
	}
	s.downTil = max(s.downTil, now+d)
}

func (s *Schedule) goUp() {
	if s.down {
		s.down = false
		s.changes = append(s.changes, Change{Kind: Silence, Over: true, Why: whyUp})
	}
}
