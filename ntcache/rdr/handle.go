package rdr

import (
	"errors"
	"io"
	"math"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Handle is an application's open file. Its methods block as the Win32 calls do and
// return an *nt.Error; after its circuit died every call fails (src: KB Q184998).
type Handle struct {
	r    *Redirector
	f    *fcb
	open *serverOpen

	// Guarded by Redirector.mu.
	dos    bool // an MS-DOS program's
	closed bool
}

// fromWin32 is what reaches the redirector of an application's CreateFile: specific
// rights, a file and no directory, and attributes that are never empty.
//
// src: Win32 documentation, "CreateFile"; [MS-CIFS] §2.2.4.64.1
func fromWin32(p nt.CreateParams) nt.CreateParams {
	p.Access = p.Access.Mapped()
	if p.Options&nt.DirectoryFile == 0 {
		p.Options |= nt.NonDirectoryFile
	}
	if p.Attributes == 0 {
		p.Attributes = nt.AttrNormal
	}
	return p
}

// Open opens or creates a file, connecting to the server first if there is no
// circuit. A dormant open of this machine that allows what is asked is used again
// without telling the server.
//
// src: KB Q102981 (dormant files)
func (r *Redirector) Open(path string, p nt.CreateParams) (*Handle, error) {
	p = fromWin32(p)
	f := r.acquire(path)
	defer r.release(f)
	f.settled.Wait(rt.Forever)
	c, err := r.useCircuit() // first: a dormant open may be one of a circuit that has died
	if err != nil {
		return nil, wrap("open", path, err)
	}
	defer c.done()
	if o := r.takeDormant(f, &p); o != nil {
		return &Handle{r: r, f: f, open: o}, nil
	}
	for o := r.takeDormant(f, nil); o != nil; o = r.takeDormant(f, nil) {
		f.closeAtServer(o)
	}
	o, err := r.openAtServer(f, path, c, p)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	return &Handle{r: r, f: f, open: o}, nil
}

// OpenDOS opens a file for an MS-DOS program, whose int 21h functions are these calls.
func (r *Redirector) OpenDOS(path string, p nt.CreateParams) (*Handle, error) {
	h, err := r.Open(path, p)
	if err == nil {
		h.dos = true
	}
	return h, err
}

// openAtServer opens a file at the server. One open of a file goes at a time: of two
// replies that cross, the older would bring back a size that is no longer true.
func (r *Redirector) openAtServer(f *fcb, path string, c *circuit, p nt.CreateParams) (*serverOpen, error) {
	f.opening.AcquireExclusive()
	defer f.opening.Release()
	if truncates(p.Disposition) {
		f.flushBehind("overwritten") // what this machine wrote before comes before
	}
	p.Oplock = r.cfg.oplockToAsk(p)
	r.countOpening(1)
	defer r.countOpening(-1)
	written := f.writesAnswered()
	var (
		h   nt.FileHandle
		res nt.CreateResult
	)
	err := c.ask(func(m Remote) (err error) { h, res, err = m.Create(path, p); return err })
	if err != nil {
		r.noticeLoss(err)
		return nil, err
	}
	o := &serverOpen{f: f, circuit: c, remote: c.remote, h: h, params: p, attr: res.Attributes, oplock: res.Oplock}
	o.cache = f.cached.NewPrivate(handleFlags(p))
	f.cached.SetReadAhead(r.cfg.readAhead(c.remote.Limits().LinkSpeed))
	r.register(o, res, written)
	return o, nil
}

// countOpening counts the opens under way. A break of a FID that is not known can only
// be theirs.
func (r *Redirector) countOpening(n int) {
	r.mu.Lock()
	r.openings += n
	if r.openings == 0 {
		clear(r.early)
	}
	r.mu.Unlock()
}

// startAfresh makes the cache believe the server's reply to an open, unless another
// open of the file guards what is cached. The reply's size is old if a write of this
// machine has been answered since the request. The caller holds io exclusively.
func (f *fcb) startAfresh(o *serverOpen, res nt.CreateResult, written uint64) {
	if f.guarded() && res.Action == nt.FileOpened {
		return
	}
	if f.writesAnswered() != written {
		if info, err := o.remote.QueryFile(o.h); err == nil { // else the circuit is gone, and the open with it
			res.Size = info.Size
		}
	}
	f.cached.Reinitialize(res.Size)
}

// truncates reports whether an open with the disposition empties a file that exists.
func truncates(d nt.Disposition) bool {
	return d == nt.FileSupersede || d == nt.FileOverwrite || d == nt.FileOverwriteIf
}

// register enters a new open, and makes up for a break that was faster.
func (r *Redirector) register(o *serverOpen, res nt.CreateResult, written uint64) {
	granted := o.oplock
	o.caching = r.cfg.cacheability(o.params, o.attr, granted)
	to, early := o.f.enter(o, res, written)
	if o.remote.Err() != nil { // asked when its loss finds the open, so that none passes between
		o.kill()
	}
	if granted != nt.OplockNone {
		r.tr.Emit(trace.Event{Kind: trace.OplockGrant, Path: o.f.path, FID: o.h.FID, Text: granted.String()})
	}
	if early {
		o.f.breakOplock(o.remote, o.h, to)
	}
}

// enter makes an open one of its file's, and returns a break of its oplock that was
// faster.
func (f *fcb) enter(o *serverOpen, res nt.CreateResult, written uint64) (to nt.OplockLevel, early bool) {
	r := f.r
	f.io.AcquireExclusive()
	defer f.io.Release()
	f.startAfresh(o, res, written)
	r.mu.Lock()
	f.opens = append(f.opens, o)
	f.lostTold = false
	r.byFID[o.h] = o
	o.circuit.opens++
	to, early = r.early[o.h]
	early = early && o.oplock != nt.OplockNone // else left over from another open
	delete(r.early, o.h)
	uncache := f.locks != nil && f.locks.uncacheLocked()
	r.mu.Unlock()
	if uncache {
		f.uncache("second open")
	}
	return to, early
}

// kill marks an open dead whose circuit may have been lost before it was registered.
func (o *serverOpen) kill() {
	r := o.f.r
	r.mu.Lock()
	o.dead = true
	r.forgetFIDLocked(o)
	r.mu.Unlock()
}

// rights returns what the handle may cache now, or why it is useless.
func (h *Handle) rights() (caching, error) {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	return h.rightsLocked()
}

func (h *Handle) rightsLocked() (caching, error) {
	switch {
	case h.r.stopped:
		return caching{}, &nt.Error{Status: nt.StatusUnsuccessful, Err: ErrStop}
	case h.closed:
		return caching{}, nt.StatusInvalidHandle
	case h.open.dead:
		return caching{}, nt.StatusNetworkNameDeleted
	case h.f.locks != nil && h.f.locks.uncached:
		return caching{}, nil
	}
	return h.open.caching, nil
}

// checkRange refuses what no file has.
func (h *Handle) checkRange(op string, off int64, n int) error {
	if off < 0 || off > math.MaxInt64-int64(n) {
		return wrap(op, h.f.path, nt.StatusInvalidParameter)
	}
	return nil
}

// ReadAt reads from the cache or from the server; io.EOF with a short count at the
// end of the file.
func (h *Handle) ReadAt(p []byte, off int64) (int, error) {
	if err := h.checkRange("read", off, len(p)); err != nil {
		return 0, err
	}
	h.awaitAccess(off, len(p), false)
	h.f.io.AcquireShared()
	defer h.f.io.Release()
	k, err := h.rights()
	if err != nil {
		return 0, wrap("read", h.f.path, err)
	}
	if !h.open.params.Access.CanRead() {
		return 0, wrap("read", h.f.path, nt.StatusAccessDenied)
	}
	if h.f.l2.pending() > 0 {
		if err := h.f.l2.flush("read"); err != nil {
			return 0, wrap("read", h.f.path, err)
		}
	}
	n, err := h.read(k, p, off)
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, wrap("read", h.f.path, err)
}

// read gets the bytes from where the handle's rights let it.
func (h *Handle) read(k caching, p []byte, off int64) (n int, err error) {
	if t := h.f.locked(); t != nil {
		if err := t.conflict(h.open, rangeOf(off, len(p)), false, k.read); err != nil {
			return 0, err
		}
		if n, served, err := t.read(h.open, p, off); served || err != nil {
			return n, err
		}
	}
	if k.read {
		return h.open.cache.CopyRead(p, off)
	}
	if err := h.f.cached.FlushBehind(); err != nil {
		return 0, err
	}
	return h.f.readRemote(h.open, p, off)
}

// WriteAt writes. Whether the data is on the server when it returns is the subject
// of this project: see Config.writePath.
func (h *Handle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.checkRange("write", off, len(p)); err != nil {
		return 0, err
	}
	h.awaitAccess(off, len(p), true)
	h.throttle(len(p))
	h.f.io.AcquireShared()
	defer h.f.io.Release()
	k, err := h.rights()
	if err != nil {
		return 0, wrap("write", h.f.path, err)
	}
	o := h.open
	if !o.params.Access.CanWrite() {
		return 0, wrap("write", h.f.path, nt.StatusAccessDenied)
	}
	if k.write || k.read {
		if err := h.f.l2.flush("write"); err != nil {
			return 0, wrap("write", h.f.path, err)
		}
	}
	if err := h.put(k, p, off); err != nil {
		return 0, wrap("write", h.f.path, err)
	}
	h.r.mu.Lock()
	o.written = nt.FileTimeOf(h.r.rt.Now())
	h.r.mu.Unlock()
	h.afterDOSWrite()
	return len(p), nil
}

// put hands a write to the layer that takes it.
func (h *Handle) put(k caching, p []byte, off int64) error {
	o := h.open
	path := h.r.cfg.writePath(k, o.params.Options, o.writeOnly())
	if (path == throughL1 || path == direct) && o.overrunsSemaphore() {
		return nt.StatusSemaphoreLimitExceeded
	}
	if kept, err := h.putUnderLocks(k, p, off, path != direct); kept || err != nil {
		return err
	}
	switch path {
	case behindInL1:
		return o.cache.CopyWrite(p, off)
	case behindInL2:
		if err := h.f.cached.FlushBehind(); err != nil { // what another handle wrote before comes before
			return err
		}
		return h.f.l2.write(o, p, off)
	case throughL1:
		return o.cache.WriteThrough(p, off)
	case direct:
	}
	if err := h.f.l2.flush("write"); err != nil {
		return err
	}
	return h.f.cached.WriteAround(p, off, func() error {
		_, err := h.f.writeRemote(o, p, off)
		return err
	})
}

// putUnderLocks does for a write what the file's byte-range locks ask for: it is refused,
// or kept for the unlock of its range.
func (h *Handle) putUnderLocks(k caching, p []byte, off int64, cached bool) (kept bool, err error) {
	t := h.f.locked()
	if t == nil {
		return false, nil
	}
	o := h.open
	if err := t.conflict(o, rangeOf(off, len(p)), true, cached); err != nil {
		return false, err
	}
	mayKeep := h.r.cfg.UseLockReadUnlock && !k.read && !h.r.cfg.mustWait(o.params.Options, o.writeOnly())
	return t.write(o, p, off, mayKeep)
}

// Flush is FlushFileBuffers: it sends what is dirty, waits for the answers, and
// returns the first error, also one of an earlier write-behind.
//
// src: KB Q143413 (the trigger); that SMB_COM_FLUSH follows is assumed
func (h *Handle) Flush() error {
	if _, err := h.rights(); err != nil {
		return wrap("flush", h.f.path, err)
	}
	err := h.f.l2.flush("FlushFileBuffers")
	if err2 := h.f.flushLocks(); err == nil {
		err = err2
	}
	if err2 := h.f.cached.Flush(); err == nil {
		err = err2
	}
	if err == nil && h.r.cfg.FlushSendsSMBFlush {
		err = h.open.remote.Flush(h.open.h)
		h.f.confirm(h.open, err)
	}
	return wrap("flush", h.f.path, err)
}

// Size is the file's size as this machine sees it, unsent writes included.
func (h *Handle) Size() (int64, error) {
	k, err := h.rights()
	if err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	if err := errors.Join(h.f.l2.flush("query"), h.f.flushLocks()); err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	if k.read {
		return h.f.cached.Size(), nil
	}
	if err := h.f.cached.FlushBehind(); err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	info, err := h.f.queryFile(h.open)
	return info.Size, wrap("size", h.f.path, err)
}

// SetSize truncates or extends the file at the server.
func (h *Handle) SetSize(size int64) error {
	if err := h.checkRange("set size", size, 0); err != nil {
		return err
	}
	h.f.io.AcquireExclusive() // a cached write beside it must find one size, here and at the server
	defer h.f.io.Release()
	if h.f.cached.Mapped() && size < h.f.cached.Size() {
		return wrap("set size", h.f.path, nt.StatusUserMappedFile)
	}
	if err := h.Flush(); err != nil {
		return err
	}
	if err := h.f.hear(h.open, h.open.remote.SetSize(h.open.h, size)); err != nil {
		return wrap("set size", h.f.path, err)
	}
	h.f.answered()
	h.f.cached.SetFileSize(size)
	if t := h.f.locked(); t != nil {
		t.forget()
	}
	return nil
}

// Close is CloseHandle. It sends what is dirty and then CLOSE, behind the
// application's back unless the configuration says otherwise, and never returns the
// error of either.
//
// src: KB Q143413 (the data is sent on close), KB Q190812 (CLOSE after the
// application has moved on); the three switches' meanings are assumed.
func (h *Handle) Close() error {
	r, f := h.r, h.f
	r.mu.Lock()
	if h.closed {
		r.mu.Unlock()
		return wrap("close", f.path, nt.StatusInvalidHandle)
	}
	h.closed = true
	mapped := h.open.mappings > 0
	r.mu.Unlock()
	f.leaveLocks(h.open)
	if mapped {
		h.closeLater()
	} else {
		h.finishClose()
	}
	return nil
}

// finishClose sends what is dirty and then CLOSE.
func (h *Handle) finishClose() {
	r, f := h.r, h.f
	r.mu.Lock()
	f.users++
	f.closings++
	f.settled.Reset()
	r.mu.Unlock()
	r.startBehind()
	if !r.cfg.UseCloseBehind {
		f.awaitIO()
		f.cleanup(h.open, func() {})
		return
	}
	flushed := r.rt.NewEvent(rt.Notification)
	r.rt.Go("close-behind "+f.path, func() { f.cleanupBehind(h.open, flushed.Set) })
	if r.cfg.NtrdrCloseWaitsForFlush {
		flushed.Wait(rt.Forever)
	}
}

// awaitIO waits for the reads and writes that are under way.
func (f *fcb) awaitIO() {
	f.io.AcquireExclusive()
	f.io.Release()
}

// cleanupBehind is cleanup, on a worker thread of the Cache Manager if there is
// something to flush. It waits for a write that is under way before it takes one: the
// write may itself wait for a worker thread to make pages clean.
func (f *fcb) cleanupBehind(o *serverOpen, flushed func()) {
	f.awaitIO()
	work := func() { f.cleanup(o, flushed) }
	if f.dirtyBytes() > 0 {
		f.r.cache.WriteBehind(f.cached, work)
		return
	}
	work()
}

// cleanup flushes the file and closes one of its opens, or leaves it dormant.
func (f *fcb) cleanup(o *serverOpen, flushed func()) {
	r := f.r
	if !f.discardDoomed(o) {
		f.flushBehind("close")
	}
	flushed()
	f.closeLocks(o, func() {
		f.probe(o)
		if !r.makeDormant(o) {
			f.closeAtServer(o)
		}
	})
	r.mu.Lock()
	f.closings--
	if f.closings == 0 {
		f.settled.Set()
	}
	r.mu.Unlock()
	r.release(f)
	r.endBehind()
}

// circuitGone reports whether err says that the circuit died, as opposed to an
// answer of the server.
func circuitGone(err error) bool {
	for _, st := range [...]nt.Status{
		nt.StatusUnexpectedNetworkError, nt.StatusNetworkNameDeleted, nt.StatusIOTimeout, nt.StatusFileClosed,
		nt.StatusConnectionDisconnected, nt.StatusConnectionReset, nt.StatusVirtualCircuitClosed, nt.StatusInvalidNetworkResponse,
	} {
		if errors.Is(err, st) {
			return true
		}
	}
	return false
}
