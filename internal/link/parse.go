package link

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// ParseLoss reads a loss in percent and returns the fraction: "2" and "2%" both
// mean 0.02.
func ParseLoss(s string) (float64, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !validFraction(percent/100) {
		return 0, fmt.Errorf("loss %q: not a percentage from 0 to 100", s)
	}
	return percent / 100, nil
}

// OutageKind says what an outage does to packets.
type OutageKind uint8

// The kinds of outages.
const (
	// Silence: packets vanish in both directions.
	Silence OutageKind = iota
	// Cut: every connection is reset, at both ends, and the link goes on.
	Cut
	// Standstill: packets wait, and nothing is lost but what the queue cannot hold.
	Standstill
	// HalfOpen: the connections that there are lose their peer without a word, and
	// everything that either end still sends vanishes. New ones are not concerned.
	HalfOpen
)

// lasts reports whether outages of the kind have a length.
func (k OutageKind) lasts() bool { return k == Silence || k == Standstill }

// Outage is a planned disturbance of a link.
type Outage struct {
	Kind OutageKind
	// At is when it starts, since the start of the link, unless Segment or Packet is set.
	At time.Duration
	// Segment starts the outage as this data segment from client to server, counted
	// from 1, is sent for the first time, so that it is the first one hit.
	Segment int64
	// Packet starts the outage as this packet, of either direction, counted from 1 in the
	// order of arrival, has arrived. It hits what is on its way as well. Only the modelled
	// TCP counts packets.
	Packet int64
	// Duration may be rt.Forever; a Cut and a HalfOpen have none.
	Duration time.Duration
}

// ParseOutage reads "START:WHAT", where START is a time such as 12s, segment=N or
// packet=N, and WHAT is a duration of silence such as 90s, "forever", "reset",
// "half-open", or stall=DURATION.
func ParseOutage(s string) (Outage, error) {
	start, what, ok := strings.Cut(s, ":")
	if !ok {
		return Outage{}, fmt.Errorf("outage %q: want START:DURATION, such as 12s:90s or segment=7:90s", s)
	}
	var o Outage
	if err := o.parseStart(start); err != nil {
		return Outage{}, fmt.Errorf("outage %q: %w", s, err)
	}
	if err := o.parseWhat(what); err != nil {
		return Outage{}, fmt.Errorf("outage %q: %w", s, err)
	}
	return o, nil
}

func (o *Outage) parseStart(s string) (err error) {
	for what, number := range o.counted() {
		if n, ok := strings.CutPrefix(s, what+"="); ok {
			*number, err = strconv.ParseInt(n, 10, 64)
			if err != nil || *number < 1 {
				return fmt.Errorf("%s %q: not a number from 1", what, n)
			}
			return nil
		}
	}
	o.At, err = time.ParseDuration(s)
	if err != nil || o.At < 0 {
		return fmt.Errorf("start %q: not a time such as 12s, nor segment=N or packet=N", s)
	}
	return nil
}

// counted are the starts that are a number of something.
func (o *Outage) counted() iter.Seq2[string, *int64] {
	return func(yield func(string, *int64) bool) {
		_ = yield("segment", &o.Segment) && yield("packet", &o.Packet)
	}
}

func (o *Outage) parseWhat(s string) (err error) {
	length := s
	switch {
	case s == "reset":
		o.Kind = Cut
		return nil
	case s == "half-open":
		o.Kind = HalfOpen
		return nil
	case s == "forever":
		o.Duration = rt.Forever
		return nil
	case strings.HasPrefix(s, "stall="):
		o.Kind, length = Standstill, strings.TrimPrefix(s, "stall=")
	}
	o.Duration, err = time.ParseDuration(length)
	if err != nil || o.Duration <= 0 {
		return fmt.Errorf("duration %q: not a positive time such as 90s, nor forever, reset, half-open or stall=90s", s)
	}
	return nil
}

// Validate reports an outage that ParseOutage would not return.
func (o Outage) Validate() error {
	switch {
	case o.Kind > HalfOpen:
		return fmt.Errorf("outage of unknown kind %d", o.Kind)
	case o.At < 0 || o.Segment < 0 || o.Packet < 0:
		return fmt.Errorf("outage %v: the start is negative", o)
	case o.Kind.lasts() && o.Duration <= 0:
		return fmt.Errorf("outage %v: the duration is not positive", o)
	case o.Kind == Standstill && o.Duration > maxDelay:
		return fmt.Errorf("outage %v: a stall lasts at most %v", o, maxDelay)
	}
	return nil
}

// String renders the outage as ParseOutage reads it.
func (o Outage) String() string {
	start := o.At.String()
	for what, number := range o.counted() {
		if *number > 0 {
			start = what + "=" + strconv.FormatInt(*number, 10)
		}
	}
	return start + ":" + o.what()
}

func (o Outage) what() string {
	switch {
	case o.Kind == Cut:
		return "reset"
	case o.Kind == HalfOpen:
		return "half-open"
	case o.Kind == Standstill:
		return "stall=" + o.Duration.String()
	case o.Duration == rt.Forever:
		return "forever"
	}
	return o.Duration.String()
}
