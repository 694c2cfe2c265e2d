package rdr

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Lock is LockFileEx: it locks a byte range, exclusively or shared, for this handle. If
// another lock is in the way it waits, or fails at once with StatusLockNotGranted.
// Under an exclusive or batch oplock the server is not told until the oplock breaks.
//
// src: [MS-CIFS] §3.2.4.18; KB Q129202
func (h *Handle) Lock(r nt.LockRange, wait bool) error {
	return wrap("lock", h.f.path, h.lock(r, wait))
}

func (h *Handle) lock(r nt.LockRange, wait bool) error {
	t := h.f.lockTable()
	for {
		granted, changed, err := t.cache(h, r)
		switch {
		case err != nil || granted:
			return err
		case changed == nil:
			return h.lockAtServer(t, r, wait)
		case !wait:
			return nt.StatusLockNotGranted
		}
		changed.Wait(rt.Forever)
	}
}

// lockAtServer asks the server for a lock. What is dirty goes first, because a shared lock
// would refuse it, and so do unlocks of the range that are on their way: if a lock overtook
// one, the server could be left with a lock that nobody has.
//
// src: KB Q123029 (the race); [MS-FSA] §2.1.4.10 (shared locks refuse their owner's writes)
func (h *Handle) lockAtServer(t *lockTable, r nt.LockRange, wait bool) error {
	h.f.await(func(l *heldLock) bool { return !l.allows(h.open, r) })
	l := t.enter(h.open, r)
	err := h.f.l2.flush("lock")
	if err == nil {
		err = h.f.cached.FlushBehind()
	}
	if err == nil {
		err = h.f.awaitData()
	}
	if err == nil {
		err = h.sendLock(t, l, wait)
	}
	if err != nil {
		t.drop(l)
	}
	return err
}

// sendLock sends a lock request: LOCK_AND_READ if the data may be kept and is likely to
// be read, else LOCKING_ANDX.
//
// src: KB Q102981 (UseLockReadUnlock, LockQuota: "performing lock operations and
// immediately reading the contents of the locked data"); that each lock that qualifies
// is taken for such an operation is assumed.
func (h *Handle) sendLock(t *lockTable, l *heldLock, wait bool) error {
	o := h.open
	if !wait && h.readsAhead(t, l) {
		p := make([]byte, l.r.Length)
		n, err := o.remote.LockAndRead(o.h, p, int64(l.r.Offset))
		if err = h.f.hear(o, err); err == nil || errors.Is(err, io.EOF) {
			t.put(l, lockAtServer, p[:n])
			return nil
		}
		if !errors.Is(err, nt.StatusNotSupported) {
			return err
		}
	}
	err := h.ask(l.r, wait)
	if err == nil {
		t.put(l, lockAtServer, nil)
	}
	return err
}

// ask sends LOCKING_ANDX. One that waits has no timer.
//
// src: [MS-CIFS] §3.2.6.1
func (h *Handle) ask(r nt.LockRange, wait bool) error {
	o := h.open
	if !wait {
		return h.f.hear(o, o.remote.Lock(o.h, r, 0))
	}
	return h.f.hear(o, o.circuit.longTerm(func() error { return o.remote.Lock(o.h, r, rt.Forever) }))
}

// readsAhead reports whether a lock request shall read the range too: it is exclusive,
// because LOCK_AND_READ knows no other, its data fits into what is left of LockQuota and
// into one reply, and it does not come from the cache anyway.
//
// src: [MS-CIFS] §2.2.4.20; KB Q102981
func (h *Handle) readsAhead(t *lockTable, l *heldLock) bool {
	k, err := h.rights()
	return err == nil && h.r.cfg.UseLockReadUnlock && !l.r.Shared && !k.read && h.open.params.Access.CanRead() &&
		l.r.Length > 0 && l.r.Length <= uint64(h.open.remote.Limits().MaxRead) && l.r.Length <= uint64(t.room())
}

