package simlink

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Stats returns the counts so far.
func (l *Link) Stats() link.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.done
	for _, t := range []*table{&l.clients, &l.servers} {
		for _, e := range t.all {
			sum.add(e.tally())
		}
	}
	return link.Stats{
		Up: l.up.stats, Down: l.down.stats,
		Connections: sum.connections, Retransmits: sum.resent, Timeouts: sum.timeouts, Aborts: sum.aborts,
		MeanRTT: mean(sum.rtt, sum.samples), MeanT0: mean(sum.t0, sum.rows),
	}
}

func mean(sum time.Duration, n int64) time.Duration {
	if n == 0 {
		return 0
	}
	return sum / time.Duration(n)
}

// tally is the part of Stats that connections count.
type tally struct {
	connections, aborts, resent, timeouts int64

	rtt     time.Duration // sum of samples
	samples int64
	t0      time.Duration // sum over rows of timeouts of the first
	rows    int64
}

func (s *tally) add(o tally) {
	s.connections += o.connections
	s.aborts += o.aborts
	s.resent += o.resent
	s.timeouts += o.timeouts
	s.rtt += o.rtt
	s.samples += o.samples
	s.t0 += o.t0
	s.rows += o.rows
}

func (s *tally) sample(rtt time.Duration) {
	s.rtt += rtt
	s.samples++
}

// timeout counts the expiry of an rto after so many retransmissions.
func (s *tally) timeout(tries int, rto time.Duration) {
	s.timeouts++
	if tries == 0 {
		s.t0 += rto
		s.rows++
	}
}

func (e *endpoint) tally() tally {
	s := e.t.seen
	if e.announced && e.client() {
		s.connections++
	}
	if errors.Is(e.t.err, link.ErrAborted) {
		s.aborts++
	}
	return s
}
