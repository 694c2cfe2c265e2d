package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Target is what a case runs against.
type Target string

// The targets, in the order of tables.
const (
	// Model is the simulated world in virtual time: redirectors, links, our server.
	Model Target = "model"
	// Embedded is our server on real TCP, in this process.
	Embedded Target = "embedded"
	// Live is somebody else's server.
	Live Target = "live"
)

// Targets lists all targets in the order of tables.
func Targets() []Target { return []Target{Model, Embedded, Live} }

// Case is one story with its source.
type Case struct {
	File     string // where it was read
	ID       string
	Title    string
	Source   string
	Versions string
	About    string
	// Fix is what the source says to do about it, "" if it says nothing.
	Fix string

	on       []Target
	notOn    map[Target]string // the reason for each target that is not in on
	setup    setupLines
	steps    []*step
	mail     bool // a mail story: a message is sent in trials
	expect   []*expectation
	variants []*variant
}

// variant is the same story with other settings and other expectations.
type variant struct {
	kind  string // "fix", "control" or "variant"
	name  string // as results show it
	line  int
	setup setupLines
	// expect holds instead of the story's expectations; what a labelled step must
	// give can be among them.
	expect []*expectation
}

// On reports whether the case runs on a target, and if not why.
func (c *Case) On(t Target) (runs bool, why string) {
	return slices.Contains(c.on, t), c.notOn[t]
}

// Sources returns the parts of Source, which semicolons separate.
func (c *Case) Sources() []string {
	var list []string
	for s := range strings.SplitSeq(c.Source, ";") {
		list = append(list, strings.TrimSpace(s))
	}
	return list
}

// Variants names the variants: what the fix changes, and the controls.
func (c *Case) Variants() []string {
	var list []string
	for _, v := range c.variants {
		list = append(list, v.name)
	}
	return list
}

// versions of the story: the story itself, then its variants.
func (c *Case) versions() []*variant {
	return append([]*variant{{expect: c.expect}}, c.variants...)
}

// ParseError is a place where a case file departs from the language.
type ParseError struct {
	File string
	Line int
	Msg  string
}

// Error formats e as file:line: what is wrong.
func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }
