package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Flavour is what a TCP does about duplicate acknowledgements.
type Flavour uint8

const (
	// TCPNT351 ignores them: only the timeout recovers a loss.
	//
	// src: KB Q162179 (fast retransmit came with NT 4.0 SP2)
	TCPNT351 Flavour = iota
	// TCPNT4SP2 is Reno with a threshold of 2.
	//
	// src: KB Q162179 (TcpMaxDupAcks)
	TCPNT4SP2
	// TCPReno has fast retransmit and fast recovery, threshold 3.
	//
	// src: RFC 2001 §3, §4
	TCPReno
	// TCPNewReno is Reno that stays in recovery until all that was sent is acknowledged.
	//
	// src: RFC 2582 §3
	TCPNewReno
)

var flavourNames = [...]string{"tcp-nt351", "tcp-nt4sp2", "tcp-reno", "tcp-newreno"}

// Flavours lists all flavours; the first is the default.
func Flavours() []Flavour { return []Flavour{TCPNT351, TCPNT4SP2, TCPReno, TCPNewReno} }

// String returns the name that ParseFlavour takes.
func (f Flavour) String() string {
	if f.Known() {
		return flavourNames[f]
	}
	return fmt.Sprintf("flavour(%d)", uint8(f))
}

// Known reports whether there is such a flavour.
func (f Flavour) Known() bool { return int(f) < len(flavourNames) }

// ParseFlavour returns the flavour of that name.
func ParseFlavour(name string) (Flavour, error) {
	for i, n := range flavourNames {
		if n == name {
			return Flavour(i), nil
		}
	}
	return 0, fmt.Errorf("TCP flavour %q: no such flavour (there are %q)", name, flavourNames)
}

// Duplicates is the number of duplicate acknowledgements that trigger a fast
// retransmit; 0 is never.
func (f Flavour) Duplicates() int { return [...]int{0, 2, 3, 3}[f] }

// TCP chooses the TCP at both ends of a link. The zero value is that of NT 3.51.
type TCP struct {
	Flavour Flavour
	// MinRTO is the shortest retransmission timeout; 0 is that of StockTCP.
	MinRTO time.Duration
}

// Params returns p with what t chooses.
func (t TCP) Params(p TCPParams) TCPParams {
	if t.MinRTO > 0 {
		p.MinRTO = t.MinRTO
	}
	return p
}

// Validate reports a choice with which no connection could work.
func (t TCP) Validate() error {
	if !t.Flavour.Known() {
		return fmt.Errorf("unknown TCP %v", t.Flavour)
	}
	if t.MinRTO < 0 {
		return fmt.Errorf("a minimum retransmission timeout of %v", t.MinRTO)
	}
	return t.Params(StockTCP()).Validate()
}

// String names the flavour and, if it is not the stock value, the minimum timeout.
func (t TCP) String() string {
	if t.MinRTO == 0 || t.MinRTO == StockTCP().MinRTO {
		return t.Flavour.String()
	}
	return fmt.Sprintf("%v,min-rto=%v", t.Flavour, t.MinRTO)
}

// HashWith identifies the profile under a TCP; under the default it is Hash.
func (p Profile) HashWith(t TCP) string {
	if t.String() == (TCP{}).String() {
		return p.Hash()
	}
	sum := sha256.Sum256([]byte(p.Hash() + " " + t.String()))
	return hex.EncodeToString(sum[:8])
}
