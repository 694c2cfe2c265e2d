package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

// explored is what an exploration came to.
type explored struct {
	*bench.Explored
	smallest *smallestJSON // nil: nothing failed
}

// judge finds the smallest failing cut and plays it again, as its replay command will.
func (f *exploreFlags) judge(c *invocation, e *bench.Explored) (explored, error) {
	t, d, ok := e.Smallest(bench.CutTrial.Failing)
	if !ok {
		return explored{Explored: e}, nil
	}
	r, err := e.Replay(d, t)
	if err != nil {
		return explored{}, err
	}
	return explored{e, &smallestJSON{
		Segment: t.Segment, Seconds: e.At[t.Segment-1].Seconds(), Kind: d.Name, Outcome: t.Outcome,
		Checksum: r.Checksum, Replay: f.replayLine(c, e.Spec, t, d),
	}}, nil
}

// replayLine is a command that plays one trial again.
func (f *exploreFlags) replayLine(c *invocation, s bench.Spec, t bench.CutTrial, d bench.Disturbance) string {
	words := append([]string{"ntrdr", "explore"}, f.policyWords[s.Policy.Policy.Name]...)
	words = append(words, f.workload.words[s.WorkloadName()]...)
	words = append(words, f.linkWords[s.Link.Name]...)
	words = append(append(words, weatherWords(s)...), givenWords(c)...)
	return commandLine(append(words, "--replay", fmt.Sprintf("%d:%s", t.Segment, d.Name)))
}

// cutsAndStalls are the numbers of trials with and without something lost.
func (e explored) cutsAndStalls() (cuts, stalls int) {
	for i := range e.Kinds {
		if k := &e.Kinds[i]; k.Stall {
			stalls += len(k.Trials)
		} else {
			cuts += len(k.Trials)
		}
	}
	return cuts, stalls
}

// print shows a row a policy, workload and link, and the strips.
func (f *exploreFlags) print(w io.Writer, all []explored) error {
	header, rows := exploredTable(all)
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
	return printSums(w, all)
}

// printSums prints a row a policy, over all workloads and links, if there are several.
func printSums(w io.Writer, all []explored) error {
	var policies []string
	sums := map[string]*policySum{}
	for _, e := range all {
		name := e.Spec.Policy.Policy.Name
		if sums[name] == nil {
			policies = append(policies, name)
			sums[name] = &policySum{}
		}
		sums[name].add(e)
	}
	if len(policies) == len(all) {
		return nil
	}
	header := []string{"policy", "trials"}
	for _, o := range bench.Outcomes() {
		header = append(header, string(o))
	}
	header = append(header, "silent", "prefix", "fails in")
	var rows [][]string
	for _, name := range policies {
		s := sums[name]
		row := []string{name, fmt.Sprint(s.trials)}
		for _, word := range header[2 : len(header)-1] {
			row = append(row, fmt.Sprint(s.counts[word]))
		}
		rows = append(rows, append(row, fmt.Sprintf("%d of %d", s.failing, s.explored)))
	}
	fmt.Fprintln(w, "\nall workloads and links together; a policy fails in a workload and link if a cut is corrupted or silent:")
	fmt.Fprintln(w)
	return report.Table(w, header, rows)
}

// policySum is what the explorations of a policy came to.
type policySum struct {
	explored, failing, trials int
	counts                    map[string]int // of trialsThat
}

func (s *policySum) add(e explored) {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.explored++
	s.trials += e.Trials()
	if e.smallest != nil {
		s.failing++
	}
	for _, o := range bench.Outcomes() {
		s.counts[string(o)] += e.Count(trialsThat(string(o)))
	}
	for _, word := range []string{"silent", "prefix"} {
		s.counts[word] += e.Count(trialsThat(word))
	}
}

