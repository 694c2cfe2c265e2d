package workload

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Limits of a script: what one trial may cost, whatever somebody else's file asks for.
//
// src: assumed (a trial stays below some 256 MB and a minute)
const (
	// MaxText is the most bytes that a text may have.
	MaxText = 1 << 20

	maxLines   = 10_000
	maxSteps   = 100_000
	maxBytes   = 64 << 20
	maxNesting = 4
	maxThink   = time.Hour
	maxName    = 200
)

// verb is the kind of a step.
type verb string

// The verbs.
const (
	vOpen    verb = "open"
	vRead    verb = "read"
	vWrite   verb = "write"
	vLock    verb = "lock"
	vUnlock  verb = "unlock"
	vFlush   verb = "flush"
	vSetSize verb = "setsize"
	vClose   verb = "close"
	vRename  verb = "rename"
	vDelete  verb = "delete"
	vMkdir   verb = "mkdir"
	vThink   verb = "think"
	vFile    verb = "file" // before: a file that is there
	vPick    verb = "pick"
	vRepeat  verb = "repeat"
)

// statement is a line of the part "before" or "application".
type statement struct {
	line    int
	verb    verb
	handle  string
	name    string // of a file, or of a pick
	to      string // rename's second
	params  nt.CreateParams
	off     amount
	n       amount
	from    int64 // pick
	until   int64
	step    int64
	shared  bool
	think   time.Duration
	times   int
	repeats []statement
}

// amount is a number of bytes: one that is written, one that was picked, or the end of
// what has been written so far.
type amount struct {
	value  int64
	picked string
	next   bool
}

// look is what the reader looks at.
type look struct {
	line   int
	name   string // may end in *
	denied bool   // it denies writing to others
	locked bool
	lock   nt.LockRange
}

// rule is a statement about what a reader may see.
type rule struct {
	line  int
	text  string
	kind  string // torn, out (of order), empty, missing, unfinished, ahead; for expect: whole, missing
	name  string
	other string // ahead of; missing unless ... whole
}

// Script is a workload that is written as a list of operations; see Language.
type Script struct {
	name        string
	before      []statement
	application []statement
	looks       []look
	never       []rule
	expect      []rule
	random      bool
	bytes       int
	hash        string
}

// Name is the script's name, with a hash of the text if it is somebody's own.
func (s *Script) Name() string {
	if s.hash != "" {
		return s.name + "@" + s.hash
	}
	return s.name
}

// Bytes is what the application writes; where lengths are drawn, in the trial of seed 1.
func (s *Script) Bytes() int { return s.bytes }

// step is one operation of a trial's plan.
type step struct {
	*statement
	op     int
	name   string // of the file
	to     string
	object *object
	off    int64
	n      int64
}

// plan is a script with everything drawn that is left to chance.
type plan struct {
	history
	before, steps []step
	bytes         int64
}

// planner expands a script.
type planner struct {
	p       *plan
	rand    func(n int64) int64
	picks   map[string]int64
	handles map[string]string // to the name that was opened
	objects map[string]*object
	ends    map[*object]int64
	count   int // of the innermost repeat
	rounds  int // of all repeats
	picked  int
	made    int64
}

// newPlan draws a plan. The error names the line.
func (s *Script) newPlan(seed uint64, rand func(n int64) int64) (*plan, error) {
	p := &plan{history: history{salt: saltFor(seed), names: map[string][]naming{}}}
	l := &planner{p: p, rand: rand, picks: map[string]int64{}, handles: map[string]string{}, objects: map[string]*object{}, ends: map[*object]int64{}}
	if err := l.expand(s.before, true); err != nil {
		return nil, err
	}
	if err := l.expand(s.application, false); err != nil {
		return nil, err
	}
	return p, nil
}

// saltFor is never 0.
func saltFor(seed uint64) uint16 {
	const golden = 0x9E3779B97F4A7C15
	return uint16(seed*golden>>48) | 1
}

func (l *planner) expand(list []statement, before bool) error {
	for i := range list {
		st := &list[i]
		if st.verb == vRepeat {
			outer := l.count
			for n := range st.times {
				l.count = n + 1
				if l.rounds++; l.rounds > maxSteps {
					return fmt.Errorf("line %d: more than %d rounds of repeats", st.line, maxSteps)
				}
				if err := l.expand(st.repeats, before); err != nil {
					return err
				}
			}
			l.count = outer
			continue
		}
		if err := l.one(st, before); err != nil {
			return fmt.Errorf("line %d: %s: %w", st.line, st.verb, err)
		}
	}
	return nil
}

