package rdr

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// writeBehind is L2: the write-behind buffers of one file. They are sent when the
// application closes the file, when it may no longer be cached, on
// FlushFileBuffers, and when all buffers are in use.
//
// src: KB Q143413 (three buffers, four triggers); KB Q163401 (write-only files)
type writeBehind struct {
	f       *fcb
	sending rt.Resource // exclusive: flush, which sends one buffer at a time

	// Guarded by Redirector.mu.
	bufs  []*buffer // oldest first, at most WriteBehindBuffers
	freed rt.Event  // Notification, a new one each time: a buffer has been answered
	err   error     // of a buffer sent behind the application, until someone is told
}

// buffer is one write-behind buffer: contiguous bytes, alone on their range.
type buffer struct {
	o        *serverOpen
	off      int64
	data     []byte
	inFlight bool
}

func newWriteBehind(f *fcb) *writeBehind {
	w := f.r.slabs.buffers.Next()
	w.f, w.sending, w.freed = f, f.r.rt.NewResource(), f.r.rt.NewEvent(rt.Notification)
	return w
}

// pending returns the bytes that the server has not acknowledged.
func (w *writeBehind) pending() int64 {
	w.f.r.mu.Lock()
	n := w.pendingLocked()
	w.f.r.mu.Unlock()
	return n
}

func (w *writeBehind) pendingLocked() (n int64) {
	for _, b := range w.bufs {
		n += int64(len(b.data))
	}
	return n
}

// write puts p into buffers. It blocks while all are in use, and returns the error
// of an earlier buffer that nobody has been told of.
func (w *writeBehind) write(o *serverOpen, p []byte, off int64) error {
	for len(p) > 0 {
		if err := w.takeErr(); err != nil {
			return err
		}
		b, n, full, overlap := w.fill(o, p, off)
		switch {
		case overlap:
			if err := w.flush("overlapping write"); err != nil {
				return err
			}
			continue
		case n == 0:
			w.makeRoom()
			continue
		}
		w.f.r.tr.Emit(trace.Event{Kind: trace.BufferFill, Path: w.f.path, Off: off, Len: int64(n)})
		p, off = p[n:], off+int64(n)
		if full {
			w.dispatch(b, "buffer full")
		}
	}
	if w.f.r.cfg.UseAsyncWriteBehind {
		return nil
	}
	return w.takeErr() // its answer has been awaited
}

// fill copies what fits into the last buffer or a new one: n == 0 if there is none.
// Data that overlaps a buffer without continuing it must wait for a flush.
func (w *writeBehind) fill(o *serverOpen, p []byte, off int64) (b *buffer, n int, full, overlap bool) {
	r := w.f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range w.bufs {
		if off < b.off+int64(len(b.data)) && b.off < off+int64(len(p)) {
			return nil, 0, false, true
		}
	}
	size := r.cfg.WriteBehindBufferSize
	if k := len(w.bufs); k > 0 {
		b = w.bufs[k-1]
		if !b.inFlight && b.o == o && b.off+int64(len(b.data)) == off && len(b.data) < size {
			n = min(len(p), size-len(b.data))
			b.data = append(b.data, p[:n]...)
			return b, n, w.claimFullLocked(b), false
		}
	}
	if len(w.bufs) >= r.cfg.WriteBehindBuffers {
		return nil, 0, false, false
	}
	n = min(len(p), size)
	b = &buffer{o: o, off: off, data: append(make([]byte, 0, size), p[:n]...)}
	w.bufs = append(w.bufs, b)
	return b, n, w.claimFullLocked(b), false
}

// claimFullLocked marks a full buffer as on its way if it is to be sent at once.
func (w *writeBehind) claimFullLocked(b *buffer) bool {
	cfg := &w.f.r.cfg
	b.inFlight = len(b.data) == cfg.WriteBehindBufferSize && cfg.NtrdrL2Dispatch == DispatchFull
	return b.inFlight
}

// makeRoom sends the oldest buffer if all are in use and none is on its way, and
// waits for an answer. Another writer may be faster to fill what that frees: the
// caller tries again.
func (w *writeBehind) makeRoom() {
	oldest, answered := w.claimOldest()
	if oldest != nil {
		w.dispatch(oldest, "all buffers in use")
	}
	if answered != nil {
		answered.Wait(rt.Forever)
	}
}

// claimOldest marks the oldest buffer as on its way unless any is, and returns the
// event of the next answer; both are nil if there is room.
func (w *writeBehind) claimOldest() (oldest *buffer, answered rt.Event) {
	w.f.r.mu.Lock()
	defer w.f.r.mu.Unlock()
	if len(w.bufs) < w.f.r.cfg.WriteBehindBuffers {
		return nil, nil
	}
	if !slices.ContainsFunc(w.bufs, func(b *buffer) bool { return b.inFlight }) {
		oldest = w.bufs[0]
		oldest.inFlight = true
	}
	return oldest, w.freed
}

