package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

// Bench is what the page of a bench shows. The page is the same bytes for the same
// Bench: nothing in it tells when or where it was written.
type Bench struct {
	Tallies    []*bench.Tally
	Parameters [][2]string // a name and a value each
	Failing    *Failing    // nil: none was found or replayed
}

// Failing is one trial that failed silently, told from its trace.
type Failing struct {
	Run    Run
	Where  string // its policy, link, loss, workload and seed
	Replay string // the command that plays it again
}

// BenchHTML writes one page that needs nothing beside itself: what the bench answers,
// drawings of throughput against failures, of failures by link and loss and of the
// distributions of times, the story of one failure, and all cells.
func BenchHTML(w io.Writer, b Bench) error {
	return execute(w, "bench.html", newBenchPage(b))
}

type benchPage struct {
	Title      string
	Verdict    [][2]string
	Answers    tableData
	Legend     []legendEntry
	Pareto     *plot
	Links      []*plot
	Heats      []heat
	Times      []timesSection
	Failing    *pageRun
	Where      string
	Replay     string
	Cells      tableData
	Paired     tableData
	Versus     string
	Parameters [][2]string
	Covers     string
}

type legendEntry struct{ Class, D, Name string }

type timesSection struct {
	Title string
	Plots []*plot
}

// tableData is a table; the first Names columns are words, the others numbers.
type tableData struct {
	Names  int
	Header []string
	Rows   [][]string
}

func newBenchPage(b Bench) benchPage {
	p := benchPage{Title: "nothing was run", Parameters: b.Parameters, Covers: strings.ReplaceAll(Covers, "\n", " ")}
	if len(b.Tallies) == 0 {
		return p
	}
	d, answers := dimensions(b.Tallies), bench.Answers(b.Tallies)
	p.Title, p.Verdict, p.Versus = sizes(b.Tallies), append(Verdict(answers), unended(b.Tallies)...), answers[0].Policy
	p.Answers = answersTable(answers)
	for i, name := range d.policies {
		p.Legend = append(p.Legend, legendEntry{colourClass(i), marker(i, 8, 8, 5), name})
	}
	p.Pareto = pareto(answers)
	for i, link := range d.links {
		p.Links = append(p.Links, paretoOf(link, i, b.Tallies))
	}
	for i, workload := range d.workloads {
		p.Heats = append(p.Heats, newHeat(i, workload, b.Tallies))
	}
	p.Times = timesSections(d, b.Tallies)
	if f := b.Failing; f != nil {
		one := newPage([]*Story{Tell(f.Run)})
		p.Failing, p.Where, p.Replay = &one.Runs[0], f.Where, f.Replay
	}
	cells := bench.Cells(b.Tallies)
	p.Cells, p.Paired = cellsTable(cells), pairedTable(cells)
	return p
}

func answersTable(answers []bench.Answer) tableData {
	t := tableData{Names: 2, Header: []string{
		"policy", "silent failures", "of trials", "rate", "95 % bounds", "application throughput", "95 % bounds", "durable throughput", "95 % bounds", "latency",
	}}
	for i := range answers {
		a := &answers[i]
		latency := "-"
		if a.Latency != nil {
			latency = fmt.Sprintf("%.2f", *a.Latency)
		}
		t.Rows = append(t.Rows, []string{
			starred(a, answers), safety(a, "fail: "+thousands(a.Silent)), thousands(a.Trials), share(a.Rate.Value), rateBounds(a.Rate),
			factor(a.App), factorBounds(a.App), factor(a.Durable), factorBounds(a.Durable), latency,
		})
	}
	return t
}

