package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

// writePage writes index.html: what the run answers, drawn, and the story of one
// silent failure, which is played again for it.
func (f *benchFlags) writePage(c *invocation, m bench.Matrix, tallies []*bench.Tally) error {
	b := report.Bench{Tallies: tallies, Parameters: parameters(c, m, tallies)}
	if t, ok := worstSeed(m, tallies); ok {
		one, err := f.replay(c, m, t, *t.FirstSilent)
		if err != nil {
			return err
		}
		b.Failing = one
	}
	return writeFile(filepath.Join(f.out, "index.html"), func(w io.Writer) error { return report.BenchHTML(w, b) })
}

// worstSeed is the first silent failure of the cell with the greatest rate of them, and
// that can be played again in simulation.
func worstSeed(m bench.Matrix, tallies []*bench.Tally) (worst *bench.Tally, ok bool) {
	for _, t := range tallies {
		if s, known := specOf(m, t); known && !bench.IsSMB2(s.Policy) && t.Silent > 0 && (worst == nil || t.SilentRate() > worst.SilentRate()) {
			worst = t
		}
	}
	return worst, worst != nil
}

// specOf is what the trials of a cell have in common.
func specOf(m bench.Matrix, t *bench.Tally) (bench.Spec, bool) {
	p := slices.IndexFunc(m.Policies, func(s bench.Settings) bool { return s.Policy.Name == t.Policy })
	l := slices.IndexFunc(m.Links, func(p bench.Profile) bool { return p.Name == t.Link && p.HashWith(m.Base.TCP) == t.ProfileHash })
	if p < 0 || l < 0 {
		return bench.Spec{}, false
	}
	s := m.Base
	s.Policy, s.Link, s.Loss = m.Policies[p], m.Links[l], t.Loss
	for _, w := range m.Workloads {
		if s.Workload = w; s.WorkloadName() == t.Workload {
			return s, true
		}
	}
	return s, len(m.Workloads) == 0 && s.WorkloadName() == t.Workload
}

// replay plays one trial again and keeps its trace.
func (f *benchFlags) replay(c *invocation, m bench.Matrix, t *bench.Tally, seed uint64) (*report.Failing, error) {
	s, _ := specOf(m, t)
	s.Seed, s.KeepEvents = seed, true
	r, err := bench.Run(s)
	if err != nil {
		return nil, err
	}
	return &report.Failing{
		Run:    report.Run{Title: t.Policy, Outcome: verdictLine(&r), Events: r.Events},
		Where:  fmt.Sprintf("%s on %s, loss %s, %s, seed %d", t.Policy, t.Link, percent(t.Loss), t.Workload, seed),
		Replay: f.replayLine(c, s),
	}, nil
}

// parameters are what the page says of how the run came about.
func parameters(c *invocation, m bench.Matrix, tallies []*bench.Tally) [][2]string {
	list := [][2]string{{"commit", m.Base.Commit}}
	if len(tallies) > 0 {
		t := tallies[0]
		list = append(list, [2]string{"seeds", fmt.Sprintf("%d to %d, the same for every cell", t.FirstSeed, t.LastSeed)})
	}
	for _, p := range m.Policies {
		what := "on edition " + p.Edition.Name
		if bench.IsSMB2(p) {
			what = "go-smb2, no redirector of ours"
		}
		list = append(list, [2]string{"policy " + p.Policy.Name, what})
	}
	for _, l := range m.Links {
		list = append(list, [2]string{"link " + l.Name, "profile " + l.HashWith(m.Base.TCP)})
	}
	list = append(list, [2]string{"Mailer's poll", m.Base.Poll.String()})
	if words := givenWords(c); len(words) > 0 {
		list = append(list, [2]string{"changed", commandLine(words)})
	}
	return list
}
