package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ntrdr/ntrdr/bench"
)

// plot is a drawing with two axes: points with bounds, and curves.
type plot struct {
	ID, Title, Desc          string
	Width, Height            string
	Left, Right, Top, Bottom string // of the area between the axes
	XName, YName             string
	XTicks, YTicks           []drawTick
	XLabelY, YLabelX         string
	Points                   []plotPoint
	Curves                   []plotCurve
	Labels                   []plotLabel
	left, right, top, bottom float64
}

type plotPoint struct {
	Class, D, Title string
	Hollow          bool
	X, Y            string
	Low, High       string // of the bounds, vertical; empty: none
	XLow, XHigh     string // horizontal
}

type plotCurve struct{ Class, Points, Title string }

type plotLabel struct{ X, Y, Text, Class string }

// newPlot leaves room for labels around an area.
func newPlot(id, title, desc string, width, height float64) *plot {
	p := &plot{ID: id, Title: title, Desc: desc, Width: unit(width), Height: unit(height)}
	p.left, p.right, p.top, p.bottom = 58, width-10, 24, height-40
	p.Left, p.Right, p.Top, p.Bottom = unit(p.left), unit(p.right), unit(p.top), unit(p.bottom)
	p.XLabelY, p.YLabelX = unit(p.bottom+14), unit(p.left-6)
	return p
}

// never is the height above the lower edge at which a rate of zero stands on an axis
// of logarithms.
const never = 14.0

// rateAxis is a vertical axis of rates; zero has a place of its own below it.
func (p *plot) rateAxis(rates []float64) axis {
	a := logAxis(append(rates, 1), p.bottom-2*never, p.top+4)
	a.high = max(a.high, 1)
	p.YTicks = append(a.ticks(percents), drawTick{unit(p.bottom - never), "0"})
	return a
}

func (p *plot) rateY(a axis, v float64) float64 {
	if v == 0 {
		return p.bottom - never
	}
	return a.at(v)
}

// pareto shows each policy's application throughput against its rate of silent
// failures, over all links.
func pareto(answers []bench.Answer) *plot {
	p := newPlot("pareto", "Application throughput against silent failures, all links", "", 720, 400)
	var ratios, rates []float64
	for i := range answers {
		if a := &answers[i]; a.App != nil {
			ratios, rates = append(ratios, a.App.Low, a.App.High), append(rates, a.Rate.Low, a.Rate.High)
		}
	}
	x, y := logAxis(ratios, p.left, p.right-90), p.rateAxis(rates)
	p.XName, p.YName = fmt.Sprintf("application throughput, multiples of %s's (to the right: faster)", answers[0].Policy), "silent failures (below: safer)"
	p.XTicks = x.ticks(factors)
	var lines []string
	for i := range answers {
		a := &answers[i]
		if a.App == nil {
			continue
		}
		title := fmt.Sprintf("%s: %sx (%s), silent %s of %s trials, %s", a.Policy, factor(a.App), factorBounds(a.App), share(a.Rate.Value), thousands(a.Trials), rateBounds(a.Rate))
		px, py := x.at(a.App.Value), p.rateY(y, a.Rate.Value)
		p.Points = append(p.Points, plotPoint{
			Class: colourClass(i), D: marker(i, px, py, 5), Hollow: a.Silent == 0, Title: title, X: unit(px), Y: unit(py),
			Low: unit(p.rateY(y, a.Rate.Low)), High: unit(y.at(a.Rate.High)), XLow: unit(x.at(a.App.Low)), XHigh: unit(x.at(a.App.High)),
		})
		lines = append(lines, title)
	}
	p.Curves = append(p.Curves, plotCurve{"frontier", p.frontier(answers, x, y), "no policy is both faster and safer than one on this line"})
	p.label(answers, x, y)
	p.Desc = strings.Join(lines, "; ")
	return p
}

