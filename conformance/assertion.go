package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// assertion is what a step must give.
type assertion struct {
	text   string
	status string // "ok", "any", "error", or names of NTSTATUS values joined by |
	conds  []condition
	took   *timeRange // nil: any time
	atOnce bool
}

// parseAssertion reads what stands behind the arrow.
func parseAssertion(text string) (assertion, error) {
	a := assertion{text: strings.TrimSpace(text), status: "ok"}
	words, err := splitWords(text)
	if err != nil {
		return a, err
	}
	if len(words) == 0 {
		return a, fmt.Errorf("nothing stands behind the arrow; write ok, any, error or a STATUS_ name, then fields and a time")
	}
	for i := 0; i < len(words) && err == nil; i++ {
		w := words[i]
		switch {
		case i == 0 && (w == "ok" || w == "any" || w == "error"):
			a.status = w
		case strings.HasPrefix(w, "STATUS_"):
			a.status, err = w, checkStatuses(w, words[i+1:])
		case strings.HasPrefix(w, "("): // the Win32 code, checked with its status
		case w == "at" && i+1 < len(words) && words[i+1] == "once":
			a.atOnce = true
			i++
		case w == "in" && i+1 < len(words):
			var r timeRange
			r, err = parseTimeRange(words[i+1])
			a.took = &r
			i++
		default:
			var c condition
			c, err = parseCondition(w)
			a.conds = append(a.conds, c)
		}
	}
	return a, err
}

// checkStatuses checks names joined by |, and the Win32 code behind a single one.
func checkStatuses(names string, rest []string) error {
	for name := range strings.SplitSeq(names, "|") {
		st, ok := nt.StatusByName(name)
		if !ok {
			return fmt.Errorf("there is no status %s", name)
		}
		if len(rest) == 0 || !strings.HasPrefix(rest[0], "(") || strings.Contains(names, "|") {
			continue
		}
		if want := fmt.Sprintf("(%d)", st.Win32()); rest[0] != want {
			return fmt.Errorf("the Win32 code of %s is %s, not %s", name, want, rest[0])
		}
	}
	return nil
}

// ended is an outcome with how long it took.
type ended struct {
	outcome
	took time.Duration
	// instant is the longest time that counts as at once, and slack what a range of
	// time is widened by: nought in virtual time.
	instant, slack time.Duration
}

func (e ended) String() string {
	if e.void != "" {
		return e.outcome.String()
	}
	return fmt.Sprintf("%v in %v", e.outcome, e.took.Round(time.Microsecond))
}

// holds reports whether the outcome is what the assertion says.
func (a assertion) holds(e ended) bool {
	switch {
	case a.status == "any":
	case a.status == "error" && e.err != nil:
	case !slices.Contains(strings.Split(a.status, "|"), e.status()):
		return false
	}
	for _, c := range a.conds {
		if !c.holds(e.field(c.key)) {
			return false
		}
	}
	if a.atOnce && e.took > e.instant {
		return false
	}
	return a.took == nil || e.took >= a.took.min && e.took <= a.took.max+e.slack
}

// field returns a field's value, "" if there is none.
func (o outcome) field(key string) string {
	for _, f := range o.fields {
		if f.key == key {
			return f.value
		}
	}
	return ""
}

// condition compares a field: key=value, key!=value, key<value, key<=value, key>value,
// key>=value, or key~text for a text that is part of it. Numbers compare as numbers.
type condition struct{ key, op, value string }

var conditionOps = []string{"!=", "<=", ">=", "=", "<", ">", "~"}

func parseCondition(w string) (condition, error) {
	i := strings.IndexAny(w, "!<>=~")
	if i > 0 {
		for _, op := range conditionOps {
			if value, ok := strings.CutPrefix(w[i:], op); ok {
				return condition{w[:i], op, strings.TrimPrefix(value, `"`)}, nil
			}
		}
	}
	return condition{}, fmt.Errorf("%q is no condition; write key=value, or with one of != < <= > >= ~", w)
}

func (c condition) String() string { return c.key + c.op + c.value }

func (c condition) holds(got string) bool {
	switch c.op {
	case "~":
		return strings.Contains(got, c.value)
	case "=", "!=":
		same := strings.EqualFold(got, c.value)
		if n, m, ok := numbers(got, c.value); ok {
			same = n == m
		}
		return same == (c.op == "=")
	}
	n, m, ok := numbers(got, c.value)
	if !ok {
		return false
	}
	switch c.op {
	case "<":
		return n < m
	case "<=":
		return n <= m
	case ">":
		return n > m
	default: // ">="
		return n >= m
	}
}

// numbers reads both texts as numbers, sizes or durations.
func numbers(a, b string) (x, y float64, ok bool) {
	x, ok1 := number(a)
	y, ok2 := number(b)
	return x, y, ok1 && ok2
}

func number(s string) (float64, bool) {
	if n, err := parseSize(s); err == nil {
		return float64(n), true
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d.Seconds(), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