// exploredTable has a row a policy, workload and link.
func exploredTable(all []explored) (header []string, rows [][]string) {
	header = []string{"link", "workload", "policy", "segments", "cuts", "stalls"}
	for _, o := range bench.Outcomes() {
		header = append(header, string(o))
	}
	header = append(header, "silent", "prefix", "smallest failing")
	for _, e := range all {
		cuts, stalls := e.cutsAndStalls()
		row := []string{
			e.Spec.Link.Name, e.Spec.WorkloadName(), e.Spec.Policy.Policy.Name, fmt.Sprint(e.Segments), fmt.Sprint(cuts), fmt.Sprint(stalls),
		}
		for _, o := range bench.Outcomes() {
			row = append(row, fmt.Sprint(e.Count(trialsThat(string(o)))))
		}
		smallest := "none"
		if s := e.smallest; s != nil {
			smallest = fmt.Sprintf("%s %d:%s", s.Outcome, s.Segment, s.Kind)
		}
		if e.Calm.Silent || e.Calm.Outcome == bench.Corrupted {
			smallest = string(e.Calm.Outcome) + " undisturbed"
		}
		rows = append(rows, append(row, fmt.Sprint(e.Count(trialsThat("silent"))), fmt.Sprint(e.Count(trialsThat("prefix"))), smallest))
	}
	return header, rows
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
	if s := e.smallest; s != nil {
		fmt.Fprintf(w, "\nsmallest failing cut: %s, after segment %d of %d, at %.3f s: %s; trace checksum %s. To see it:\n  %s --timeline\n",
			s.Kind, s.Segment, e.Segments, s.Seconds, s.Outcome, s.Checksum, s.Replay)
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
	Undisturbed undisturbedJSON       `json:"undisturbed"`
	Seconds     []float64             `json:"segment_seconds"` // when the undisturbed trial delivered each segment
	Outcomes    map[bench.Outcome]int `json:"outcomes"`
	Silent      int                   `json:"silent"`
	Prefix      int                   `json:"prefix_violations"`
	Kinds       []exploredKindJSON    `json:"kinds"`
	Smallest    *smallestJSON         `json:"smallest_failing"`
}

// undisturbedJSON is the trial that the others differ from; its times are those of
// bench, but for app_start_seconds, which is since the start of the trial.
type undisturbedJSON struct {
	bench.Fate
	AppStart *float64 `json:"app_start_seconds"`
	bench.Spent
	Prefix   bool   `json:"prefix_violation"`
	Checksum string `json:"trace_checksum"`
}

// exploredKindJSON has the trials of a disturbance. A strip has a character a trial: of
// its outcome, and whether it was silent, and whether it violated the prefix.
type exploredKindJSON struct {
	Kind        string                `json:"kind"`
	Outcomes    map[bench.Outcome]int `json:"outcomes"`
	Silent      int                   `json:"silent"`
	Prefix      int                   `json:"prefix_violations"`
	Strip       string                `json:"strip"`
	SilentStrip string                `json:"silent_strip"`
	PrefixStrip string                `json:"prefix_strip"`
}

type smallestJSON struct {
	Segment  int64         `json:"segment"`
	Seconds  float64       `json:"seconds"`
	Kind     string        `json:"kind"`
	Outcome  bench.Outcome `json:"outcome"`
	Checksum string        `json:"trace_checksum"`
	Replay   string        `json:"replay"`
}

func printJSON(w io.Writer, e explored) error {
	calm := &e.Calm
	j := exploredJSON{
		Schema: bench.Schema, Commit: commit(), ProfileHash: e.Spec.ProfileHash(), Policy: e.Spec.Policy.Policy.Name,
		Workload: e.Spec.WorkloadName(), Link: e.Spec.Link.Name, TCP: e.Spec.TCP.String(), Loss: e.Spec.Loss, Seed: e.Spec.Seed,
		Segments: e.Segments, Every: e.Every, Exhaustive: e.Every == 1,
		Undisturbed: undisturbedJSON{
			calm.Fate, calm.AppStart, calm.Spent, calm.Prefix != "", calm.Checksum,
		},
		Outcomes: outcomeCounts(e.Count), Silent: e.Count(trialsThat("silent")), Prefix: e.Count(trialsThat("prefix")),
		Smallest: e.smallest,
	}
	j.Cuts, j.Stalls = e.cutsAndStalls()
	for _, at := range e.At {
		j.Seconds = append(j.Seconds, at.Seconds())
	}
	for i := range e.Kinds {
		k := &e.Kinds[i]
		j.Kinds = append(j.Kinds, exploredKindJSON{
			Kind: k.Name, Outcomes: outcomeCounts(k.Count), Silent: k.Count(trialsThat("silent")), Prefix: k.Count(trialsThat("prefix")),
			Strip:       strip(k.Trials, len(k.Trials)),
			SilentStrip: marked(k.Trials, 'S', trialsThat("silent")), PrefixStrip: marked(k.Trials, 'P', trialsThat("prefix")),
		})
	}
	return json.NewEncoder(w).Encode(j)
}

// marked has a character a trial, and says for which a predicate holds.
func marked(trials []bench.CutTrial, as byte, is func(bench.CutTrial) bool) string {
	b := make([]byte, len(trials))
	for i, t := range trials {
		b[i] = '.'
		if is(t) {
			b[i] = as
		}
	}
	return string(b)
}

func outcomeCounts(count func(func(bench.CutTrial) bool) int) map[bench.Outcome]int {
	m := map[bench.Outcome]int{}
	for _, o := range bench.Outcomes() {
		m[o] = count(trialsThat(string(o)))
	}
	return m
}