// waitFor blocks until cond, which is called with Redirector.mu held.
func (w *writeBehind) waitFor(cond func() bool) {
	for {
		w.f.r.mu.Lock()
		if cond() {
			w.f.r.mu.Unlock()
			return
		}
		freed := w.freed
		w.f.r.mu.Unlock()
		freed.Wait(rt.Forever)
	}
}

// dispatch sends a claimed buffer. With UseAsyncWriteBehind the answer is not awaited.
//
// src: T. Daniels, 1001 Secrets for Windows NT Registry, VI-10
func (w *writeBehind) dispatch(b *buffer, trigger string) {
	w.f.r.tr.Emit(trace.Event{Kind: trace.BufferSend, Path: w.f.path, Off: b.off, Len: int64(len(b.data)), Text: trigger})
	if !w.f.r.cfg.UseAsyncWriteBehind {
		w.send(b)
		return
	}
	w.f.r.startBehind()
	w.f.r.rt.GoFor("write-behind buffer", w.f.path, func() {
		w.send(b)
		w.f.r.endBehind()
	})
}

// send writes a buffer and frees it. An error is kept for the next write or flush,
// and reported as lost data: the application was told that this was written.
//
// src: windows-sys netevent.h (3025, the name only)
func (w *writeBehind) send(b *buffer) {
	r := w.f.r
	n, err := w.f.writeRemote(b.o, b.data, b.off)
	if err == nil {
		w.f.cached.Overwritten(b.data, b.off) // another handle of this machine may read there
	}
	r.tr.Emit(trace.Event{Kind: trace.BufferDone, Path: w.f.path, Off: b.off, Len: int64(len(b.data)), Status: statusOf(err)})
	r.mu.Lock()
	w.bufs = slices.DeleteFunc(w.bufs, func(x *buffer) bool { return x == b })
	if err != nil && w.err == nil {
		w.err = err
	}
	freed := w.renewFreedLocked()
	r.mu.Unlock()
	freed.Set()
	if err != nil && !r.cfg.NtrdrQuirkDropLastL2Error { // KB Q290861: no message of any kind
		w.f.LostData(int64(len(b.data)-n), err)
		r.raise(EventWriteBehindFlushFailed, w.f.path)
	}
}

// flush sends what is buffered, one buffer after the other, waits for all answers,
// and returns an error that nobody has been told of.
func (w *writeBehind) flush(trigger string) error {
	if empty, err := w.takeErrIfEmpty(); empty {
		return err
	}
	w.sending.AcquireExclusive()
	defer w.sending.Release()
	mine := w.snapshot()
	for _, b := range mine {
		if !w.claim(b) {
			continue
		}
		w.f.r.tr.Emit(trace.Event{Kind: trace.BufferSend, Path: w.f.path, Off: b.off, Len: int64(len(b.data)), Text: trigger})
		w.send(b)
	}
	w.waitFor(func() bool { // what is written meanwhile is the next flush's
		return !slices.ContainsFunc(w.bufs, func(b *buffer) bool { return slices.Contains(mine, b) })
	})
	return w.takeErr()
}

// takeErrIfEmpty is takeErr if nothing is buffered.
func (w *writeBehind) takeErrIfEmpty() (empty bool, err error) {
	w.f.r.mu.Lock()
	if empty = len(w.bufs) == 0; empty {
		err, w.err = w.err, nil
	}
	w.f.r.mu.Unlock()
	return empty, err
}

// snapshot returns the buffers of now.
func (w *writeBehind) snapshot() []*buffer {
	w.f.r.mu.Lock()
	defer w.f.r.mu.Unlock()
	return slices.Clone(w.bufs)
}

// claim marks b as on its way, unless it is or has been.
func (w *writeBehind) claim(b *buffer) bool {
	w.f.r.mu.Lock()
	defer w.f.r.mu.Unlock()
	if b.inFlight || !slices.Contains(w.bufs, b) {
		return false
	}
	b.inFlight = true
	return true
}

// renewFreedLocked returns the event that waiters have, to be set.
func (w *writeBehind) renewFreedLocked() rt.Event {
	freed := w.freed
	w.freed = w.f.r.rt.NewEvent(rt.Notification)
	return freed
}

func (w *writeBehind) takeErr() error {
	w.f.r.mu.Lock()
	defer w.f.r.mu.Unlock()
	err := w.err
	w.err = nil
	return err
}

// drop throws away the buffers that are not on their way and returns their size;
// one that is gets its error from the circuit.
func (w *writeBehind) drop() (lost int64) {
	w.f.r.mu.Lock()
	w.bufs = slices.DeleteFunc(w.bufs, func(b *buffer) bool {
		if !b.inFlight {
			lost += int64(len(b.data))
		}
		return !b.inFlight
	})
	freed := w.renewFreedLocked()
	w.f.r.mu.Unlock()
	freed.Set()
	return lost
}
