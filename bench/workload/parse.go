package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Load reads a script. The name is that of the file, for errors, and without directory
// and extension the workload's. Its results carry a hash of the text.
func Load(file string, text []byte) (*Script, error) {
	name := file[strings.LastIndexAny(file, `/\`)+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	if name == "" {
		name = "script"
	}
	s, err := parse(file, name, text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	s.hash = hex.EncodeToString(sum[:4])
	return s, nil
}

// section is the part of a script that a line belongs to.
type section uint8

const (
	noSection section = iota
	beforeSection
	appSection
	readerSection
)

// parser reads a script line by line.
type parser struct {
	file    string
	s       *Script
	line    int
	words   []string
	at      int // the next word
	section section
	open    []*statement // repeats that have not ended
	err     error
}

// byteOrderMark is what some editors begin a text with.
const byteOrderMark = "\ufeff"

func parse(file, name string, text []byte) (*Script, error) {
	p := &parser{file: file, s: &Script{name: name}}
	lines := strings.Split(strings.TrimPrefix(string(text), byteOrderMark), "\n")
	if len(text) > MaxText || len(lines) > maxLines {
		return nil, fmt.Errorf("%s: more than %d bytes or %d lines", file, MaxText, maxLines)
	}
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		p.line, p.words, p.at = i+1, strings.Fields(line), 0
		if len(p.words) > 0 {
			p.statement()
		}
		if p.err != nil {
			return nil, p.err
		}
	}
	if len(p.open) > 0 {
		p.line = p.open[0].line
		p.fail("repeat without end")
		return nil, p.err
	}
	return p.finish()
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s:%d: %s", p.file, p.line, fmt.Sprintf(format, args...))
	}
}

// finish plays the plan once, which finds what is not open, not there or too much.
func (p *parser) finish() (*Script, error) {
	switch {
	case len(p.s.application) == 0:
		return nil, fmt.Errorf("%s: the application does nothing", p.file)
	case len(p.s.looks) == 0 || len(p.s.expect) == 0:
		return nil, fmt.Errorf("%s: the reader needs a look and an expect", p.file)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	pl, err := p.s.newPlan(1, rng.Int64N)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, err)
	}
	p.s.bytes = int(pl.bytes)
	if p.s.bytes == 0 {
		return nil, fmt.Errorf("%s: the application writes nothing", p.file)
	}
	for _, r := range append(append([]rule{}, p.s.never...), p.s.expect...) {
		p.line = r.line
		p.checkRule(r, &pl.history)
	}
	return p.s, p.err
}

// checkRule refuses a rule about a file that is not looked at, or never is.
func (p *parser) checkRule(r rule, h *history) {
	for _, name := range []string{r.name, r.other} {
		if name == "" {
			continue
		}
		known := false
		for _, n := range h.order {
			known = known || matches(name, n)
		}
		looked := false
		for _, l := range p.s.looks {
			looked = looked || matches(l.name, name) || l.name == name
		}
		if !known || !looked {
			p.fail("%s: no file of that name is written and looked at", name)
		}
	}
}

// matches reports whether a name is the pattern, which may end in *.
func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

func (p *parser) statement() {
	switch w := p.word("a statement"); w {
	case "before":
		p.enter(beforeSection)
	case "application":
		p.enter(appSection)
	case "reader":
		p.enter(readerSection)
	case "end":
		if len(p.open) == 0 {
			p.fail("end without repeat")
			return
		}
		p.open = p.open[:len(p.open)-1]
	case "look", "never", "expect":
		if p.section != readerSection {
			p.fail("%s: it belongs below reader", w)
			return
		}
		p.reader(w)
	default:
		if p.section != beforeSection && p.section != appSection {
			p.fail("%s: it belongs below before or application", w)
			return
		}
		p.operation(verb(w))
	}
	if p.err == nil && p.at < len(p.words) {
		p.fail("%q is one word too many", p.words[p.at])
	}
}

func (p *parser) enter(s section) {
	if len(p.open) > 0 || s <= p.section {
		p.fail("the parts are before, application, reader, in that order")
	}
	p.section = s
}

func (p *parser) word(what string) string {
	if p.at >= len(p.words) {
		p.fail("%s is missing", what)
		return ""
	}
	p.at++
	return p.words[p.at-1]
}

// next takes the next word if it is w.
func (p *parser) next(w string) bool {
	if p.at < len(p.words) && p.words[p.at] == w {
		p.at++
		return true
	}
	return false
}

func (p *parser) operation(v verb) {
	st := statement{line: p.line, verb: v}
	if p.section == beforeSection && v != vFile && v != vMkdir && v != vRepeat {
		p.fail("%s: before knows file, mkdir and repeat", v)
		return
	}
	switch v {
	case vFile:
		if p.section != beforeSection {
			p.fail("file: it belongs below before")
		}
		st.name, st.n = p.name(), amount{value: p.size()}
	case vOpen:
		p.opening(&st)
	case vRead, vWrite:
		st.handle, st.off, st.n = p.word("a handle"), p.amount(true), p.amount(false)
	case vLock, vUnlock:
		st.handle, st.off, st.n = p.word("a handle"), p.amount(true), p.amount(false)
		st.shared = p.next("shared")
	case vSetSize:
		st.handle, st.n = p.word("a handle"), p.amount(false)
	case vFlush, vClose:
		st.handle = p.word("a handle")
	case vRename:
		st.name, st.to = p.name(), p.name()
	case vDelete, vMkdir:
		st.name = p.name()
	case vThink:
		st.think = p.duration()
	case vPick:
		p.s.random = true
		st.name, st.from, st.until, st.step = p.word("a name"), p.size(), p.size(), p.size()
		if p.err == nil && (st.step == 0 || st.until < st.from) {
			p.fail("pick %s: from %d to %d by %d picks nothing", st.name, st.from, st.until, st.step)
		}
	case vRepeat:
		p.repeat(&st)
		return
	default:
		p.fail("%q is no operation", v)
	}
	p.add(st)
}

// list is where the next operation goes.
func (p *parser) list() *[]statement {
	switch {
	case len(p.open) > 0:
		return &p.open[len(p.open)-1].repeats
	case p.section == beforeSection:
		return &p.s.before
	}
	return &p.s.application
}

func (p *parser) add(st statement) *statement {
	l := p.list()
	*l = append(*l, st)
	return &(*l)[len(*l)-1]
}

func (p *parser) repeat(st *statement) {
	n, err := strconv.Atoi(p.word("a count"))
	if p.err == nil && (err != nil || n < 1 || n > maxSteps) {
		p.fail("repeat: the count is between 1 and %d", maxSteps)
	}
	if len(p.open) == maxNesting {
		p.fail("repeat: %d deep is the most", maxNesting)
	}
	st.times = n
	p.open = append(p.open, p.add(*st))
}

// opening reads the parameters of an open.
func (p *parser) opening(st *statement) {
	st.handle, st.name = p.word("a handle"), p.name()
	st.params = nt.CreateParams{Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf}
	for p.err == nil && p.at < len(p.words) {
		switch w := p.word("an option"); w {
		case "create":
			st.params.Disposition = nt.FileCreate
		case "existing":
			st.params.Disposition = nt.FileOpen
		case "replace":
			st.params.Disposition = nt.FileOverwriteIf
		case "read":
			st.params.Access = nt.GenericRead
		case "write":
			st.params.Access = nt.GenericWrite
		case "deny-all":
			st.params.Share = nt.ShareNone
		case "deny-write":
			st.params.Share = nt.ShareRead
		case "deny-none":
			st.params.Share = nt.ShareRead | nt.ShareWrite
		case "write-through":
			st.params.Options |= nt.WriteThrough
		default:
			p.fail("open: %q is no option", w)
		}
	}
}

// isForeign reports whether a rune may not be in a name.
func isForeign(r rune) bool {
	return !strings.ContainsRune(`ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\._-~$%*`, r)
}

// name reads the name of a file: letters, digits and some signs, with backslashes.
func (p *parser) name() string {
	w := strings.ToUpper(p.word("a file name"))
	if p.err == nil && (len(w) > maxName || strings.ContainsFunc(w, isForeign) || strings.Contains(`\`+w+`\`, `\\`) ||
		strings.Contains(`\`+w+`\`, `\.`) || strings.Count(w, "%") > 1) {
		p.fail("%q is no file name", w)
	}
	if p.section != readerSection && strings.Contains(w, "*") || strings.Contains(strings.TrimSuffix(w, "*"), "*") {
		p.fail("%q: a * may end the name that a reader looks at", w)
	}
	return w
}

// size reads a number of bytes, with k or m for powers of two.
func (p *parser) size() int64 {
	w := p.word("a size")
	n, err := ParseSize(w)
	if p.err == nil && (err != nil || n%grain != 0) {
		p.fail("%q is no multiple of %d between 0 and %d", w, grain, maxBytes)
	}
	return n
}

// ParseSize reads a size such as 512, 4k or 1m, up to 64m.
func ParseSize(w string) (int64, error) {
	unit, digits := int64(1), strings.ToLower(w)
	if d, ok := strings.CutSuffix(digits, "k"); ok {
		unit, digits = 1<<10, d
	} else if d, ok := strings.CutSuffix(digits, "m"); ok {
		unit, digits = 1<<20, d
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n > maxBytes/uint64(unit) {
		return 0, fmt.Errorf("%q is no size between 0 and %d bytes", w, maxBytes)
	}
	return int64(n) * unit, nil
}

func (p *parser) amount(offset bool) amount {
	if offset && p.next("next") {
		return amount{next: true}
	}
	if p.at < len(p.words) && p.words[p.at] != "" && (p.words[p.at][0] < '0' || p.words[p.at][0] > '9') {
		return amount{picked: p.word("a number")}
	}
	return amount{value: p.size()}
}

func (p *parser) duration() time.Duration {
	w := p.word("a duration")
	d, err := time.ParseDuration(w)
	if p.err == nil && (err != nil || d < 0 || d > maxThink) {
		p.fail("think: %q is no time between 0s and %v", w, maxThink)
	}
	return d
}

func (p *parser) reader(w string) {
	name := p.name()
	if w == "look" {
		l := look{line: p.line, name: name}
		l.denied = p.next("deny-write")
		if p.next("lock") {
			l.locked = true
			l.lock = nt.LockRange{Offset: uint64(p.size()), Length: uint64(p.size())}
		}
		p.s.looks = append(p.s.looks, l)
		return
	}
	r := rule{line: p.line, name: name, kind: p.word("a state"), text: strings.Join(p.words, " ")}
	switch {
	case w == "expect" && (r.kind == "whole" || r.kind == "missing"):
		p.s.expect = append(p.s.expect, r)
		return
	case w == "expect":
		p.fail("expect: %q is none of whole, missing", r.kind)
	case r.kind == "torn" || r.kind == "empty":
	case r.kind == "out":
		p.must("of")
		p.must("order")
	case r.kind == "missing":
		if p.next("unless") {
			r.other = p.name()
			p.must("whole")
		}
	case r.kind == "unfinished":
		p.must("once")
		p.must("done")
	case r.kind == "ahead":
		p.must("of")
		r.other = p.name()
	default:
		p.fail("never: %q is none of torn, out, empty, missing, unfinished, ahead", r.kind)
	}
	p.s.never = append(p.s.never, r)
}

func (p *parser) must(w string) {
	if p.err == nil && !p.next(w) {
		p.fail("%q is missing", w)
	}
}
