package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// axis maps values to a stretch of a drawing, linearly or by their logarithms.
type axis struct {
	low, high float64 // values at the two ends
	from, to  float64 // where these stand, in SVG units
	log       bool
}

// logAxis covers the positive ones of the values, with some room at both ends.
func logAxis(values []float64, from, to float64) axis {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	if high == 0 {
		low, high = 1, 10
	}
	room := max(math.Pow(high/low, 0.06), 1.15)
	return axis{low / room, high * room, from, to, true}
}

func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		low, high, v = math.Log(low), math.Log(high), math.Log(max(v, math.SmallestNonzeroFloat64))
	}
	return a.from + (a.to-a.from)*float64((min(max(v, low), high)-low)/(high-low))
}

// ticks are round values on the axis: on a logarithmic one the powers of ten, and 2
// and 5 between them where there is room.
func (a axis) ticks(label func(float64) string) (list []drawTick) {
	add := func(v float64) {
		if v >= a.low*(1-1e-9) && v <= a.high*(1+1e-9) {
			list = append(list, drawTick{unit(a.at(v)), label(v)})
		}
	}
	if !a.log {
		step := math.Pow10(int(math.Floor(math.Log10(a.high - a.low))))
		switch n := (a.high - a.low) / step; {
		case n < 2:
			step /= 4
		case n < 4:
			step /= 2
		}
		for i := math.Ceil(a.low / step); i*step <= a.high*(1+1e-9); i++ {
			add(float64(i) * step)
		}
		return list
	}
	steps := a.logSteps()
	for e := int(math.Floor(math.Log10(a.low))); e <= int(math.Ceil(math.Log10(a.high))); e++ {
		for _, m := range steps {
			if m > 0 || e%2 == 0 {
				add(math.Abs(m) * math.Pow10(e))
			}
		}
	}
	return list
}

// logSteps are the multiples of each power of ten that have a tick, as many as keep
// their labels apart; -1 stands for every other power.
func (a axis) logSteps() []float64 {
	const label = 40 // SVG units that a label takes
	switch decade := math.Abs(a.to-a.from) / math.Log10(a.high/a.low); {
	case decade > 14*label:
		return []float64{1, 1.5, 2, 3, 4, 5, 6, 8}
	case decade > 8*label:
		return []float64{1, 2, 3, 5, 7}
	case decade > 4*label:
		return []float64{1, 2, 5}
	case decade > 2.2*label:
		return []float64{1, 3}
	case decade > label:
		return []float64{1}
	}
	return []float64{-1}
}

// three spells a number with three digits.
func three(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// short spells a number with three digits and a unit of thousands.
func short(v float64) string {
	for _, u := range [...]struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size*0.9995 {
			return three(v/u.size) + " " + u.name
		}
	}
	return three(v)
}

// percents spells a rate for an axis.
func percents(v float64) string { return three(v*100) + " %" }

// factors spells a ratio for an axis.
func factors(v float64) string { return three(v) + "x" }

// duration spells a number of seconds.
func duration(v float64) string {
	switch {
	case v < 0.9995:
		return three(v*1000) + " ms"
	case v < 120:
		return three(v) + " s"
	case v < 7200:
		return three(v/60) + " min"
	}
	return three(v/3600) + " h"
}

// marker is the outline of the nth policy's sign around a point: circle, square,
// triangle, diamond and so on, so that colour is not all that tells policies apart.
func marker(n int, x, y, r float64) string {
	var corners [][2]float64
	switch n % 5 {
	case 0:
		return fmt.Sprintf("M%s,%sa%s,%s 0 1,0 %s,0a%s,%s 0 1,0 -%s,0Z",
			unit(x-r), unit(y), unit(r), unit(r), unit(2*r), unit(r), unit(r), unit(2*r))
	case 1:
		s := r * 0.9
		corners = [][2]float64{{-s, -s}, {s, -s}, {s, s}, {-s, s}}
	case 2:
		corners = [][2]float64{{0, -1.2 * r}, {1.1 * r, 0.9 * r}, {-1.1 * r, 0.9 * r}}
	case 3:
		s := r * 1.3
		corners = [][2]float64{{0, -s}, {s, 0}, {0, s}, {-s, 0}}
	case 4:
		corners = [][2]float64{{0, 1.2 * r}, {1.1 * r, -0.9 * r}, {-1.1 * r, -0.9 * r}}
	}
	var points []string
	for _, c := range corners {
		points = append(points, point(x+c[0], y+c[1]))
	}
	return "M" + strings.Join(points, "L") + "Z"
}

// colours is how many classes of colours the pages have for policies, p0 and so on.
const colours = 8

func colourClass(n int) string { return "p" + strconv.Itoa(n%colours) }
