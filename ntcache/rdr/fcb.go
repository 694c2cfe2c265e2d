package rdr

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache"
)

// fcb is what the redirector knows of one remote file: its cached data, its
// write-behind buffers and its opens at the server. It is the BackingStore of its
// shared cache map.
type fcb struct {
	r      *Redirector
	path   string
	key    string // constant: what all spellings of path have in common
	id     uint64 // constant once it is known
	cached *ntcache.SharedCacheMap
	l2     *writeBehind
	io     rt.Resource // shared: a read or write; exclusive: the change of caching rights

	opening rt.Resource // exclusive: from an open's request until it is registered

	// Guarded by Redirector.mu.
	opens     []*serverOpen
	first     [1]*serverOpen // the room of opens, for most
	locks     *lockTable     // nil until a range is locked or an oplock broken
	users     int            // calls that are opening or settling the file
	closings  int            // closes that go on behind the application
	settled   rt.Event       // Notification: closings == 0
	queued    int            // ops in the queue, with a policy
	queuedLen int64          // bytes of their writes
	lostTold  bool           // Event 26 has been raised, and no write or open has succeeded since
	written   uint64         // writes and changes of size that the server has answered
}

// serverOpen is one open at the server: an application's handle, one being closed
// behind it, or a dormant one. Fields are guarded by Redirector.mu unless constant.
type serverOpen struct {
	f        *fcb
	circuit  *circuit        // constant
	remote   Remote          // constant: the circuit's
	h        nt.FileHandle   // constant
	params   nt.CreateParams // constant
	attr     nt.FileAttributes
	oplock   nt.OplockLevel
	cache    *ntcache.PrivateCacheMap // constant
	caching  caching
	failed   error    // of a write that the application was told is done, with a policy
	dead     bool     // its circuit is gone
	leaving  bool     // the application has closed it; not yet dormant, nor closing
	closing  bool     // its CLOSE has been sent, or is about to be
	dormant  rt.Timer // set while dormant: closes the file when it fires
	sleeps   int      // how often it has been dormant
	mappings int      // a user's, that keep it open
	mapped   bool     // there has been one
	posts    int      // writes that UseWriteBehind=0 made wait

	unconfirmed int64 // bytes written raw that no answer has confirmed yet

	written nt.FileTime // time of the application's last write, 0 for none
}

// acquire returns the FCB of path, making one if needed, and counts the caller as a
// user so that it stays.
func (r *Redirector) acquire(path string) *fcb {
	k := key(path)
	if f := r.known(k, nil); f != nil {
		return f
	}
	made := r.newFCB(path, k)
	f := r.known(k, made)
	if f != made { // another was faster
		r.cache.Forget(made.cached)
	}
	return f
}

// known returns the FCB of a key, or enters made if there is none, and counts a user.
func (r *Redirector) known(k string, made *fcb) *fcb {
	r.mu.Lock()
	f := r.fcbs[k]
	if f == nil && made != nil {
		f = made
		r.files++
		f.id = r.files
		r.fcbs[k] = f
	}
	if f != nil {
		f.users++
	}
	r.mu.Unlock()
	return f
}

func (r *Redirector) newFCB(path, key string) *fcb {
	f := r.slabs.fcbs.Next()
	f.r, f.path, f.key, f.opens = r, path, key, f.first[:0]
	f.settled, f.io, f.opening = r.rt.NewEvent(rt.Notification), r.rt.NewResource(), r.rt.NewResource()
	f.cached = r.cache.NewMap(path, f, 0)
	f.l2 = newWriteBehind(f)
	f.settled.Set()
	return f
}

// release gives up a use; the FCB goes when nothing refers to it.
func (r *Redirector) release(f *fcb) {
	r.mu.Lock()
	f.users--
	gone := f.users == 0 && f.closings == 0 && len(f.opens) == 0 && r.fcbs[f.key] == f
	if gone {
		delete(r.fcbs, f.key)
	}
	r.mu.Unlock()
	if gone {
		f.cached.Purge()
		r.cache.Forget(f.cached)
	}
}

