package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/registry"
)

// maxFile bounds a case file, in bytes.
//
// src: assumed (a story of this size is no story)
const maxFile = 1 << 16

// parser reads one case file line by line.
type parser struct {
	c       *Case
	num     int    // of the present line
	section string // "about", "setup", "steps", "mail", "expect" or "variant"
	seen    map[string]bool
	last    *annotated // what a `differs` line would speak of
}

// Parse reads a case. The name stands in errors.
func Parse(name string, text []byte) (*Case, error) {
	p := &parser{c: &Case{File: name, notOn: map[Target]string{}}, seen: map[string]bool{}}
	if len(text) > maxFile {
		return nil, p.fail("the file has more than %d bytes", maxFile)
	}
	for line := range strings.Lines(string(text)) {
		p.num++
		if err := p.line(strings.TrimRight(line, " \t\r\n")); err != nil {
			return nil, err
		}
	}
	if err := p.complete(); err != nil {
		return nil, err
	}
	return p.c, nil
}

func (p *parser) fail(format string, v ...any) error {
	return &ParseError{File: p.c.File, Line: p.num, Msg: fmt.Sprintf(format, v...)}
}

func (p *parser) line(text string) error {
	body := strings.TrimLeft(text, " \t")
	switch {
	case strings.HasPrefix(body, "#"):
		return nil
	case body == "":
		if p.section == "about" {
			p.c.About += "\n"
		}
		return nil
	case body == text:
		return p.header(text)
	}
	if err := p.content(body); err != nil {
		return p.fail("%v", err)
	}
	return nil
}

