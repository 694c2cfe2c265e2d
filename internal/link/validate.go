package link

import (
	"fmt"
	"time"
)

// maxDelay bounds the times of a profile: a day is beyond any link's.
//
// src: assumed (keeps sums of delays far from overflow)
const maxDelay = 24 * time.Hour

// minEvery bounds how often the weather changes, and so the work of following it.
//
// src: assumed (a packet takes longer on most links)
const minEvery = time.Millisecond

// maxOutages bounds the outages of a profile.
//
// src: assumed (a script of a day at one a minute)
const maxOutages = 1440

// Validate reports the first value that no link can have.
func (p Profile) Validate() error {
	for _, v := range []struct {
		field string
		ok    bool
		value any
	}{
		{"rate", p.RateBits >= 0, p.RateBits},
		{"rate down", p.DownBits >= 0 && (p.DownBits == 0 || p.RateBits > 0), p.DownBits},
		{"rtt", validDelay(p.RTT), p.RTT},
		{"queue", validDelay(p.Queue), p.Queue},
		{"loss", validFraction(p.Loss), p.Loss},
		{"number of outages", len(p.Outages)+len(p.Spells) <= maxOutages, len(p.Outages) + len(p.Spells)},
	} {
		if !v.ok {
			return fmt.Errorf("profile %q: %s %v is out of range", p.Name, v.field, v.value)
		}
	}
	if err := p.validateWeather(); err != nil {
		return fmt.Errorf("profile %q: %w", p.Name, err)
	}
	return nil
}

func (p Profile) validateWeather() error {
	if err := p.Jitter.Validate(); err != nil {
		return fmt.Errorf("jitter: %w", err)
	}
	if err := p.Burst.validate(); err != nil {
		return fmt.Errorf("burst: %w", err)
	}
	if err := p.Stall.validate(); err != nil {
		return fmt.Errorf("stall: %w", err)
	}
	for _, o := range p.Outages {
		if err := o.Validate(); err != nil {
			return err
		}
	}
	for _, s := range p.Spells {
		if err := s.validate(); err != nil {
			return fmt.Errorf("outage %v: %w", s, err)
		}
	}
	return nil
}

func (b Burst) validate() error {
	if b == (Burst{}) {
		return nil
	}
	for _, mean := range []time.Duration{b.Good, b.Bad} {
		if mean < minEvery || mean > maxDelay {
			return fmt.Errorf("a mean time of %v is out of range: from %v to %v", mean, minEvery, maxDelay)
		}
	}
	for _, loss := range []float64{b.GoodLoss, b.BadLoss} {
		if !validFraction(loss) {
			return fmt.Errorf("loss %v is out of range", loss)
		}
	}
	return nil
}

func (s Stall) validate() error {
	if s.never() {
		return s.For.Validate()
	}
	return validRecurrence(s.Every, s.For)
}

func (s Spell) validate() error {
	if s.Kind > HalfOpen {
		return fmt.Errorf("unknown kind %d", s.Kind)
	}
	if !s.Kind.lasts() && s.For != (Spread{}) {
		return fmt.Errorf("it has no length")
	}
	return validRecurrence(s.Every, s.For)
}

func validRecurrence(every, length Spread) error {
	if err := every.Validate(); err != nil {
		return err
	}
	if every.Min < minEvery {
		return fmt.Errorf("every %v is too often: at least %v", every, minEvery)
	}
	return length.Validate()
}

func validDelay(d time.Duration) bool { return d >= 0 && d <= maxDelay }

// validFraction is false for NaN as well.
func validFraction(f float64) bool { return f >= 0 && f <= 1 }
