package report

import (
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

// distribution shows, for one link and loss, which share of all trials had come to an
// end after how long, a curve a policy. A curve that stays below 100 % is of trials
// that never came to it.
func distribution(id, title string, cells []*bench.Tally, policies []string, times func(*bench.Tally) *bench.Times, x axis) *plot {
	p := newPlot(id, title, "", 350, 220)
	p.XName, p.YName = "seconds", "share of trials"
	x.from, x.to = p.left, p.right
	y := axis{low: 0, high: 1, from: p.bottom, to: p.top + 4}
	p.XTicks, p.YTicks = x.ticks(duration), y.ticks(percents)
	var lines []string
	for i, policy := range policies {
		for _, t := range cells {
			if t.Policy != policy {
				continue
			}
			h := &times(t).Micros
			p.Curves = append(p.Curves, plotCurve{colourClass(i), steps(h, t.Judged(), x, y), policy})
			lines = append(lines, policy+": "+quantiles(h, t.Judged()))
		}
	}
	p.Desc = strings.Join(lines, "; ")
	return p
}

// steps draws the empirical distribution; steps closer than can be seen are one.
func steps(h *bench.Histogram, of int, x, y axis) string {
	const apart = 0.7 // SVG units
	last, level, lastX := y.at(0), y.at(0), x.from
	points := []string{point(x.from, last)}
	h.Steps(func(v, share float64) {
		px := x.at(v / 1e6)
		level = y.at(share * float64(h.N()) / float64(max(of, 1)))
		if px-lastX >= apart {
			points = append(points, point(px, last), point(px, level))
			last, lastX = level, px
		}
	})
	points = append(points, point(max(lastX, x.from), level), point(x.to, level))
	return strings.Join(points, " ")
}

// quantiles says in words what a curve shows.
func quantiles(h *bench.Histogram, of int) string {
	if h.N() == 0 {
		return "never"
	}
	s := fmt.Sprintf("%s of trials", share(float64(h.N())/float64(max(of, 1))))
	for _, q := range [...]struct {
		p    float64
		name string
	}{{0.1, "10 %"}, {0.5, "half"}, {0.9, "90 %"}} {
		s += fmt.Sprintf(", %s of them by %s", q.name, duration(*h.Quantile(q.p)/1e6))
	}
	return s
}

// timeAxis covers all times of some tallies.
func timeAxis(cells []*bench.Tally, times ...func(*bench.Tally) *bench.Times) axis {
	var values []float64
	for _, t := range cells {
		for _, of := range times {
			of(t).Micros.Steps(func(v, _ float64) { values = append(values, v/1e6) })
		}
	}
	return logAxis(values, 0, 1)
}