// settle waits until this machine's closes of path have gone out, and closes its
// dormant open: a name-based call must not meet our own handle.
//
// src: assumed for close-behind; KB Q102981 for dormant files
func (r *Redirector) settle(path string) {
	f := r.known(key(path), nil)
	if f == nil {
		return
	}
	defer r.release(f)
	f.settled.Wait(rt.Forever)
	for o := r.takeDormant(f, nil); o != nil; o = r.takeDormant(f, nil) {
		f.closeAtServer(o)
	}
	f.awaitQueued()
}

// pagingOpen finds an open that paging I/O can use.
func (f *fcb) pagingOpen(usable func(nt.AccessMask) bool) *serverOpen {
	if o := f.liveOpen(usable); o != nil {
		return o
	}
	return f.staleOpen(usable)
}

func (f *fcb) liveOpen(usable func(nt.AccessMask) bool) *serverOpen {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	for _, o := range slices.Backward(f.opens) {
		if !o.dead && !o.closing && usable(o.params.Access) {
			return o
		}
	}
	return nil
}

// PageIn reads from the server for the Cache Manager.
func (f *fcb) PageIn(p []byte, off int64) (int, error) {
	o := f.pagingOpen(nt.AccessMask.CanRead)
	if o == nil {
		return 0, nt.StatusNetworkNameDeleted
	}
	if err := f.awaitRange(off, len(p), false); err != nil {
		return 0, err
	}
	return f.readRemote(o, p, off)
}

// PageOut writes to the server for the Cache Manager. What a write may not leave in the
// cache has somebody who waits for it.
func (f *fcb) PageOut(p []byte, off int64) (int, error) {
	o := f.pagingOpen(nt.AccessMask.CanWrite)
	if o == nil {
		return 0, nt.StatusNetworkNameDeleted
	}
	if o.queue() != nil {
		return f.pageOutQueued(o, p, off)
	}
	f.r.mu.Lock()
	behind := o.caching.write && !f.r.cfg.mustWait(o.params.Options, o.writeOnly())
	f.r.mu.Unlock()
	if behind {
		return f.writeBehindRemote(o, p, off)
	}
	return f.writeRemote(o, p, off)
}

// answered notes that the server has taken a write.
func (f *fcb) answered() {
	f.r.mu.Lock()
	f.lostTold = false
	f.written++
	f.r.mu.Unlock()
}

func (f *fcb) writesAnswered() uint64 {
	f.r.mu.Lock()
	n := f.written
	f.r.mu.Unlock()
	return n
}

// LostData raises Event 26, once a file and burst of failures, and its box, in the
// thread that calls.
//
// src: KB Q163401, KB Q168460
func (f *fcb) LostData(bytes int64, err error) {
	if f.countLost(bytes, err) {
		f.r.popUp(f.path)
	}
}

// countLost notes that data is gone and reports whether somebody is to be told.
func (f *fcb) countLost(bytes int64, err error) (tell bool) {
	f.r.mu.Lock()
	told := f.lostTold
	f.lostTold = true
	f.r.mu.Unlock()
	if circuitGone(err) {
		f.r.logIfCircuitLost()
	}
	f.r.tr.Emit(trace.Event{Kind: trace.FileLost, Path: f.path, Len: bytes, Status: statusOf(err)})
	return !told
}

// AcquireForLazyWrite keeps the file open at the server while the lazy writer works.
func (f *fcb) AcquireForLazyWrite(bool) bool {
	f.r.mu.Lock()
	alive := f.r.fcbs[f.key] == f
	if alive {
		f.users++
	}
	f.r.mu.Unlock()
	if alive {
		f.r.startBehind()
	}
	return alive
}

