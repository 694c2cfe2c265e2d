package link

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Shape is the form of a Spread.
type Shape uint8

// The shapes of spreads.
const (
	Fixed       Shape = iota // always Min
	Uniform                  // between Min and Max
	Exponential              // with the mean Min
	Pareto                   // Min at least, with the tail index Alpha; Max at most
)

// Spread is a random length of time. The zero value is always 0.
type Spread struct {
	Shape    Shape
	Min, Max time.Duration
	Alpha    float64
}

// Draw returns a length. It draws one number, whatever the shape.
func (s Spread) Draw(r *rand.Rand) time.Duration { return s.quantile(r.Float64()) }

// quantile is the length, in whole microseconds, that the fraction u of all lengths
// stays below; u is less than 1.
func (s Spread) quantile(u float64) time.Duration {
	d := s.Min
	switch s.Shape {
	case Fixed:
	case Uniform:
		d += time.Duration(u * float64(s.Max-s.Min))
	case Exponential:
		d = bounded(-math.Log1p(-u)*float64(s.Min), maxDelay)
	case Pareto:
		d = bounded(float64(s.Min)*math.Pow(1-u, -1/s.Alpha), s.Max)
	}
	return d.Round(time.Microsecond)
}

// bounded is a length that may be too great for a Duration.
func bounded(length float64, limit time.Duration) time.Duration {
	if length >= float64(limit) {
		return limit
	}
	return time.Duration(length)
}

// Validate reports a spread that ParseSpread would not return.
func (s Spread) Validate() error {
	switch {
	case s.Shape > Pareto:
		return fmt.Errorf("unknown shape %d", s.Shape)
	case !validDelay(s.Min) || !validDelay(s.Max):
		return fmt.Errorf("%v is out of range: a time from 0 to %v", s, maxDelay)
	case s.Shape == Uniform && s.Max < s.Min, s.Shape == Pareto && s.Max < s.Min:
		return fmt.Errorf("%v: the greatest length is less than the least", s)
	case s.Shape == Pareto && !(s.Alpha >= minAlpha && s.Alpha <= maxAlpha):
		return fmt.Errorf("%v: a tail index is from %v to %v", s, minAlpha, maxAlpha)
	}
	return nil
}

// The tail indices that make sense: below, all lengths are the greatest one; above,
// the least.
//
// src: assumed (measured ones are near 1)
const minAlpha, maxAlpha = 0.1, 20

// String renders the spread as ParseSpread reads it.
func (s Spread) String() string {
	span := formatDelay(s.Min) + ".." + formatDelay(s.Max)
	switch s.Shape {
	case Uniform:
		return span
	case Exponential:
		return "exp(" + formatDelay(s.Min) + ")"
	case Pareto:
		return "pareto(" + strconv.FormatFloat(s.Alpha, 'g', -1, 64) + ", " + span + ")"
	case Fixed:
	}
	return formatDelay(s.Min)
}

// formatDelay renders a time without the units that are 0.
func formatDelay(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// ParseSpread reads a length: "2s", "1s..3s" for all lengths between alike, "exp(2m)"
// for exponential ones with that mean, "pareto(1.1, 5s..1h)" for a heavy tail of index
// 1.1 that begins at 5 s and is cut off at 1 h.
func ParseSpread(text string) (s Spread, err error) {
	switch inner, isCall := call(text, "exp"); {
	case isCall:
		s.Shape = Exponential
		s.Min, err = parseDelay(inner)
	default:
		s, err = parseRange(text)
	}
	if err == nil {
		err = s.Validate()
	}
	if err != nil {
		return Spread{}, fmt.Errorf("length %q: %w", text, err)
	}
	return s, nil
}

// parseRange reads the spreads that have, or may have, a range in them.
func parseRange(text string) (s Spread, err error) {
	if inner, isCall := call(text, "pareto"); isCall {
		alpha, span, found := strings.Cut(inner, ",")
		if !found {
			return s, errors.New("want pareto(INDEX, LEAST..GREATEST)")
		}
		if s.Alpha, err = strconv.ParseFloat(strings.TrimSpace(alpha), 64); err != nil {
			return s, fmt.Errorf("index %q: not a number", strings.TrimSpace(alpha))
		}
		s.Shape, text = Pareto, span
	}
	least, greatest, found := strings.Cut(text, "..")
	if s.Min, err = parseDelay(least); err != nil {
		return s, err
	}
	switch {
	case found && s.Shape == Fixed:
		s.Shape = Uniform
	case !found && s.Shape == Pareto:
		return s, errors.New("want pareto(INDEX, LEAST..GREATEST)")
	case !found:
		return s, nil
	}
	s.Max, err = parseDelay(greatest)
	return s, err
}

// call returns what is in the brackets of name(...).
func call(text, name string) (inner string, ok bool) {
	inner, ok = strings.CutPrefix(strings.TrimSpace(text), name+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, ")")
}

func parseDelay(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	if err != nil || !validDelay(d) {
		return 0, fmt.Errorf("%q: not a time such as 200ms, from 0 to %v", text, maxDelay)
	}
	return d, nil
}
