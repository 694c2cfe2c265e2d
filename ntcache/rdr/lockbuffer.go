package rdr

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// room is how many more bytes the file's lock buffers may keep.
//
// src: KB Q102981 (LockQuota, "for each file")
func (t *lockTable) room() int {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	return t.roomLocked(nil)
}

// roomLocked leaves out the buffer that is to be replaced.
func (t *lockTable) roomLocked(replaced *heldLock) int {
	n := t.f.r.cfg.LockQuota
	for _, l := range t.held {
		if l != replaced {
			n -= len(l.data)
		}
	}
	return n
}

// pendingLocked returns the written bytes that wait in lock buffers, but for one if that is not nil.
func (t *lockTable) pendingLocked(but *heldLock) (n int64) {
	for _, l := range t.held {
		if l.dirty && l != but {
			n += int64(len(l.data))
		}
	}
	return n
}

// read serves a read from what LOCK_AND_READ brought, or from the write that waits for
// the unlock, if all of it is there. Such a write that it overlaps, or that lies behind it
// and may make the file longer, is sent first.
//
// src: KB Q102981; that reads are served until the unlock is assumed
func (t *lockTable) read(o *serverOpen, p []byte, off int64) (n int, served bool, err error) {
	want := rangeOf(off, len(p))
	t.f.r.mu.Lock()
	for _, l := range t.held {
		if l.o != o || l.place != lockAtServer || !within(want, l.r) || last(want)-l.r.Offset >= uint64(len(l.data)) {
			continue // the file may have grown behind a buffer that ends with it
		}
		n = copy(p, l.data[want.Offset-l.r.Offset:])
		t.f.r.mu.Unlock()
		return n, true, nil
	}
	t.f.r.mu.Unlock()
	return 0, false, t.flush(func(l *heldLock) bool { return last(l.r) >= want.Offset })
}

// write keeps a write of exactly a locked range for the unlock, if it may be kept at
// all. Any other ends what is kept of the ranges that it touches.
//
// src: KB Q102981 (write-and-unlock); [MS-CIFS] §2.2.4.21 (the range is the data's)
func (t *lockTable) write(o *serverOpen, p []byte, off int64, mayKeep bool) (kept bool, err error) {
	r := rangeOf(off, len(p))
	if mayKeep && len(p) <= o.remote.Limits().MaxWrite && t.keep(o, p, r) {
		return true, nil
	}
	touched := func(l *heldLock) bool { return l.o == o && overlap(l.r, r) }
	err = t.flush(touched)
	t.f.r.mu.Lock()
	for _, l := range t.held {
		if touched(l) && !l.dirty {
			l.data = nil
		}
	}
	t.f.r.mu.Unlock()
	return false, err
}

// keep puts a write into the buffer of the lock that has its bounds.
func (t *lockTable) keep(o *serverOpen, p []byte, r nt.LockRange) bool {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	l := t.find(o, r)
	if l == nil || l.place != lockAtServer || l.r.Shared || len(p) > t.roomLocked(l) {
		return false
	}
	if slices.ContainsFunc(t.held, func(x *heldLock) bool { return x.blocks(o, r, true) }) {
		return false // a shared lock beside it: the server refuses the write
	}
	l.data, l.dirty = slices.Clone(p), true
	return true
}

// forget drops what is kept of the locked ranges, because the file's size has changed.
func (t *lockTable) forget() {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	for _, l := range t.held {
		if !l.dirty {
			l.data = nil
		}
	}
}

// flush sends the written bytes of the buffers that which picks; the ranges stay locked.
// When it returns, what others have taken out of buffers has been sent too.
func (t *lockTable) flush(which func(*heldLock) bool) error {
	lost, err := t.sendDirty(which)
	if err != nil {
		t.f.LostData(lost, err)
	}
	return err
}

// sendDirty is flush up to the first error, and returns how many bytes that lost.
func (t *lockTable) sendDirty(which func(*heldLock) bool) (lost int64, err error) {
	t.sending.AcquireExclusive()
	defer t.sending.Release()
	t.f.r.mu.Lock()
	dirty := slices.DeleteFunc(slices.Clone(t.held), func(l *heldLock) bool { return !l.dirty || !which(l) })
	t.f.r.mu.Unlock()
	for _, l := range dirty {
		p := t.takeDirty(l)
		if p == nil {
			continue
		}
		if n, err := t.f.writeRemote(l.o, p, int64(l.r.Offset)); err != nil {
			return int64(len(p) - n), err
		}
	}
	return 0, nil
}

// takeDirty takes a write out of its buffer for the one who sends it; nil if there is
// none.
func (t *lockTable) takeDirty(l *heldLock) []byte {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	if !l.dirty {
		return nil
	}
	p := l.data
	l.dirty, l.data = false, nil
	return p
}

// flushLocks sends what waits in the file's lock buffers, but for one if that is not nil.
func (f *fcb) flushLocks(but *heldLock) error {
	t := f.locked()
	if t == nil {
		return nil
	}
	return t.flush(func(l *heldLock) bool { return l != but })
}
