package workload

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// Prepare makes the files of the part "before".
func (s *Script) Prepare(_, share FS) error {
	p, err := s.newPlan(1, func(int64) int64 { return 0 })
	if err != nil {
		return err
	}
	for i := range p.before {
		st := &p.before[i]
		if st.verb == vMkdir {
			err = share.Mkdir(st.name)
		} else {
			err = putFile(share, st)
		}
		if err != nil {
			return fmt.Errorf("prepare %s: %w", st.name, err)
		}
	}
	return nil
}

func putFile(fs FS, st *step) error {
	f, err := fs.Open(st.name, nt.CreateParams{Access: nt.GenericRead | nt.GenericWrite, Disposition: nt.FileCreate})
	if err != nil {
		return err
	}
	b := make([]byte, st.n)
	stamp(b, st.object.id, 0, 0, 0)
	if len(b) > 0 {
		_, err = f.WriteAt(b, 0)
	}
	return errors.Join(err, f.Close())
}

// Start draws the plan of a trial.
func (s *Script) Start(st Stage) (Run, error) {
	r := &scriptRun{s: s, st: st, mu: st.Runtime.NewMutex(), files: map[string]File{}}
	var err error
	r.plan, err = s.newPlan(st.Seed, st.Runtime.Rand("workload").Int64N)
	return r, err
}

// busyLooks is how many looks in a row may find a file in use before the reader takes
// that for an answer.
//
// src: assumed (a minute at a poll of 5 s: longer than OplockBreakWait)
const busyLooks = 12

// scriptRun is a Script in one trial.
type scriptRun struct {
	s    *Script
	st   Stage
	plan *plan

	// The application's task.
	files map[string]File
	order []string // handles, in the order of their opens
	begun time.Time
	buf   []byte

	mu   rt.Mutex // guards the rest
	told mailclient.Told
	end  time.Time

	// The reader's task.
	busy      int
	forbidden int
	first     finding
	delivered time.Time
	cannot    error // what the reader's file system does not have
}

// finding is a state that may never be seen, or a reason why the end is not whole.
type finding struct{ code, reason, detail string }

func (r *scriptRun) Play() error {
	r.begun = r.st.Runtime.Now()
	told := mailclient.ToldSuccess
	for i := range r.plan.steps {
		if err := r.step(&r.plan.steps[i]); err != nil {
			told = mailclient.ToldError
			break
		}
	}
	r.mu.Lock()
	r.told, r.end = told, r.st.Runtime.Now()
	r.mu.Unlock()
	for _, h := range r.order { // what is left open closes with its program
		if f := r.files[h]; f != nil {
			_ = r.call("close", "", 0, 0, f.Close) // nobody is left to be told
		}
	}
	return nil
}

// call makes a call of the application visible.
func (r *scriptRun) call(op, path string, off, n int64, call func() error) error {
	e := trace.Event{Kind: trace.AppCall, Op: op, Path: path, Off: off, Len: n}
	r.st.App.Emit(e)
	err := call()
	e.Kind, e.Status = trace.AppReturn, uint32(mailclient.StatusOf(err))
	r.st.App.Emit(e)
	if r.st.OnCall != nil {
		r.st.OnCall("", op, path, err)
	}
	return err
}

func (r *scriptRun) step(s *step) error {
	if s.verb == vThink {
		r.st.Runtime.Sleep(s.think)
		return nil
	}
	for tries := 1; ; tries++ {
		err := r.call(string(s.verb), s.name, s.off, s.n, func() error { return r.do(s) })
		if !refused(err) || tries == sharingTries {
			return err
		}
		r.st.Runtime.Sleep(sharingWait)
	}
}

// What the application does about a file that somebody else has open.
//
// src: assumed (a program, or its user, tries again)
const (
	sharingTries = 10
	sharingWait  = 500 * time.Millisecond
)

// refused reports whether somebody else's open is in the way.
func refused(err error) bool {
	switch mailclient.StatusOf(err) {
	case nt.StatusSharingViolation, nt.StatusDeletePending:
		return true
	default:
		return false
	}
}

func (r *scriptRun) do(s *step) (err error) {
	f := r.files[s.handle]
	switch s.verb {
	case vOpen:
		if f, err = r.st.Share.Open(s.name, s.params); err == nil {
			r.files[s.handle] = f
			r.order = append(r.order, s.handle)
		}
	case vRead:
		return r.read(f, s)
	case vWrite:
		r.buf = slices.Grow(r.buf[:0], int(s.n))[:s.n]
		stamp(r.buf, s.object.id, r.plan.salt, s.op, s.off)
		n := 0
		if n, err = f.WriteAt(r.buf, s.off); err == nil && n < len(r.buf) {
			err = io.ErrShortWrite
		}
	case vLock, vUnlock:
		return lockOf(f, s)
	case vFlush:
		return f.Flush()
	case vSetSize:
		return f.SetSize(s.n)
	case vClose:
		delete(r.files, s.handle)
		r.order = slices.DeleteFunc(r.order, func(h string) bool { return h == s.handle })
		return f.Close()
	case vRename:
		return r.st.Share.Rename(s.name, s.to)
	case vDelete:
		return r.st.Share.Delete(s.name)
	case vMkdir:
		return r.st.Share.Mkdir(s.name)
	case vThink, vFile, vPick, vRepeat:
	}
	return err
}

