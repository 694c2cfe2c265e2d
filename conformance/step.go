package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// actorKind says whose commands a command is.
type actorKind uint8

// The kinds of actors. A command can belong to several.
const (
	workstation actorKind = 1 << iota // ws1, ws2: through a redirector
	plainClient                       // c1, c2, ...: the SMB client alone
	serverActor                       // po: what the server holds
	noActor                           // the world: no actor stands before the command

	anyMachine = workstation | plainClient
)

// kindOf tells an actor's kind from its name, 0 if there is no such actor.
func kindOf(name string) actorKind {
	switch {
	case name == "ws1" || name == "ws2":
		return workstation
	case name == "po":
		return serverActor
	case len(name) == 2 && name[0] == 'c' && name[1] >= '1' && name[1] <= '9':
		return plainClient
	}
	return 0
}

// command is a kind of step.
type command struct {
	usage string // its first word is the name
	about string
	who   actorKind
	on    []Target
	parse func(a *args) action
}

// action does a step and tells what came of it. It may wait.
type action func(s *story) outcome

func (c command) name() string { return firstWord(c.usage) }

// annotated is a line that another server may not meet.
type annotated struct{ differs []difference }

// difference is an explained difference of a server.
type difference struct{ server, why string }

// explains returns the explanation for a server, "" if there is none.
func (a annotated) explains(server string) string {
	for _, d := range a.differs {
		if d.server != "" && strings.Contains(strings.ToLower(server), d.server) {
			return d.why
		}
	}
	return ""
}

// step is one line of a story.
type step struct {
	annotated
	line       int
	text       string
	label      string // "" for none
	actor      string // "" for a command of the world
	cmd        command
	do         action
	background bool
	joins      string // the label of the step whose end it waits for
	stated     bool   // want stands in the line
	want       assertion
}

// parseStep reads `[LABEL:] [ACTOR] COMMAND ARGUMENTS [&] [-> ASSERTION]`.
func parseStep(text string) (*step, error) {
	s := &step{text: text, want: assertion{status: "ok"}}
	body, want, stated := strings.Cut(text, "->")
	if stated {
		var err error
		if s.want, err = parseAssertion(want); err != nil {
			return nil, err
		}
		s.stated = true
	}
	words, err := splitWords(body)
	if err != nil {
		return nil, err
	}
	if n := len(words); n > 0 && words[n-1] == "&" {
		s.background, words = true, words[:n-1]
	}
	if len(words) > 0 && strings.HasSuffix(words[0], ":") {
		s.label, words = strings.TrimSuffix(words[0], ":"), words[1:]
	}
	if s.background && s.label == "" {
		return nil, errors.New("a step in the background needs a label, `w1: ... &`, for `join w1`")
	}
	if len(words) == 0 {
		return nil, errors.New("a command is missing")
	}
	return s, s.parseCommand(words)
}

func (s *step) parseCommand(words []string) error {
	kind := kindOf(words[0])
	if kind == 0 {
		kind = noActor
	} else {
		s.actor, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return fmt.Errorf("what does %s do?", s.actor)
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name() == words[0] && c.who&kind != 0 })
	if i < 0 {
		return unknownCommand(s.actor, words[0], kind)
	}
	s.cmd = commands()[i]
	a := newArgs(words[1:], s.cmd.usage)
	a.actor = s.actor
	s.do = s.cmd.parse(a)
	if s.cmd.name() == "join" {
		s.joins = firstWord(strings.Join(words[1:], " "))
	}
	if err := a.finish(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}

func unknownCommand(actor, word string, kind actorKind) error {
	var known []string
	for _, c := range commands() {
		if c.who&kind != 0 {
			known = append(known, c.name())
		}
	}
	who := actor
	if who == "" {
		who = "the story"
	}
	return fmt.Errorf("%s knows no command %q; it knows %s (an actor is ws1, ws2, c1 to c9 or po)", who, word, strings.Join(known, ", "))
}

// field is a named part of an outcome.
type field struct{ key, value string }

// outcome is what came of a step.
type outcome struct {
	err    error
	fields []field
	// void says why the step could not be tried because of an earlier one; what the
	// story says of it is then neither met nor broken.
	void string
}

func failed(err error) outcome { return outcome{err: err} }
func voided(why string) outcome {
	return outcome{void: why}
}

// with adds a field.
func (o outcome) with(key string, value any) outcome {
	o.fields = append(slices.Clone(o.fields), field{key, fmt.Sprint(value)})
	return o
}

// status names how the step ended.
func (o outcome) status() string {
	switch e, isNT := errors.AsType[*nt.Error](o.err); {
	case o.void != "":
		return "not tried"
	case o.err == nil:
		return "ok"
	case isNT:
		return e.Status.String()
	}
	if st, isStatus := errors.AsType[nt.Status](o.err); isStatus {
		return st.String()
	}
	return "error"
}

func (o outcome) String() string {
	s := o.status()
	switch st, isStatus := errors.AsType[nt.Status](o.err); {
	case o.void != "":
		s += ": " + o.void
	case isStatus && o.err != nil:
		s += fmt.Sprintf(" (%d)", st.Win32())
	case o.err != nil:
		s += ": " + o.err.Error()
	}
	for _, f := range o.fields {
		s += " " + f.key + "=" + f.value
	}
	return s
}
