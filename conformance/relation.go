package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// relation is what the trace must show.
type relation struct {
	parse    func([]string) (pattern, error) // how its patterns are spelled
	kinds    []trace.Kind                    // what `only` looks at; nil: it is not allowed
	form     string                          // "some", "none", "count", "before", "order", "only"
	min, max int
	pick     [2]string // of "before": first, last or every
	gap      *timeRange
	patterns []pattern
}

// parseRelation reads the part behind the colon:
//
//	PATTERN                          at least one
//	no PATTERN
//	N x PATTERN, N+ x PATTERN, N..M x PATTERN
//	[first|last|every] PATTERN before [first|last|every] PATTERN [in A..B]
//	order PATTERN; PATTERN; ...      in this order, with others between
//	only PATTERN; PATTERN; ...       these and no others
func (r *relation) parseRelation(text string) error {
	words, err := splitWords(text)
	if err != nil {
		return err
	}
	switch {
	case len(words) == 0:
		return errors.New("a pattern is missing")
	case words[0] == "order", words[0] == "only":
		r.form = words[0]
		return r.list(words[1:])
	case words[0] == "no":
		r.form, words = "none", words[1:]
	case len(words) > 1 && words[1] == "x":
		r.form = "count"
		if err := r.count(words[0]); err != nil {
			return err
		}
		words = words[2:]
	case slices.Contains(words, "before"):
		return r.before(words)
	default:
		r.form = "some"
	}
	p, err := r.parse(words)
	r.patterns = []pattern{p}
	return err
}

func (r *relation) list(words []string) error {
	var one []string
	for _, w := range append(words, ";") {
		end := strings.HasSuffix(w, ";")
		if w = strings.TrimSuffix(w, ";"); w != "" {
			one = append(one, w)
		}
		if !end {
			continue
		}
		if len(one) == 0 {
			continue
		}
		p, err := r.parse(one)
		if err != nil {
			return err
		}
		r.patterns, one = append(r.patterns, p), nil
	}
	if len(r.patterns) == 0 && r.form == "order" {
		return errors.New("patterns are missing; separate them by semicolons")
	}
	return nil
}

func (r *relation) count(text string) (err error) {
	lo, hi, isRange := strings.Cut(text, "..")
	open := strings.HasSuffix(lo, "+")
	if r.min, err = strconv.Atoi(strings.TrimSuffix(lo, "+")); err != nil {
		return fmt.Errorf("%q is no count; write 8, 8+ or 8..10", text)
	}
	r.max = r.min
	if open {
		r.max = int(^uint(0) >> 1)
	}
	if isRange {
		r.max, err = strconv.Atoi(hi)
	}
	return err
}

func (r *relation) before(words []string) error {
	r.form = "before"
	if n := len(words); n > 2 && words[n-2] == "in" {
		gap, err := parseTimeRange(words[n-1])
		if err != nil {
			return err
		}
		r.gap, words = &gap, words[:n-2]
	}
	i := slices.Index(words, "before")
	for k, part := range [][]string{words[:i], words[i+1:]} {
		r.pick[k] = "first"
		if len(part) > 0 && slices.Contains([]string{"first", "last", "every"}, part[0]) {
			r.pick[k], part = part[0], part[1:]
		}
		p, err := r.parse(part)
		if err != nil {
			return err
		}
		r.patterns = append(r.patterns, p)
	}
	return nil
}

// holds judges the events of an actor, "" for all, and says what was seen.
func (r *relation) holds(events []trace.Event, actor string) (bool, string) {
	if actor != "" {
		events = slices.DeleteFunc(slices.Clone(events), func(e trace.Event) bool { return e.Actor != actor })
	}
	switch r.form {
	case "before":
		return r.holdsBefore(events)
	case "order":
		return r.holdsOrder(events)
	case "only":
		return r.holdsOnly(events)
	}
	found := r.find(events, 0)
	n := len(found)
	ok := r.form == "some" && n > 0 || r.form == "none" && n == 0 || r.form == "count" && n >= r.min && n <= r.max
	return ok, fmt.Sprintf("%d x%s", n, sample(events, found))
}

// find lists the indexes of the events that fit a pattern.
func (r *relation) find(events []trace.Event, pattern int) (found []int) {
	for i, e := range events {
		if r.patterns[pattern].fits(e) {
			found = append(found, i)
		}
	}
	return found
}

// sample shows the first few of some events.
func sample(events []trace.Event, at []int) string {
	const most = 4
	s := ""
	for i, k := range at {
		if i == most {
			return s + fmt.Sprintf("\n... and %d more", len(at)-most)
		}
		s += "\n" + events[k].String()
	}
	return s
}

func (r *relation) holdsBefore(events []trace.Event) (bool, string) {
	a, b := r.find(events, 0), r.find(events, 1)
	if len(a) == 0 || len(b) == 0 {
		return false, fmt.Sprintf("%d x %v, %d x %v", len(a), r.patterns[0], len(b), r.patterns[1])
	}
	// The latest of the earlier ones must come before the earliest of the later ones.
	i, j := a[0], b[0]
	if r.pick[0] != "first" {
		i = a[len(a)-1]
	}
	if r.pick[1] == "last" {
		j = b[len(b)-1]
	}
	ok := i < j
	gap := events[j].At - events[i].At
	if ok && r.gap != nil {
		ok = gap >= r.gap.min && gap <= r.gap.max
	}
	return ok, events[i].String() + "\n" + events[j].String() + fmt.Sprintf("\n%v apart", gap)
}

func (r *relation) holdsOrder(events []trace.Event) (bool, string) {
	at := 0
	var seen []int
	for k := range r.patterns {
		i := slices.IndexFunc(events[at:], r.patterns[k].fits)
		if i < 0 {
			return false, fmt.Sprintf("no %v%s", r.patterns[k], after(seen)) + sample(events, seen)
		}
		seen = append(seen, at+i)
		at += i + 1
	}
	return true, strings.TrimPrefix(sample(events, seen), "\n")
}

func after(seen []int) string {
	if len(seen) == 0 {
		return ""
	}
	return " after"
}

func (r *relation) holdsOnly(events []trace.Event) (bool, string) {
	var own []trace.Event
	for _, e := range events {
		if slices.Contains(r.kinds, e.Kind) {
			own = append(own, e)
		}
	}
	var lines []string
	ok := len(own) == len(r.patterns)
	for i, e := range own {
		ok = ok && r.patterns[i].fits(e)
		lines = append(lines, e.String())
	}
	if len(lines) == 0 {
		lines = []string{"nothing"}
	}
	return ok, strings.Join(lines, "\n")
}
