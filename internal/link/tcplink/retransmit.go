package tcplink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// retransmit repeats a segment that was lost at first, until it gets through or TCP
// gives up: it waits until an rto after the first attempt, asks lost about the next,
// and so on with rto doubled. It returns how long after the first attempt the last
// one was. wait returns an error if the connection ended meanwhile.
func retransmit(tcp link.TCPParams, rto time.Duration, wait func(sinceFirst time.Duration) error, lost func() bool) (stall time.Duration, err error) {
	for try := 0; ; try++ {
		stall += rto
		if err := wait(stall); err != nil {
			return stall, err
		}
		if try == tcp.MaxDataRetransmissions {
			return stall, link.ErrAborted
		}
		if !lost() {
			return stall, nil
		}
		rto = link.Backoff(rto, tcp.MaxRTO)
	}
}

// handshake waits as long as a SYN and its answer take, with the SYN's own timeouts.
func (s *Shaper) handshake(deadline time.Time) error {
	rto := s.tcp.InitialRTO
	for try := 0; s.synLost(); try++ {
		if !sleepBefore(deadline, rto) || try == s.tcp.MaxConnectRetransmissions {
			return link.ErrTimeout
		}
		rto = link.Backoff(rto, s.tcp.MaxRTO)
	}
	if !sleepBefore(deadline, s.p.RTT) {
		return link.ErrTimeout
	}
	return nil
}

// synLost draws for the SYN and for its answer.
func (s *Shaper) synLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(s.start)
	up, down := s.up.Loses(now), s.down.Loses(now)
	return up || down || s.medium.Schedule.IsDown()
}

// sleepBefore sleeps for d, or until the deadline and reports false if that is earlier.
func sleepBefore(deadline time.Time, d time.Duration) bool {
	left := time.Until(deadline)
	time.Sleep(min(d, left))
	return d <= left
}