func (l *planner) one(st *statement, before bool) error {
	if st.verb == vPick {
		if l.picked++; l.picked > maxSteps {
			return fmt.Errorf("more than %d", maxSteps)
		}
		l.picks[st.name] = st.from + l.rand((st.until-st.from)/st.step+1)*st.step
		return nil
	}
	s := step{statement: st, name: l.fill(st.name), to: l.fill(st.to)}
	if !before {
		s.op = len(l.p.steps) + 1
		l.p.last = s.op
	}
	if err := l.bind(&s); err != nil {
		return err
	}
	if len(l.p.steps)+len(l.p.before) >= maxSteps {
		return fmt.Errorf("more than %d operations", maxSteps)
	}
	if before {
		l.p.before = append(l.p.before, s)
	} else {
		l.p.steps = append(l.p.steps, s)
	}
	return nil
}

// fill puts the count of the innermost repeat into a name.
func (l *planner) fill(name string) string {
	for i := range name {
		if name[i] == '%' {
			return fmt.Sprintf("%s%03d%s", name[:i], l.count, name[i+1:])
		}
	}
	return name
}

// bind finds the file of a step and notes in the history what the step does.
func (l *planner) bind(s *step) (err error) {
	switch s.verb {
	case vFile:
		s.object = l.make(s.name, 0)
		return l.write(s, 0, s.statement.n.value)
	case vOpen:
		return l.open(s)
	case vRead, vWrite, vLock, vUnlock, vFlush, vSetSize, vClose:
		name, ok := l.handles[s.handle]
		if !ok {
			return fmt.Errorf("%q is not open", s.handle)
		}
		s.name, s.object = name, l.objects[s.handle]
		if s.n, err = l.amount(s.statement.n, s.object); err != nil {
			return err
		}
		if s.off, err = l.amount(s.statement.off, s.object); err != nil {
			return err
		}
	case vRename, vDelete:
		return l.rename(s)
	case vMkdir, vThink, vPick, vRepeat:
	}
	switch s.verb {
	case vWrite:
		return l.write(s, s.off, s.n)
	case vSetSize:
		return l.change(s.object, change{op: s.op, off: s.n, size: s.n})
	case vClose:
		delete(l.handles, s.handle)
		delete(l.objects, s.handle)
	default:
	}
	return nil
}

func (l *planner) open(s *step) error {
	if _, open := l.handles[s.handle]; open {
		return fmt.Errorf("%q is already open", s.handle)
	}
	o := l.named(s.name)
	d := s.params.Disposition
	switch {
	case o == nil && (d == nt.FileOpen || d == nt.FileOverwrite):
		return fmt.Errorf("there is no file %s", s.name)
	case o != nil && d == nt.FileCreate:
		return fmt.Errorf("there is a file %s", s.name)
	case o == nil:
		o = l.make(s.name, s.op)
	case d == nt.FileOverwriteIf || d == nt.FileOverwrite:
		if err := l.change(o, change{op: s.op}); err != nil {
			return err
		}
	}
	s.object = o
	l.handles[s.handle], l.objects[s.handle] = s.name, o
	return nil
}

// named is what a name stands for now.
func (l *planner) named(name string) *object {
	list := l.p.names[name]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1].object
}

func (l *planner) make(name string, op int) *object {
	o := &object{id: len(l.p.objects), changes: []change{{op: op}}}
	l.p.objects = append(l.p.objects, o)
	l.name(name, naming{op: op, object: o})
	return o
}

func (l *planner) name(name string, n naming) {
	if _, known := l.p.names[name]; !known {
		l.p.order = append(l.p.order, name)
	}
	l.p.names[name] = append(l.p.names[name], n)
}

func (l *planner) rename(s *step) error {
	o := l.named(s.name)
	switch {
	case o == nil:
		return fmt.Errorf("there is no file %s", s.name)
	case s.verb == vRename && l.named(s.to) != nil:
		return fmt.Errorf("there is a file %s", s.to)
	}
	s.object = o
	l.name(s.name, naming{op: s.op})
	if s.verb == vRename {
		l.name(s.to, naming{op: s.op, object: o, renamed: true})
	}
	return nil
}

func (l *planner) amount(a amount, o *object) (int64, error) {
	switch {
	case a.next:
		return l.ends[o], nil
	case a.picked != "":
		v, ok := l.picks[a.picked]
		if !ok {
			return 0, fmt.Errorf("%q has not been picked", a.picked)
		}
		return v, nil
	}
	return a.value, nil
}

func (l *planner) write(s *step, off, n int64) error {
	s.off, s.n = off, n
	l.ends[s.object] = off + n
	l.made += n
	if s.op > 0 {
		l.p.bytes += n
	}
	if l.made > maxBytes {
		return fmt.Errorf("more than %d bytes are written", maxBytes)
	}
	return l.change(s.object, change{op: s.op, off: off, n: n, size: max(s.object.size(), off+n)})
}

func (l *planner) change(o *object, c change) error {
	if c.size > maxBytes {
		return fmt.Errorf("a file of more than %d bytes", maxBytes)
	}
	o.changes = append(o.changes, c)
	return nil
}
