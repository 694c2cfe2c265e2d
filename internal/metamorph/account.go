package metamorph

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// step is what the reference run decides for an operation.
type step struct {
	skip    bool    // not done, in either run: what comes of it is not defined
	idle    [2]bool // these workstations have closes behind that must be there before
	barrier bool    // the workstation that acts may not have heard of a change yet
	loose   bool    // what it returns may differ
}

// account knows who has which file of one thread open, and so what NT's documentation
// allows to be seen late. See the package's documentation for the rules.
type account struct {
	oplocks [2]bool // the workstation asks for oplocks, and the server grants them
	files   map[string]*file
	handles map[int]*holding
}

// file is what has happened to a path.
type file struct {
	open     []*holding
	closed   [2]bool // closed there since that workstation was last waited for
	behind   [2]bool // the same, and no oplock makes the server wait
	news     [2]bool // changed elsewhere since that workstation last asked the server
	readOnly bool    // may be cached without an oplock
	stale    [2]bool // cached there without an oplock, and changed elsewhere
}

// holding is an open handle.
type holding struct {
	f     *file
	ws    Machine
	open  Op
	alone bool // no other open of the file since it was opened: it still has its batch oplock
	locks []Op
	kept  bool // a write of just a locked range, which may go with its unlock
}

func newAccount(oplocks [2]bool) *account {
	return &account{oplocks: oplocks, files: map[string]*file{}, handles: map[int]*holding{}}
}

// delays reports whether writes through the handle may reach the server late with no
// oplock that another machine's open would break.
//
// src: KB Q163401 (write-only files), KB Q102981 (BufFilesDenyWrite)
func (h *holding) delays() bool {
	return h.kept || h.buffers()
}

func (h *holding) buffers() bool {
	p := h.open.Params
	return p.Access.CanWrite() && (!p.Access.CanRead() || !p.Share.DenyNone())
}

// delayedFor reports whether what others write may reach the server, and so ws, late.
func (f *file) delayedFor(ws Machine) bool {
	return slices.ContainsFunc(f.open, func(h *holding) bool { return h.ws != ws && h.delays() })
}

// oneRequest is what fits into one core request, whatever SizReqBuf is. Of longer reads and
// writes that a lock refuses in the middle the plain client has done the first part.
const oneRequest = 512

func (f *file) locked() bool {
	return slices.ContainsFunc(f.open, func(h *holding) bool { return len(h.locks) > 0 })
}

// lateRefusal reports whether a lock may refuse a write that its application has been told
// to be done, because the write waits in a buffer and the server alone knows, or a part of
// a read or write.
func (a *account) lateRefusal(o Op) bool {
	switch o.Kind {
	case Write:
		h := a.handles[o.Handle]
		return o.Len > oneRequest && h.f.locked() || h.buffers() && slices.ContainsFunc(h.f.open, func(x *holding) bool { return x != h && len(x.locks) > 0 })
	case Read:
		return o.Len > oneRequest && a.handles[o.Handle].f.locked()
	case Lock, LockShared:
		h := a.handles[o.Handle]
		return slices.ContainsFunc(h.f.open, func(x *holding) bool { return x != h && x.buffers() })
	default:
		return false
	}
}

// missesLocks reports whether a read may come from a cache that no oplock keeps, while
// another machine has locked a range: the server alone would refuse it.
//
// src: KB Q102981 (BufFilesDenyWrite, BufReadOnlyFiles)
func (a *account) missesLocks(o Op) bool {
	h := a.handles[o.Handle]
	return (!h.open.Params.Share.DenyNone() || h.f.readOnly) &&
		slices.ContainsFunc(h.f.open, func(x *holding) bool { return x.ws != h.ws && len(x.locks) > 0 })
}

func (f *file) hasWriter() bool {
	return slices.ContainsFunc(f.open, func(h *holding) bool { return h.open.Params.Access.CanWrite() })
}

// isOpenForRename reports whether a rename would leave handles whose redirectors know the
// file by its old name.
func (f *file) isOpenForRename() bool {
	return len(f.open) > 0 && !slices.ContainsFunc(f.open, func(h *holding) bool { return h.open.Params.Share&nt.ShareDelete == 0 })
}

func (f *file) openOn(ws Machine) bool {
	return slices.ContainsFunc(f.open, func(h *holding) bool { return h.ws == ws })
}

func (a *account) file(path string) *file {
	f := a.files[path]
	if f == nil {
		f = &file{}
		a.files[path] = f
	}
	return f
}

// touched returns the files of an operation and the workstation that acts.
func (a *account) touched(o Op) ([]*file, Machine) {
	switch {
	case o.Kind.byHandle():
		h := a.handles[o.Handle]
		return []*file{h.f}, h.ws
	case o.Kind == Rename:
		return []*file{a.file(o.Path), a.file(o.To)}, o.WS
	default:
		return []*file{a.file(o.Path)}, o.WS
	}
}

// changes reports whether an operation changes a file's data.
func (o Op) changes() bool {
	switch o.Kind {
	case Write, SetSize:
		return true
	case Open:
		d := o.Params.Disposition
		return d == nt.FileSupersede || d == nt.FileOverwrite || d == nt.FileOverwriteIf
	default:
		return false
	}
}

