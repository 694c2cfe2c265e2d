package rdr

import (
	"errors"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// op is an Op with what carries it out.
type op struct {
	Op
	f    *fcb        // nil: by name
	o    *serverOpen // of a write, a change of the size, a close
	data []byte      // of a write
	run  func() error
	with *op             // of a write that is under way: the close that goes with it, or nil
	end  func(err error) // what is left to do when it is over, answered or not; may be nil

	over  bool
	err   error
	ended rt.Event // Notification; nil: nobody waits
}

// queue is what a policy orders of one circuit. Guarded by Redirector.mu.
type queue struct {
	c      *circuit
	policy WritePolicy // constant
	ops    []*op       // oldest first, until they are over
	seq    uint64
	held   int64    // bytes of writes that are queued or promised
	room   rt.Event // Notification, a new one each time: held has become less
	wakeAt time.Time
	broken error // the circuit is gone
}

// failure is a change that failed after its application had been told that it is done.
type failure struct {
	op   Op
	err  error
	told bool
}

func newQueue(c *circuit) *queue {
	if c.r.cfg.Policy == nil {
		return nil
	}
	return &queue{c: c, policy: c.r.cfg.Policy, room: c.r.rt.NewEvent(rt.Notification)}
}

// errStopped is why a call fails that comes after a change that was lost.
var errStopped = errors.New("an earlier change was lost")

// refuse fails a call that must not follow a change that was lost, and notes that an
// application has been told.
func (r *Redirector) refuse(call Op) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refuseLocked(call)
}

func (r *Redirector) refuseLocked(call Op) error {
	err := r.stopsLocked(call)
	if err != nil {
		r.failure.told = true
		r.forgiveLocked()
	}
	return err
}

// stopsLocked is the error of a call that must not follow a change that was lost.
func (r *Redirector) stopsLocked(call Op) error {
	if r.failure == nil || !r.cfg.Policy.Stops(r.failure.op, call) {
		return nil
	}
	return &nt.Error{Status: nt.Status(statusOf(r.failure.err)), Err: errStopped}
}

// tell notes that an application has been told of a failure, by the error of a call that
// comes after it.
func (r *Redirector) tell(call Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.failure; x != nil && (x.op.File == call.File || r.cfg.Policy.Stops(x.op, call)) {
		x.told = true
		r.forgiveLocked()
	}
}

// forgiveLocked ends a failure that has been told and of whose time no handle is left.
func (r *Redirector) forgiveLocked() {
	if r.failure != nil && r.failure.told && r.handles == 0 {
		r.failure = nil
	}
}

// countHandle counts the applications' handles.
func (r *Redirector) countHandle(n int) {
	r.mu.Lock()
	r.handles += n
	r.forgiveLocked()
	r.mu.Unlock()
}

// reserve waits until n bytes more may be held, and holds them.
func (q *queue) reserve(n int) {
	r := q.c.r
	for blocked := false; ; blocked = true {
		r.mu.Lock()
		if q.held == 0 || q.held+int64(n) <= int64(r.cfg.QueueLimit) || q.broken != nil {
			q.held += int64(n)
			r.mu.Unlock()
			if blocked {
				r.tr.Emit(trace.Event{Kind: trace.WriteThrottled, Len: int64(n), Text: "resumed"})
			}
			return
		}
		room := q.room
		r.mu.Unlock()
		if !blocked {
			r.tr.Emit(trace.Event{Kind: trace.WriteThrottled, Len: int64(n), Text: "blocked"})
		}
		room.Wait(rt.Forever)
	}
}

// hold holds bytes that must not wait.
func (q *queue) hold(n int) {
	q.c.r.mu.Lock()
	q.held += int64(n)
	q.c.r.mu.Unlock()
}

// giveBack ends the hold of bytes.
func (q *queue) giveBack(n int) {
	q.c.r.mu.Lock()
	room := q.giveBackLocked(int64(n))
	q.c.r.mu.Unlock()
	room.Set()
}

func (q *queue) giveBackLocked(n int64) rt.Event {
	q.held -= n
	room := q.room
	q.room = q.c.r.rt.NewEvent(rt.Notification)
	return room
}

