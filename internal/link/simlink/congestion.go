package simlink

import "github.com/ntrdr/ntrdr/internal/link"

// congestion is the congestion control of a tcb.
type congestion struct {
	flavour    Flavour
	mss        int64
	limit      int64 // of cwnd
	cwnd       int64
	ssthresh   int64
	dups       int   // duplicate acknowledgements in a row
	recovering bool  // fast recovery
	recover    int64 // what had been sent when the last recovery began
}

// firstThreshold is the slow start threshold of a new connection.
//
// src: RFC 2001 §1
const firstThreshold = 65535

func newCongestion(f Flavour, p *link.TCPParams) congestion {
	return congestion{
		flavour:  f,
		mss:      int64(p.MSS),
		limit:    int64(max(firstThreshold, p.Window)),
		cwnd:     int64(p.InitialWindow * p.MSS),
		ssthresh: int64(max(firstThreshold, p.Window)),
	}
}

// acked takes an acknowledgement of n new bytes, up to ack, and reports whether it
// is a partial one that calls for the next segment to be sent again.
func (c *congestion) acked(n, ack int64) (resend bool) {
	c.dups = 0
	switch {
	case !c.recovering:
		c.grow()
	case c.flavour == NewReno && ack < c.recover:
		c.cwnd = max(c.cwnd-n, 0) + c.mss
		return true
	default:
		c.recovering = false
		c.cwnd = c.ssthresh
		if c.flavour != NewReno {
			// Reno takes the next hole of the same window for another loss.
			c.recover = 0
		}
	}
	return false
}

// grow opens the window by a segment in slow start, by a segment a round trip after.
//
// src: RFC 2001 §1
func (c *congestion) grow() {
	step := c.mss
	if c.cwnd >= c.ssthresh {
		step = max(1, c.mss*c.mss/c.cwnd)
	}
	c.cwnd = min(c.cwnd+step, c.limit)
}

// duplicate takes a duplicate acknowledgement of una and reports whether the segment
// there is to be sent again at once; flight is what is under way and sent is the end
// of all that was ever sent.
func (c *congestion) duplicate(una, sent, flight int64) (resend bool) {
	threshold := c.flavour.Duplicates()
	if threshold == 0 {
		return false
	}
	c.dups++
	switch {
	case c.recovering:
		c.cwnd = min(c.cwnd+c.mss, c.limit)
		return false
	case c.dups < threshold || una < c.recover:
		// Duplicates of what was resent after a timeout mean no new loss.
		return false
	}
	c.recovering, c.recover = true, sent
	c.halve(flight)
	c.cwnd = c.ssthresh + int64(threshold)*c.mss
	return true
}

// timedOut falls back to slow start.
func (c *congestion) timedOut(sent, flight int64) {
	c.halve(flight)
	c.cwnd = c.mss
	c.dups, c.recovering, c.recover = 0, false, sent
}

func (c *congestion) halve(flight int64) {
	c.ssthresh = max(min(flight, c.cwnd)/2, 2*c.mss)
}
