package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Value is one value of a Profile, as text, with its source.
type Value struct {
	Name, Text, Source string
}

// Values returns the profile's values in a fixed order, for people to read; what the
// link does not have is left out, but for loss, bursts and stalls.
func (p Profile) Values() (list []Value) {
	add := func(name, text string) { list = append(list, Value{name, text, p.Sources[name]}) }
	if p.DownBits == 0 {
		add("rate", formatRate(p.RateBits))
	} else {
		add("rate-up", formatRate(p.RateBits))
		add("rate-down", formatRate(p.DownBits))
	}
	add("rtt", p.RTT.String())
	if p.Jitter != (Spread{}) {
		add("jitter", p.Jitter.String())
	}
	add("queue", p.Queue.String())
	add("loss", formatPercent(p.Loss))
	if p.Burst != (Burst{}) {
		add("burst-good", p.Burst.Good.String())
		add("burst-bad", p.Burst.Bad.String())
		add("burst-good-loss", formatPercent(p.Burst.GoodLoss))
		add("burst-bad-loss", formatPercent(p.Burst.BadLoss))
	}
	add("stall", p.Stall.String())
	for _, o := range p.Outages {
		list = append(list, Value{"outage", o.String(), o.Source})
	}
	for _, s := range p.Spells {
		list = append(list, Value{"outage", s.String(), s.Source})
	}
	return list
}

// String renders the stall as a profile file has it.
func (s Stall) String() string {
	switch {
	case s == Stall{}:
		return "never"
	case s.never():
		return "never for " + s.For.String()
	}
	return "every " + s.Every.String() + " for " + s.For.String()
}

// String renders the spell as a profile file has it.
func (s Spell) String() string {
	text := "every " + s.Every.String()
	switch s.Kind {
	case Silence:
		return text + " for " + s.For.String()
	case Standstill:
		return text + " stall for " + s.For.String()
	case Cut:
		return text + " reset"
	case HalfOpen:
		return text + " half-open"
	}
	return fmt.Sprintf("%s kind %d", text, s.Kind)
}

// Hash identifies the values of the profile, not their sources, in 16 hexadecimal
// digits.
func (p Profile) Hash() string {
	// The probability of a stall was a number once; it is 0 on links without stalls.
	text := fmt.Appendf(nil, "%q %d %d %d %g 0 %d %d", p.Name, p.RateBits, p.RTT, p.Queue, p.Loss, p.Stall.For.Min, p.Stall.For.Max)
	if !p.plain() || p.Stall.For.Shape > Uniform {
		text = fmt.Appendf(text, " %d %v %+v %v", p.DownBits, p.Jitter, p.Burst, p.Stall)
		for _, v := range p.Outages {
			text = fmt.Appendf(text, " %v", v.Outage)
		}
		for _, v := range p.Spells {
			text = fmt.Appendf(text, " %v", v)
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// plain reports whether the profile has none of what a link seldom has.
func (p Profile) plain() bool {
	return p.DownBits == 0 && p.Jitter == (Spread{}) && p.Burst == (Burst{}) && p.Stall.never() && len(p.Outages)+len(p.Spells) == 0
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