// headerFields are the fields of a header and where their values go.
func (p *parser) headerFields() map[string]*string {
	c := p.c
	return map[string]*string{
		"id": &c.ID, "title": &c.Title, "source": &c.Source, "versions": &c.Versions, "remedy": &c.Fix,
	}
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9.]+)*$`)

// header reads a line that is not indented: a field, or the title of a section.
func (p *parser) header(text string) error {
	if name, ok := strings.CutSuffix(text, ":"); ok {
		return p.open(name)
	}
	key, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	if !ok {
		return p.fail("%q is neither `field: value` nor `section:`", text)
	}
	p.section = ""
	if p.seen[key] {
		return p.fail("the field %q stands twice", key)
	}
	p.seen[key] = true
	if target, ok := strings.CutPrefix(key, "not on "); ok {
		return p.notOn(Target(target), value)
	}
	if key == "runs on" {
		return p.runsOn(value)
	}
	field := p.headerFields()[key]
	if field == nil {
		return p.fail("unknown field %q; there are id, title, source, versions, remedy, `runs on`, `not on TARGET`, and the sections about, setup, steps, mail, expect, fix ..., control ..., variant ...", key)
	}
	*field = value
	return nil
}

func (p *parser) runsOn(value string) error {
	for t := range strings.SplitSeq(value, ",") {
		t := Target(strings.TrimSpace(t))
		if !slices.Contains(Targets(), t) {
			return p.fail("unknown target %q; there are model, embedded and live", t)
		}
		p.c.on = append(p.c.on, t)
	}
	return nil
}

func (p *parser) notOn(t Target, why string) error {
	if !slices.Contains(Targets(), t) {
		return p.fail("unknown target %q; there are model, embedded and live", t)
	}
	p.c.notOn[t] = why
	return nil
}

// open begins a section.
func (p *parser) open(title string) error {
	kind, rest, _ := strings.Cut(title, " ")
	p.last = nil
	switch kind {
	case "about", "setup", "steps", "mail", "expect":
		if rest != "" {
			return p.fail("unknown section %q", title)
		}
		if p.seen[kind] {
			return p.fail("the section %q stands twice", kind)
		}
		p.seen[kind], p.section = true, kind
		p.c.mail = p.c.mail || kind == "mail"
		return nil
	case "fix", "control", "variant":
		return p.openVariant(kind, rest, title)
	}
	return p.fail("unknown section %q; there are about, setup, steps, mail, expect, fix ..., control ... and variant ...", title)
}

func (p *parser) openVariant(kind, rest, title string) error {
	if rest == "" {
		return p.fail("a %s needs a name, such as `fix UseWriteBehind=0:` or `control another link:`", kind)
	}
	if p.seen[title] {
		return p.fail("the variant %q stands twice", title)
	}
	p.seen[title], p.section = true, "variant"
	v := &variant{kind: kind, name: title, line: p.num}
	p.c.variants = append(p.c.variants, v)
	for w := range strings.FieldsSeq(strings.ReplaceAll(rest, ",", " ")) {
		name, _, isValue := strings.Cut(w, "=")
		if !isValue {
			continue
		}
		row, known := registry.Lookup(name)
		if !known {
			return p.fail("%s: %s is no registry value that `ntrdr params` lists", title, name)
		}
		actor := "ws1"
		if row.Key == registry.LanmanServer {
			actor = "server"
		}
		if err := v.setup.add(actor+" "+w, setupCommands()); err != nil {
			return p.fail("%v", err)
		}
	}
	return nil
}

// content reads an indented line of the present section.
func (p *parser) content(text string) error {
	if rest, ok := strings.CutPrefix(text, "differs "); ok && p.section != "about" {
		return p.differs(rest)
	}
	switch p.section {
	case "about":
		p.c.About += text + "\n"
	case "setup":
		return p.c.setup.add(text, setupCommands())
	case "steps":
		s, err := parseStep(text)
		if err != nil {
			return err
		}
		s.line = p.num
		p.c.steps = append(p.c.steps, s)
		p.last = &s.annotated
	case "mail":
		return p.c.setup.add(text, mailCommands)
	case "expect":
		e, err := p.expectation(text)
		p.c.expect = append(p.c.expect, e)
		return err
	case "variant":
		return p.variantLine(text)
	default:
		return fmt.Errorf("an indented line must stand in a section")
	}
	return nil
}

func (p *parser) expectation(text string) (*expectation, error) {
	e, err := parseExpectation(text)
	if err != nil {
		return nil, err
	}
	e.line = p.num
	p.last = &e.annotated
	return e, nil
}

func (p *parser) variantLine(text string) error {
	v := p.c.variants[len(p.c.variants)-1]
	if rest, ok := strings.CutPrefix(text, "with "); ok {
		table := setupCommands()
		if p.c.mail {
			table = slices.Concat(table, mailCommands)
		}
		return v.setup.add(rest, table)
	}
	e, err := p.expectation(text)
	v.expect = append(v.expect, e)
	return err
}

// differs reads `differs NAME: explanation`, which speaks of the line before it.
func (p *parser) differs(text string) error {
	name, why, ok := strings.Cut(text, ":")
	why = strings.TrimSpace(why)
	if !ok || why == "" || p.last == nil {
		return fmt.Errorf("write `differs NAME: explanation` below the step or expectation that another server does not meet")
	}
	p.last.differs = append(p.last.differs, difference{server: strings.ToLower(strings.TrimSpace(name)), why: why})
	return nil
}

// complete checks what only the whole file can tell.
func (p *parser) complete() error {
	c := p.c
	p.num = 1
	c.About = strings.TrimSpace(c.About)
	for name, value := range map[string]string{ // map order: which of several errors is told is no matter
		"id": c.ID, "title": c.Title, "source": c.Source, "versions": c.Versions,
	} {
		if value == "" {
			return p.fail("the field %q is missing", name)
		}
	}
	if !idForm.MatchString(c.ID) {
		return p.fail("id %q must be lower-case words joined by hyphens", c.ID)
	}
	if err := checkSources(c.Sources()); err != nil {
		return p.fail("%v", err)
	}
	if err := p.checkTargets(); err != nil {
		return err
	}
	if c.mail == (len(c.steps) > 0) {
		return p.fail("a story needs a section steps or a section mail, and not both")
	}
	return p.checkExpectations()
}

// sourceForm is what a part of a source must look like.
var sourceForm = regexp.MustCompile(`^(KB Q\d{5,6}\b.*|\[[A-Z0-9-]+\] §\d+(\.\d+)*.*|RFC \d+ .+|Windows Internals .+|Windows NT Resource Kit .+|Win32 documentation, .+|ntrdr: .+)$`)

func checkSources(list []string) error {
	for _, s := range list {
		if !sourceForm.MatchString(s) {
			return fmt.Errorf("source %q: write `KB Q143413`, `[MS-CIFS] §3.3.4.2` or several joined by semicolons; `ntrdr: why` for a rule of our own", s)
		}
	}
	return nil
}

func (p *parser) checkTargets() error {
	for _, t := range Targets() {
		runs, why := p.c.On(t)
		switch {
		case runs && why != "":
			return p.fail("the case runs on %s and says why not", t)
		case !runs && why == "":
			return p.fail("the case does not run on %s: say why in a line `not on %s: reason`", t, t)
		}
	}
	for _, v := range p.c.versions() {
		if err := p.checkReach(v); err != nil {
			return err
		}
	}
	return nil
}

// checkReach finds what a target cannot do or show.
func (p *parser) checkReach(v *variant) error {
	lines := slices.Concat(p.c.setup, v.setup)
	for _, t := range []Target{Embedded, Live} {
		if runs, _ := p.c.On(t); !runs {
			continue
		}
		if p.c.mail {
			return p.fail("a mail story runs on the model alone")
		}
		for _, l := range lines {
			if !slices.Contains(l.cmd.on, t) {
				return p.fail("`%s` is not possible on %s", l.text, t)
			}
		}
		for _, s := range p.c.steps {
			if !slices.Contains(s.cmd.on, t) {
				p.num = s.line
				return p.fail("`%s` is not possible on %s", s.cmd.name(), t)
			}
		}
	}
	return nil
}

func (p *parser) checkExpectations() error {
	labels := map[string]bool{}
	asserted := false
	for _, s := range p.c.steps {
		p.num = s.line
		if s.label != "" && labels[s.label] {
			return p.fail("the label %q stands twice", s.label)
		}
		labels[s.label] = true
		asserted = asserted || s.stated
		if s.joins != "" && !labels[s.joins] {
			return p.fail("there is no step %q before this one", s.joins)
		}
	}
	for _, v := range p.c.versions() {
		p.num = max(v.line, 1)
		if len(v.expect) == 0 && (v.line > 0 || !asserted) {
			return p.fail("nothing is expected")
		}
		for _, e := range v.expect {
			p.num = e.line
			for _, l := range e.labels {
				if !labels[l] {
					return p.fail("there is no step with the label %q", l)
				}
			}
			if e.ofTrials != p.c.mail && !e.anywhere {
				return p.fail("`%s` does not belong in a story of this kind", e.text)
			}
		}
	}
	return nil
}
