package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// observed is what a story, or one trial of a mail story, left to be judged.
type observed struct {
	events []trace.Event // with their paths named
	start  int           // the first event of the story proper
	steps  map[string]*stepRun
	states map[look][]namedState
	trial  *bench.Result // of a mail story
}

// stepRun is what became of a step, and the part of the trace in which it ran.
type stepRun struct {
	step     *step
	ended    ended
	from, to int // of the events; to is -1 while it runs
}

// look is a wish to see a file of the server: after a step, or with "" at the end.
type look struct{ path, label string }

type namedState struct {
	path string
	fileState
}

// expectation is what must be observed.
type expectation struct {
	annotated
	line     int
	text     string
	labels   []string // steps that it speaks of
	looks    []look
	override string    // a step whose assertion it replaces
	want     assertion // of that step
	ofTrials bool      // it speaks of several trials
	anywhere bool      // it may stand in a story of either kind
	one      judge
	all      func(trials []*observed) (bool, string)
}

// judge decides over one observation and says what was seen.
type judge func(o *observed) (bool, string)

// expectCommand is a kind of expectation. With negated true the line began with `no`.
type expectCommand struct {
	usage string
	about string
	parse func(e *expectation, rest string, negated bool) error
}

func (c expectCommand) name() string { return strings.TrimSuffix(firstWord(c.usage), ":") }

// expectCommands are all kinds of expectations.
func expectCommands() []expectCommand {
	return slices.Concat(baseExpect, mailExpect)
}

var baseExpect = []expectCommand{
	{"wire ACTOR [from LABEL] [to LABEL]: RELATION", "the SMBs that an actor sent (or with recv, got)", parseWire},
	{"trace ACTOR [from LABEL] [to LABEL]: RELATION", "any events of the trace; * is every actor", parseTrace},
	{"server PATH [at LABEL] [size=...] [opens=...] [content=...] | absent", "what the server holds after a step, or at the end; the path may have *", parseServer},
	{"event ACTOR ID [path=...]", "an entry of a workstation's event log; `no event ACTOR [ID]` is its opposite", parseEvent},
	{"popup ACTOR [path=...]", "a hard-error box; or `no popup ACTOR`", parsePopup},
	{"step LABEL -> ASSERTION", "what a labelled step gives in this variant", parseStepExpectation},
}

func parseExpectation(text string) (*expectation, error) {
	e := &expectation{text: text}
	if quantifier, rest, ok := strings.Cut(text, "trial: "); ok {
		return e, e.parseQuantified(quantifier, rest)
	}
	e.anywhere = true
	return e, e.parse(text)
}

func (e *expectation) parse(text string) error {
	rest, negated := strings.CutPrefix(text, "no ")
	word := strings.TrimSuffix(firstWord(rest), ":")
	i := slices.IndexFunc(expectCommands(), func(c expectCommand) bool { return c.name() == word })
	if i < 0 {
		var known []string
		for _, c := range expectCommands() {
			known = append(known, c.name())
		}
		return fmt.Errorf("unknown expectation %q; there are %s", word, strings.Join(known, ", "))
	}
	cmd := expectCommands()[i]
	body := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, word), ":"))
	if err := cmd.parse(e, body, negated); err != nil {
		return fmt.Errorf("%s: %w (usage: %s)", word, err, cmd.usage)
	}
	return nil
}

var errNoNegation = errors.New("`no` has no meaning here; it can stand behind the colon")

// window is a part of a trace, bounded by steps.
type window struct{ from, to string }

func (w window) cut(o *observed) []trace.Event {
	from, to := o.start, len(o.events)
	if r := o.steps[w.from]; r != nil {
		from = r.from
	}
	if r := o.steps[w.to]; r != nil && r.to >= 0 {
		to = r.to
	}
	return o.events[min(from, to):to]
}

// parseScope reads `ACTOR [from LABEL] [to LABEL]:`.
func (e *expectation) parseScope(text string) (actor string, w window, body string, err error) {
	head, body, ok := strings.Cut(text, ":")
	words := strings.Fields(head)
	if !ok || len(words) == 0 || len(words)%2 == 0 {
		return "", w, "", errors.New("it must begin with an actor, perhaps steps, and a colon")
	}
	for i := 1; i < len(words); i += 2 {
		switch words[i] {
		case "from":
			w.from = words[i+1]
		case "to":
			w.to = words[i+1]
		default:
			return "", w, "", fmt.Errorf("%q is neither from nor to", words[i])
		}
		e.labels = append(e.labels, words[i+1])
	}
	if actor = words[0]; actor == "*" {
		actor = ""
	}
	return actor, w, strings.TrimSpace(body), nil
}

