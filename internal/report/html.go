package report

import (
	"embed"
	"html/template"
	"io"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

// execute writes one page of those in pages, or nothing.
func execute(w io.Writer, name string, data any) error {
	page, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return err
	}
	var out strings.Builder
	if err := page.ExecuteTemplate(&out, name, data); err != nil {
		return err
	}
	_, err = io.WriteString(w, out.String())
	return err
}

// HTML writes one page that needs nothing beside itself: the facts that decided the
// runs, a drawing of each on a common scale of time, and its moments.
func HTML(w io.Writer, runs []Run) error {
	var stories []*Story
	for _, r := range runs {
		stories = append(stories, Tell(r))
	}
	return execute(w, "repro.html", newPage(stories))
}

// pageData is what the template shows.
type pageData struct {
	Title  string
	Titles []string
	Facts  [][]string
	Runs   []pageRun
}

type pageRun struct {
	Title, Outcome string
	Drawing        drawing
	Moments        []pageMoment
}

type pageMoment struct {
	Clock, Who, Text string
	Key              bool
	Percent          int64 // of the message file at the server
	HasFile          bool
}

func newPage(stories []*Story) pageData {
	p := pageData{Facts: factRows(stories)}
	scale := newScale(stories)
	for _, s := range stories {
		p.Titles = append(p.Titles, s.Title)
		p.Runs = append(p.Runs, pageRun{
			Title: s.Title, Outcome: s.Outcome, Drawing: draw(s, scale), Moments: pageMoments(s),
		})
	}
	p.Title = strings.Join(p.Titles, " and ")
	return p
}

func pageMoments(s *Story) []pageMoment {
	var out []pageMoment
	for _, m := range Fold(s.Moments) {
		pm := pageMoment{
			Clock: strings.TrimSpace(clock(m.At)), Who: m.Who.String(), Text: m.Text, Key: m.Key, HasFile: m.Total > 0,
		}
		if m.Total > 0 {
			pm.Percent = min(m.Held, m.Total) * 100 / m.Total
		}
		out = append(out, pm)
	}
	return out
}
