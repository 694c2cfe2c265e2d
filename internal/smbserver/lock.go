package smbserver

import (
	"math"
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// byteLock is a locked byte range. It belongs to a process on a FID.
type byteLock struct {
	o      *openFile
	pid    uint16
	off    uint64
	length uint64
	shared bool
}

// last is the last byte of a range that is not empty.
func (l byteLock) last() uint64 {
	if l.length-1 > math.MaxUint64-l.off {
		return math.MaxUint64
	}
	return l.off + l.length - 1
}

func (l byteLock) overlaps(m byteLock) bool {
	return l.length > 0 && m.length > 0 && l.off <= m.last() && m.off <= l.last()
}

func (l byteLock) sameOwner(m byteLock) bool { return l.o == m.o && l.pid == m.pid }

// lock adds a range at once or not at all. Shared ranges go together, and a process
// may read-lock what it has locked; everything else that overlaps conflicts, even
// with the owner's own.
//
// src: [MS-FSA] §2.1.5.8
func (c *core) lock(l byteLock) nt.Status {
	f := l.o.f
	if slices.ContainsFunc(f.locks, func(m byteLock) bool {
		compatible := l.shared && (m.shared || l.sameOwner(m))
		return l.overlaps(m) && !compatible
	}) {
		return nt.StatusLockNotGranted
	}
	if l.o.cir.locks >= c.cfg.Limits.MaxLocks {
		return nt.StatusInsufficientResources
	}
	l.o.cir.locks++
	f.locks = append(f.locks, l)
	c.breakLevelII(f, l.o) // src: [MS-FSA] §2.1.4.12 (locks and read caches exclude each other)
	return nt.StatusSuccess
}

// highOffset is where refused locks are told differently.
//
// src: assumed (Windows, as smbtorture raw.lock.errorcode wants it)
const highOffset = 0xEF000000

// conflict is the status of a lock at off that conflicts. To a client that tries the
// same place again, as one does that polls, it is another one.
//
// src: assumed (Windows, as smbtorture raw.lock.errorcode wants it)
func (o *openFile) conflict(off uint64) nt.Status {
	again := o.refused && o.refusedAt == off
	o.refused, o.refusedAt = true, off
	if again || off >= highOffset && off>>63 == 0 {
		return nt.StatusFileLockConflict
	}
	return nt.StatusLockNotGranted
}

// lockNow is lock for a request that does not wait.
func (c *core) lockNow(l byteLock) nt.Status {
	st := c.lock(l)
	if st == nt.StatusLockNotGranted {
		st = l.o.conflict(l.off)
	}
	return st
}

// unlock removes a range, which must be one that was locked.
func (f *fcb) unlock(l byteLock) nt.Status {
	i := slices.IndexFunc(f.locks, func(m byteLock) bool {
		return l.sameOwner(m) && l.off == m.off && l.length == m.length
	})
	if i < 0 {
		return nt.StatusRangeNotLocked
	}
	f.locks = slices.Delete(f.locks, i, i+1)
	l.o.cir.locks--
	return nt.StatusSuccess
}

// unlock is fcb.unlock, and lets those have a try who wait for the range.
func (c *core) unlock(l byteLock) nt.Status {
	st := l.o.f.unlock(l)
	if st == nt.StatusSuccess {
		c.retryLocks(l.o.f)
	}
	return st
}

func (f *fcb) dropLocks(o *openFile) {
	before := len(f.locks)
	f.locks = slices.DeleteFunc(f.locks, func(l byteLock) bool { return l.o == o })
	o.cir.locks -= before - len(f.locks)
}

// blocked reports whether a lock keeps a process from reading or writing a range.
//
// src: [MS-FSA] §2.1.4.10
func (f *fcb) blocked(access byteLock, write bool) bool {
	return slices.ContainsFunc(f.locks, func(m byteLock) bool {
		if !access.overlaps(m) {
			return false
		}
		if m.shared {
			return write
		}
		return !access.sameOwner(m)
	})
}

// locking handles LOCKING_ANDX: unlocks, then locks, then the answer to a break. A
// lock that fails takes back those made before it.
//
// src: [MS-CIFS] §3.3.5.30
func (c *core) locking(x *exchange, r *smbwire.LockingAndXRequest) (smbwire.Body, nt.Status) {
	o, st := x.handle(r.FID)
	if st == nt.StatusSuccess && r.Type&smbwire.LockOplockRelease == 0 {
		o, st = x.file(r.FID) // an answer to a break must get through
	}
	if st != nt.StatusSuccess {
		return nil, st
	}
	if r.Type&(smbwire.LockCancel|smbwire.LockChangeType) != 0 {
		return nil, nt.StatusNotSupported // src: [MS-CIFS] §2.2.4.32.1 (a server may refuse both)
	}
	if st := c.lockAll(x, o, r); st != nt.StatusSuccess {
		return nil, st
	}
	if r.Type&smbwire.LockOplockRelease != 0 {
		c.acknowledge(o, r.BreakTo())
		if len(r.Locks)+len(r.Unlocks) == 0 {
			return nil, nt.StatusSuccess // src: [MS-CIFS] §2.2.4.32.1 (no response)
		}
	}
	return &smbwire.LockingAndXResponse{}, nt.StatusSuccess
}

// lockAll unlocks, once, and locks. Nothing stays locked by one who has to wait; those
// who wait as well are not stirred up by that.
func (c *core) lockAll(x *exchange, o *openFile, r *smbwire.LockingAndXRequest) nt.Status {
	ranged := func(l smbwire.LockRange) byteLock {
		return byteLock{o, l.PID, l.Offset, l.Length, r.Type&smbwire.LockShared != 0}
	}
	for _, l := range r.Unlocks {
		if x.lockOf != nil {
			break // done before the wait
		}
		if st := c.unlock(ranged(l)); st != nt.StatusSuccess {
			return st
		}
	}
	for i, l := range r.Locks {
		st := c.lock(ranged(l))
		if st == nt.StatusSuccess {
			continue
		}
		o.f.locks = o.f.locks[:len(o.f.locks)-i] // those of this request
		o.cir.locks -= i
		if st == nt.StatusLockNotGranted {
			st = c.awaitLock(x, o, l.Offset, r.Timeout)
		}
		return st
	}
	return nt.StatusSuccess
}

func (c *core) lockByteRange(x *exchange, r *smbwire.LockByteRangeRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st == nt.StatusSuccess {
		st = c.lockNow(x.coreRange(o, r.Offset, r.Count))
	}
	return reply(&smbwire.LockByteRangeResponse{}, st)
}

func (c *core) unlockByteRange(x *exchange, r *smbwire.UnlockByteRangeRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st == nt.StatusSuccess {
		st = c.unlock(x.coreRange(o, r.Offset, r.Count))
	}
	return reply(&smbwire.UnlockByteRangeResponse{}, st)
}

// coreRange is a range of the process that sent the request.
func (x *exchange) coreRange(o *openFile, off, count uint32) byteLock {
	return byteLock{o: o, pid: uint16(x.req.Header.PID), off: uint64(off), length: uint64(count)}
}

// reply is a body, or none when the command failed.
func reply(b smbwire.Body, st nt.Status) (smbwire.Body, nt.Status) {
	if st != nt.StatusSuccess {
		return nil, st
	}
	return b, st
}