func parseWire(e *expectation, rest string, negated bool) error {
	return e.parseRelated(rest, negated, &relation{parse: parseWirePattern, kinds: []trace.Kind{trace.SMBSend}})
}

func parseTrace(e *expectation, rest string, negated bool) error {
	return e.parseRelated(rest, negated, &relation{parse: parseTracePattern})
}

func (e *expectation) parseRelated(rest string, negated bool, r *relation) error {
	if negated {
		return errNoNegation
	}
	actor, w, body, err := e.parseScope(rest)
	if err != nil {
		return err
	}
	if err := r.parseRelation(body); err != nil {
		return err
	}
	if r.form == "only" && r.kinds == nil {
		return errors.New("`only` is for the wire")
	}
	e.one = func(o *observed) (bool, string) { return r.holds(w.cut(o), actor) }
	return nil
}

func parseServer(e *expectation, rest string, negated bool) error {
	words, err := splitWords(rest)
	if err != nil || negated || len(words) < 2 {
		return errors.Join(err, errors.New("a path and what is expected of it are missing"))
	}
	l := look{path: words[0]}
	words = words[1:]
	if words[0] == "at" && len(words) > 1 {
		l.label, words = words[1], words[2:]
		e.labels = append(e.labels, l.label)
	}
	var conds []condition
	for _, w := range words {
		if w == "absent" {
			w = "size=absent"
		}
		c, err := parseCondition(w)
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"size", "opens", "content"}, c.key) {
			return fmt.Errorf("a file has no %q; it has size, opens and content", c.key)
		}
		conds = append(conds, c)
	}
	e.looks = append(e.looks, l)
	e.one = func(o *observed) (bool, string) { return judgeStates(o.states[l], conds) }
	return nil
}

// judgeStates wants all files that a path means to be as the conditions say.
func judgeStates(states []namedState, conds []condition) (bool, string) {
	ok := len(states) > 0
	var seen []string
	for _, st := range states {
		out := st.outcome()
		for _, c := range conds {
			ok = ok && c.holds(out.field(c.key))
		}
		seen = append(seen, st.path+" "+strings.TrimPrefix(out.String(), "ok "))
	}
	if len(seen) == 0 {
		seen = []string{"no such file"}
	}
	return ok, strings.Join(seen, "\n")
}

func parseEvent(e *expectation, rest string, negated bool) error {
	words, err := splitWords(rest)
	if err != nil || len(words) == 0 {
		return errors.Join(err, errors.New("an actor is missing"))
	}
	return e.parseEntry(words, negated, "event-log", "off")
}

func parsePopup(e *expectation, rest string, negated bool) error {
	words, err := splitWords(rest)
	if err != nil || len(words) == 0 {
		return errors.Join(err, errors.New("an actor is missing"))
	}
	return e.parseEntry(words, negated, "pop-up", "")
}

// parseEntry makes a relation of an actor's events of one kind. With a key, the next
// word is its value.
func (e *expectation) parseEntry(words []string, negated bool, kind, key string) error {
	actor, rest := words[0], words[1:]
	r := &relation{parse: parseTracePattern, form: "some"}
	if negated {
		r.form = "none"
	}
	body := []string{kind}
	if key != "" && len(rest) > 0 && !strings.Contains(rest[0], "=") {
		body, rest = append(body, key+"="+rest[0]), rest[1:]
	}
	p, err := r.parse(append(body, rest...))
	if err != nil {
		return err
	}
	r.patterns = []pattern{p}
	e.one = func(o *observed) (bool, string) { return r.holds(o.events[o.start:], actor) }
	return nil
}

func parseStepExpectation(e *expectation, rest string, negated bool) error {
	label, want, ok := strings.Cut(rest, "->")
	if label = strings.TrimSpace(label); !ok || negated || label == "" {
		return errors.New("a label and an arrow are missing")
	}
	var err error
	e.want, err = parseAssertion(want)
	e.override, e.labels = label, []string{label}
	e.one = func(o *observed) (bool, string) {
		r := o.steps[label]
		if r == nil {
			return false, "the step did not run"
		}
		return e.want.holds(r.ended), r.ended.String()
	}
	return err
}
