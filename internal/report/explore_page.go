package report

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"time"

	"github.com/ntrdr/ntrdr/bench"
)

// Explore is what the page of an exploration shows. The page is the same bytes for the
// same Explore.
type Explore struct {
	Runs       []ExploredRun
	Header     []string // of a table with a row a run
	Rows       [][]string
	Parameters [][2]string // a name and a value each
}

// ExploredRun is a policy, workload and link.
type ExploredRun struct {
	*bench.Explored
	Smallest string // the smallest failing cut in words; "": nothing failed
	Replay   string // the command that plays it again
}

// ExploreHTML writes one page that needs nothing beside itself: a map of all cuts of each
// link and workload, with when the application went on and when the server had it all,
// the smallest failing cut of each policy, and all numbers.
func ExploreHTML(w io.Writer, e Explore) error { return execute(w, "explore.html", newExplorePage(e)) }

type explorePage struct {
	Title      string
	Verdict    [][2]string
	Maps       []cutMap
	Table      tableData
	Parameters [][2]string
	Exhaustive bool
}

// cutMap has a row a policy and disturbance, and along it the segments.
type cutMap struct {
	ID, Title, Desc, Width, Height, Top, Bottom string
	AxisX, AxisY                                string
	Policies                                    []plotLabel
	Kinds                                       []plotLabel
	Bands                                       []cutBand
	Marks                                       []cutMark
	Ticks                                       []drawTick
	Failing                                     [][3]string // policy, words, command
}

// cutBand is a stretch of cuts that came out alike.
type cutBand struct{ X, Y, Width, Height, Class, Title string }

// cutMark is a moment of the undisturbed trial, across the rows of its policy.
type cutMark struct{ X, Y1, Y2, Class, Title string }

// Measures of a map, in SVG units.
const (
	cutLeft  = 210.0
	cutWidth = drawWidth - cutLeft - 20
	cutTop   = 10.0
	cutRow   = 13.0
	cutGap   = 7.0 // between two policies
)

func newExplorePage(e Explore) explorePage {
	p := explorePage{Title: "nothing was explored", Parameters: e.Parameters, Exhaustive: true}
	if len(e.Runs) == 0 {
		return p
	}
	p.Table = tableData{Names: 3, Header: e.Header, Rows: e.Rows}
	trials := 0
	var groups [][]ExploredRun
	for _, r := range e.Runs {
		trials += r.Trials()
		p.Exhaustive = p.Exhaustive && r.Every == 1
		same := func(g []ExploredRun) bool { return together(g[0], r) }
		if i := slices.IndexFunc(groups, same); i >= 0 {
			groups[i] = append(groups[i], r)
		} else {
			groups = append(groups, []ExploredRun{r})
		}
	}
	p.Title = thousands(trials) + " disturbed trials"
	p.Verdict = exploreVerdict(e.Runs)
	for i, g := range groups {
		p.Maps = append(p.Maps, newCutMap(i, g))
	}
	return p
}

// together reports whether two runs share a map.
func together(a, b ExploredRun) bool {
	return a.Spec.Link.Name == b.Spec.Link.Name && a.Spec.WorkloadName() == b.Spec.WorkloadName()
}

// exploreVerdict says of each policy in how many trials of all it failed.
func exploreVerdict(runs []ExploredRun) (list [][2]string) {
	var names []string
	for _, r := range runs {
		names = include(names, r.Spec.Policy.Policy.Name)
	}
	for _, name := range names {
		trials, silent, corrupted, prefix := 0, 0, 0, 0
		for _, r := range runs {
			if r.Spec.Policy.Policy.Name == name {
				trials += r.Trials()
				silent += r.Count(func(t bench.CutTrial) bool { return t.Silent })
				corrupted += r.Count(func(t bench.CutTrial) bool { return t.Outcome == bench.Corrupted })
				prefix += r.Count(func(t bench.CutTrial) bool { return t.Prefix })
			}
		}
		list = append(list, [2]string{name, fmt.Sprintf("of %s: corrupted %s, silent %s, not a prefix %s",
			thousands(trials), thousands(corrupted), thousands(silent), thousands(prefix))})
	}
	return list
}