// Unlock is UnlockFileEx: it unlocks a range that was locked with the same bounds
// through this handle. The writes that the lock protected are sent before. With
// UseUnlockBehind it does not wait for the server, and a failure is in the event log.
//
// src: KB Q102981 (UseUnlockBehind); the order is assumed (a lock would protect nothing
// without it), and so is that the redirector knows its own locks.
func (h *Handle) Unlock(r nt.LockRange) error {
	t := h.f.lockTable()
	l, err := t.claimUnlock(h, r)
	switch {
	case err != nil:
		return wrap("unlock", h.f.path, err)
	case l == nil:
		return nil
	case h.open.queue() != nil:
		return wrap("unlock", h.f.path, h.unlockQueued(t, l))
	case !h.r.cfg.UseUnlockBehind:
		return wrap("unlock", h.f.path, t.unlock(l, false))
	}
	h.f.hold()
	t.countUnlock(1)
	h.r.startBehind()
	h.r.rt.GoFor("unlock-behind", h.f.path, func() {
		if err := t.unlock(l, true); err != nil && !circuitGone(err) {
			h.r.raise(EventFailedUnlock, h.f.path)
		}
		t.countUnlock(-1)
		h.r.release(h.f)
		h.r.endBehind()
	})
	return nil
}

// claimUnlock removes a cached lock and returns nil, or marks one at the server as on
// its way out.
func (t *lockTable) claimUnlock(h *Handle, r nt.LockRange) (*heldLock, error) {
	t.moving.AcquireShared()
	defer t.moving.Release()
	if _, err := h.rights(); err != nil {
		return nil, err
	}
	mu := t.f.r.mu
	mu.Lock()
	l := t.find(h.open, r)
	if l == nil {
		mu.Unlock()
		return nil, nt.StatusRangeNotLocked
	}
	cached := l.place == lockCached
	if !cached {
		l.place = lockUnlocking
	}
	mu.Unlock()
	if cached {
		t.drop(l)
		return nil, nil
	}
	return l, nil
}

// unlock sends what the lock protected, and then the unlock; one write of just the range
// goes with it.
//
// src: KB Q102981 (write-and-unlock); [MS-CIFS] §2.2.4.21
func (t *lockTable) unlock(l *heldLock, behind bool) error {
	defer t.drop(l)
	t.f.flushBehindBut("unlock", l)
	lost, writeErr, err := t.sendUnlock(l)
	switch {
	case writeErr == nil:
		return err
	case !behind:
		return writeErr
	}
	t.f.LostData(lost, writeErr)
	return err
}

// sendUnlock sends the unlock, and with it the write that waits for it. Of that it returns
// the error and how many bytes are lost.
func (t *lockTable) sendUnlock(l *heldLock) (lost int64, writeErr, err error) {
	t.sending.AcquireExclusive() // who has taken the write out of its buffer has sent it now
	defer t.sending.Release()
	if write := t.takeDirty(l); write != nil {
		n, err := l.o.remote.WriteAndUnlock(l.o.h, write, int64(l.r.Offset))
		if err == nil {
			t.f.answered()
		}
		if errors.Is(t.f.hear(l.o, err), nt.StatusNotSupported) {
			n, writeErr = t.f.writeRemote(l.o, write, int64(l.r.Offset))
		} else if writeErr = err; err == nil {
			return 0, nil, nil
		}
		lost = int64(len(write) - n)
	}
	// src: [MS-CIFS] §2.2.4.21 (if the write fails the range stays locked)
	return lost, writeErr, t.f.hear(l.o, l.o.remote.Unlock(l.o.h, l.r))
}

// countUnlock counts the unlocks that are on their way behind the application.
func (t *lockTable) countUnlock(n int) {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	t.unlocks += n
	if t.unlocks == 0 {
		t.quiet.Set()
	} else {
		t.quiet.Reset()
	}
}

// leaveLocks marks the locks of an open that its application has closed: CLOSE will
// release those that the server has.
//
// src: [MS-CIFS] §3.3.5.6
func (f *fcb) leaveLocks(o *serverOpen) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.locks == nil {
		return
	}
	for _, l := range f.locks.held {
		if l.o == o && l.place == lockAtServer {
			l.place = lockUnlocking
		}
	}
}

// closeLocks ends the locks of an open with close, which comes after the unlocks that are
// on their way.
func (f *fcb) closeLocks(o *serverOpen, closeOpen func()) {
	f.r.mu.Lock()
	t := f.locks
	f.r.mu.Unlock()
	if t == nil {
		closeOpen()
		return
	}
	t.quiet.Wait(rt.Forever)
	closeOpen()
	t.remove(func(l *heldLock) bool { return l.o == o })
}
