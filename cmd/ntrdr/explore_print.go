package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/report"
)

// explored is what an exploration came to.
type explored struct {
	*bench.Explored
	from exploration
}

// print shows a row a policy, workload and link, and the strips.
func (f *exploreFlags) print(c *invocation, all []explored) error {
	w := c.stdout
	header := []string{"link", "workload", "policy", "segments", "trials"}
	for _, o := range bench.Outcomes() {
		header = append(header, string(o))
	}
	header = append(header, "silent", "prefix", "smallest failing")
	var rows [][]string
	for _, e := range all {
		row := []string{e.Spec.Link.Name, e.Spec.WorkloadName(), e.Spec.Policy.Policy.Name, fmt.Sprint(e.Segments), fmt.Sprint(e.Trials())}
		for _, o := range bench.Outcomes() {
			row = append(row, fmt.Sprint(e.Count(trialsThat(string(o)))))
		}
		smallest := "none"
		if t, d, ok := e.Smallest(bench.CutTrial.Failing); ok {
			smallest = fmt.Sprintf("%s %d:%s", t.Outcome, t.Segment, d.Name)
		}
		rows = append(rows, append(row, fmt.Sprint(e.Count(trialsThat("silent"))), fmt.Sprint(e.Count(trialsThat("prefix"))), smallest))
	}
	fmt.Fprintf(w, "loss %s, seed %d%s: a disturbance after %s\n\n", percent(all[0].Spec.Loss), all[0].Spec.Seed,
		tcpOf(all[0].Spec.TCP), howExhaustive(f.every))
	if err := report.Table(w, header, rows); err != nil {
		return err
	}
	for _, e := range all {
		if err := f.printOne(w, e); err != nil {
			return err
		}
	}
	return nil
}

func howExhaustive(every int64) string {
	if every > 1 {
		return fmt.Sprintf("each %dth segment only; this is NOT exhaustive", every)
	}
	return "each segment in turn; this is exhaustive"
}

