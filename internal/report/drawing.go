package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The drawing's measures, in SVG units.
const (
	drawWidth  = 1100.0
	labelWidth = 110.0
	laneHeight = 34.0
	fillHeight = 70.0 // of the lane that shows the message file fill
	axisHeight = 24.0
)

// drawing is the geometry of one run; coordinates are ready to print.
type drawing struct {
	Width, Height, PlotX, PlotWidth, FillY, FillBottom, AxisY string
	Lanes                                                     []drawLane
	Dots                                                      []drawDot
	Outages                                                   []drawBox
	Ticks                                                     []drawTick
	Fill                                                      string // polygon of what the server holds
	Marks                                                     []drawTick
}

type drawLane struct{ Name, Y, LabelY string }

type drawDot struct {
	X, Y, R, Title string
	Key            bool
}

type drawBox struct{ X, Width string }

type drawTick struct{ X, Label string }

// scale maps times to the width of the plot; it is common to the runs of a page.
type scale struct {
	end  time.Duration
	step time.Duration // between two ticks
}

// newScale covers all runs, with at most maxTicks ticks at round times.
func newScale(stories []*Story) scale {
	const maxTicks = 12
	s := scale{end: time.Second}
	for _, st := range stories {
		s.end = max(s.end, st.End)
	}
	s.step = time.Second
	for factors := 0; s.end/s.step > maxTicks; factors++ {
		s.step = s.step * [...]time.Duration{2, 5, 10}[factors%3] / [...]time.Duration{1, 2, 5}[factors%3]
	}
	return s
}

func (s scale) x(t time.Duration) float64 {
	return labelWidth + (drawWidth-labelWidth-20)*float64(t)/float64(s.end)
}

// lanes are the participants that a drawing shows, from above.
var lanes = []Who{Sender, Redirector, Link, Server, Mailer}

func laneY(w Who) float64 {
	if w == Program {
		w = Sender
	}
	return laneHeight * (float64(min(w, Mailer)) + 0.5)
}

func draw(s *Story, sc scale) drawing {
	top := laneHeight * float64(len(lanes))
	d := drawing{
		Width: unit(drawWidth), Height: unit(top + fillHeight + axisHeight), PlotX: unit(labelWidth),
		PlotWidth: unit(drawWidth - labelWidth - 20), FillY: unit(top), FillBottom: unit(top + fillHeight),
		AxisY: unit(top + fillHeight + axisHeight - 6), Fill: fill(s, sc, top),
	}
	for _, w := range lanes {
		name := w
		if s.Plain {
			name = w.plain()
		}
		d.Lanes = append(d.Lanes, drawLane{name.String(), unit(laneY(w)), unit(laneY(w) + 4)})
	}
	for i := range s.Moments {
		d.Dots = append(d.Dots, dot(&s.Moments[i], sc))
	}
	for _, o := range s.Outages {
		d.Outages = append(d.Outages, drawBox{unit(sc.x(o.From)), unit(math.Max(sc.x(o.To)-sc.x(o.From), 1))})
	}
	for t := time.Duration(0); t <= sc.end; t += sc.step {
		d.Ticks = append(d.Ticks, drawTick{unit(sc.x(t)), fmt.Sprintf("%d s", int64(t.Seconds()))})
	}
	d.Marks = marks(s, sc)
	return d
}

func dot(m *Moment, sc scale) drawDot {
	r := 2.5
	if m.Key {
		r = 5
	}
	title := fmt.Sprintf("%s s, %s: %s", strings.TrimSpace(clock(m.At)), m.Who, m.Text)
	return drawDot{X: unit(sc.x(m.At)), Y: unit(laneY(m.Who)), R: unit(r), Title: title, Key: m.Key}
}

// marks are the vertical lines through all lanes.
func marks(s *Story, sc scale) []drawTick {
	var out []drawTick
	for _, m := range [...]struct {
		at    *time.Duration
		label string
	}{
		{s.Facts.Announced, "announced"}, {s.Facts.LastWrite, "last WRITE"},
	} {
		if m.at != nil {
			out = append(out, drawTick{unit(sc.x(*m.at)), m.label})
		}
	}
	return out
}

// fill is the outline of what the server holds over time, as an SVG points list.
func fill(s *Story, sc scale, top float64) string {
	if s.Facts.Size <= 0 {
		return ""
	}
	y := func(bytes int64) float64 {
		share := float64(bytes) / float64(s.Facts.Size)
		return top + fillHeight - (fillHeight-14)*math.Min(share, 1)
	}
	points := []string{point(sc.x(0), y(0))}
	last := int64(0)
	for _, l := range s.Held {
		points = append(points, point(sc.x(l.At), y(last)), point(sc.x(l.At), y(l.Bytes)))
		last = l.Bytes
	}
	points = append(points, point(sc.x(s.End), y(last)), point(sc.x(s.End), y(0)))
	return strings.Join(points, " ")
}

func point(x, y float64) string { return unit(x) + "," + unit(y) }

func unit(v float64) string { return fmt.Sprintf("%.1f", v) }
