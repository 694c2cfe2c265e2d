package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Flavour is what a TCP does about duplicate acknowledgements.
type Flavour = link.Flavour

// The flavours.
const (
	NT351   = link.TCPNT351
	NT4SP2  = link.TCPNT4SP2
	Reno    = link.TCPReno
	NewReno = link.TCPNewReno
)

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
	if !o.Flavour.Known() {
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
