package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
)

func linkListCommand() *command {
	return &command{
		name: "list", args: "[NAME|FILE ...]", summary: "the link profiles, each value with its source; checks a profile file",
		long: "Without arguments, a table of the built-in links. With names, each of them as a profile file, every value with its\n" +
			"source: a file to begin with for a link of your own, which --link FILE of bench and repro and --profile FILE of\n" +
			"link proxy take. With files, the same of those, or what is wrong with them and exit status 2.\n" +
			"--format says how a profile file is written.",
		example: "  ntrdr link list\n  ntrdr link list inet-1995",
		run:     runLinkList,
	}
}

func runLinkList(c *invocation) error {
	asJSON := c.flags.Bool("json", false, "print JSON")
	format := c.flags.Bool("format", false, "say how a profile file is written, with an example, and no more")
	width := c.flags.Int("width", terminalWidth(), "columns of the table; 0 wraps nothing")
	if err := c.parse(maxListed); err != nil {
		return err
	}
	list := link.Profiles()
	if names := c.flags.Args(); len(names) > 0 {
		list = nil
		for _, name := range names {
			p, err := lookupLink("", name)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
	}
	switch {
	case *format:
		_, err := io.WriteString(c.stdout, link.FileFormat+link.ExampleFile)
		return err
	case *asJSON:
		return writeLinksJSON(c.stdout, list)
	case c.flags.NArg() > 0:
		return writeLinkFiles(c.stdout, list)
	}
	return writeLinkTable(c.stdout, list, *width)
}

// maxListed bounds the arguments of link list.
//
// src: assumed (more than there are)
const maxListed = 1000

// writeLinkFiles prints each link as a profile file.
func writeLinkFiles(w io.Writer, list []link.Profile) error {
	for i, p := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "# %s, profile hash %s\n\n%s", p.Name, p.Hash(), p.File()); err != nil {
			return err
		}
	}
	return nil
}

// writeLinkTable prints a line a link.
func writeLinkTable(w io.Writer, list []link.Profile, width int) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Size.WidthMax = width
	t.AppendHeader(table.Row{"link", "up", "down", "rtt", "queue", "its own weather", "what it is"})
	for _, p := range list {
		up, down := link.FormatRate(p.Rate(link.Up)), link.FormatRate(p.Rate(link.Down))
		if up == down {
			down = "same"
		}
		t.AppendRow(table.Row{p.Name, up, down, p.RTT, p.Queue, weatherOf(p), p.About})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5))
	_, err := fmt.Fprintf(w, "%s\n\n`ntrdr link list NAME` prints each value with its source; --loss comes on top of a link's own.\n", t.Render())
	return err
}

// weatherOf says in short what a link does to packets beside carrying them.
func weatherOf(p link.Profile) string {
	var list []string
	if p.Burst != (link.Burst{}) {
		list = append(list, fmt.Sprintf("%.2g%% lost in bursts", 100*p.Burst.MeanLoss()))
	}
	if p.Loss > 0 {
		list = append(list, fmt.Sprintf("%.3g%% lost", 100*p.Loss))
	}
	for _, has := range []struct {
		what string
		it   bool
	}{
		{"jitter", p.Jitter != link.Spread{}},
		{"stalls", p.Stall.Every != link.Spread{}},
		{"outages", len(p.Outages)+len(p.Spells) > 0},
	} {
		if has.it {
			list = append(list, has.what)
		}
	}
	return strings.Join(list, ", ")
}

// linkRecord is a link for programs.
type linkRecord struct {
	Link        string        `json:"link"`
	About       string        `json:"about"`
	ProfileHash string        `json:"profile_hash"`
	UpBits      int64         `json:"up_bits"` // 0 is unlimited
	DownBits    int64         `json:"down_bits"`
	RTT         float64       `json:"rtt_seconds"`
	Queue       float64       `json:"queue_seconds"`
	Loss        float64       `json:"loss"`
	BurstLoss   float64       `json:"burst_loss"` // in the mean
	Values      []valueRecord `json:"values"`
}

type valueRecord struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

func writeLinksJSON(w io.Writer, list []link.Profile) error {
	records := []linkRecord{}
	for _, p := range list {
		r := linkRecord{
			Link: p.Name, About: p.About, ProfileHash: p.Hash(), UpBits: p.Rate(link.Up), DownBits: p.Rate(link.Down),
			RTT: p.RTT.Seconds(), Queue: p.Queue.Seconds(), Loss: p.Loss, BurstLoss: p.Burst.MeanLoss(),
		}
		for _, v := range p.Values() {
			r.Values = append(r.Values, valueRecord{v.Name, v.Text, v.Source})
		}
		records = append(records, r)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema string       `json:"schema"`
		Commit string       `json:"commit"`
		Links  []linkRecord `json:"links"`
	}{bench.Schema, commit(), records})
}
