package rdr

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Close is CloseHandle. It sends what is dirty and then CLOSE, behind the
// application's back unless the configuration says otherwise, and never returns the
// error of either; with a WritePolicy it may wait for both, and tells their errors.
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
	queued := h.open.queue() != nil
	var err error
	switch {
	case queued && mapped:
		err = h.closeMappedQueued()
	case queued:
		err = h.finishCloseQueued()
	case mapped:
		h.closeLater()
	default:
		h.finishClose()
	}
	if err != nil {
		r.tell(Op{Kind: OpClose, File: f.id, Path: f.path})
	}
	return wrap("close", f.path, err)
}

// finishClose sends what is dirty and then CLOSE.
func (h *Handle) finishClose() {
	r, f := h.r, h.f
	r.mu.Lock()
	f.users++
	f.closings++
	f.settled.Reset()
	h.open.leaving = true
	r.mu.Unlock()
	r.startBehind()
	if !r.cfg.UseCloseBehind {
		f.awaitIO()
		f.cleanup(h.open, nil)
		return
	}
	var flushed rt.Event
	if r.cfg.NtrdrCloseWaitsForFlush {
		flushed = r.rt.NewEvent(rt.Notification)
	}
	r.rt.GoFor("close-behind", f.path, func() { f.cleanupBehind(h.open, flushed) })
	if flushed != nil {
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
func (f *fcb) cleanupBehind(o *serverOpen, flushed rt.Event) {
	f.awaitIO()
	if f.dirtyBytes() > 0 {
		f.r.cache.WriteBehind(f.cached, func() { f.cleanup(o, flushed) })
		return
	}
	f.cleanup(o, flushed)
}

// cleanup flushes the file and closes one of its opens, or leaves it dormant. It sets
// flushed, if that is not nil, between the two.
func (f *fcb) cleanup(o *serverOpen, flushed rt.Event) {
	r := f.r
	if !f.discardDoomed(o) {
		f.flushBehind("close")
	}
	if flushed != nil {
		flushed.Set()
	}
	f.closeLocks(o, func() {
		if f.mayStayOpen(o) {
			_ = f.probe(o) // the event log has it
		}
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
