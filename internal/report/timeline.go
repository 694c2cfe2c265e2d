package report

import (
	"io"
	"strings"
	"time"
)

// DefaultWidth is a timeline's width in columns where nobody asks for another.
const DefaultWidth = 120

// Widths in columns. A run's column is: who, text, bar.
const (
	timeWidth = 8
	whoWidth  = 10
	barWidth  = 8
	minText   = 24 // a narrower text column cannot be read: the runs go below each other
	separator = " | "
)

// Timeline prints the runs side by side, each moment at its time: who did what, and
// how much of the message file the server held then. Below it stands what decided
// each run. A width of 0 is DefaultWidth; runs that do not fit stand below each other.
func Timeline(w io.Writer, runs []Run, width int) error {
	if width <= 0 {
		width = DefaultWidth
	}
	stories := make([]*Story, 0, len(runs))
	for _, r := range runs {
		stories = append(stories, Tell(r))
	}
	var out strings.Builder
	if textWidth(width, len(stories)) < minText {
		for _, s := range stories {
			writeColumns(&out, []*Story{s}, width)
			out.WriteString("\n")
		}
	} else {
		writeColumns(&out, stories, width)
		out.WriteString("\n")
	}
	writeFacts(&out, stories, width)
	_, err := io.WriteString(w, out.String())
	return err
}

// textWidth is what n runs leave for each text.
func textWidth(width, n int) int {
	const gaps = 2 // before the text, before the bar
	return (width-timeWidth)/max(n, 1) - len(separator) - whoWidth - barWidth - gaps
}

func writeColumns(out *strings.Builder, stories []*Story, width int) {
	c := columns{out: out, text: max(textWidth(width, len(stories)), minText)}
	c.heading(stories)
	queues := make([][]Moment, len(stories))
	for i, s := range stories {
		queues[i] = Fold(s.Moments)
	}
	for {
		t, ok := earliest(queues)
		if !ok {
			return
		}
		cells := make([][]string, len(queues))
		for i := range queues {
			cells[i], queues[i] = c.take(queues[i], t)
		}
		c.rows(clock(t), cells)
	}
}

// columns prints rows of one cell a run; a cell is several lines of equal width.
type columns struct {
	out  *strings.Builder
	text int
}

func (c *columns) cellWidth() int { return whoWidth + 1 + c.text + 1 + barWidth }

func (c *columns) heading(stories []*Story) {
	var titles, rule strings.Builder
	titles.WriteString(pad("seconds", timeWidth))
	rule.WriteString(strings.Repeat("-", timeWidth))
	for _, s := range stories {
		titles.WriteString(separator + pad(s.Title, c.cellWidth()))
		rule.WriteString("-+-" + strings.Repeat("-", c.cellWidth()))
	}
	c.line(titles.String())
	c.line(rule.String())
}

func (c *columns) line(s string) { c.out.WriteString(strings.TrimRight(s, " ") + "\n") }

// rows prints one block; cells may have different heights.
func (c *columns) rows(label string, cells [][]string) {
	height := 0
	for _, lines := range cells {
		height = max(height, len(lines))
	}
	for i := range height {
		s := pad(label, timeWidth)
		for _, lines := range cells {
			cell := strings.Repeat(" ", c.cellWidth())
			if i < len(lines) {
				cell = lines[i]
			}
			s += separator + cell
		}
		c.line(s)
		label = ""
	}
}

// take returns the lines of the moments that are shown at the time t, and the rest.
func (c *columns) take(queue []Moment, t time.Duration) (lines []string, rest []Moment) {
	for len(queue) > 0 && clock(queue[0].At) == clock(t) {
		lines = append(lines, c.cell(&queue[0])...)
		queue = queue[1:]
	}
	return lines, queue
}

// cell is a moment: who and the bar stand on the first of its lines.
func (c *columns) cell(m *Moment) []string {
	who, level := pad(m.Who.String(), whoWidth), bar(m.Held, m.Total)
	var lines []string
	for _, text := range wrap(m.Text, c.text) {
		lines = append(lines, who+" "+pad(text, c.text)+" "+level)
		who, level = strings.Repeat(" ", whoWidth), strings.Repeat(" ", barWidth)
	}
	return lines
}

// earliest returns the time of the next moment of any run.
func earliest(queues [][]Moment) (t time.Duration, ok bool) {
	for _, q := range queues {
		if len(q) > 0 && (!ok || q[0].At < t) {
			t, ok = q[0].At, true
		}
	}
	return t, ok
}
