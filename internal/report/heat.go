package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/ntrdr/ntrdr/bench"
)

// heat is a map of the rates of silent failures: a row a policy, a column a link and
// loss.
type heat struct {
	ID, Title, Desc string
	Width, Height   string
	Rows            []plotLabel
	Links, Losses   []plotLabel
	Cells           []heatCell
}

type heatCell struct {
	X, Y, Width, Height, TextX, TextY string
	Opacity, Text, Title              string
	Dark, Never                       bool
}

// Measures of the map, in SVG units.
const (
	heatLeft  = 120.0
	heatTop   = 44.0
	heatRow   = 26.0
	heatGap   = 8.0 // between two links
	heatCellW = 46.0
)

func newHeat(n int, workload string, tallies []*bench.Tally) heat {
	d := dimensions(tallies)
	step := heatCellW*float64(len(d.losses)) + heatGap
	h := heat{
		ID: fmt.Sprintf("heat-%d", n), Title: "Silent failures in percent of trials: " + workload,
		Desc:  "A row a policy, a column a link and loss; a dot: never seen. The table below has the same numbers.",
		Width: unit(heatLeft + step*float64(len(d.links))), Height: unit(heatTop + heatRow*float64(len(d.policies))),
	}
	for i, name := range d.policies {
		h.Rows = append(h.Rows, plotLabel{unit(heatLeft - 8), unit(heatTop + heatRow*(float64(i)+0.65)), name, colourClass(i)})
	}
	for i, link := range d.links {
		left := heatLeft + step*float64(i)
		h.Links = append(h.Links, plotLabel{unit(left + (step-heatGap)/2), unit(heatTop - 26), link, ""})
		for j, loss := range d.losses {
			x := left + heatCellW*float64(j)
			h.Losses = append(h.Losses, plotLabel{unit(x + heatCellW/2), unit(heatTop - 8), share(loss), ""})
			for k, policy := range d.policies {
				for _, t := range tallies {
					if t.Policy == policy && t.Link == link && t.Loss == loss && t.Workload == workload {
						h.Cells = append(h.Cells, newHeatCell(t, x, heatTop+heatRow*float64(k)))
					}
				}
			}
		}
	}
	return h
}

func newHeatCell(t *bench.Tally, x, y float64) heatCell {
	low, high := bench.ClopperPearson(t.Silent, t.Judged())
	rate := t.SilentRate()
	c := heatCell{
		X: unit(x), Y: unit(y), Width: unit(heatCellW - 2), Height: unit(heatRow - 2),
		TextX: unit(x + heatCellW/2 - 1), TextY: unit(y + heatRow*0.62), Never: t.Silent == 0, Text: "·",
		Title: fmt.Sprintf("%s, %s, loss %s: silent %d of %d, %s", t.Policy, t.Link, share(t.Loss), t.Silent, t.Judged(),
			rateBounds(bench.Interval{Value: rate, Low: low, High: high})),
	}
	if t.Silent > 0 {
		strength := 0.12 + 0.88*math.Sqrt(rate)
		c.Opacity, c.Dark = fmt.Sprintf("%.2f", strength), strength > 0.6
		c.Text = strconv.FormatFloat(rate*100, 'g', 3, 64)
	}
	return c
}
