package link

import "time"

// Profile is a link between a client and a server. It is plain data; Sources says where
// each value comes from.
type Profile struct {
	Name string
	// About says what the link is, for people.
	About string
	// RateBits is the rate from client to server in bit/s; 0 is unlimited.
	RateBits int64
	// DownBits is the rate from server to client where it is another one; 0 is the same.
	DownBits int64
	// RTT is twice the propagation delay, without queues and serialization.
	RTT time.Duration
	// Jitter is what comes on top of the propagation delay of one way, and changes with
	// time. No packet overtakes another.
	Jitter Spread
	// Queue is the longest time that a packet waits before its transmission starts;
	// one that would wait longer is dropped. 0 means that none waits.
	Queue time.Duration
	// Loss is the fraction of IP packets lost, each way. On links that recover
	// below IP it is what remains after that.
	Loss float64
	// Burst is loss that comes in bursts, independent of Loss.
	Burst Burst
	// Stall describes the recovery below IP, which delays and does not lose.
	Stall Stall
	// Outages are planned, Spells come again and again; both concern both ways.
	Outages []PlannedOutage
	Spells  []Spell
	Sources Sources
}

// Burst is the two-state loss of Gilbert and Elliott in continuous time: the link is
// good or bad for exponential times, whatever is sent meanwhile. A model that counts
// packets instead would keep the link bad for minutes under a TCP that has backed off.
// The zero value is none.
//
// src: Gilbert 1960, "Capacity of a burst-noise channel"; Elliott 1963, "Estimates of
// error rates for codes on burst-noise channels".
type Burst struct {
	Good, Bad         time.Duration // the mean times
	GoodLoss, BadLoss float64       // the fraction of packets lost meanwhile
}

// MeanLoss is the fraction of time-spread packets that a Burst loses in the long run.
func (b Burst) MeanLoss() float64 {
	if b == (Burst{}) {
		return 0
	}
	bad := float64(b.Bad) / float64(b.Good+b.Bad)
	return bad*b.BadLoss + (1-bad)*b.GoodLoss
}

// Stall is what IP sees of a link that retransmits below it, as X.25 and V.42 do:
// now and then one way of the line stands still.
type Stall struct {
	// Every is the time from the end of a stall to the next; 0 is never.
	Every Spread
	For   Spread
}

func (s Stall) never() bool { return s.Every == (Spread{}) }

// Spell is an outage that comes again and again.
type Spell struct {
	Kind OutageKind
	// Every is the time from the end of an outage to the next.
	Every Spread
	// For is how long an outage lasts; a Cut and a HalfOpen have no length.
	For    Spread
	Source string
}

// PlannedOutage is an Outage with its source.
type PlannedOutage struct {
	Outage
	Source string
}

// Sources names, for the values of a Profile by their key, where they come from, or
// says "assumed (why)".
type Sources map[string]string

// Rate returns the rate of one way in bit/s; 0 is unlimited.
func (p Profile) Rate(way Way) int64 {
	if way == Down && p.DownBits > 0 {
		return p.DownBits
	}
	return p.RateBits
}

// LinkSpeed is the client's rate in bytes a second, as its transport reports it; 0 if
// unlimited.
func (p Profile) LinkSpeed() int64 { return p.Rate(Up) / 8 }

// WithLoss returns the profile with another loss, a fraction of the IP packets.
func (p Profile) WithLoss(fraction float64) Profile {
	p.Loss = fraction
	return p
}

// TotalLoss is the fraction lost if the profile's own loss and another, independent
// one come together. Bursts are not in it.
func (p Profile) TotalLoss(other float64) float64 {
	return 1 - (1-p.Loss)*(1-other)
}

// OneWay is the propagation delay of one direction.
func (p Profile) OneWay() time.Duration { return p.RTT / 2 }
