package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

// Covers says what the intervals of a bench cover.
const Covers = "Bounds are 95 %, two-sided. They cover the choice of seeds in this simulation; they do not cover an error of the\n" +
	"model, a value that is assumed, or how often a real link behaves so."

// Answer prints what a bench says in one screen: which policy is fast, which is safe,
// and at what price.
func Answer(w io.Writer, tallies []*bench.Tally) error {
	if len(tallies) == 0 {
		return nil
	}
	answers := bench.Answers(tallies)
	var out strings.Builder
	out.WriteString(sizes(tallies) + "\n")
	if err := Table(&out, []string{"policy", "silent failures", "of", "", "95 % bounds", "worst cell"}, safetyRows(answers)); err != nil {
		return err
	}
	fmt.Fprintf(&out, "\napplication throughput (bytes over seconds), as multiples of %s's\n", answers[0].Policy)
	header, rows := speedRows(answers, tallies)
	if err := Table(&out, header, rows); err != nil {
		return err
	}
	out.WriteString("\n")
	for _, line := range append(Verdict(answers), unended(tallies)...) {
		out.WriteString(pad(line[0], 7) + line[1] + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// sizes says how much was run.
func sizes(tallies []*bench.Tally) string {
	trials := 0
	for _, t := range tallies {
		trials += t.Trials
	}
	d := dimensions(tallies)
	parts := []string{some(len(d.policies), "policy", "policies")}
	for _, p := range []string{some(len(d.links), "link", "links"), some(len(d.losses), "loss", "losses"), some(len(d.workloads), "workload", "workloads")} {
		if !strings.HasPrefix(p, "1 ") {
			parts = append(parts, p)
		}
	}
	return fmt.Sprintf("%s trials of %s: %s", thousands(trials), strings.Join(d.workloads, ", "), strings.Join(parts, " x "))
}

func some(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// axes are what a run varies, each in the order of the tallies.
type axes struct {
	policies, links, workloads []string
	losses                     []float64
}

func dimensions(tallies []*bench.Tally) axes {
	d := axes{policies: bench.Policies(tallies)}
	for _, t := range tallies {
		d.links, d.workloads, d.losses = include(d.links, t.Link), include(d.workloads, t.Workload), include(d.losses, t.Loss)
	}
	return d
}

func include[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

func safetyRows(answers []bench.Answer) (rows [][]string) {
	for i := range answers {
		a := &answers[i]
		worst := "-"
		if a.Worst != nil {
			worst = fmt.Sprintf("%s, %s: %s", a.Worst.Link, share(a.Worst.Loss), share(a.Worst.SilentRate()))
		}
		rows = append(rows, []string{starred(a, answers), safety(a, "fails"), thousands(a.Trials), share(a.Rate.Value), rateBounds(a.Rate), worst})
	}
	return rows
}

// safety is the word for a policy's silent failures; fails is it where there are some.
func safety(a *bench.Answer, fails string) string {
	switch {
	case a.Safe():
		return "never seen"
	case a.Trials == 0:
		return "no trial"
	}
	return fails
}

// rateBounds are the bounds of a rate in percent.
func rateBounds(r bench.Interval) string {
	if r.Value == 0 {
		return "below " + share(r.High)
	}
	return share(r.Low) + " - " + share(r.High)
}

// share spells a rate in percent, three digits of it.
func share(v float64) string {
	text := strconv.FormatFloat(v*100, 'g', 3, 64)
	if v*100 < 1e-4 && v > 0 {
		text = strconv.FormatFloat(v*100, 'e', 1, 64)
	}
	return text + " %"
}

// maxColumns is how many links, or else workloads or losses, fit beside the policy.
const maxColumns = 6

// column is a part of the run that has a column of its own.
type column struct {
	name string
	has  func(*bench.Tally) bool
}

// columnsOf divides a run by what it varies: links before workloads before losses.
func columnsOf(d axes) (list []column) {
	switch {
	case len(d.links) > 1:
		for _, v := range d.links {
			list = append(list, column{v, func(t *bench.Tally) bool { return t.Link == v }})
		}
	case len(d.workloads) > 1:
		for _, v := range d.workloads {
			list = append(list, column{v, func(t *bench.Tally) bool { return t.Workload == v }})
		}
	case len(d.losses) > 1:
		for _, v := range d.losses {
			list = append(list, column{share(v), func(t *bench.Tally) bool { return t.Loss == v }})
		}
	}
	if len(list) > maxColumns {
		return nil
	}
	return list
}

// speedRows are the throughputs of each policy. The first policy's own are in bytes a
// second, where that is not a mean over different links.
func speedRows(answers []bench.Answer, tallies []*bench.Tally) (header []string, rows [][]string) {
	parts := columnsOf(dimensions(tallies))
	header = []string{"policy"}
	for _, c := range parts {
		header = append(header, c.name)
	}
	header = append(header, "all", "95 % bounds", "durable", "latency")
	for i := range answers {
		a := &answers[i]
		row := []string{starred(a, answers)}
		for _, c := range parts {
			own := bench.Of(tallies, func(t *bench.Tally) bool { return t.Policy == a.Policy && c.has(t) })
			row = append(row, factor(bench.AppRatio(own)))
		}
		latency := "-"
		if a.Latency != nil {
			latency = fmt.Sprintf("%.2f", *a.Latency)
		}
		rows = append(rows, append(row, factor(a.App), factorBounds(a.App), factor(a.Durable), latency))
	}
	return header, rows
}

func factor(r *bench.Interval) string {
	if r == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.Value)
}

func factorBounds(r *bench.Interval) string {
	if r == nil || r.Low == r.High {
		return "-"
	}
	return fmt.Sprintf("%.2f - %.2f", r.Low, r.High)
}

// starred is a policy's name, with a star if it is the fastest of the safe.
func starred(a *bench.Answer, all []bench.Answer) string {
	if pick(all, (*bench.Answer).Safe) == a {
		return a.Policy + " *"
	}
	return a.Policy
}

// Verdict answers three questions, each a word and a sentence, and says what the answer
// does not cover.
func Verdict(answers []bench.Answer) (lines [][2]string) {
	fastest, best := pick(answers, func(*bench.Answer) bool { return true }), pick(answers, (*bench.Answer).Safe)
	if fastest != nil {
		lines = append(lines, [2]string{"fast", fastest.Policy + " gives the application the most bytes a second"})
	}
	var (
		safe  []string
		least = math.MaxInt
	)
	for i := range answers {
		if a := &answers[i]; a.Safe() {
			safe, least = append(safe, a.Policy), min(least, a.Trials)
		}
	}
	switch {
	case !slices.ContainsFunc(answers, func(a bench.Answer) bool { return a.Trials > 0 }):
	case len(safe) == 0:
		lines = append(lines, [2]string{"safe", "none: under each, senders were told success and nobody could read what they sent"})
	default:
		lines = append(lines, [2]string{"safe", fmt.Sprintf("%s: no silent failure in %s", strings.Join(safe, ", "), thousands(least))})
	}
	if best != nil && fastest != nil {
		lines = append(lines, [2]string{"price", price(best, fastest)})
	}
	if failed := failures(answers); len(failed) > 0 {
		lines = append(lines, [2]string{"failed", strings.Join(failed, ", ") + ": not delivered, and the sender knows"})
	}
	if len(safe) > 0 {
		lines = append(lines, [2]string{"but", "circuits broke by chance alone; `ntrdr explore` breaks them after every segment in turn"})
	}
	return lines
}

// failures are the shares of what was neither delivered nor silent, of the policies that
// have any.
func failures(answers []bench.Answer) (list []string) {
	for i := range answers {
		if a := &answers[i]; a.Failed > 0 {
			list = append(list, fmt.Sprintf("%s %s", a.Policy, share(float64(a.Failed)/float64(a.Trials))))
		}
	}
	return list
}

// unended says how many trials came to no end, and where the first of them is; nothing
// if all did.
func unended(tallies []*bench.Tally) [][2]string {
	var first *bench.Tally
	n := 0
	for _, t := range tallies {
		if n += t.Errors; first == nil && t.FirstError != nil {
			first = t
		}
	}
	if first == nil {
		return nil
	}
	return [][2]string{{"errors", fmt.Sprintf("%s without an end, in no rate, such as %s on %s, loss %s, %s, seed %d",
		some(n, "trial", "trials"), first.Policy, first.Link, share(first.Loss), first.Workload, *first.FirstError)}}
}

// alike is the ratio below which two throughputs count as the same, and the policy
// named first is picked.
const alike = 1.005

// pick is the policy with the greatest application throughput of some.
func pick(answers []bench.Answer, which func(*bench.Answer) bool) (best *bench.Answer) {
	for i := range answers {
		a := &answers[i]
		if which(a) && a.Trials > 0 && a.App != nil && (best == nil || a.App.Value > alike*best.App.Value) {
			best = a
		}
	}
	return best
}

func price(best, fastest *bench.Answer) string {
	if best == fastest {
		return best.Policy + " * is both"
	}
	s := fmt.Sprintf("%s * gives the application %s of %s's throughput", best.Policy, share(best.App.Value/fastest.App.Value), fastest.Policy)
	if best.Durable != nil && fastest.Durable != nil {
		s += fmt.Sprintf("; until the server has it all, %s", share(best.Durable.Value/fastest.Durable.Value))
	}
	return s
}

// thousands spells a count with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