// ReleaseFromLazyWrite ends what AcquireForLazyWrite began.
func (f *fcb) ReleaseFromLazyWrite() {
	f.r.release(f)
	f.r.endBehind()
}

// flushBehind sends everything dirty; errors go to the event log.
func (f *fcb) flushBehind(why string) { f.flushBehindBut(why, nil) }

// flushBehindBut leaves out what waits for the unlock of a lock that is not nil.
func (f *fcb) flushBehindBut(why string, but *heldLock) {
	dirty := f.dirtyBytesBut(but)
	if dirty > 0 {
		f.r.tr.Emit(trace.Event{Kind: trace.FileFlush, Path: f.path, Len: dirty, Text: why})
	}
	l2err := f.l2.flush(why)
	lockErr := f.flushLocks(but) // what they keep is newer
	l1err := f.cached.FlushBehind()
	if err := f.awaitData(); l1err == nil {
		l1err = err
	}
	if dirty > 0 {
		f.r.tr.Emit(trace.Event{
			Kind: trace.FileFlush, Path: f.path, Text: why + " done",
			Status: max(statusOf(lockErr), statusOf(l2err), statusOf(l1err)),
		})
	}
}

func (f *fcb) dirtyBytes() int64 { return f.dirtyBytesBut(nil) }

func (f *fcb) dirtyBytesBut(but *heldLock) int64 {
	n := f.cached.DirtyBytes()
	f.r.mu.Lock()
	n += f.l2.pendingLocked() + f.queuedLen
	if f.locks != nil {
		n += f.locks.pendingLocked(but)
	}
	f.r.mu.Unlock()
	return n
}

// breakOplock gives up what the oplock on h allowed. New writes and locks go to the
// server from the moment the rights are changed; then what is dirty is flushed, and the
// locks that were cached become the server's.
//
// src: [MS-CIFS] §3.2.5.42; KB Q129202
func (f *fcb) breakOplock(remote Remote, h nt.FileHandle, to nt.OplockLevel) {
	f.hold()
	defer f.r.release(f)
	f.r.startBehind()
	defer f.r.endBehind()
	o, held, dormant := f.surrender(h, to)
	switch {
	case o == nil:
		return // a CLOSE is on its way; it answers the break
	case dormant:
		f.closeAtServer(o)
		return
	}
	if to == nt.OplockNone && !f.guarded() {
		f.cached.Purge()
	}
	if held == nt.OplockLevelII {
		return // src: [MS-CIFS] §3.2.5.42 (not to be answered)
	}
	f.r.tr.Emit(trace.Event{Kind: trace.OplockAck, Path: f.path, FID: h.FID, Text: to.String()})
	if err := remote.AckBreak(h, to); err != nil {
		f.r.tr.Emit(trace.Event{Kind: trace.OplockAck, Path: f.path, FID: h.FID, Status: statusOf(err)})
	}
}

// surrender lowers the oplock on h and sends what it protected, unless the file is
// dormant. A lock that is asked for meanwhile waits until the cached ones are sent.
func (f *fcb) surrender(h nt.FileHandle, to nt.OplockLevel) (o *serverOpen, held nt.OplockLevel, dormant bool) {
	t := f.lockTable()
	t.moving.AcquireExclusive()
	defer t.moving.Release()
	f.io.AcquireExclusive()
	o, held, dormant = f.lowerOplock(h, to)
	if o != nil && !dormant {
		t.expectAtServer(o)
	}
	f.io.Release()
	if o != nil && !dormant {
		f.flushBehind("oplock break")
		t.sendCached(o)
	}
	return o, held, dormant
}

// hold makes the caller a user of the FCB, so that it stays until release.
func (f *fcb) hold() {
	f.r.mu.Lock()
	f.users++
	f.r.mu.Unlock()
}

// guarded reports whether an open of the file keeps other machines from writing it,
// so that what is cached stays true whatever happens to the other opens. One on level
// II does not: its own break may be on the way; nor does one whose CLOSE is.
func (f *fcb) guarded() bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return slices.ContainsFunc(f.opens, func(o *serverOpen) bool { return o.caching.write && !o.dead && !o.closing })
}

