package netns

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// relay carries packets between the two TUN devices of a link.
type relay struct {
	ends   [2]io.ReadWriteCloser // of the client, of the server: packets of way w come from ends[w]
	queues [2]chan packet        // packets of a way that are under way
	done   chan struct{}
	start  time.Time
	all    sync.WaitGroup

	mu     sync.Mutex
	medium *link.Medium // +checklocks:mu, as all below
	flows  flows        //
	stats  link.Stats   //
	timer  *time.Timer  // of the medium's next change
}

type packet struct {
	data []byte
	at   time.Time // of its arrival
}

// underWay bounds the packets of one way that are queued or flying: 6 MB.
//
// src: assumed (more than the bandwidth-delay product of any built-in profile)
const underWay = 4096

// linkOptions describe the medium of a relay.
type linkOptions struct {
	profile link.Profile
	loss    float64
	outages []link.Outage
	seed    uint64
	perfect bool
}

func newRelay(opt linkOptions, client, server io.ReadWriteCloser) (*relay, error) {
	start := time.Now()
	m, err := link.NewMedium(opt.profile, link.MediumOptions{
		Name: "netns", Loss: opt.loss, Outages: opt.outages, NoDrop: opt.perfect,
		Rand: func(stream string) *rand.Rand { return rand.New(rt.NewSource(opt.seed, stream)) },
	})
	if err != nil {
		return nil, err
	}
	r := &relay{start: start, medium: m, flows: flows{}, done: make(chan struct{})}
	r.ends = [2]io.ReadWriteCloser{link.Up: client, link.Down: server}
	for way := range r.queues {
		r.queues[way] = make(chan packet, underWay)
	}
	r.advance()
	for _, way := range []link.Way{link.Up, link.Down} {
		r.all.Go(func() { r.take(way) })
		r.all.Go(func() { r.deliver(way) })
	}
	return r, nil
}

// advance begins and ends outages, and sets the timer for the next.
func (r *relay) advance() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.done:
		return
	default:
	}
	r.apply(r.medium.Advance(time.Since(r.start)))
	r.arm()
}

// arm sets the timer for the medium's next change.
func (r *relay) arm() {
	if r.timer != nil {
		r.timer.Stop()
	}
	if next := r.medium.Next(); next != rt.Forever {
		r.timer = time.AfterFunc(time.Until(r.start.Add(next)), r.advance)
	}
}

// apply acts on what happened to the link.
func (r *relay) apply(changes []link.Change) {
	for _, c := range changes {
		switch {
		case c.Over:
		case c.Kind == link.HalfOpen:
			r.flows.forget()
		case c.Kind == link.Cut:
			toClient, toServer := r.flows.resets()
			r.inject(link.Down, toClient)
			r.inject(link.Up, toServer)
		}
	}
}

// inject delivers packets at once, beside the line.
func (r *relay) inject(way link.Way, list [][]byte) {
	for _, data := range list {
		// An end that is being closed cannot be reset, and need not.
		_, _ = r.ends[1-way].Write(data)
	}
}

// take reads the packets of a way and puts those that will arrive on their way.
func (r *relay) take(way link.Way) {
	defer close(r.queues[way])
	for {
		data := make([]byte, link.MTU)
		n, err := r.ends[way].Read(data)
		if err != nil {
			return // the device is closed
		}
		at, fate := r.offer(way, data[:n])
		if fate != link.Arrives {
			continue
		}
		select {
		case r.queues[way] <- packet{data[:n], at}:
		default: // longer under way than any queue
		}
	}
}

// offer sends a packet over the medium and counts it.
func (r *relay) offer(way link.Way, data []byte) (at time.Time, fate link.Fate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.start)
	if changes := r.medium.Advance(now); len(changes) > 0 {
		r.apply(changes)
		r.arm()
	}
	st := &r.stats.Up
	if way == link.Down {
		st = &r.stats.Down
	}
	gone := r.inspect(way, data, st, now)
	arrival, fate := r.medium.Offer(now, way, len(data), gone)
	st.Packets++
	st.Bytes += int64(len(data))
	switch fate {
	case link.Arrives:
	case link.Lost:
		st.Lost++
	case link.Dropped:
		st.Dropped++
	case link.Vanished:
		st.Vanished++
	}
	return r.start.Add(arrival), fate
}

// inspect looks at what a packet is to TCP, begins the outages of its segment, and
// reports whether it vanishes.
func (r *relay) inspect(way link.Way, data []byte, st *link.DirectionStats, now time.Duration) (gone bool) {
	s, ok := parseSegment(data)
	if !ok {
		return false
	}
	got := r.flows.see(s, way)
	if got.opens {
		r.stats.Connections++
	}
	switch {
	case got.fresh:
		st.Segments++
	case s.data > 0:
		r.stats.Retransmits++
	}
	if !got.fresh || way == link.Down {
		return got.forgotten
	}
	changes, hit := r.medium.Schedule.Segment(st.Segments, now)
	if len(changes) > 0 {
		r.apply(r.medium.Apply(changes))
		r.arm()
	}
	return hit || got.forgotten
}

// deliver writes the packets of a way when they arrive.
func (r *relay) deliver(way link.Way) {
	for p := range r.queues[way] {
		if !r.sleepUntil(p.at) {
			return
		}
		// What an end does not take is lost, as on any wire.
		_, _ = r.ends[1-way].Write(p.data)
	}
}

func (r *relay) sleepUntil(at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.done:
		return false
	}
}

// counts returns what has passed so far.
func (r *relay) counts() link.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// close ends the relay and its devices.
func (r *relay) close() error {
	r.mu.Lock()
	close(r.done)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	var err error
	for _, e := range r.ends {
		if cerr := e.Close(); cerr != nil && !errors.Is(cerr, os.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("close TUN: %w", cerr))
		}
	}
	r.all.Wait()
	return err
}
