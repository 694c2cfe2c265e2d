package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// Link joins a client machine and a server machine.
type Link struct {
	rt    rt.Runtime
	p     link.Profile
	opt   Options
	tcp   link.TCPParams
	start time.Duration // by rt.Elapsed
	slabs *slabs

	mu        rt.Mutex
	up, down  *direction // +checklocks:mu, as all below
	clients   table      // the client's ends of the connections
	servers   table      // the server's ends
	conns     uint32     // the last connection's number
	listener  *listener  // nil if nobody listens
	medium    *link.Medium
	change    rt.Timer // of the medium's schedule; nil: none is set
	changeAt  time.Duration
	cutDue    bool   // reset all connections when the present work is done
	forgotten uint32 // connections up to this number have lost their peers
	delivered int64  // packets, both ways
	history   uint64 // of the packets delivered, kept for onArrive
	onArrive  func(n int64, history uint64)
	spare     []*packet // to be used again
	first     [32]*packet
	done      tally // of connections that are gone
}

// New returns a link that works; outages by time count from now.
func New(r rt.Runtime, p link.Profile, opt Options) (*Link, error) {
	tcp := link.StockTCP()
	if opt.TCP != nil {
		tcp = *opt.TCP
	}
	for _, validate := range []func() error{opt.validate, tcp.Validate} {
		if err := validate(); err != nil {
			return nil, fmt.Errorf("simulated link: %w", err)
		}
	}
	l := &Link{rt: r, p: p, opt: opt, tcp: tcp, start: r.Elapsed(), mu: r.NewMutex()}
	l.slabs, l.spare = slab.SetFrom(r, newSlabs), l.first[:0]
	medium, err := link.NewMedium(p, link.MediumOptions{
		Rand: r.Rand, Name: opt.Name, Loss: opt.Loss, Outages: opt.Outages,
	})
	if err != nil {
		return nil, fmt.Errorf("simulated link: %w", err)
	}
	l.medium = medium
	l.up = newDirection(l, link.Up, &l.servers)
	l.down = newDirection(l, link.Down, &l.clients)
	l.watch()
	return l, nil
}

// slabs are where a link's objects come from.
type slabs struct {
	endpoints  *slab.Slab[endpoint]
	directions *slab.Slab[direction]
	packets    *slab.Slab[packet]
}

func newSlabs(runtime any) *slabs {
	return &slabs{slab.From[endpoint](runtime), slab.From[direction](runtime), slab.From[packet](runtime)}
}

// Profile returns the link's profile.
func (l *Link) Profile() link.Profile { return l.p }

// now is the time since the start.
func (l *Link) now() time.Duration { return l.rt.Elapsed() - l.start }

// Reset resets every connection at both ends, at once and without a packet.
func (l *Link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resetAll()
}

func (l *Link) resetAll() {
	for _, t := range []*table{&l.clients, &l.servers} {
		for len(t.all) > 0 {
			e := t.all[0]
			e.t.die(link.ErrReset)
			e.settle()
		}
	}
}

// table holds the endpoints of one machine, in order of their connections.
type table struct{ all []*endpoint }

func (t *table) find(conn uint32) *endpoint {
	for i := len(t.all) - 1; i >= 0; i-- {
		if t.all[i].conn == conn {
			return t.all[i]
		}
	}
	return nil
}

func (t *table) add(e *endpoint) { t.all = append(t.all, e) }

// remove reports whether e was there.
func (t *table) remove(e *endpoint) bool {
	for i, o := range t.all {
		if o == e {
			t.all = append(t.all[:i], t.all[i+1:]...)
			return true
		}
	}
	return false
}
