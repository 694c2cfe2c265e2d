package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/smbserver"
)

// setup is what holds before the first step.
type setup struct {
	edition  string
	values   map[string][]string // actor to NAME=VALUE
	link     string              // of ws1
	links    map[string]string   // of other actors
	loss     float64
	outages  []link.Outage
	seed     uint64
	shuffle  bool
	files    []setupFile
	triggers []trigger
	server   []func(*smbserver.Config)
	machine  []func(*machine.SimConfig)
	mail     mailPlan
	limit    time.Duration // of virtual time, for the whole story
}

// setupFile is a file, or with isDir a directory, that exists before the first step.
type setupFile struct {
	path    string
	size    int64
	pattern byte // 0: zeros
	isDir   bool
}

// defaultLimit bounds a story in virtual time.
//
// src: assumed (the longest documented wait of one is some 16 minutes, KB Q113165)
const defaultLimit = 4 * time.Hour

func newSetup() *setup {
	return &setup{
		edition: registry.DefaultEdition, values: map[string][]string{}, link: "lan10", links: map[string]string{},
		seed: 1, limit: defaultLimit, mail: defaultMail(),
	}
}

// setupCommand is a kind of line in a setup.
type setupCommand struct {
	usage string // its first word is the name
	about string
	on    []Target
	parse func(a *args) func(*setup)
}

func (c setupCommand) name() string { return firstWord(c.usage) }

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// everywhere and simulated are the two usual reaches of a command.
var (
	everywhere = []Target{Model, Embedded, Live}
	ourServer  = []Target{Model, Embedded}
	simulated  = []Target{Model}
)

// setupLine is one line of a setup.
type setupLine struct {
	cmd   setupCommand
	text  string
	apply func(*setup)
}

type setupLines []setupLine

