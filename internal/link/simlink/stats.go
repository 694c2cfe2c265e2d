package simlink

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Stats counts what a Link did.
type Stats struct {
	Up, Down    DirectionStats
	Connections int64         // established, seen from the client
	Retransmits int64         // segments sent again, both directions
	Timeouts    int64         // retransmission timeouts of data
	Aborts      int64         // connections given up after their retransmissions
	MeanRTT     time.Duration // of what TCP measured at both ends, 0 without a sample
	MeanT0      time.Duration // of the timeouts that were the first of a row, 0 without one
}

// DirectionStats counts the packets that were offered to one direction.
type DirectionStats struct {
	Packets int64
	Bytes   int64 // of packets with their headers, those that the queue dropped excepted
	// Segments counts data segments, repeated ones excepted.
	Segments                int64
	Lost, Dropped, Vanished int64
}

// Stats returns the counts so far.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.done
	for _, t := range []*table{&l.clients, &l.servers} {
		for _, e := range t.all {
			sum.add(e.tally())
		}
	}
	return Stats{
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