// printOne prints what one exploration found, kind by kind and along the cuts.
func (f *exploreFlags) printOne(w io.Writer, e explored) error {
	fmt.Fprintf(w, "\n%s, %s on %s; undisturbed: %s\n\n", e.Spec.Policy.Policy.Name, e.Spec.WorkloadName(), e.Spec.Link.Name, verdictLine(&e.Calm))
	header := []string{"kind"}
	for _, o := range bench.Outcomes() {
		header = append(header, string(o))
	}
	header = append(header, "silent", "prefix")
	var rows [][]string
	for i := range e.Kinds {
		k := &e.Kinds[i]
		row := []string{k.Name}
		for _, name := range header[1:] {
			row = append(row, fmt.Sprint(k.Count(trialsThat(name))))
		}
		rows = append(rows, row)
	}
	if err := report.Table(w, header, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nfrom segment %d to %d, in order:\n", e.Every, e.Segments)
	for i := range e.Kinds {
		fmt.Fprintf(w, "%12s %s\n", e.Kinds[i].Name, strip(e.Kinds[i].Trials, f.width-len("silence-60s  ")))
	}
	if t, d, ok := e.Smallest(bench.CutTrial.Failing); ok {
		fmt.Fprintf(w, "\nsmallest failing cut: %s, after segment %d of %d: %s. To see it:\n  %s --timeline\n", d.Name, t.Segment, e.Segments, t.Outcome, f.replayLine(e, t, d))
	}
	return nil
}

// strip draws trials in at most so many characters; each shows the worst of its stretch.
func strip(trials []bench.CutTrial, width int) string {
	n := min(len(trials), width)
	var b strings.Builder
	for i := range n {
		worst := byte('.')
		for _, t := range trials[i*len(trials)/n : (i+1)*len(trials)/n] {
			if c := mark(t); strings.IndexByte(badness, c) > strings.IndexByte(badness, worst) {
				worst = c
			}
		}
		b.WriteByte(worst)
	}
	return b.String()
}

// badness holds the marks of a strip, the worst last.
const badness = ".fpLC"

func mark(t bench.CutTrial) byte {
	switch t.Outcome {
	case bench.Delivered:
		return '.'
	case bench.Corrupted:
		return 'C'
	case bench.Lost:
		return 'L'
	case bench.Failed:
		return 'f'
	case bench.Pending:
		return 'p'
	case bench.Broken: // ends the exploration
	}
	return '?'
}

// replayLine is a command that plays one trial again.
func (f *exploreFlags) replayLine(e explored, t bench.CutTrial, d bench.Disturbance) string {
	s := e.Spec
	words := []string{"ntrdr", "explore"}
	if len(f.policyFiles) > 0 {
		words = append(words, "--policies", "", "--policy", strings.Join(f.policyFiles, " --policy "))
	} else {
		words = append(words, "--policies", s.Policy.Policy.Name)
	}
	for _, v := range f.set {
		words = append(words, "--set", v)
	}
	if f.edition != defaultEdition {
		words = append(words, "--edition", f.edition)
	}
	words = append(words, "--workloads", e.from.workload, "--links", e.from.link,
		"--loss", strings.ReplaceAll(percent(s.Loss), " ", ""), "--seed", fmt.Sprint(s.Seed))
	if e.from.workload == mailOfSize {
		words = append(words, "--message-size", f.size.String())
	}
	if s.TCP.String() != (link.TCP{}).String() {
		words = append(words, "--flavour", s.TCP.Flavour.String(), "--min-rto", s.TCP.MinRTO.String())
	}
	if s.Poll != defaultPoll {
		words = append(words, "--poll", s.Poll.String())
	}
	if s.Path != bench.P1 {
		words = append(words, "--path", string(s.Path))
	}
	for _, b := range []struct {
		on   bool
		flag string
	}{{s.FlushBeforeKey, "--flush-before-key"}, {s.CloseAfterKey, "--close-after-key"}} {
		if b.on {
			words = append(words, b.flag)
		}
	}
	return strings.Join(append(words, "--replay", fmt.Sprintf("%d:%s", t.Segment, d.Name)), " ")
}

// exploredJSON is an object of explore --json.
type exploredJSON struct {
	Schema      string                `json:"schema"`
	Commit      string                `json:"commit"`
	ProfileHash string                `json:"profile_hash"`
	Policy      string                `json:"policy"`
	Workload    string                `json:"workload"`
	Link        string                `json:"link"`
	TCP         string                `json:"tcp"`
	Loss        float64               `json:"loss"`
	Seed        uint64                `json:"seed"`
	Segments    int64                 `json:"segments"`
	Every       int64                 `json:"every"`
	Exhaustive  bool                  `json:"exhaustive"`
	Cuts        int                   `json:"cuts"`   // resets and silences
	Stalls      int                   `json:"stalls"` // trials
	Outcomes    map[bench.Outcome]int `json:"outcomes"`
	Silent      int                   `json:"silent"`
	Prefix      int                   `json:"prefix_violations"`
	Kinds       []exploredKindJSON    `json:"kinds"`
	Smallest    *smallestJSON         `json:"smallest_failing"`
}

type exploredKindJSON struct {
	Kind     string                `json:"kind"`
	Outcomes map[bench.Outcome]int `json:"outcomes"`
	Silent   int                   `json:"silent"`
	Prefix   int                   `json:"prefix_violations"`
	Strip    string                `json:"strip"` // a character a segment
}

type smallestJSON struct {
	Segment int64         `json:"segment"`
	Kind    string        `json:"kind"`
	Outcome bench.Outcome `json:"outcome"`
	Replay  string        `json:"replay"`
}

func (f *exploreFlags) printJSON(c *invocation, e explored) error {
	j := exploredJSON{
		Schema: bench.Schema, Commit: commit(), ProfileHash: e.Spec.ProfileHash(), Policy: e.Spec.Policy.Policy.Name,
		Workload: e.Spec.WorkloadName(), Link: e.Spec.Link.Name, TCP: e.Spec.TCP.String(), Loss: e.Spec.Loss, Seed: e.Spec.Seed,
		Segments: e.Segments, Every: e.Every, Exhaustive: e.Every == 1,
		Outcomes: outcomeCounts(e.Count), Silent: e.Count(trialsThat("silent")), Prefix: e.Count(trialsThat("prefix")),
	}
	for i := range e.Kinds {
		k := &e.Kinds[i]
		if k.Stall {
			j.Stalls += len(k.Trials)
		} else {
			j.Cuts += len(k.Trials)
		}
		j.Kinds = append(j.Kinds, exploredKindJSON{
			k.Name, outcomeCounts(k.Count), k.Count(trialsThat("silent")), k.Count(trialsThat("prefix")), strip(k.Trials, len(k.Trials)),
		})
	}
	if t, d, ok := e.Smallest(bench.CutTrial.Failing); ok {
		j.Smallest = &smallestJSON{t.Segment, d.Name, t.Outcome, f.replayLine(e, t, d)}
	}
	return json.NewEncoder(c.stdout).Encode(j)
}

func outcomeCounts(count func(func(bench.CutTrial) bool) int) map[bench.Outcome]int {
	m := map[bench.Outcome]int{}
	for _, o := range bench.Outcomes() {
		m[o] = count(trialsThat(string(o)))
	}
	return m
}