// timesSections are the distributions: a section for the application's times and one
// for durable times, of each workload; a plot a link and loss.
func timesSections(d axes, tallies []*bench.Tally) (list []timesSection) {
	kinds := []struct {
		title, id string
		times     func(*bench.Tally) *bench.Times
	}{
		{"until the application goes on", "app", func(t *bench.Tally) *bench.Times { return &t.App }},
		{"until the server has it all", "durable", func(t *bench.Tally) *bench.Times { return &t.Durable }},
	}
	for wi, workload := range d.workloads {
		for _, kind := range kinds {
			s := timesSection{Title: workload + ": " + kind.title}
			for li, link := range d.links {
				onLink := bench.Of(tallies, func(t *bench.Tally) bool { return t.Link == link && t.Workload == workload })
				x := timeAxis(onLink, kinds[0].times, kinds[1].times)
				for i, loss := range d.losses {
					cells := bench.Of(onLink, func(t *bench.Tally) bool { return t.Loss == loss })
					id := fmt.Sprintf("%s-%d-%d-%d", kind.id, wi, li, i)
					s.Plots = append(s.Plots, distribution(id, link+", loss "+share(loss), cells, d.policies, kind.times, x))
				}
			}
			list = append(list, s)
		}
	}
	return list
}

func cellsTable(cells []bench.Cell) tableData {
	t := tableData{Names: 4, Header: []string{
		"link", "loss", "workload", "policy", "delivered", "corrupted", "lost", "failed", "pending", "errors", "silent", "95 % bounds",
		"app B/s", "10 %", "half", "90 %", "durable B/s", "10 %", "half", "90 %", "latency p50", "p99", "a silent seed",
	}}
	for i := range cells {
		c := &cells[i]
		bounds := rateBounds(bench.Interval{Value: float64(c.Silent), Low: c.SilentLow, High: c.SilentHigh})
		row := []string{c.Link, share(c.Loss), c.Workload, c.Policy}
		for _, n := range []int{c.Delivered, c.Corrupted, c.Lost, c.Failed, c.Pending, c.Errors, c.Silent} {
			row = append(row, strconv.Itoa(n))
		}
		row = append(row, bounds)
		for _, v := range []*float64{
			c.AppMean, c.AppP10, c.AppThroughput, c.AppP90, c.DurableMean, c.DurableP10, c.DurableThroughput, c.DurableP90,
		} {
			row = append(row, known(v, short))
		}
		seed := "-"
		if c.FirstSilent != nil {
			seed = strconv.FormatUint(*c.FirstSilent, 10)
		}
		t.Rows = append(t.Rows, append(row, known(c.LatencyP50, duration), known(c.LatencyP99, duration), seed))
	}
	return t
}

// pairedTable compares each cell with the first policy's.
func pairedTable(cells []bench.Cell) tableData {
	t := tableData{Names: 4, Header: []string{
		"link", "loss", "workload", "policy", "pairs", "silent only here", "only there", "difference of rates", "95 % bounds", "p (Holm)",
		"app throughput", "95 % bounds", "p (Holm)", "durable throughput", "95 % bounds", "p (Holm)", "durable pairs",
	}}
	for i := range cells {
		c, p := &cells[i], cells[i].Paired
		if p == nil {
			continue
		}
		t.Rows = append(t.Rows, []string{
			c.Link, share(c.Loss), c.Workload, c.Policy, strconv.Itoa(p.Pairs), strconv.Itoa(p.SilentOnly), strconv.Itoa(p.SilentOnlyRef),
			share(p.SilentDiff), share(p.SilentDiffLow) + " to " + share(p.SilentDiffHigh), known(p.SilentPHolm, probability),
			known(p.AppRatio, times), pairOf(p.AppRatioLow, p.AppRatioHigh), known(p.AppPHolm, probability),
			known(p.DurableRatio, times), pairOf(p.DurableRatioLow, p.DurableRatioHigh), known(p.DurablePHolm, probability),
			strconv.Itoa(p.DurablePairs),
		})
	}
	return t
}

func known(v *float64, spell func(float64) string) string {
	if v == nil {
		return "-"
	}
	return spell(*v)
}

func times(v float64) string { return fmt.Sprintf("%.3f", v) }

func pairOf(low, high *float64) string { return known(low, times) + " - " + known(high, times) }

// probability spells a p value.
func probability(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}
