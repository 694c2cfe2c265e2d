package link

import (
	"fmt"
	"time"
)

// Sizes of IP packets.
const (
	// PacketOverhead is an IP header and a TCP header without options.
	//
	// src: RFC 791 §3.1, RFC 793 §3.1
	PacketOverhead = 40
	// MTU is the largest packet.
	//
	// src: RFC 894 (Ethernet)
	MTU = 1500
)

// TCPParams are the numbers of a TCP; StockTCP returns those of NT 3.51. Zero is a
// value, never a default.
type TCPParams struct {
	MSS    int // bytes of data in a full segment
	Window int // bytes that a receiver lets a sender have under way
	// InitialWindow is the congestion window at the start, in segments.
	InitialWindow int
	// InitialRTO is the retransmission timeout before the first RTT sample.
	InitialRTO     time.Duration
	MinRTO, MaxRTO time.Duration
	// MaxDataRetransmissions of one segment are made before the connection is aborted.
	MaxDataRetransmissions int
	// MaxConnectRetransmissions of a SYN are made before Dial gives up.
	MaxConnectRetransmissions int
	// TimedWait is how long the side that closed first answers a repeated FIN.
	TimedWait time.Duration
	// DelayedAck is how long an acknowledgement waits for data to ride on.
	DelayedAck time.Duration
	// AckEvery is the number of data segments that one acknowledgement answers.
	AckEvery int
	// Nagle holds a short segment back while data is under way.
	Nagle bool
	// SendBuffer bounds what Send accepts and the peer has not acknowledged.
	SendBuffer int
	// RecvBuffer is how many bytes of whole messages wait for Recv before the window
	// starts to close: the buffers that NetBT's clients post ahead.
	RecvBuffer int
}

// StockTCP returns the parameters of an NT 3.51 workstation on Ethernet.
func StockTCP() TCPParams {
	return TCPParams{
		MSS:                       1460,                   // src: KB Q136970 (the MTU less 40)
		Window:                    8760,                   // src: KB Q140552 (six segments on Ethernet)
		InitialWindow:             1,                      // src: RFC 2001 §1
		InitialRTO:                3 * time.Second,        // src: KB Q140552, KB Q223450
		MinRTO:                    500 * time.Millisecond, // src: assumed (no figure was published; sweep 0.3 to 1 s)
		MaxRTO:                    240 * time.Second,      // src: KB Q153596
		MaxDataRetransmissions:    5,                      // src: KB Q140552, KB Q142641 (189 s in all from 3 s)
		MaxConnectRetransmissions: 3,                      // src: KB Q140552
		TimedWait:                 240 * time.Second,      // src: RFC 793 §3.3, §3.5 (twice the segment lifetime of 2 minutes)
		DelayedAck:                200 * time.Millisecond, // src: KB Q153596 (gaps of 0.193 to 0.195 s in its trace)
		AckEvery:                  2,                      // src: RFC 1122 §4.2.3.2
		Nagle:                     false,                  // src: assumed (KB Q236316 has it on in 4.0 before SP6, nothing is said of 3.5x; NtrdrNagle)
		SendBuffer:                64 << 10,               // src: assumed (a message of the largest raw block fits)
		RecvBuffer:                64 << 10,               // src: assumed (as SendBuffer)
	}
}

// Validate reports the first parameter with which a connection could not work.
func (p TCPParams) Validate() error {
	for _, v := range []struct {
		name  string
		ok    bool
		value any
	}{
		{"MSS", p.MSS > 0 && p.MSS <= MTU-PacketOverhead, p.MSS},
		{"Window", p.Window >= p.MSS, p.Window},
		{"InitialWindow", p.InitialWindow > 0, p.InitialWindow},
		{"InitialRTO", p.InitialRTO > 0 && p.InitialRTO <= p.MaxRTO, p.InitialRTO},
		{"MinRTO", p.MinRTO > 0 && p.MinRTO <= p.MaxRTO, p.MinRTO},
		{"MaxRTO", p.MaxRTO <= maxDelay, p.MaxRTO},
		{"MaxDataRetransmissions", p.MaxDataRetransmissions >= 0, p.MaxDataRetransmissions},
		{"MaxConnectRetransmissions", p.MaxConnectRetransmissions >= 0, p.MaxConnectRetransmissions},
		{"TimedWait", validDelay(p.TimedWait), p.TimedWait},
		{"DelayedAck", validDelay(p.DelayedAck), p.DelayedAck},
		{"AckEvery", p.AckEvery > 0, p.AckEvery},
		{"SendBuffer", p.SendBuffer > FrameHeaderLen, p.SendBuffer},
		{"RecvBuffer", p.RecvBuffer >= 0, p.RecvBuffer},
	} {
		if !v.ok {
			return fmt.Errorf("TCP parameter %s: %v is out of range", v.name, v.value)
		}
	}
	return nil
}

// RTTEstimator computes a retransmission timeout by the rules of Jacobson and Karn.
//
// src: RFC 2988 §2 (Jacobson 1988, Karn 1987)
type RTTEstimator struct {
	srtt, rttvar   time.Duration
	sampled        bool
	rto            time.Duration
	initial        time.Duration
	minRTO, maxRTO time.Duration
}

// NewRTTEstimator returns an estimator without a sample.
func NewRTTEstimator(p TCPParams) RTTEstimator {
	return RTTEstimator{rto: p.InitialRTO, initial: p.InitialRTO, minRTO: p.MinRTO, maxRTO: p.MaxRTO}
}

// RTO is the present timeout, backed off or not.
func (e *RTTEstimator) RTO() time.Duration { return e.rto }

// Sample takes the round trip of a segment that was sent once, and ends any
// back-off.
func (e *RTTEstimator) Sample(rtt time.Duration) {
	if e.sampled {
		diff := e.srtt - rtt
		e.rttvar += (diff.Abs() - e.rttvar) / 4
		e.srtt += (rtt - e.srtt) / 8
	} else {
		e.srtt, e.rttvar, e.sampled = rtt, rtt/2, true
	}
	e.rto = min(max(e.srtt+4*e.rttvar, e.minRTO), e.maxRTO)
}

// Backoff doubles the timeout after it expired. By Karn's rule it stays doubled
// until the next Sample, or a link slower than the estimate would never give one.
func (e *RTTEstimator) Backoff() { e.rto = Backoff(e.rto, e.maxRTO) }

// Restart forgets a back-off if there has been no sample: what follows a
// retransmitted SYN starts anew.
func (e *RTTEstimator) Restart() {
	if !e.sampled {
		e.rto = e.initial
	}
}

// Backoff returns the timeout that follows an expired one.
//
// src: KB Q140552 (doubled with each retransmission), KB Q153596 (at most 240 s)
func Backoff(rto, limit time.Duration) time.Duration { return min(2*rto, limit) }
