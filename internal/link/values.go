package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
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
		add(keyRate, FormatRate(p.RateBits))
	} else {
		add(keyRateUp, FormatRate(p.RateBits))
		add(keyRateDown, FormatRate(p.DownBits))
	}
	add(keyRTT, p.RTT.String())
	if p.Jitter != (Spread{}) {
		add(keyJitter, p.Jitter.String())
	}
	add(keyQueue, p.Queue.String())
	add(keyLoss, formatPercent(p.Loss))
	if p.Burst != (Burst{}) {
		add(keyBurstGood, p.Burst.Good.String())
		add(keyBurstBad, p.Burst.Bad.String())
		add(keyBurstGoodLoss, formatPercent(p.Burst.GoodLoss))
		add(keyBurstBadLoss, formatPercent(p.Burst.BadLoss))
	}
	add(keyStall, p.Stall.String())
	for _, o := range p.Outages {
		list = append(list, Value{keyOutage, o.String(), o.Source})
	}
	for _, s := range p.Spells {
		list = append(list, Value{keyOutage, s.String(), s.Source})
	}
	return list
}

// String renders the stall as a profile file has it.
func (s Stall) String() string {
	switch {
	case s == Stall{}:
		return textNever
	case s.never():
		return textNever + " for " + s.For.String()
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
	text := strconv.AppendQuote(make([]byte, 0, 128), p.Name)
	text = appendNumbers(text, p.RateBits, int64(p.RTT), int64(p.Queue))
	text = strconv.AppendFloat(append(text, ' '), p.Loss, 'g', -1, 64)
	text = appendNumbers(text, 0, int64(p.Stall.For.Min), int64(p.Stall.For.Max))
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

func appendNumbers(b []byte, list ...int64) []byte {
	for _, n := range list {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	return b
}

// plain reports whether the profile has none of what a link seldom has.
func (p Profile) plain() bool {
	return p.DownBits == 0 && p.Jitter == (Spread{}) && p.Burst == (Burst{}) && p.Stall.never() && len(p.Outages)+len(p.Spells) == 0
}

// formatPercent renders a fraction so that ParseLoss reads the same one, in as few
// digits as that takes.
func formatPercent(fraction float64) string {
	const least, most = 6, 17
	percent := fraction * 100
	for digits := least; digits <= most; digits++ {
		for _, near := range []float64{percent, math.Nextafter(percent, 0), math.Nextafter(percent, math.Inf(1))} {
			text := strconv.FormatFloat(near, 'g', digits, 64) + "%"
			if back, err := ParseLoss(text); err == nil && back == fraction {
				return text
			}
		}
	}
	return fmt.Sprintf("%g%%", percent) // no profile has that loss
}

// FormatRate renders a rate in the greatest unit that it has one of, exactly.
func FormatRate(bits int64) string {
	if bits == 0 {
		return unlimited
	}
	for _, u := range rateUnits {
		if bits >= u.bits {
			return strconv.FormatFloat(float64(bits)/float64(u.bits), 'f', -1, 64) + " " + u.name
		}
	}
	return strconv.FormatInt(bits, 10) + " bit/s" // no profile has a negative rate
}
