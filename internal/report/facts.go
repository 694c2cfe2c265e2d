package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// question is a row of what decided the runs.
type question struct {
	name   string
	answer func(*Story) string
}

// factRows are what decided each run, a row a question.
func factRows(stories []*Story) [][]string {
	questions := []question{
		{"sender told \"sent\"", func(s *Story) string { return when(s.Facts.Told) }},
		{"mail announced at the server", func(s *Story) string {
			return with(s.Facts.Announced, "message file %d of %d bytes", s.Facts.HeldThen, s.Facts.Size)
		}},
		{"last WRITE of the message file", func(s *Story) string { return when(s.Facts.LastWrite) + s.Facts.order() }},
		{"Mailer opened the message file", func(s *Story) string {
			return with(s.Facts.Looked, "%d of %d bytes", s.Facts.HeldAtLook, s.Facts.Size)
		}},
		{"verdict", func(s *Story) string { return s.Facts.verdict() }},
		{"outcome", func(s *Story) string { return s.Outcome }},
	}
	if !slices.ContainsFunc(stories, func(s *Story) bool { return !s.Plain }) {
		questions = append([]question{
			{"the program went on", func(s *Story) string { return when(s.Facts.WentOn) }},
			{"last change at the server", func(s *Story) string { return when(s.Facts.LastChange) }},
		}, questions[4:]...)
	}
	rows := make([][]string, 0, len(questions))
	for _, q := range questions {
		row := []string{q.name}
		for _, s := range stories {
			row = append(row, q.answer(s))
		}
		rows = append(rows, row)
	}
	return rows
}

func when(t *time.Duration) string {
	if t == nil {
		return "never"
	}
	return fmt.Sprintf("%.2f s", t.Seconds())
}

func with(t *time.Duration, format string, args ...any) string {
	if t == nil {
		return "never"
	}
	return when(t) + ", " + fmt.Sprintf(format, args...)
}

// order says on which side of the announcement the last WRITE came.
func (f *Facts) order() string {
	if f.Announced == nil || f.LastWrite == nil {
		return ""
	}
	d := *f.LastWrite - *f.Announced
	if d > 0 {
		return fmt.Sprintf(", %.2f s AFTER the announcement", d.Seconds())
	}
	return fmt.Sprintf(", %.2f s before the announcement", -d.Seconds())
}

func (f *Facts) verdict() string {
	if f.VerdictAt == nil {
		return "none"
	}
	return fmt.Sprintf("%s at %s", f.Verdict, when(f.VerdictAt))
}

// writeFacts prints the rows in columns that share the width.
func writeFacts(out *strings.Builder, stories []*Story, width int) {
	const name, least = 31, 16
	c := columns{out: out}
	each := max((width-name)/max(len(stories), 1)-1, least)
	for _, row := range append([][]string{titles(stories)}, factRows(stories)...) {
		cells := make([][]string, len(row)-1)
		height := 0
		for i, text := range row[1:] {
			cells[i] = wrap(text, each)
			height = max(height, len(cells[i]))
		}
		for line := range height {
			s := pad(row[0], name)
			for _, cell := range cells {
				s += " " + pad(at0(cell, line), each)
			}
			c.line(s)
			row[0] = ""
		}
	}
}

func titles(stories []*Story) []string {
	row := []string{"what decided it"}
	for _, s := range stories {
		row = append(row, s.Title)
	}
	return row
}

func at0(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
