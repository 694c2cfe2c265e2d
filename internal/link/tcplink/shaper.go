package tcplink

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Options configure a Shaper.
type Options struct {
	// Loss is the fraction of segments lost each way, beside the profile's own.
	Loss float64
	// Seed and Name decide the random streams, as they do in package simlink.
	Seed uint64
	Name string
	// Outages by time count from NewShaper.
	Outages []link.Outage
	// TCP overrides link.StockTCP.
	TCP *link.TCPParams
	// Trace receives lost and repeated segments, and outages; nil is none. Its Recorder
	// needs a lock.
	Trace *trace.Actor
}

// Shaper is a link that real connections pass. Its methods may be called from any
// goroutine.
type Shaper struct {
	p     link.Profile
	opt   Options
	tcp   link.TCPParams
	start time.Time

	mu       sync.Mutex
	up, down wire          // +checklocks:mu, as all below
	outages  []link.Outage // not yet begun
	isDown   bool          // until downTil; zero is forever
	downTil  time.Time     //
	conns    []*shaped     // alive, in order of their start
	stats    link.Stats    //
	timers   []*time.Timer // of outages by time
}

// wire is one direction.
type wire struct {
	name    string
	line    *link.Line
	weather *rand.Rand // one draw an attempt to send a segment
	stalls  *rand.Rand
	stats   *link.DirectionStats
}

// NewShaper returns a link that works. Its owner must call Close.
func NewShaper(p link.Profile, opt Options) (*Shaper, error) {
	s := &Shaper{p: p, opt: opt, tcp: link.StockTCP(), start: time.Now()}
	if opt.TCP != nil {
		s.tcp = *opt.TCP
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("shaped link: %w", err)
	}
	s.up = s.newWire("up", &s.stats.Up)
	s.down = s.newWire("down", &s.stats.Down)
	s.planOutages()
	return s, nil
}

func (s *Shaper) validate() error {
	for _, validate := range []func() error{s.p.Validate, s.p.WithLoss(s.opt.Loss).Validate, s.tcp.Validate} {
		if err := validate(); err != nil {
			return err
		}
	}
	for _, o := range s.opt.Outages {
		if err := o.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// forever is a queue that never drops.
const forever = rt.Forever

func (s *Shaper) newWire(name string, stats *link.DirectionStats) wire {
	return wire{
		name:    name,
		line:    link.NewLine(s.p.RateBits, forever),
		weather: rand.New(rt.NewSource(s.opt.Seed, "link-"+name+"/"+s.opt.Name)),
		stalls:  rand.New(rt.NewSource(s.opt.Seed, "stall-"+name+"/"+s.opt.Name)),
		stats:   stats,
	}
}

// Profile returns the profile.
func (s *Shaper) Profile() link.Profile { return s.p }

// Stats returns the counts so far. Nothing is ever dropped, and only data is counted.
func (s *Shaper) Stats() link.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Shape returns the client's end of c as it looks through the link. The result owns c.
func (s *Shaper) Shape(c net.Conn) net.Conn {
	sc := newShaped(s, c)
	s.mu.Lock()
	s.conns = append(s.conns, sc)
	s.stats.Connections++
	s.mu.Unlock()
	sc.run()
	return sc
}

// Close cancels the outages that are planned and closes the connections.
func (s *Shaper) Close() error {
	s.mu.Lock()
	for _, t := range s.timers {
		t.Stop()
	}
	conns := append([]*shaped(nil), s.conns...)
	s.mu.Unlock()
	for _, c := range conns {
		c.fail(link.ErrClosed)
	}
	return nil
}

// Reset resets every connection.
func (s *Shaper) Reset() {
	s.mu.Lock()
	conns := append([]*shaped(nil), s.conns...)
	s.mu.Unlock()
	for _, c := range conns {
		c.reset()
	}
}

func (s *Shaper) forget(c *shaped) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range s.conns {
		if o == c {
			s.conns = append(s.conns[:i], s.conns[i+1:]...)
			return
		}
	}
}

// queueLen is how many segments a direction holds: what the line sends in the
// queueing time and half the round trip.
func (s *Shaper) queueLen() int {
	held := float64(s.p.RateBits) / 8 * (s.p.Queue + s.p.OneWay()).Seconds() / link.MTU
	if s.p.RateBits == 0 {
		return maxQueue
	}
	return int(min(max(held, 1), maxQueue))
}

// maxQueue bounds the segments that a direction of one connection holds: 6 MB.
//
// src: assumed (more than the bandwidth-delay product of any built-in profile)
const maxQueue = 4096