// add reads a line of one of the tables.
func (l *setupLines) add(text string, table []setupCommand) error {
	words, err := splitWords(text)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(table, func(c setupCommand) bool { return c.name() == words[0] })
	if i < 0 {
		var known []string
		for _, c := range table {
			known = append(known, c.name())
		}
		return fmt.Errorf("unknown word %q; there are %s", words[0], strings.Join(known, ", "))
	}
	cmd := table[i]
	a := newArgs(words[1:], cmd.usage)
	apply := cmd.parse(a)
	if err := a.finish(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	*l = append(*l, setupLine{cmd, text, apply})
	return nil
}

// of builds the setup of a version of the story: the story's lines, then its own.
func (c *Case) setupOf(v *variant) *setup {
	s := newSetup()
	for _, l := range slices.Concat(c.setup, v.setup) {
		l.apply(s)
	}
	return s
}

// baseSetup are the setup commands of the framework.
var baseSetup = []setupCommand{
	{
		"link NAME [ACTOR]", "the link profile of ws1, or of another workstation or client; lan10 if nothing is said",
		simulated, parseLink,
	},
	{
		"loss PERCENT", "of IP packets on ws1's link, each way", simulated,
		func(a *args) func(*setup) {
			v, err := link.ParseLoss(a.word("PERCENT"))
			if err != nil {
				a.fail("%w", err)
			}
			return func(s *setup) { s.loss = v }
		},
	},
	{
		"outage START:DURATION", "ws1's link carries nothing: 30s:60s, or segment=12:60s", simulated,
		func(a *args) func(*setup) {
			text, ok := a.value("segment")
			if ok {
				text = "segment=" + text
			} else {
				text = a.word("START:DURATION")
			}
			o, err := link.ParseOutage(text)
			if err != nil {
				a.fail("%w", err)
			}
			return func(s *setup) { s.outages = append(s.outages, o) }
		},
	},
	{"ws1 NAME=VALUE ...", "registry values of the first workstation", simulated, parseValues("ws1")},
	{"ws2 NAME=VALUE ...", "registry values of the second workstation", simulated, parseValues("ws2")},
	{"server NAME=VALUE ...", "registry values of the server", ourServer, parseValues("server")},
	{"edition NAME", "the model underneath: see `ntrdr params`", simulated, parseEdition},
	{
		"seed N", "of everything random; 1 if nothing is said", simulated,
		func(a *args) func(*setup) {
			n := a.size("N")
			return func(s *setup) { s.seed = uint64(n) }
		},
	},
	{
		"shuffle", "tasks that are ready run in another order", simulated,
		func(*args) func(*setup) { return func(s *setup) { s.shuffle = true } },
	},
	{
		"limit DURATION", "of virtual time for the story; 4h if nothing is said", simulated,
		func(a *args) func(*setup) {
			d := a.duration()
			return func(s *setup) { s.limit = d }
		},
	},
	{"file PATH [SIZE] [pattern=LETTER]", "a file that exists; without a pattern it is zeros", everywhere, parseSetupFile},
	{
		"dir PATH", "a directory that exists", everywhere,
		func(a *args) func(*setup) {
			f := setupFile{path: a.word("PATH"), isDir: true}
			return func(s *setup) { s.files = append(s.files, f) }
		},
	},
}

func parseLink(a *args) func(*setup) {
	name := a.word("NAME")
	if _, err := link.ByName(name); err != nil && a.err == nil {
		a.fail("%w", err)
	}
	if !a.more() {
		return func(s *setup) { s.link = name }
	}
	actor := a.word("ACTOR")
	return func(s *setup) { s.links[actor] = name }
}

func parseEdition(a *args) func(*setup) {
	name := a.word("NAME")
	if _, ok := registry.LookupEdition(name); !ok {
		a.fail("there is no edition %q", name)
	}
	return func(s *setup) { s.edition = name }
}

// parseValues reads NAME=VALUE for an actor; names and values are checked here.
func parseValues(actor string) func(a *args) func(*setup) {
	return func(a *args) func(*setup) {
		list := a.named
		a.named = nil
		if len(list) == 0 {
			a.fail("NAME=VALUE is missing")
		}
		_, err := settings(actor, list, registry.DefaultEdition)
		if err == nil {
			err = obeyed(list)
		}
		if err != nil {
			a.fail("%w", err)
		}
		return func(s *setup) { s.values[actor] = append(s.values[actor], list...) }
	}
}

func parseSetupFile(a *args) func(*setup) {
	f := setupFile{path: a.word("PATH")}
	if a.more() {
		f.size = a.size("SIZE")
	}
	f.pattern = a.pattern("")
	return func(s *setup) { s.files = append(s.files, f) }
}

// settings makes registry settings of NAME=VALUE texts.
func settings(name string, values []string, edition string) (registry.Settings, error) {
	var b strings.Builder
	b.WriteString("REGEDIT4\n")
	for _, v := range values {
		name, value, _ := strings.Cut(v, "=")
		row, ok := registry.Lookup(name)
		if !ok {
			return registry.Settings{}, fmt.Errorf("%s is no registry value that `ntrdr params` lists", name)
		}
		line, err := regLine(row, value)
		if err != nil {
			return registry.Settings{}, err
		}
		fmt.Fprintf(&b, "[%s]\n%s\n", row.Key.Path(), line)
	}
	p, _, err := registry.Load(name, strings.NewReader(b.String()))
	if err != nil {
		return registry.Settings{}, err
	}
	e, ok := registry.LookupEdition(edition)
	if !ok {
		return registry.Settings{}, fmt.Errorf("there is no edition %q", edition)
	}
	return p.On(e), nil
}

func regLine(row registry.Param, value string) (string, error) {
	if row.Type != registry.TypeDWORD {
		return fmt.Sprintf("%q=%q", row.Name, value), nil
	}
	n, err := parseSize(value)
	if err != nil || n < 0 || n > 0xFFFFFFFF {
		return "", fmt.Errorf("%s=%s is no number of 32 bits", row.Name, value)
	}
	return fmt.Sprintf("%q=dword:%08x", row.Name, n), nil
}
