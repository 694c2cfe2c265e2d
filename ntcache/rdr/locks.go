package rdr

import (
	"math"
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// lockPlace is who knows of a byte-range lock.
type lockPlace uint8

const (
	lockCached    lockPlace = iota // this machine alone: an oplock keeps the others out
	lockAsked                      // the request is on its way, or waits at the server
	lockAtServer                   // the server has it
	lockUnlocking                  // the server has it, and its unlock is on its way
)

// heldLock is a byte range that an application has locked through one open, which is
// the lock's owner.
type heldLock struct {
	o     *serverOpen
	r     nt.LockRange
	place lockPlace

	// The lock buffer: what is kept of the range until it is unlocked, nil for nothing.
	data  []byte // from the start of the range; shorter than it where the file ends
	dirty bool   // data is the range's bytes as the application wrote them, and has not been sent
}

// lockTable is the byte-range locks of one file on this machine.
type lockTable struct {
	f      *fcb
	moving rt.Resource // exclusive: while cached locks become the server's; shared: to use cached ones

	sending rt.Resource // exclusive: from taking a write out of its buffer until it is answered

	// Guarded by Redirector.mu.
	held     []*heldLock // in the order of the requests
	uncached bool        // a lock at the server and several opens, or a shared one: none may cache
	unlocks  int         // on their way behind the application
	quiet    rt.Event    // Notification: unlocks == 0
	changed  rt.Event    // Notification, a new one each time: a lock is gone, or the rights are
}

// lockTable returns the file's locks, making the table when it is first needed.
func (f *fcb) lockTable() *lockTable {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.locks == nil {
		f.locks = &lockTable{
			f: f, moving: f.r.rt.NewResource(), sending: f.r.rt.NewResource(), quiet: f.r.rt.NewEvent(rt.Notification), changed: f.r.rt.NewEvent(rt.Notification),
		}
		f.locks.quiet.Set()
	}
	return f.locks
}

// locked returns the file's locks if there are any, else nil.
func (f *fcb) locked() *lockTable {
	f.r.mu.Lock()
	t := f.locks
	if t != nil && len(t.held) == 0 {
		t = nil
	}
	f.r.mu.Unlock()
	return t
}

// last is the last byte of a range that is not empty.
func last(r nt.LockRange) uint64 {
	if r.Length-1 > math.MaxUint64-r.Offset {
		return math.MaxUint64
	}
	return r.Offset + r.Length - 1
}

func overlap(a, b nt.LockRange) bool {
	return a.Length > 0 && b.Length > 0 && a.Offset <= last(b) && b.Offset <= last(a)
}

func within(a, b nt.LockRange) bool {
	return a.Length > 0 && b.Length > 0 && a.Offset >= b.Offset && last(a) <= last(b)
}

// rangeOf is the range of an access. The caller has checked off and n.
func rangeOf(off int64, n int) nt.LockRange {
	return nt.LockRange{Offset: uint64(off), Length: uint64(n)}
}

// allows reports whether o may lock r although l is there.
//
// src: [MS-FSA] §2.1.5.8 (shared ranges go together, and an owner may read-lock its own)
func (l *heldLock) allows(o *serverOpen, r nt.LockRange) bool {
	return !overlap(l.r, r) || r.Shared && (l.r.Shared || l.o == o)
}

// blocks reports whether l keeps o from reading or writing r. It does not once its
// application has been told that it is unlocked.
//
// src: [MS-FSA] §2.1.4.10
func (l *heldLock) blocks(o *serverOpen, r nt.LockRange, write bool) bool {
	if l.place == lockAsked || l.place == lockUnlocking || !overlap(l.r, r) {
		return false
	}
	if l.r.Shared {
		return write
	}
	return l.o != o
}

// await waits while the server still has a lock in the way of which the application has
// been told that it is gone: its unlock, or the CLOSE that ends it, is behind. The caller
// holds nothing.
//
// src: assumed (an application sees its own calls in their order)
func (f *fcb) await(inTheWay func(*heldLock) bool) {
	for t := f.locked(); t != nil; {
		f.r.mu.Lock()
		gone := t.changed
		wait := slices.ContainsFunc(t.held, func(l *heldLock) bool { return l.place == lockUnlocking && inTheWay(l) })
		f.r.mu.Unlock()
		if !wait {
			return
		}
		gone.Wait(rt.Forever)
	}
}

// awaitAccess is await for a read or write.
func (h *Handle) awaitAccess(off int64, n int, write bool) {
	r := rangeOf(off, n)
	h.f.await(func(l *heldLock) bool { return overlap(l.r, r) && (l.o != h.open || l.r.Shared && write) })
}

// conflict refuses an access that a lock of this machine forbids, if the server would
// not be asked: the lock or the data is cached.
func (t *lockTable) conflict(o *serverOpen, r nt.LockRange, write, cached bool) error {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	for _, l := range t.held {
		if (cached || l.place == lockCached) && l.blocks(o, r, write) {
			return nt.StatusFileLockConflict
		}
	}
	return nil
}

// cache locks r on this machine alone if the handle may do that. If another lock is in
// the way it returns the event to wait for; with neither, the server must be asked.
//
// src: [MS-CIFS] §3.2.4.18; KB Q129202
func (t *lockTable) cache(h *Handle, r nt.LockRange) (granted bool, changed rt.Event, err error) {
	t.moving.AcquireShared()
	defer t.moving.Release()
	t.f.io.AcquireShared()
	defer t.f.io.Release()
	k, err := h.rights()
	if err != nil || !k.lock {
		return false, nil, err
	}
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	for _, l := range t.held {
		if !l.allows(h.open, r) {
			return false, t.changed, nil
		}
	}
	t.held = append(t.held, &heldLock{o: h.open, r: r})
	return true, nil, nil
}

// enter notes that o asks the server for r. From now on the other opens of the file may
// not be served from what this machine keeps of it, nor may o, which would not see what
// they write: that the Cache Manager's pages and the ranges do not match is one reason,
// that the server checks each request against its locks is the other.
//
// src: assumed ([MS-CIFS] §3.2.4.18: a lock may be cached only where the file is
// nobody else's; no article tells what several handles of one machine do).
func (t *lockTable) enter(o *serverOpen, r nt.LockRange) *heldLock {
	l := &heldLock{o: o, r: r, place: lockAsked}
	t.f.io.AcquireExclusive()
	defer t.f.io.Release()
	t.f.r.mu.Lock()
	t.held = append(t.held, l)
	uncache := t.uncacheLocked()
	t.f.r.mu.Unlock()
	if uncache {
		t.f.uncache("lock")
	}
	return l
}

// uncacheLocked ends caching if several opens and a lock at the server meet, or if the lock
// is shared: the server refuses its owner's writes too, and a page is more than the bytes
// that the application wrote. It reports whether something may be cached that must go.
//
// src: [MS-FSA] §2.1.4.10 (shared locks); that the cache is given up is assumed
func (t *lockTable) uncacheLocked() bool {
	if t.uncached || !t.forbidsCachingLocked() {
		return false
	}
	t.uncached = true
	return true
}

// expectAtServer ends caching if o's cached locks will forbid it at the server, where they
// are about to go. What is dirty goes before them.
func (t *lockTable) expectAtServer(o *serverOpen) {
	t.f.r.mu.Lock()
	defer t.f.r.mu.Unlock()
	t.uncached = t.uncached || slices.ContainsFunc(t.held, func(l *heldLock) bool {
		return l.o == o && l.place == lockCached && (l.r.Shared || len(t.f.opens) > 1)
	})
}

func (t *lockTable) forbidsCachingLocked() bool {
	shared := slices.ContainsFunc(t.held, func(l *heldLock) bool { return l.place != lockCached && l.r.Shared })
	return shared || len(t.f.opens) > 1 && t.atServerLocked()
}

func (t *lockTable) atServerLocked() bool {
	return slices.ContainsFunc(t.held, func(l *heldLock) bool { return l.place != lockCached })
}

// uncache sends what is dirty and drops what is cached. The caller holds io exclusively.
func (f *fcb) uncache(why string) {
	f.flushBehind(why)
	f.cached.Purge()
}

// put changes where a lock is known, and stores what came with it.
func (t *lockTable) put(l *heldLock, place lockPlace, data []byte) {
	t.f.r.mu.Lock()
	l.place, l.data = place, data
	t.f.r.mu.Unlock()
}

// remove forgets locks, and lets the opens cache again that a lock at the server kept
// from it.
func (t *lockTable) remove(which func(*heldLock) bool) {
	r := t.f.r
	r.mu.Lock()
	before := len(t.held)
	t.held = slices.DeleteFunc(t.held, which)
	var changed rt.Event
	if len(t.held) < before {
		changed = t.renewChangedLocked()
	}
	recache := t.uncached && !t.forbidsCachingLocked()
	r.mu.Unlock()
	if changed != nil {
		changed.Set()
	}
	if recache {
		t.recache()
	}
}

func (t *lockTable) drop(l *heldLock) { t.remove(func(x *heldLock) bool { return x == l }) }

// recache lets the file's opens use the cache again, which starts afresh: what they
// wrote meanwhile has passed it by.
func (t *lockTable) recache() {
	f := t.f
	f.io.AcquireExclusive()
	defer f.io.Release()
	if o := f.pagingOpen(nt.AccessMask.CanRead); o != nil && f.caches() {
		if info, err := f.queryFile(o); err == nil { // else the circuit is gone, and all that is cached with it
			f.cached.Reinitialize(info.Size)
		}
	}
	f.r.mu.Lock()
	t.uncached = t.forbidsCachingLocked()
	f.r.mu.Unlock()
}

// caches reports whether any open of the file may use the Cache Manager.
func (f *fcb) caches() bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return slices.ContainsFunc(f.opens, func(o *serverOpen) bool { return (o.caching.read || o.caching.write) && !o.dead })
}

