package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

// mailExpect are the expectations that only mail stories have.
var mailExpect = []expectCommand{
	{
		"trials: WHAT <|<=|=|>=|> N|all",
		"counts trials; WHAT is delivered, corrupted, lost, failed, pending, silent, told success, told error, duplicated, code [023], reason TRUNCATED or event 26",
		parseTrials,
	},
	{
		"result [outcome=...] [code=...] [reason=...] [told=...] [silent=...] [attempts=...] [copies=...] [app=...] [durable=...] [delivered=...] [window=...]",
		"what became of a trial's message; times are in seconds, and window is how long the KEY was closed before the last CLOSE",
		parseResult,
	},
}

// parseTrials reads `WHAT OP N`.
func parseTrials(e *expectation, rest string, negated bool) error {
	words := strings.Fields(rest)
	n := len(words)
	if negated || n < 3 {
		return errors.New("write `corrupted > 0` or `code [023] = all`")
	}
	matches, err := trialTest(strings.Join(words[:n-2], " "))
	if err != nil {
		return err
	}
	c := condition{"n", words[n-2], words[n-1]}
	if !slices.Contains(conditionOps, c.op) {
		return fmt.Errorf("%q is none of < <= = >= >", c.op)
	}
	if _, err := strconv.Atoi(c.value); err != nil && c.value != "all" {
		return fmt.Errorf("%q is neither a number nor all", c.value)
	}
	e.ofTrials, e.anywhere = true, false
	e.all = func(trials []*observed) (bool, string) {
		var seeds []string
		for _, o := range trials {
			if matches(o) {
				seeds = append(seeds, strconv.FormatUint(o.trial.Seed, 10))
			}
		}
		want := c
		if c.value == "all" {
			want.value = strconv.Itoa(len(trials))
		}
		return want.holds(strconv.Itoa(len(seeds))), fmt.Sprintf("%d of %d%s; %s", len(seeds), len(trials), seedList(seeds), tally(trials))
	}
	return nil
}

func seedList(seeds []string) string {
	const most = 8
	switch {
	case len(seeds) == 0:
		return ""
	case len(seeds) > most:
		return " (seeds " + strings.Join(seeds[:most], ", ") + ", ...)"
	}
	return " (seeds " + strings.Join(seeds, ", ") + ")"
}

// tally counts the outcomes of trials.
func tally(trials []*observed) string {
	var parts []string
	for _, out := range bench.Outcomes() {
		n := 0
		for _, o := range trials {
			if o.trial.Outcome == out {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, out))
		}
	}
	return strings.Join(parts, ", ")
}

// trialTest makes a test of what is counted.
func trialTest(what string) (func(o *observed) bool, error) {
	kind, value, _ := strings.Cut(what, " ")
	switch kind {
	case "silent":
		return func(o *observed) bool { return o.trial.Silent }, nil
	case "duplicated":
		return func(o *observed) bool { return o.trial.Copies > 1 }, nil
	case "told":
		return func(o *observed) bool { return o.trial.Told == value }, nil
	case "code":
		return func(o *observed) bool { return o.trial.Code == value }, nil
	case "reason":
		return func(o *observed) bool { return o.trial.Reason == value }, nil
	case "event":
		return func(o *observed) bool { return hasEvent(o, value) }, nil
	}
	if !slices.Contains(bench.Outcomes(), bench.Outcome(what)) {
		return nil, fmt.Errorf("trials cannot be counted by %q", what)
	}
	return func(o *observed) bool { return o.trial.Outcome == bench.Outcome(what) }, nil
}

func hasEvent(o *observed, id string) bool {
	return slices.ContainsFunc(o.trial.EventLog, func(e bench.LogEvent) bool { return strconv.Itoa(e.ID) == id })
}

