package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/ntrdr/ntrdr/internal/report"
)

// writePage writes the map of all cuts.
func (f *exploreFlags) writePage(c *invocation, all []explored) error {
	header, rows := exploredTable(all)
	page := report.Explore{Header: header, Rows: rows, Parameters: f.parameters(c, all)}
	for _, e := range all {
		run := report.ExploredRun{Explored: e.Explored}
		if s := e.smallest; s != nil {
			run.Smallest, run.Replay = fmt.Sprintf("%s after segment %d of %d, at %.3f s: %s", s.Kind, s.Segment, e.Segments, s.Seconds, s.Outcome), s.Replay
		}
		page.Runs = append(page.Runs, run)
	}
	return writeFile(f.html, func(w io.Writer) error { return report.ExploreHTML(w, page) })
}

// parameters are what the page says of how the run came about.
func (f *exploreFlags) parameters(c *invocation, all []explored) [][2]string {
	s := all[0].Spec
	list := [][2]string{
		{"commit", s.Commit},
		{"disturbed after", howExhaustive(f.every)},
		{"loss, seed", fmt.Sprintf("%s, %d%s", percent(s.Loss), s.Seed, tcpOf(s.TCP))},
	}
	for _, e := range all {
		for _, row := range [][2]string{
			{"policy " + e.Spec.Policy.Policy.Name, "on edition " + e.Spec.Policy.Edition.Name},
			{"link " + e.Spec.Link.Name, "profile " + e.Spec.ProfileHash()},
		} {
			if !slices.Contains(list, row) {
				list = append(list, row)
			}
		}
	}
	if words := givenWords(c); len(words) > 0 {
		list = append(list, [2]string{"changed", commandLine(words)})
	}
	return list
}