func (t *lockTable) renewChangedLocked() rt.Event {
	changed := t.changed
	t.changed = t.f.r.rt.NewEvent(rt.Notification)
	return changed
}

// find returns o's lock of exactly r.
func (t *lockTable) find(o *serverOpen, r nt.LockRange) *heldLock {
	for _, l := range t.held {
		if l.o == o && l.r.Offset == r.Offset && l.r.Length == r.Length && (l.place == lockCached || l.place == lockAtServer) {
			return l
		}
	}
	return nil
}

// sendCached makes the server know the locks that o has cached, before the oplock that
// protected them is released. One that the server refuses is lost: the application has
// been told that it has it.
//
// src: [MS-CIFS] §3.2.5.42; KB Q129202
func (t *lockTable) sendCached(o *serverOpen) {
	f := t.f
	var cached []*heldLock
	var ranges []nt.LockRange
	f.r.mu.Lock()
	for _, l := range t.held {
		if l.o == o && l.place == lockCached {
			cached, ranges = append(cached, l), append(ranges, l.r)
		}
	}
	f.r.mu.Unlock()
	if len(cached) == 0 {
		return
	}
	err := f.hear(o, o.remote.LockAll(o.h, ranges))
	for _, l := range cached {
		if err != nil && !circuitGone(err) && !t.sendOne(l) {
			t.drop(l)
			continue
		}
		t.put(l, lockAtServer, nil)
	}
}

// sendOne locks one range after a request with several has failed, of which it may have
// been part or not.
func (t *lockTable) sendOne(l *heldLock) bool {
	_ = l.o.remote.Unlock(l.o.h, l.r) // it fails if the range was in the request that was refused
	err := l.o.remote.Lock(l.o.h, l.r, 0)
	if err == nil || circuitGone(err) {
		return true
	}
	t.f.r.raise(EventInvalidLockReply, t.f.path)
	return false
}

// circuitLostLocked forgets the locks of dead opens and returns how many written bytes
// were in their buffers, and the event to set.
func (t *lockTable) circuitLostLocked() (lost int64, changed rt.Event) {
	t.held = slices.DeleteFunc(t.held, func(l *heldLock) bool {
		if l.o.dead && l.dirty {
			lost += int64(len(l.data))
		}
		return l.o.dead
	})
	t.uncached = t.uncached && t.atServerLocked()
	return lost, t.renewChangedLocked()
}