func parseResult(e *expectation, rest string, negated bool) error {
	words, err := splitWords(rest)
	if err != nil || negated || len(words) == 0 {
		return errors.Join(err, errors.New("conditions are missing"))
	}
	var conds []condition
	for _, w := range words {
		c, err := parseCondition(w)
		if err != nil {
			return err
		}
		if !slices.Contains(resultFields, c.key) {
			return fmt.Errorf("a result has no %q; it has %s", c.key, strings.Join(resultFields, ", "))
		}
		conds = append(conds, c)
	}
	e.ofTrials, e.anywhere = true, false
	e.one = func(o *observed) (bool, string) {
		ok := true
		var seen []string
		for _, c := range conds {
			got := resultField(o.trial, c.key)
			ok = ok && c.holds(got)
			seen = append(seen, c.key+"="+got)
		}
		return ok, strings.Join(seen, " ")
	}
	return nil
}

// resultFields are what `result` can speak of.
var resultFields = []string{
	"outcome", "code", "reason", "told", "silent", "attempts", "copies", "app", "durable", "delivered", "window",
}

func resultField(r *bench.Result, key string) string {
	switch key {
	case "outcome":
		return string(r.Outcome)
	case "code":
		return r.Code
	case "reason":
		return r.Reason
	case "told":
		return r.Told
	case "silent":
		return strconv.FormatBool(r.Silent)
	case "attempts":
		return strconv.Itoa(r.Attempts)
	case "copies":
		return strconv.Itoa(r.Copies)
	case "app":
		return optionalSeconds(r.App)
	case "durable":
		return optionalSeconds(r.Durable)
	case "delivered":
		return optionalSeconds(r.Delivered)
	}
	if r.Durable == nil || r.KeyVisible == nil {
		return "never"
	}
	window := *r.Durable - *r.KeyVisible
	return optionalSeconds(&window)
}

func optionalSeconds(v *float64) string {
	if v == nil {
		return "never"
	}
	return strconv.FormatFloat(*v, 'f', 6, 64)
}

// parseQuantified reads what some trials must show: `every [OUTCOME] trial: ...`,
// `some [OUTCOME] trial: ...` or `no [OUTCOME] trial: ...`.
func (e *expectation) parseQuantified(quantifier, rest string) error {
	words := strings.Fields(quantifier)
	if len(words) == 0 || len(words) > 2 || !slices.Contains([]string{"every", "some", "no"}, words[0]) {
		return fmt.Errorf("%q: write `every trial:`, `some corrupted trial:` or `no trial:`", quantifier+"trial:")
	}
	which := func(*observed) bool { return true }
	if len(words) == 2 {
		var err error
		if which, err = trialTest(words[1]); err != nil {
			return err
		}
	}
	if err := e.parse(rest); err != nil {
		return err
	}
	if e.one == nil || e.override != "" {
		return errors.New("that speaks of no single trial")
	}
	e.ofTrials, e.anywhere = true, false
	one := e.one
	e.one = nil
	e.all = func(trials []*observed) (bool, string) { return judgeSome(words[0], which, one, trials) }
	return nil
}

// judgeSome judges each of the trials that are meant. Of nothing nothing can be said:
// that every corrupted trial shows something is false if none is corrupted.
func judgeSome(quantifier string, which func(*observed) bool, one judge, trials []*observed) (bool, string) {
	var meant, met int
	var example string
	for _, o := range trials {
		if !which(o) {
			continue
		}
		meant++
		ok, seen := one(o)
		if ok {
			met++
		}
		if example == "" && ok != (quantifier == "every") {
			example = fmt.Sprintf("\nseed %d: %s", o.trial.Seed, seen)
		}
		if example == "" && quantifier == "some" && !ok && meant == 1 {
			example = fmt.Sprintf("\nseed %d: %s", o.trial.Seed, seen)
		}
	}
	ok := meant > 0
	switch quantifier {
	case "every":
		ok = ok && met == meant
	case "some":
		ok = ok && met > 0
	default: // "no"
		ok = ok && met == 0
	}
	return ok, fmt.Sprintf("%d of %d trials (%s)%s", met, meant, tally(trials), example)
}

// judgeTrials judges all trials of a mail story. What is said without a quantifier
// holds in every one.
func (e *expectation) judgeTrials(trials []*observed) (bool, string) {
	if e.all != nil {
		return e.all(trials)
	}
	return judgeSome("every", func(*observed) bool { return true }, e.one, trials)
}
