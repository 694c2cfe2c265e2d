package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

// writePage writes index.html: what the run answers, drawn, and the story of one
// silent failure, which is played again for it.
func writePage(c *invocation, dir string, m bench.Matrix, tallies []*bench.Tally) error {
	b := report.Bench{Tallies: tallies, Parameters: parameters(c, m, tallies)}
	if t, ok := worstSeed(m, tallies); ok {
		f, err := replay(c, m, t, *t.FirstSilent)
		if err != nil {
			return err
		}
		b.Failing = f
	}
	return writeFile(filepath.Join(dir, "index.html"), func(w io.Writer) error { return report.BenchHTML(w, b) })
}

// worstSeed is the first silent failure of the cell with the greatest rate of them.
func worstSeed(m bench.Matrix, tallies []*bench.Tally) (worst *bench.Tally, ok bool) {
	for _, t := range tallies {
		if _, known := specOf(m, t); known && t.Silent > 0 && (worst == nil || t.SilentRate() > worst.SilentRate()) {
			worst = t
		}
	}
	return worst, worst != nil
}

// specOf is what the trials of a cell have in common.
func specOf(m bench.Matrix, t *bench.Tally) (bench.Spec, bool) {
	p := slices.IndexFunc(m.Policies, func(s bench.Settings) bool { return s.Policy.Name == t.Policy })
	l := slices.IndexFunc(m.Links, func(p bench.Profile) bool { return p.Name == t.Link && p.Hash() == t.ProfileHash })
	if p < 0 || l < 0 {
		return bench.Spec{}, false
	}
	s := m.Base
	s.Policy, s.Link, s.Loss = m.Policies[p], m.Links[l], t.Loss
	return s, s.WorkloadName() == t.Workload
}

// replay plays one trial again and keeps its trace.
func replay(c *invocation, m bench.Matrix, t *bench.Tally, seed uint64) (*report.Failing, error) {
	s, _ := specOf(m, t)
	s.Seed, s.KeepEvents = seed, true
	r, err := bench.Run(s)
	if err != nil {
		return nil, err
	}
	return &report.Failing{
		Run:    report.Run{Title: t.Policy, Outcome: verdictLine(&r), Events: r.Events},
		Where:  fmt.Sprintf("%s on %s, loss %s, %s, seed %d", t.Policy, t.Link, percent(t.Loss), t.Workload, seed),
		Replay: replayCommand(c, s),
	}, nil
}

// replayCommand is what shows the trial again, with the flags of this run that change
// what happens in it.
func replayCommand(c *invocation, s bench.Spec) string {
	name := s.Policy.Policy.Name
	if given := c.flags.Lookup("set"); given != nil && given.Changed {
		name, _, _ = strings.Cut(name, "+") // what --set has added
	}
	words := []string{"ntrdr", "repro", "--policies", quoted(name)}
	if files, err := c.flags.GetStringArray("policy"); err == nil {
		for _, f := range files {
			if strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)) == name {
				words = []string{"ntrdr", "repro", "--policy", quoted(f)}
			}
		}
	}
	words = append(words, "--link", s.Link.Name, "--loss", strconv.FormatFloat(s.Loss*100, 'g', -1, 64)+"%", "--seed", strconv.FormatUint(s.Seed, 10))
	return strings.Join(append(words, storyWords(c)...), " ")
}

// storyWords are the flags that repro and bench share and that were given, but for
// those that say which trial of a bench it is.
func storyWords(c *invocation) (words []string) {
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	var f storyFlags
	f.add(shared)
	f.addPoll(shared)
	shared.VisitAll(func(own *pflag.Flag) {
		given := c.flags.Lookup(own.Name)
		switch own.Name {
		case "policies", "policy", "seed":
			return
		}
		if given == nil || !given.Changed {
			return
		}
		if list, ok := given.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				words = append(words, "--"+own.Name, quoted(v))
			}
			return
		}
		words = append(words, "--"+own.Name+"="+quoted(given.Value.String()))
	})
	return words
}

// quoted makes one word of a shell of it.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=.,:/%@+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// parameters are what the page says of how the run came about.
func parameters(c *invocation, m bench.Matrix, tallies []*bench.Tally) [][2]string {
	list := [][2]string{{"commit", m.Base.Commit}}
	if len(tallies) > 0 {
		t := tallies[0]
		list = append(list, [2]string{"seeds", fmt.Sprintf("%d to %d, the same for every cell", t.FirstSeed, t.LastSeed)})
	}
	for _, p := range m.Policies {
		list = append(list, [2]string{"policy " + p.Policy.Name, "on edition " + p.Edition.Name})
	}
	for _, l := range m.Links {
		list = append(list, [2]string{"link " + l.Name, "profile " + l.Hash()})
	}
	list = append(list, [2]string{"Mailer's poll", m.Base.Poll.String()})
	if words := storyWords(c); len(words) > 0 {
		list = append(list, [2]string{"changed", strings.Join(words, " ")})
	}
	return list
}