func newCutMap(n int, runs []ExploredRun) cutMap {
	first := runs[0]
	segments := int64(1)
	for _, r := range runs {
		segments = max(segments, r.Segments)
	}
	x := func(segment int64) float64 { return cutLeft + cutWidth*float64(segment)/float64(segments) }
	m := cutMap{
		ID: fmt.Sprintf("cuts-%d", n), Title: first.Spec.WorkloadName() + " on " + first.Spec.Link.Name,
		Desc: "A row a policy and disturbance, along it the segments after which the circuit was disturbed. The table below has the sums.",
		Top:  unit(cutTop), Width: unit(drawWidth),
	}
	y := cutTop
	for _, r := range runs {
		y = m.add(r, x, y) + cutGap
	}
	m.Bottom, m.AxisX, m.AxisY, m.Height = unit(y-cutGap), unit(cutLeft-8), unit(y+10), unit(y+16)
	const ticks = 10
	step := max(1, (segments+ticks-1)/ticks)
	for s := int64(0); s <= segments; s += step {
		m.Ticks = append(m.Ticks, drawTick{unit(x(s)), fmt.Sprint(s)})
	}
	return m
}

// add draws the rows of a policy from y on and returns where they end.
func (m *cutMap) add(r ExploredRun, x func(int64) float64, y float64) float64 {
	name, top := r.Spec.Policy.Policy.Name, y
	for i := range r.Kinds {
		k := &r.Kinds[i]
		m.Kinds = append(m.Kinds, plotLabel{unit(cutLeft - 8), unit(y + cutRow - 3), k.Name, ""})
		m.bands(r, k, x, y)
		y += cutRow
	}
	m.Policies = append(m.Policies, plotLabel{unit(4), unit(top + cutRow - 3), name, ""})
	m.mark(r, x, top, y)
	if r.Smallest != "" {
		m.Failing = append(m.Failing, [3]string{name, r.Smallest, r.Replay})
	}
	return y
}

// bands joins neighbours that came out alike.
func (m *cutMap) bands(r ExploredRun, k *bench.ExploredKind, x func(int64) float64, y float64) {
	for from := 0; from < len(k.Trials); {
		t := k.Trials[from]
		to := from + 1
		for to < len(k.Trials) && sameEnd(k.Trials[to], t) {
			to++
		}
		last := k.Trials[to-1]
		left, right := x(t.Segment-r.Every), x(last.Segment)
		title := fmt.Sprintf("%s, %s after segment %d to %d, at %s to %s: %s", r.Spec.Policy.Policy.Name, k.Name, t.Segment, last.Segment,
			duration(r.At[t.Segment-1].Seconds()), duration(r.At[last.Segment-1].Seconds()), inWords(t))
		m.Bands = append(m.Bands, cutBand{unit(left), unit(y), unit(right - left), unit(cutRow - 2), "o-" + string(t.Outcome), title})
		if t.Prefix {
			m.Bands = append(m.Bands, cutBand{unit(left), unit(y + cutRow - 4), unit(right - left), unit(2), "o-prefix", title})
		}
		from = to
	}
}

func sameEnd(a, b bench.CutTrial) bool {
	a.Segment = b.Segment
	return a == b
}

// inWords says what came of a trial.
func inWords(t bench.CutTrial) string {
	text := string(t.Outcome)
	if t.Silent {
		text += ", silent"
	}
	if t.Prefix {
		text += "; the server held what is no prefix"
	}
	return text
}

// mark draws when the application of the undisturbed trial went on, and when the server
// had it all.
func (m *cutMap) mark(r ExploredRun, x func(int64) float64, top, bottom float64) {
	for _, mark := range [...]struct {
		after *float64 // the application's first call
		class string
		text  string
	}{
		{r.Calm.App, "told", "the application goes on"},
		{r.Calm.Durable, "durable", "the server has it all"},
	} {
		if mark.after == nil || r.Calm.AppStart == nil {
			continue
		}
		at := time.Duration((*mark.after + *r.Calm.AppStart) * float64(time.Second))
		segment := sort.Search(len(r.At), func(i int) bool { return r.At[i] > at })
		title := fmt.Sprintf("%s, undisturbed: %s at %s, after segment %d", r.Spec.Policy.Policy.Name, mark.text, duration(at.Seconds()), segment)
		m.Marks = append(m.Marks, cutMark{unit(x(int64(segment))), unit(top - 2), unit(bottom), mark.class, title})
	}
}
