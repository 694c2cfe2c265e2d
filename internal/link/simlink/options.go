package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Flavour is what a TCP does about duplicate acknowledgements.
type Flavour uint8

const (
	// NT351 ignores them: only the timeout recovers a loss.
	//
	// src: KB Q162179 (fast retransmit came with NT 4.0 SP2)
	NT351 Flavour = iota
	// NT4SP2 is Reno with a threshold of 2.
	//
	// src: KB Q162179 (TcpMaxDupAcks)
	NT4SP2
	// Reno has fast retransmit and fast recovery, threshold 3.
	//
	// src: RFC 2001 §3, §4
	Reno
	// NewReno is Reno that stays in recovery until all that was sent is acknowledged.
	//
	// src: RFC 2582 §3
	NewReno
)

var flavourNames = [...]string{"tcp-nt351", "tcp-nt4sp2", "tcp-reno", "tcp-newreno"}

// String returns the name that ParseFlavour takes.
func (f Flavour) String() string {
	if int(f) < len(flavourNames) {
		return flavourNames[f]
	}
	return fmt.Sprintf("flavour(%d)", uint8(f))
}

// ParseFlavour returns the flavour of that name.
func ParseFlavour(name string) (Flavour, error) {
	for i, n := range flavourNames {
		if n == name {
			return Flavour(i), nil
		}
	}
	return 0, fmt.Errorf("TCP flavour %q: no such flavour (there are %q)", name, flavourNames)
}

// duplicates is the number of duplicate acknowledgements that trigger a fast
// retransmit; 0 is never.
func (f Flavour) duplicates() int { return [...]int{0, 2, 3, 3}[f] }

// Options configure a Link. The zero value is an NT 3.51 TCP without loss, without
// outages and without a trace.
type Options struct {
	Flavour Flavour
	// Loss is the fraction of packets lost each way, beside the profile's own.
	Loss float64
	// DataLossOnly spares packets without data, as theory does.
	DataLossOnly bool
	Outages      []link.Outage
	// KeepAlive is the idle time after which an end sends a session keep-alive; 0 is
	// never. With it, an open connection always has a timer pending.
	KeepAlive time.Duration
	// Name tells the random streams of several links of one Runtime apart, such as
	// "link-up/NAME" and "link-down/NAME".
	Name string
	// Trace receives lost and repeated segments, and outages; nil is none.
	Trace *trace.Actor
	// TCP overrides link.StockTCP.
	TCP *link.TCPParams
	// Drop is asked about each packet that the weather spares, and loses it if true.
	// The rules of Tap hold.
	Drop func(p Packet) bool
	// Tap is shown each packet as it is offered to the link; it must not block, keep
	// p.Data or call into the Link.
	Tap func(p Packet)
}

func (o Options) validate() error {
	if int(o.Flavour) >= len(flavourNames) {
		return fmt.Errorf("unknown %v", o.Flavour)
	}
	if o.KeepAlive < 0 {
		return fmt.Errorf("keep-alive after %v", o.KeepAlive)
	}
	return nil
}

// Packet is a TCP segment on its way, for Options.Tap.
type Packet struct {
	At   time.Time
	Up   bool // from client to server
	Conn uint32
	// Sequence numbers count from the SYN, which is 0.
	Seq, Ack           int64
	Window             int64
	SYN, ACK, FIN, RST bool
	Data               []byte
	// Number counts the data segments of the direction from 1; 0 without data.
	Number int64
	Resent bool
	Fate   Fate
}

// Fate is what becomes of a packet.
type Fate = link.Fate

// The fates of a packet.
const (
	Arrives  = link.Arrives
	Lost     = link.Lost
	Dropped  = link.Dropped
	Vanished = link.Vanished
)
