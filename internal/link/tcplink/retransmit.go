package tcplink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// retransmit repeats a segment that was lost at first, until it gets through or TCP
// gives up: it waits an rto, asks lost about the next attempt, and so on with rto
// doubled. wait returns an error if the connection ended meanwhile.
func retransmit(tcp link.TCPParams, rto time.Duration, wait func(time.Duration) error, lost func() bool) error {
	for range tcp.MaxDataRetransmissions {
		if err := wait(rto); err != nil {
			return err
		}
		if !lost() {
			return nil
		}
		rto = link.Backoff(rto, tcp.MaxRTO)
	}
	if err := wait(rto); err != nil {
		return err
	}
	return link.ErrAborted
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
	loss := s.p.TotalLoss(s.opt.Loss)
	up, down := s.up.weather.Float64() < loss, s.down.weather.Float64() < loss
	return up || down || s.isDown
}

// sleepBefore sleeps for d, or until the deadline and reports false if that is earlier.
func sleepBefore(deadline time.Time, d time.Duration) bool {
	left := time.Until(deadline)
	time.Sleep(min(d, left))
	return d <= left
}