// write queues a write whose bytes have been reserved, cut into requests, and returns what
// its call awaits. What follows the newest op directly, in the same open, goes with it.
func (q *queue) write(o *serverOpen, p []byte, off int64, must bool) (awaits awaited, err error) {
	r, f := q.c.r, o.f
	r.mu.Lock()
	// An application is told by the close at the latest; a page that is written behind has
	// none to tell.
	err = r.stopsLocked(Op{Kind: OpWrite, File: f.id, Path: f.path})
	if err == nil {
		err = q.broken
	}
	if err != nil {
		r.mu.Unlock()
		return awaits, err
	}
	q.seq++
	call := Op{Seq: q.seq, Kind: OpWrite, File: f.id, Path: f.path, Off: off, Len: len(p)}
	call.Awaited = must || q.policy.Awaits(call, call)
	r.tr.Emit(trace.Event{Kind: trace.BufferFill, Path: f.path, Off: off, Len: int64(len(p))})
	unit := q.linkLocked().unit(f.queuedLen + int64(len(p)))
	if !call.Awaited {
		n := q.growLocked(o, p, off, unit)
		p, off = p[n:], off+int64(n)
	}
	for len(p) > 0 {
		n := min(len(p), unit)
		x := &op{Op: call, f: f, o: o, data: slices.Clone(p[:n])}
		x.Off, x.Len = off, n
		q.addLocked(x)
		p, off = p[n:], off+int64(n)
	}
	awaits = awaited{q.awaitedLocked(call), call.Seq}
	r.mu.Unlock()
	q.kick()
	return awaits, nil
}

// linkLocked is what is known of the circuit's link.
func (q *queue) linkLocked() Link {
	c := q.c
	most := max(1, c.limits.MaxWrite)
	if limit := c.r.cfg.QueueRequestSize; limit > 0 {
		most = min(most, limit)
	}
	return Link{Speed: c.limits.LinkSpeed, RoundTrip: c.roundTrip, Request: most, Outstanding: c.limits.MaxMpx}
}

// growLocked adds to the newest op what continues it, up to a request of unit bytes, and
// returns how much.
func (q *queue) growLocked(o *serverOpen, p []byte, off int64, unit int) int {
	if len(q.ops) == 0 {
		return 0
	}
	x := q.ops[len(q.ops)-1]
	if x.Kind != OpWrite || x.Sent || x.Awaited || x.o != o || x.Off+int64(x.Len) != off {
		return 0
	}
	n := max(0, min(len(p), unit-x.Len))
	x.data = append(x.data, p[:n]...)
	x.Len += n
	x.f.queuedLen += int64(n)
	return n
}

// add queues a change that is no write, and returns what its call awaits.
func (q *queue) add(x *op, must bool) (awaits awaited, err error) {
	r := q.c.r
	r.mu.Lock()
	if !x.frees() {
		err = r.refuseLocked(x.Op)
	}
	if err == nil {
		err = q.broken
	}
	if err != nil {
		r.mu.Unlock()
		return awaits, err
	}
	q.seq++
	x.Seq = q.seq
	x.Awaited = must || q.policy.Awaits(x.Op, x.Op)
	q.addLocked(x)
	awaits = awaited{q.awaitedLocked(x.Op), x.Seq}
	r.mu.Unlock()
	q.kick()
	return awaits, nil
}

func (q *queue) addLocked(x *op) {
	q.ops = append(q.ops, x)
	q.c.uses++
	if x.f != nil {
		x.f.users++
		x.f.queued++
		x.f.queuedLen += int64(x.Len)
	}
	r := q.c.r
	r.behind++
	if r.behind == 1 {
		r.idle.Reset()
	}
}

// awaited is what a call awaits, its own ops among them or not.
type awaited struct {
	ops []*op
	own uint64 // their Seq
}

// awaitedLocked is what a call awaits. Its own ops are the newest.
func (q *queue) awaitedLocked(call Op) (list []*op) {
	own := 0
	if !awaitsEarlier(q.policy, call.Kind) {
		own = len(q.ops)
		for own > 0 && q.ops[own-1].Seq == call.Seq {
			own--
		}
	}
	for _, x := range q.ops[own:] {
		if x.Seq == call.Seq && call.Awaited || q.policy.Awaits(call, x.Op) {
			list = append(list, x)
		}
	}
	return list
}

// pending picks ops that are not over.
func (q *queue) pending(which func(*op) bool) (list []*op) {
	q.c.r.mu.Lock()
	defer q.c.r.mu.Unlock()
	for _, x := range q.ops {
		if which(x) {
			list = append(list, x)
		}
	}
	return list
}

// await waits until ops are over and returns the first error, but for those that another
// call than own is told of.
func (r *Redirector) await(list []*op, own uint64) (err error) {
	for _, x := range list {
		r.mu.Lock()
		if !x.over && x.ended == nil {
			x.ended = r.rt.NewEvent(rt.Notification)
		}
		over, ended := x.over, x.ended
		r.mu.Unlock()
		if !over {
			ended.Wait(rt.Forever)
		}
		if err == nil && (!x.Awaited || x.Seq == own) {
			err = x.err
		}
	}
	return err
}
