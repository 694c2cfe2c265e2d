package link

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Profile is a link between a client and a server: the same in both directions.
// It is plain data; Sources says where each value comes from.
type Profile struct {
	Name string
	// RateBits is the rate of each direction in bit/s; 0 is unlimited.
	RateBits int64
	// RTT is twice the propagation delay, without queues and serialization.
	RTT time.Duration
	// Queue is the longest time that a packet waits before its transmission starts;
	// one that would wait longer is dropped. 0 means that none waits.
	Queue time.Duration
	// Loss is the fraction of IP packets lost, each way. On links that recover
	// below IP it is what remains after that.
	Loss float64
	// Stall describes the recovery below IP, which delays and does not lose.
	Stall   Stall
	Sources Sources
}

// Stall is what IP sees of a link that retransmits below it, as X.25 and V.42 do:
// now and then the line stands still.
type Stall struct {
	// Probability that a packet meets a stall; 0 on links that do not recover.
	Probability float64
	// Min and Max bound the uniform length of a stall.
	Min, Max time.Duration
}

// Sources names, for each value of a Profile, where it comes from, or says
// "assumed (why)".
type Sources struct {
	Rate, RTT, Queue, Loss, Stall string
}

// Value is one value of a Profile, as text, with its source.
type Value struct {
	Name, Text, Source string
}

// Values returns the profile's values in a fixed order, for people to read.
func (p Profile) Values() []Value {
	return []Value{
		{"rate", formatRate(p.RateBits), p.Sources.Rate},
		{"rtt", p.RTT.String(), p.Sources.RTT},
		{"queue", p.Queue.String(), p.Sources.Queue},
		{"loss", formatPercent(p.Loss), p.Sources.Loss},
		{"stall", p.Stall.String(), p.Sources.Stall},
	}
}

// LinkSpeed is the rate in bytes a second, as a transport reports it; 0 if
// unlimited.
func (p Profile) LinkSpeed() int64 { return p.RateBits / 8 }

// WithLoss returns the profile with another loss, a fraction of the IP packets.
func (p Profile) WithLoss(fraction float64) Profile {
	p.Loss = fraction
	return p
}

// TotalLoss is the fraction lost if the profile's own loss and another, independent
// one come together.
func (p Profile) TotalLoss(other float64) float64 {
	return 1 - (1-p.Loss)*(1-other)
}

// OneWay is the propagation delay of one direction.
func (p Profile) OneWay() time.Duration { return p.RTT / 2 }

// maxDelay bounds the times of a profile: a day is beyond any link's.
//
// src: assumed (keeps sums of delays far from overflow)
const maxDelay = 24 * time.Hour

// Validate reports the first value that no link can have.
func (p Profile) Validate() error {
	for _, v := range []struct {
		field string
		ok    bool
		value any
	}{
		{"rate", p.RateBits >= 0, p.RateBits},
		{"rtt", validDelay(p.RTT), p.RTT},
		{"queue", validDelay(p.Queue), p.Queue},
		{"loss", validFraction(p.Loss), p.Loss},
		{"stall probability", validFraction(p.Stall.Probability), p.Stall.Probability},
		{"stall minimum", validDelay(p.Stall.Min), p.Stall.Min},
		{"stall maximum", validDelay(p.Stall.Max) && p.Stall.Max >= p.Stall.Min, p.Stall.Max},
	} {
		if !v.ok {
			return fmt.Errorf("profile %q: %s %v is out of range", p.Name, v.field, v.value)
		}
	}
	return nil
}

func validDelay(d time.Duration) bool { return d >= 0 && d <= maxDelay }

// validFraction is false for NaN as well.
func validFraction(f float64) bool { return f >= 0 && f <= 1 }

// Draw returns how long a packet stalls, mostly 0. It draws two numbers whatever
// comes of it, or none on a link without stalls.
func (s Stall) Draw(r *rand.Rand) time.Duration {
	if s.Probability == 0 {
		return 0
	}
	hit, share := r.Float64() < s.Probability, r.Float64()
	if !hit {
		return 0
	}
	return (s.Min + time.Duration(share*float64(s.Max-s.Min))).Round(time.Microsecond)
}

// String renders the stall for people.
func (s Stall) String() string {
	if s.Probability == 0 {
		return "none"
	}
	return fmt.Sprintf("%s of packets, %v to %v", formatPercent(s.Probability), s.Min, s.Max)
}

func formatPercent(fraction float64) string {
	return fmt.Sprintf("%.6g%%", fraction*100)
}

func formatRate(bits int64) string {
	if bits == 0 {
		return "unlimited"
	}
	for _, u := range []struct {
		bits int64
		name string
	}{{1_000_000_000, "Gbit/s"}, {1_000_000, "Mbit/s"}, {1_000, "kbit/s"}} {
		if bits >= u.bits {
			return fmt.Sprintf("%.6g %s", float64(bits)/float64(u.bits), u.name)
		}
	}
	return fmt.Sprintf("%d bit/s", bits)
}
