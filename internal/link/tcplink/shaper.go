package tcplink

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
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
	medium   *link.Medium // +checklocks:mu, as all below
	up, down wire
	change   *time.Timer // of the medium's schedule
	conns    []*shaped   // alive, in order of their start
	orphans  []net.Conn  // sockets whose client's end died half-open
	stats    link.Stats
	closed   bool
}

// wire is one direction.
type wire struct {
	*link.Wire
	way   link.Way
	stats *link.DirectionStats
}

// NewShaper returns a link that works. Its owner must call Close.
func NewShaper(p link.Profile, opt Options) (*Shaper, error) {
	for _, o := range opt.Outages {
		if o.Packet > 0 {
			return nil, fmt.Errorf("outage %v: a real TCP's packets are not seen here; say segment=%d", o, o.Packet)
		}
	}
	s := &Shaper{p: p, opt: opt, tcp: link.StockTCP(), start: time.Now()}
	if opt.TCP != nil {
		s.tcp = *opt.TCP
	}
	if err := s.tcp.Validate(); err != nil {
		return nil, fmt.Errorf("shaped link: %w", err)
	}
	medium, err := link.NewMedium(p, link.MediumOptions{
		Rand: s.stream, Name: opt.Name, Loss: opt.Loss, Outages: opt.Outages, NoDrop: true,
	})
	if err != nil {
		return nil, fmt.Errorf("shaped link: %w", err)
	}
	s.medium = medium
	s.up = wire{medium.Wire(link.Up), link.Up, &s.stats.Up}
	s.down = wire{medium.Wire(link.Down), link.Down, &s.stats.Down}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch()
	return s, nil
}

func (s *Shaper) stream(name string) *rand.Rand { return rand.New(rt.NewSource(s.opt.Seed, name)) }

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

// Close ends the weather and closes the connections.
func (s *Shaper) Close() error {
	s.mu.Lock()
	s.closed = true
	if s.change != nil {
		s.change.Stop()
	}
	conns, orphans := append([]*shaped(nil), s.conns...), s.orphans
	s.orphans = nil
	s.mu.Unlock()
	for _, c := range conns {
		c.fail(link.ErrClosed)
	}
	for _, c := range orphans {
		_ = c.Close() // its client's end died long ago
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

// forget takes a connection that has died off the list. It reports whether the socket
// stays open, until the shaper is closed, because the connection is half-open.
func (s *Shaper) forget(c *shaped) (orphan bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	orphan = c.halfOpen && !s.closed
	if orphan {
		s.orphans = append(s.orphans, c.Conn)
	}
	if i := slices.Index(s.conns, c); i >= 0 {
		s.conns = slices.Delete(s.conns, i, i+1)
	}
	return orphan
}

// queueLen is how many segments a direction holds: what the line sends in the
// queueing time and half the round trip.
func (s *Shaper) queueLen(way link.Way) int {
	bits := s.p.Rate(way)
	held := float64(bits) / 8 * (s.p.Queue + s.p.OneWay()).Seconds() / link.MTU
	if bits == 0 {
		return maxQueue
	}
	return int(min(max(held, 1), maxQueue))
}

// maxQueue bounds the segments that a direction of one connection holds: 6 MB.
//
// src: assumed (more than the bandwidth-delay product of any built-in profile)
const maxQueue = 4096