// read reads back; less than what the file must have is an error, as for a program that
// finds its input short.
func (r *scriptRun) read(f File, s *step) error {
	b := make([]byte, s.n)
	n, err := f.ReadAt(b, s.off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return nt.StatusEndOfFile
	}
	return err
}

func lockOf(f File, s *step) error {
	l, ok := f.(Locker)
	if !ok {
		return nt.StatusNotSupported
	}
	g := LockRange{Offset: uint64(s.off), Length: uint64(s.n), Shared: s.shared}
	if s.verb == vUnlock {
		return l.Unlock(g)
	}
	return l.Lock(g, true)
}

// Role counts every name that the application changes.
func (r *scriptRun) Role(path string) Role {
	for name, list := range r.plan.names { // map order: only whether any matches leaves the loop
		if list[len(list)-1].op > 0 || r.changes(list) {
			if path == name || strings.HasSuffix(path, `\`+name) {
				return Written
			}
		}
	}
	return Foreign
}

func (r *scriptRun) changes(list []naming) bool {
	for _, n := range list {
		if o := n.object; o != nil && o.changes[len(o.changes)-1].op > 0 {
			return true
		}
	}
	return false
}

// Look looks at everything once, in the order of the script, and once more at what was
// not there: it may just have been renamed.
func (r *scriptRun) Look() (complete bool) {
	r.mu.Lock()
	told := r.told // before the look: what is told during it proves nothing
	r.mu.Unlock()
	done := told == mailclient.ToldSuccess
	all, err := r.lookAt(r.st.Reader, true)
	if errors.Is(err, nt.StatusNotSupported) {
		r.cannot = err // no look would ever be complete
		return true
	}
	if err != nil {
		return false
	}
	for _, name := range r.plan.order {
		if s, looked := all[name]; !looked || !s.missing || !r.asks(name) {
			continue
		}
		again, err := r.lookOne(r.st.Reader, name, &look{name: name})
		if err != nil {
			return false
		}
		if !again.missing {
			all[name] = seen{busy: true}
		}
	}
	for i := range r.s.never {
		if f := r.judge(&r.s.never[i], all, done); f.code != "" {
			r.raise(f)
		}
	}
	if why := r.lacking(all); why.code == "" && r.delivered.IsZero() && done {
		r.delivered = r.st.Runtime.Now()
		r.st.Look.Emit(trace.Event{Kind: trace.Verdict, Op: "delivered", Text: "everything is there and whole"})
	}
	busy := false
	for _, s := range all { // map order: only whether any is busy leaves the loop
		busy = busy || s.busy
	}
	r.busy++
	if !busy || told == mailclient.ToldNone {
		r.busy = 0
	}
	return !busy || r.busy >= busyLooks
}

// asks reports whether a rule is about the absence of a name.
func (r *scriptRun) asks(name string) bool {
	return slices.ContainsFunc(r.s.never, func(u rule) bool { return u.kind == "missing" && matches(u.name, name) })
}

// lookAt looks at the files. The error is for what is no finding.
func (r *scriptRun) lookAt(fs FS, share bool) (map[string]seen, error) {
	all := map[string]seen{}
	for i := range r.s.looks {
		l := r.s.looks[i]
		if !share {
			l.denied, l.locked = false, false
		}
		for _, name := range r.plan.order {
			if _, known := all[name]; known || !matches(l.name, name) {
				continue
			}
			s, err := r.lookOne(fs, name, &l)
			if err != nil {
				return nil, err
			}
			all[name] = s
		}
	}
	return all, nil
}

func (r *scriptRun) lookOne(fs FS, name string, l *look) (s seen, err error) {
	p := nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen}
	if l.denied {
		p.Share = nt.ShareRead
	}
	f, err := fs.Open(name, p)
	if err != nil {
		return notOpened(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if l.locked {
		k, ok := f.(Locker)
		if !ok {
			return s, nt.StatusNotSupported
		}
		shared := l.lock
		shared.Shared = true
		if err := k.Lock(shared, false); err != nil {
			return notOpened(err)
		}
		defer func() { err = errors.Join(err, k.Unlock(shared)) }()
	}
	size, err := f.Size()
	if err != nil || size > maxBytes {
		return s, err
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	switch {
	case n == len(b) || errors.Is(err, io.EOF):
		return r.plan.decode(b[:n]), nil
	case err != nil:
		return notOpened(err)
	}
	return r.plan.decode(b[:n]), nil
}

// notOpened is what a reader learns from an open, lock or read that was refused.
func notOpened(err error) (seen, error) {
	switch mailclient.StatusOf(err) {
	case nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound, nt.StatusNoSuchFile:
		return seen{missing: true, object: -1}, nil
	case nt.StatusSharingViolation, nt.StatusAccessDenied, nt.StatusFileLockConflict, nt.StatusLockNotGranted, nt.StatusDeletePending:
		return seen{busy: true, object: -1}, nil
	default:
		return seen{}, err
	}
}

// judge applies a rule to what was seen.
func (r *scriptRun) judge(u *rule, all map[string]seen, done bool) finding {
	h := &r.plan.history
	for _, name := range h.order {
		s, looked := all[name]
		if !looked || s.busy || !matches(u.name, name) {
			continue
		}
		switch u.kind {
		case "torn":
			if h.torn(name, &s) {
				return finding{"torn", h.flaw(&s), name + ": " + s.String()}
			}
		case "out":
			if h.disordered(name, &s) {
				return finding{"disordered", h.flaw(&s), name + ": " + s.String()}
			}
		case "empty":
			if !s.missing && s.size == 0 {
				return finding{"empty", "EMPTY", name + " is empty"}
			}
		case "missing":
			if s.missing && !r.saved(u.other, all) {
				return finding{"missing", "MISSING", name + " is not there"}
			}
		case "unfinished":
			if done && !h.finished(name, &s) {
				return finding{"unfinished", h.flaw(&s), name + ": " + s.String() + " after the application was told that it is done"}
			}
		case "ahead":
			if f := r.ahead(name, &s, u.other, all); f.code != "" {
				return f
			}
		}
	}
	return finding{}
}

// saved reports whether another file excuses a missing one.
func (r *scriptRun) saved(pattern string, all map[string]seen) bool {
	if pattern == "" {
		return false
	}
	for name, s := range all { // map order: only whether any is whole leaves the loop
		if matches(pattern, name) && (s.busy || r.plan.whole(&s)) {
			return true
		}
	}
	return false
}

func (r *scriptRun) ahead(name string, s *seen, pattern string, all map[string]seen) finding {
	h := &r.plan.history
	newest := h.newest(name, s)
	if newest <= 0 {
		return finding{}
	}
	for _, other := range h.order {
		o, looked := all[other]
		if !looked || o.busy || other == name || !matches(pattern, other) {
			continue
		}
		if why := h.behind(other, &o, newest); why != "" {
			return finding{"ahead", why, fmt.Sprintf("%s shows operation %d; %s (%s) lacks an earlier one", name, newest, other, &o)}
		}
	}
	return finding{}
}

func (r *scriptRun) raise(f finding) {
	if r.forbidden++; r.forbidden == 1 {
		r.first = f
	}
	r.st.Look.Emit(trace.Event{Kind: trace.Verdict, Op: f.code, Text: f.reason + ": " + f.detail})
}

// lacking says what of the expected end is not there.
func (r *scriptRun) lacking(all map[string]seen) finding {
	h := &r.plan.history
	for _, u := range r.s.expect {
		for _, name := range h.order {
			s, looked := all[name]
			if !looked || !matches(u.name, name) {
				continue
			}
			switch {
			case s.busy:
				return finding{"busy", "BUSY", name}
			case u.kind == "missing" && !s.missing:
				return finding{"left", "LEFT", name}
			case u.kind == "whole" && (s.missing || !h.finished(name, &s)):
				return finding{"unfinished", h.flaw(&s), name}
			}
		}
	}
	return finding{}
}

// Report looks at the server's disk, where no share mode is in the way.
func (r *scriptRun) Report(server FS) (Report, error) {
	if r.cannot != nil {
		return Report{}, fmt.Errorf("workload %s: the reader has no byte-range locks: %w", r.s.Name(), r.cannot)
	}
	all, err := r.lookAt(server, false)
	if err != nil {
		return Report{}, err
	}
	rep := Report{
		Observation: Observation{Told: r.told, Forbidden: r.forbidden},
		Code:        r.first.code, Reason: r.first.reason, Attempts: 1, Begun: r.begun, Delivered: r.delivered,
	}
	if r.told == mailclient.ToldSuccess {
		rep.Ended = r.end
	}
	why := r.lacking(all)
	if why.code == "" {
		rep.Copies = 1
	} else if rep.Code == "" {
		rep.Code, rep.Reason = why.code, why.reason
	}
	return rep, nil
}
