package rdr

import (
	"errors"
	"io"
	"math"

	"github.com/ntrdr/ntrdr/internal/nt"
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

// rights returns what the handle may cache now, or why it is useless.
func (h *Handle) rights() (caching, error) {
	h.r.mu.Lock()
	k, err := h.rightsLocked()
	h.r.mu.Unlock()
	return k, err
}

func (h *Handle) rightsLocked() (caching, error) {
	switch {
	case h.r.stopped:
		return caching{}, &nt.Error{Status: nt.StatusUnsuccessful, Err: ErrStop}
	case h.closed:
		return caching{}, nt.StatusInvalidHandle
	case h.open.failed != nil:
		return caching{}, h.open.failed
	case h.open.dead:
		return caching{}, nt.StatusNetworkNameDeleted
	case h.r.failure != nil:
		if err := h.r.refuseLocked(Op{Kind: OpOther, File: h.f.id, Path: h.f.path}); err != nil {
			return caching{}, err
		}
	}
	if h.f.locks != nil && h.f.locks.uncached {
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

// read gets the bytes from where the handle's rights let it. If another machine has locked
// something in the pages around them, the server is asked for just them.
//
// src: assumed (a lock is in the way of the range that is read, and not of its page)
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
		n, err := h.open.cache.CopyRead(p, off)
		if !errors.Is(err, nt.StatusFileLockConflict) {
			return n, err
		}
	}
	if err := h.f.cached.FlushBehind(); err != nil {
		return 0, err
	}
	if err := h.f.awaitRange(off, len(p), true); err != nil {
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
	if h.open.queue() != nil {
		if err := h.writeQueued(p, off); err != nil {
			return 0, wrap("write", h.f.path, err)
		}
		h.afterDOSWrite()
		return len(p), nil
	}
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
	var err error
	if h.open.queue() != nil {
		err = h.flushQueued()
	}
	if err2 := h.f.l2.flush("FlushFileBuffers"); err == nil {
		err = err2
	}
	if err2 := h.f.flushLocks(nil); err == nil {
		err = err2
	}
	if err2 := h.f.cached.Flush(); err == nil {
		err = err2
	}
	if err == nil && h.r.cfg.FlushSendsSMBFlush {
		err = h.open.remote.Flush(h.open.h)
		h.f.confirm(h.open, err)
	}
	if err == nil {
		err = h.f.probe(h.open)
	}
	return wrap("flush", h.f.path, err)
}

// Size is the file's size as this machine sees it, unsent writes included.
func (h *Handle) Size() (int64, error) {
	k, err := h.rights()
	if err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	if err := errors.Join(h.f.l2.flush("query"), h.f.flushLocks(nil)); err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	if k.read {
		return h.f.cached.Size(), nil
	}
	if err := h.f.cached.FlushBehind(); err != nil {
		return 0, wrap("size", h.f.path, err)
	}
	if err := h.f.awaitData(); err != nil {
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
	if h.open.queue() != nil {
		return wrap("set size", h.f.path, h.setSizeQueued(size))
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
