package link

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Medium is a link for single packets, both ways, with all its weather: what the
// modelled TCP and a relay of real packets have in common. It has no clock, no lock and
// no task; its owner says what time it is. Times count from the start of the link and do
// not go back.
//
//	m, err := link.NewMedium(profile, link.MediumOptions{Rand: stream})
//	...
//	for each packet of n bytes that is offered at now:
//		act(m.Advance(now))
//		at, fate := m.Offer(now, link.Up, n, forgotten(packet))
//		if fate == link.Arrives { deliver it at the time at }
//	and a timer for m.Next() calls act(m.Advance(now)) as well
//
// Advance does to the wires what the outages ask for, so a relay that ignores its result
// has outages and standstills. What is left to act on is a Cut: reset every connection
// that there is; and a HalfOpen: from then on every packet of a connection that began
// before is offered as gone.
type Medium struct {
	Schedule Schedule
	wires    [2]Wire
}

// MediumOptions configure a Medium.
type MediumOptions struct {
	// Rand returns a random stream of the link's seed, by its name.
	Rand func(stream string) *rand.Rand
	// Name tells the streams of several links apart.
	Name string
	// Loss is the fraction of packets lost each way, beside the profile's own.
	Loss float64
	// Outages come beside the profile's own.
	Outages []Outage
	// NoDrop makes the queues endless.
	NoDrop bool
}

// NewMedium returns a link that works.
func NewMedium(p Profile, opt MediumOptions) (*Medium, error) {
	for _, validate := range []func() error{p.Validate, p.WithLoss(opt.Loss).Validate} {
		if err := validate(); err != nil {
			return nil, err
		}
	}
	for _, o := range opt.Outages {
		if err := o.Validate(); err != nil {
			return nil, err
		}
	}
	if opt.NoDrop {
		p.Queue = rt.Forever
	}
	m := &Medium{Schedule: newSchedule(p.spells(&opt), append(p.plannedOutages(), opt.Outages...))}
	for _, way := range []Way{Up, Down} {
		m.wires[way] = newWire(p, way, &opt)
	}
	return m, nil
}

// stream returns a stream of the link, for one purpose.
func (o *MediumOptions) stream(purpose string) *rand.Rand { return o.Rand(purpose + "/" + o.Name) }

func newWire(p Profile, way Way, opt *MediumOptions) Wire {
	w := Wire{line: NewLine(p.Rate(way), p.Queue), delay: p.OneWay(), loss: p.TotalLoss(opt.Loss)}
	stream := func(purpose string) *rand.Rand { return opt.stream(purpose + "-" + way.String()) }
	if w.loss > 0 {
		w.draws = stream("link")
	}
	if p.Burst == (Burst{}) && p.Stall.never() && p.Jitter == (Spread{}) {
		return w
	}
	w.rough = &rough{}
	if p.Burst != (Burst{}) {
		w.rough.burst = newBurstWeather(p.Burst, stream("burst"), stream("burst-loss").Uint64())
	}
	if !p.Stall.never() {
		w.rough.stalls = newSpells(p.Stall.Every, p.Stall.For, stream("stall"))
	}
	if p.Jitter != (Spread{}) {
		w.rough.jitter = &jitter{p.Jitter, stream("jitter").Uint64()}
	}
	return w
}

// spells are the outages that come again, each with a stream of its own.
func (p Profile) spells(opt *MediumOptions) (list []recurring) {
	for i, s := range p.Spells {
		stream := opt.stream("outage-" + strconv.Itoa(i+1))
		list = append(list, recurring{s.Kind, newSpells(s.Every, s.For, stream)})
	}
	return list
}

func (p Profile) plannedOutages() (list []Outage) {
	for _, o := range p.Outages {
		list = append(list, o.Outage)
	}
	return list
}

// Wire returns one way of the link.
func (m *Medium) Wire(way Way) *Wire { return &m.wires[way] }

// Next returns when Advance has something to do, rt.Forever if never.
func (m *Medium) Next() time.Duration { return m.Schedule.Next() }

// Advance begins and ends outages up to now and returns what happened, in order.
func (m *Medium) Advance(now time.Duration) []Change {
	return m.Apply(m.Schedule.Advance(now))
}

// Apply makes the wires stand still as the changes say, and returns the changes.
func (m *Medium) Apply(changes []Change) []Change {
	for _, c := range changes {
		if c.Kind == Standstill && !c.Over {
			m.wires[Up].Hold(c.Until)
			m.wires[Down].Hold(c.Until)
		}
	}
	return changes
}

// Offer sends a packet of n bytes, at most MTU, and returns when it arrives, if it does,
// and what becomes of it. A packet that is gone vanishes, as do all while the link is
// down.
func (m *Medium) Offer(now time.Duration, way Way, n int, gone bool) (arrival time.Duration, fate Fate) {
	return m.wires[way].Offer(now, n, gone || m.Schedule.down)
}