// before decides how an operation is to be done.
func (a *account) before(o Op) (s step) {
	switch {
	case o.Kind == Think:
		return s
	case o.Kind.byHandle() && a.handles[o.Handle] == nil:
		return step{skip: true} // its open failed, or it is closed
	case o.Kind == Find:
		return a.beforeFind()
	case a.lateRefusal(o):
		return step{skip: true}
	case o.Kind == Rename && a.file(o.Path).isOpenForRename():
		return step{skip: true}
	}
	files, ws := a.touched(o)
	other := 1 - ws
	for _, f := range files {
		delayed := f.delayedFor(ws)
		if o.changes() && delayed {
			return step{skip: true}
		}
		for m := range f.behind {
			if f.behind[m] && Machine(m) == other || f.closed[m] && o.Kind == Stat {
				s.idle[m] = true
				f.behind[m], f.closed[m] = false, false
				f.news[ws] = true
			}
		}
		if f.news[ws] {
			s.barrier = true
			f.news[ws] = delayed
		}
		s.loose = s.loose || (o.Kind == Read || o.Kind == Size || o.Kind == Stat) && (delayed || f.stale[ws])
		s.loose = s.loose || o.Kind == Stat && f.hasWriter() || o.Kind == Read && a.missesLocks(o)
	}
	return s
}

// beforeFind waits for all closes, which a search of the server would not see.
//
// src: KB Q190812
func (a *account) beforeFind() (s step) {
	for _, f := range a.files { // map order: flags are set
		for ws := range f.closed {
			s.idle[ws] = s.idle[ws] || f.closed[ws]
			f.news[1-ws] = f.news[1-ws] || f.closed[ws]
		}
		f.closed, f.behind = [2]bool{}, [2]bool{}
		s.loose = s.loose || f.hasWriter()
	}
	return s
}

// after takes note of what an operation has done.
func (a *account) after(o Op, ok bool) {
	if o.Kind == Open || o.Kind == Delete || o.Kind == Rename {
		a.file(o.Path).breakOplock() // also if it fails: a batch oplock is broken before anything is checked
	}
	if o.Kind == Think || o.Kind == Find || !ok {
		return
	}
	switch o.Kind {
	case Open:
		a.opened(o)
	case Close:
		a.closed(o)
	case Rename:
		a.renamed(o)
	case Write, SetSize, Lock, LockShared, Unlock:
		h := a.handles[o.Handle]
		h.locking(o)
		h.f.changedBy(h.ws)
	case Delete:
		a.file(o.Path).changedBy(o.WS)
	default:
	}
}

// breakOplock notes that who had the file open has no batch oplock any more.
func (f *file) breakOplock() {
	for _, x := range f.open {
		x.alone = false
	}
}

// locking keeps account of the handle's locks. An unlock may be behind the application, and
// a write of just a locked range may go with it.
//
// src: KB Q102981 (UseUnlockBehind, UseLockReadUnlock)
func (h *holding) locking(o Op) {
	same := func(l Op) bool { return l.Off == o.Off && l.Len == o.Len }
	switch o.Kind {
	case Lock, LockShared:
		h.locks = append(h.locks, o)
	case Write:
		h.kept = h.kept || slices.ContainsFunc(h.locks, same)
	case Unlock:
		if i := slices.IndexFunc(h.locks, same); i >= 0 {
			h.locks = slices.Delete(h.locks, i, i+1)
		}
		h.kept = h.kept && len(h.locks) > 0
		h.f.behind[h.ws] = true
	default:
	}
}

func (f *file) changedBy(ws Machine) {
	other := 1 - ws
	f.news[other] = true
	f.stale[other] = f.stale[other] || f.readOnly && f.openOn(other)
}

func (a *account) opened(o Op) {
	f := a.file(o.Path)
	h := &holding{f: f, ws: o.WS, open: o, alone: len(f.open) == 0 && a.oplocks[o.WS] && o.Params.Share.DenyNone()}
	f.open = append(f.open, h)
	a.handles[o.Handle] = h
	f.readOnly = f.readOnly || o.Params.Attributes&nt.AttrReadOnly != 0
	f.changedBy(o.WS)
}

func (a *account) closed(o Op) {
	h := a.handles[o.Handle]
	delete(a.handles, o.Handle)
	f := h.f
	f.open = slices.DeleteFunc(f.open, func(x *holding) bool { return x == h })
	f.closed[h.ws] = true
	deletes := h.open.Params.Options&nt.DeleteOnClose != 0 // an open that wants no such file is refused without a break
	f.behind[h.ws] = f.behind[h.ws] || !h.alone || deletes
	f.stale[h.ws] = f.stale[h.ws] && f.openOn(h.ws)
	f.changedBy(h.ws)
}

// renamed moves what is known of a file to its new name; closes that are behind
// may concern either.
func (a *account) renamed(o Op) {
	from, to := a.file(o.Path), a.file(o.To)
	for ws := range from.closed {
		either := from.closed[ws] || to.closed[ws]
		from.closed[ws], to.closed[ws] = either, either
		either = from.behind[ws] || to.behind[ws]
		from.behind[ws], to.behind[ws] = either, either
	}
	a.files[o.Path], a.files[o.To] = to, from
	from.changedBy(o.WS)
	to.changedBy(o.WS)
}