// frontier joins the policies that no other one beats on both axes.
func (p *plot) frontier(answers []bench.Answer, x, y axis) string {
	var best []*bench.Answer
	for i := range answers {
		a := &answers[i]
		beaten := a.App == nil || slices.ContainsFunc(answers, func(o bench.Answer) bool {
			return o.App != nil && o.App.Value >= a.App.Value && o.Rate.Value <= a.Rate.Value &&
				(o.App.Value > a.App.Value || o.Rate.Value < a.Rate.Value)
		})
		if !beaten {
			best = append(best, a)
		}
	}
	slices.SortStableFunc(best, func(a, b *bench.Answer) int { return cmp.Compare(a.App.Value, b.App.Value) })
	var points []string
	last := 0.0
	for i, a := range best {
		px, py := x.at(a.App.Value), p.rateY(y, a.Rate.Value)
		if i > 0 {
			points = append(points, point(last, py))
		}
		points, last = append(points, point(px, py)), px
	}
	return strings.Join(points, " ")
}

// label writes the policies' names beside their points, each below the last where
// they would cover one another.
func (p *plot) label(answers []bench.Answer, x, y axis) {
	const height, perRune = 13.0, 6.2
	type box struct{ left, right, y float64 }
	var taken []box
	for i := range answers {
		a := &answers[i]
		if a.App == nil {
			continue
		}
		b := box{left: x.at(a.App.Value) + 9, y: p.rateY(y, a.Rate.Value) - 6}
		b.right = b.left + perRune*float64(utf8.RuneCountInString(a.Policy))
		for slices.ContainsFunc(taken, func(o box) bool {
			return b.left < o.right && o.left < b.right && b.y < o.y+height && o.y < b.y+height
		}) {
			b.y -= height
		}
		taken = append(taken, b)
		p.Labels = append(p.Labels, plotLabel{unit(b.left), unit(b.y), a.Policy, colourClass(i)})
	}
}

// paretoOf is the same for one link: a point a loss, joined by a line.
func paretoOf(link string, n int, tallies []*bench.Tally) *plot {
	policies := bench.Policies(tallies)
	own := bench.Of(tallies, func(t *bench.Tally) bool { return t.Link == link })
	p := newPlot(fmt.Sprintf("pareto-%d", n), link, "", 350, 250)
	p.XName, p.YName = "application throughput, bytes a second", "silent failures"
	var speeds, rates []float64
	cells := make([]bench.Cell, len(own))
	for i, t := range own {
		cells[i] = t.Cell()
		if c := &cells[i]; c.AppMean != nil {
			speeds, rates = append(speeds, *c.AppMean), append(rates, c.SilentLow, c.SilentHigh)
		}
	}
	x, y := logAxis(speeds, p.left, p.right), p.rateAxis(rates)
	p.XTicks = x.ticks(short)
	var lines []string
	for i, policy := range policies {
		var joined []string
		for j, t := range own {
			c := &cells[j]
			if t.Policy != policy || c.AppMean == nil {
				continue
			}
			px, py := x.at(*c.AppMean), p.rateY(y, t.SilentRate())
			title := fmt.Sprintf("%s, loss %s: %s B/s, silent %d of %d, %s", policy, share(t.Loss), short(*c.AppMean), t.Silent, t.Judged(),
				rateBounds(bench.Interval{Value: t.SilentRate(), Low: c.SilentLow, High: c.SilentHigh}))
			p.Points = append(p.Points, plotPoint{
				Class: colourClass(i), D: marker(i, px, py, 4), Hollow: t.Silent == 0, Title: title, X: unit(px), Y: unit(py),
				Low: unit(p.rateY(y, c.SilentLow)), High: unit(y.at(c.SilentHigh)),
			})
			joined, lines = append(joined, point(px, py)), append(lines, title)
		}
		p.Curves = append(p.Curves, plotCurve{colourClass(i), strings.Join(joined, " "), policy})
	}
	p.Desc = strings.Join(lines, "; ")
	return p
}