// lowerOplock takes the rights away that the oplock gave, and returns the level that
// was held. The open is nil if it is gone or about to: the CLOSE answers the break.
//
// src: [MS-CIFS] §3.2.5.42
func (f *fcb) lowerOplock(h nt.FileHandle, to nt.OplockLevel) (o *serverOpen, held nt.OplockLevel, dormant bool) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	i := slices.IndexFunc(f.opens, func(o *serverOpen) bool { return o.h == h && !o.dead && !o.closing })
	if i < 0 {
		return nil, 0, false
	}
	o = f.opens[i]
	held = o.oplock
	if o.dormant != nil {
		f.r.wakeDormantLocked(o)
		return o, held, true
	}
	o.oplock = to
	o.caching = f.r.cfg.cacheability(o.params, o.attr, to)
	if o.leaving {
		return nil, held, false // it cannot become dormant any more
	}
	return o, held, false
}

// circuitLost marks the file's opens on that circuit dead and throws away what can
// no longer be sent.
//
// src: KB Q184998
func (f *fcb) circuitLost(remote Remote, err error) {
	r := f.r
	r.mu.Lock()
	hit := false
	var lost int64
	for _, o := range f.opens {
		if o.remote == remote && !o.dead {
			hit = true
			o.dead = true
			lost += o.unconfirmed
			o.unconfirmed = 0
			if o.dormant != nil {
				r.wakeDormantLocked(o)
				o.closing = true
			}
		}
	}
	f.opens = slices.DeleteFunc(f.opens, func(o *serverOpen) bool { return o.dead && o.closing })
	f.users++
	var changed rt.Event
	if f.locks != nil {
		var kept int64
		kept, changed = f.locks.circuitLostLocked()
		lost += kept
	}
	r.mu.Unlock()
	defer r.release(f)
	if changed != nil {
		changed.Set()
	}
	if !hit {
		return
	}
	if lost += f.cached.Discard() + f.l2.drop(); lost > 0 && f.countLost(lost, err) {
		r.popUpApart(f.path)
	}
}

// openLocked finds the open that a FID means now, nil if there is none: one whose CLOSE
// is on its way may have lost it to a later open already. A server that gives a FID twice
// means the first of them.
func (r *Redirector) openLocked(h nt.FileHandle) *serverOpen {
	for _, f := range r.filesLocked() {
		for _, o := range f.opens {
			if o.h == h && !o.dead && !o.closing {
				return o
			}
		}
	}
	return nil
}

// closeAtServer sends CLOSE and forgets the open. The caller holds the FCB.
func (f *fcb) closeAtServer(o *serverOpen) {
	r := f.r
	if o.queue() != nil {
		f.enqueueClose(o)
		return
	}
	r.mu.Lock()
	o.closing = true
	dead, written := o.dead, o.written
	r.mu.Unlock()
	if !dead {
		err := o.remote.Close(o.h, written)
		f.confirm(o, err)
		f.reportClose(o, err)
	}
	f.forget(o)
}

// reportClose raises what NT raises of a CLOSE that the server refused.
func (f *fcb) reportClose(o *serverOpen, err error) {
	if err == nil || circuitGone(err) {
		return
	}
	id := EventCloseBehind
	if o.params.Options&nt.DeleteOnClose != 0 {
		id = EventDeleteOnClose
	}
	f.r.raise(id, f.path)
}

// forget ends an open that the server has closed, or lost with its circuit.
func (f *fcb) forget(o *serverOpen) {
	f.r.mu.Lock()
	f.opens = slices.DeleteFunc(f.opens, func(x *serverOpen) bool { return x == o })
	f.r.mu.Unlock()
	o.cache.Uninitialize(nil)
	o.circuit.countOpen(-1)
}
