package rdr

import (
	"errors"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// queue is the circuit's of an open, nil without a policy.
func (o *serverOpen) queue() *queue { return o.circuit.queue }

// writeQueued is WriteAt with a policy. The write is in the queue, and what is cached is up
// to date, before anything is waited for: who waits holds nothing, so that the break of an
// oplock goes on.
func (h *Handle) writeQueued(p []byte, off int64) error {
	q := h.open.queue()
	q.reserve(len(p))
	awaits, queued, err := h.enqueueWrite(q, p, off)
	if !queued {
		q.giveBack(len(p))
	}
	if err != nil {
		return err
	}
	return h.r.await(awaits.ops, awaits.own)
}

func (h *Handle) enqueueWrite(q *queue, p []byte, off int64) (awaits awaited, queued bool, err error) {
	h.f.io.AcquireShared()
	defer h.f.io.Release()
	k, err := h.rights()
	if err != nil {
		return awaits, false, err
	}
	o := h.open
	if !o.params.Access.CanWrite() {
		return awaits, false, nt.StatusAccessDenied
	}
	path := h.r.cfg.writePath(k, o.params.Options, o.writeOnly())
	if t := h.f.locked(); t != nil {
		if err := t.conflict(o, rangeOf(off, len(p)), true, path != direct); err != nil {
			return awaits, false, err
		}
		if _, err := t.write(o, p, off, false); err != nil {
			return awaits, false, err
		}
	}
	if err := h.f.cached.FlushBehind(); err != nil { // what was written through a mapping comes before
		return awaits, false, err
	}
	must := path == direct || path == throughL1
	err = h.f.cached.WriteBy(p, off, k.read || k.write, func() (err error) {
		awaits, err = q.write(o, p, off, must)
		queued = err == nil
		return err
	})
	if err == nil {
		h.r.mu.Lock()
		o.written = nt.FileTimeOf(h.r.rt.Now())
		h.r.mu.Unlock()
	}
	return awaits, queued, err
}

// pageOutQueued takes what the Cache Manager has found dirty: pages of a mapping, which no
// write has put into the queue.
func (f *fcb) pageOutQueued(o *serverOpen, p []byte, off int64) (int, error) {
	q := o.queue()
	q.hold(len(p))
	if _, err := q.write(o, p, off, false); err != nil {
		q.giveBack(len(p))
		return 0, err
	}
	return len(p), nil
}

// awaitQueued waits until all that is queued of the file now is over. The caller holds
// nothing: the end of a CLOSE may change what its file may cache.
func (f *fcb) awaitQueued() { _ = f.awaitOps(func(*op) bool { return true }) } // each has a caller of its own

// awaitData is awaitQueued for the file's data; it may be called with fcb.io held.
func (f *fcb) awaitData() error {
	return f.awaitOps(func(x *op) bool { return x.Kind == OpWrite || x.Kind == OpSetSize })
}

// awaitRange waits for what a read of n bytes at off must see.
func (f *fcb) awaitRange(off int64, n int, beyond bool) error {
	read := Op{Off: off, Len: n}
	return f.awaitOps(func(x *op) bool {
		return x.Kind == OpSetSize || x.Kind == OpWrite && (x.overlaps(read) || beyond && x.Off >= off)
	})
}

func (f *fcb) awaitOps(which func(*op) bool) error {
	r := f.r
	if r.cfg.Policy == nil {
		return nil
	}
	r.mu.Lock()
	q := r.queueLocked()
	idle := f.queued == 0 || q == nil
	r.mu.Unlock()
	if idle {
		return nil
	}
	return r.await(q.pending(func(x *op) bool { return x.f == f && which(x) }), 0)
}

// queueLocked is the live circuit's, nil if there is none.
func (r *Redirector) queueLocked() *queue {
	if r.live == nil {
		return nil
	}
	return r.live.queue
}

// flushQueued awaits everything that is queued.
func (h *Handle) flushQueued() error {
	err := h.f.cached.Flush()
	if err2 := h.r.await(h.open.queue().pending(func(*op) bool { return true }), 0); err == nil {
		err = err2
	}
	if err == nil {
		_, err = h.rights()
	}
	return err
}

// setSizeQueued is SetSize with a policy.
func (h *Handle) setSizeQueued(size int64) error {
	awaits, err := h.enqueueSetSize(size)
	if err == nil {
		err = h.r.await(awaits.ops, awaits.own)
	}
	if err == nil {
		return nil
	}
	if info, err := h.f.queryFile(h.open); err == nil { // else the circuit is gone, and what is cached with it
		h.f.cached.Reinitialize(info.Size)
	}
	return err
}

func (h *Handle) enqueueSetSize(size int64) (awaits awaited, err error) {
	f, o := h.f, h.open
	f.io.AcquireExclusive()
	defer f.io.Release()
	if _, err := h.rights(); err != nil {
		return awaits, err
	}
	if f.cached.Mapped() && size < f.cached.Size() {
		return awaits, nt.StatusUserMappedFile
	}
	if err := f.cached.FlushBehind(); err != nil {
		return awaits, err
	}
	x := &op{Op: Op{Kind: OpSetSize, File: f.id, Path: f.path}, f: f, o: o}
	x.run = func() error {
		err := f.hear(o, o.remote.SetSize(o.h, size))
		if err == nil {
			f.answered()
		}
		return err
	}
	awaits, err = o.queue().add(x, false)
	if err != nil {
		return awaits, err
	}
	f.cached.SetFileSize(size)
	if t := f.locked(); t != nil {
		t.forget()
	}
	return awaits, nil
}

// unlockQueued puts an unlock behind the writes that the lock protected.
func (h *Handle) unlockQueued(t *lockTable, l *heldLock) error {
	f := h.f
	if err := f.cached.FlushBehind(); err != nil {
		return err
	}
	x := &op{Op: Op{Kind: OpUnlock, File: f.id, Path: f.path}, f: f}
	x.run = func() error { return f.hear(l.o, l.o.remote.Unlock(l.o.h, l.r)) }
	x.end = func(err error) {
		t.drop(l)
		if err != nil && !x.Awaited && !circuitGone(err) {
			f.r.raise(EventFailedUnlock, f.path)
		}
	}
	awaits, err := h.open.queue().add(x, !h.r.cfg.UseUnlockBehind)
	if err != nil {
		t.drop(l)
		return err
	}
	return h.r.await(awaits.ops, awaits.own)
}

// askClose puts what is dirty into the queue. It returns what a close awaits, and the error
// that is known already.
func (h *Handle) askClose() (call Op, awaits []*op, err error) {
	r, f, o := h.r, h.f, h.open
	q := o.queue()
	err = f.cached.FlushBehind()
	r.mu.Lock()
	defer r.mu.Unlock()
	call = Op{Seq: q.seq + 1, Kind: OpClose, File: f.id, Path: f.path}
	if err == nil {
		err = o.failed
	}
	if err == nil {
		err = r.stopsLocked(call)
	}
	return call, q.awaitedLocked(call), err
}

// closeMappedQueued is the close of a handle whose mapping keeps the file open.
func (h *Handle) closeMappedQueued() error {
	call, awaits, err := h.askClose()
	if err2 := h.r.await(awaits, call.Seq); err == nil {
		err = err2
	}
	return err
}

// finishCloseQueued is finishClose with a policy. Unlike NT's, a close tells an error.
func (h *Handle) finishCloseQueued() error {
	r, f, o := h.r, h.f, h.open
	call, awaits, err := h.askClose()
	r.mu.Lock()
	o.leaving = true
	r.mu.Unlock()
	f.hold()
	if !f.mayStayOpen(o) || !r.makeDormant(o) {
		if own := f.enqueueClose(o); own != nil && own.Awaited {
			awaits, call.Seq = append(awaits, own), own.Seq
		}
	} else {
		f.endLocks(o)
	}
	r.release(f)
	if err2 := r.await(awaits, call.Seq); err == nil {
		err = err2
	}
	r.countHandle(-1)
	return err
}

// endLocks forgets the locks of an open that the server has none of any more.
func (f *fcb) endLocks(o *serverOpen) {
	f.r.mu.Lock()
	t := f.locks
	f.r.mu.Unlock()
	if t != nil {
		t.remove(func(l *heldLock) bool { return l.o == o })
	}
}

// enqueueClose puts the CLOSE of an open into the queue; nil: its circuit is gone.
func (f *fcb) enqueueClose(o *serverOpen) *op {
	r := f.r
	r.mu.Lock()
	o.closing = true
	f.closings++
	f.settled.Reset()
	r.mu.Unlock()
	deletes := o.params.Options&nt.DeleteOnClose != 0
	x := &op{Op: Op{Kind: OpClose, File: f.id, Path: f.path, Deletes: deletes}, f: f, o: o}
	x.run = func() error { return o.remote.Close(o.h, o.writtenAt()) }
	x.end = func(err error) { f.closed(o, err) }
	f.hold()
	defer r.release(f)
	if _, err := o.queue().add(x, false); err != nil {
		f.closed(o, err)
		return nil
	}
	return x
}

// writtenAt is when the last write through an open was made.
func (o *serverOpen) writtenAt() nt.FileTime {
	o.f.r.mu.Lock()
	defer o.f.r.mu.Unlock()
	return o.written
}

// closed forgets an open whose CLOSE is over.
func (f *fcb) closed(o *serverOpen, err error) {
	f.reportClose(o, err)
	f.forget(o)
	f.endLocks(o)
	r := f.r
	r.mu.Lock()
	f.closings--
	if f.closings == 0 {
		f.settled.Set()
	}
	r.mu.Unlock()
}

// awaitNames waits for changes of names that path depends on: what this machine has been
// told is renamed or deleted is so.
func (q *queue) awaitNames(path string) {
	k := key(path)
	_ = q.c.r.await(q.pending(func(x *op) bool {
		switch x.Kind {
		case OpRename, OpMkdir:
			return true
		case OpDelete, OpOpen:
			return key(x.Path) == k || path == ""
		case OpClose:
			return x.Deletes && (key(x.Path) == k || path == "")
		default:
			return false
		}
	}), 0) // its own caller has been told the error
}

// namedQueued is named with a policy: the call is a change and takes its turn. search, if
// not nil, is done before.
func (r *Redirector) namedQueued(kind OpKind, name, path string, search, change func(Remote) error) error {
	err := r.changeName(kind, path, search, change)
	r.noticeLoss(err)
	return wrap(name, path, err)
}

func (r *Redirector) changeName(kind OpKind, path string, search, change func(Remote) error) error {
	call := Op{Kind: kind, Path: path}
	if err := r.refuse(call); err != nil {
		return err
	}
	r.closeDormant(path)
	c, err := r.useCircuit()
	if err != nil {
		return err
	}
	defer c.done()
	c.queue.awaitNames(path)
	sure := kind == OpDelete && r.deletable(path)
	if search != nil && !sure {
		if err := c.ask(search); err != nil {
			return err
		}
	}
	awaits, err := c.queue.add(&op{Op: call, run: func() error {
		err := c.ask(change)
		if sure && errors.Is(err, nt.StatusObjectNameNotFound) {
			return nil // another machine has deleted it since it was closed: it is as its caller was told
		}
		return err
	}}, !sure)
	if err != nil {
		return err
	}
	return r.await(awaits.ops, awaits.own)
}

// deletable reports whether a deletion of path cannot fail: the CLOSE of an open that lets
// nobody else have the file is on its way.
func (r *Redirector) deletable(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.fcbs[key(path)]
	if f == nil || len(f.opens) != 1 {
		return false
	}
	o := f.opens[0]
	return o.closing && !o.dead && o.params.Share == nt.ShareNone &&
		o.params.Options&nt.DeleteOnClose == 0 && (o.attr|o.params.Attributes)&nt.AttrReadOnly == 0
}

// closeDormant closes the dormant opens of a path, in its turn.
func (r *Redirector) closeDormant(path string) {
	f := r.known(key(path), nil)
	if f == nil {
		return
	}
	defer r.release(f)
	for o := r.takeDormant(f, nil); o != nil; o = r.takeDormant(f, nil) {
		f.closeAtServer(o)
	}
}

// create opens a file at the server. An open that may empty a file that exists is a change
// and takes its turn; as long as others wait it is first tried as that of a new file, which
// may overtake them.
func (c *circuit) create(path string, p nt.CreateParams) (created, error) {
	if c.queue == nil || !truncates(p.Disposition) {
		return c.createNow(path, p)
	}
	if p.Disposition != nt.FileOverwrite && len(c.queue.pending(func(*op) bool { return true })) > 0 {
		fresh := p
		fresh.Disposition = nt.FileCreate
		if out, err := c.createNow(path, fresh); !errors.Is(err, nt.StatusObjectNameCollision) {
			return out, err
		}
	}
	var out created
	x := &op{Op: Op{Kind: OpOpen, Path: path}, run: func() (err error) { out, err = c.createNow(path, p); return err }}
	awaits, err := c.queue.add(x, true)
	if err == nil {
		err = c.r.await(awaits.ops, awaits.own)
	}
	return out, err
}

// created is what an open at the server has brought.
type created struct {
	h   nt.FileHandle
	res nt.CreateResult
}

func (c *circuit) createNow(path string, p nt.CreateParams) (out created, err error) {
	err = c.ask(func(m Remote) (err error) { out.h, out.res, err = m.Create(path, p); return err })
	return out, err
}
