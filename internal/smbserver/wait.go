package smbserver

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// waits reports whether x is a request that the client lets wait for as long as it
// may take: for a lock or for a change.
func (x *exchange) waits() bool { return x.lockOf != nil || x.watching != nil }

// awaitLock parks a request whose lock at off conflicts, if it may wait.
//
// src: [MS-CIFS] §3.3.5.30; the status after the wait: assumed (Windows, as smbtorture raw.lock.lockx wants it)
func (c *core) awaitLock(x *exchange, o *openFile, off uint64, timeout time.Duration) nt.Status {
	switch {
	case timeout == 0:
		return o.conflict(off)
	case x.overdue:
		return nt.StatusFileLockConflict
	case x.lockOf == nil && timeout > 0:
		x.due = after(c.now, timeout)
	}
	x.lockOf = o
	return nt.StatusPending
}

// retryLocks resumes those who wait for a lock on f, in the order in which they came.
func (c *core) retryLocks(f *fcb) {
	for _, x := range slices.Clone(c.parked) {
		if x.lockOf != nil && x.lockOf.f == f {
			c.makeReady(x)
		}
	}
}

// endWaits ends what waits on a FID that is being closed. Who waits for changes is told
// that there are none.
//
// src: assumed (Windows, as smbtorture raw.lock.async and raw.notify.tdis want it)
func (c *core) endWaits(o *openFile) {
	for _, x := range slices.Clone(c.parked) {
		switch o {
		case x.lockOf:
			c.endWait(x, nt.StatusRangeNotLocked)
		case x.watching:
			x.ended = true
			c.makeReady(x)
		}
	}
}

func (c *core) endWait(x *exchange, st nt.Status) {
	x.verdict = st
	c.makeReady(x)
}

// cancel ends the request that NT_CANCEL means, if it is one that waits. There is no
// other reply.
//
// src: [MS-CIFS] §3.3.5.52; the status of a lock: assumed (Windows, as smbtorture raw.lock.async wants it)
func (c *core) cancel(by *exchange) {
	h := by.req.Header
	for _, x := range slices.Clone(c.parked) {
		o := x.req.Header
		if x.cir != by.cir || !x.waits() || o.MID != h.MID || o.PID != h.PID || o.UID != h.UID || o.TID != h.TID {
			continue
		}
		st := nt.StatusCancelled
		if x.lockOf != nil {
			st = nt.StatusFileLockConflict
		}
		c.endWait(x, st)
	}
}
