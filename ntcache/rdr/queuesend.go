package rdr

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// kick sends what the policy wants to be sent now.
func (q *queue) kick() {
	r := q.c.r
	r.mu.Lock()
	now := r.rt.Now()
	var begin []*op
	if q.broken == nil && len(q.ops) > 0 {
		next, wake := q.policy.Next(Queue{q.ops, q.linkLocked()}, now)
		begin = q.beginLocked(next, now)
		q.armLocked(now, wake)
	}
	r.mu.Unlock()
	for _, x := range begin {
		r.rt.GoFor("queue", x.Path, func() { q.carryOut(x) })
	}
}

// beginLocked marks the ops at some positions as sent and returns what is to be carried
// out. A close goes with its file's only write, and beside no other change of the file.
func (q *queue) beginLocked(next []int, now time.Time) (begin []*op) {
	for _, i := range next {
		if i < 0 || i >= len(q.ops) || q.ops[i].Sent {
			continue
		}
		x := q.ops[i]
		var under []*op
		if x.Kind == OpClose {
			under = q.underWayLocked(x.f)
		}
		switch {
		case len(under) == 0:
			begin = append(begin, x)
		case len(under) == 1 && under[0].Kind == OpWrite && under[0].o == x.o && slices.Contains(begin, under[0]):
			under[0].with = x
		default:
			continue // asked for again when they have been answered
		}
		x.Sent, x.At = true, now
	}
	return begin
}

// underWayLocked are the changes of a file that have been sent.
func (q *queue) underWayLocked(f *fcb) (list []*op) {
	for _, x := range q.ops {
		if x.Sent && x.f == f {
			list = append(list, x)
		}
	}
	return list
}

// armLocked makes the policy be asked again at wake.
func (q *queue) armLocked(now, wake time.Time) {
	if wake.IsZero() || !q.wakeAt.IsZero() && !wake.Before(q.wakeAt) {
		return
	}
	r := q.c.r
	q.wakeAt = wake
	r.rt.AfterFunc(wake.Sub(now), func() {
		r.rt.Go("queue", func() {
			r.mu.Lock()
			if q.wakeAt.Equal(wake) {
				q.wakeAt = time.Time{}
			}
			r.mu.Unlock()
			q.kick()
		})
	})
}

// carryOut sends an op and waits for its answer.
func (q *queue) carryOut(x *op) {
	var (
		err    error
		closed bool
	)
	if x.Kind == OpWrite {
		closed, err = q.sendWrite(x)
	} else {
		err = x.run()
	}
	over := q.answered(x, err)
	if y := x.with; y != nil {
		over = append(over, q.closedWith(y, closed, err)...)
	}
	q.kick() // before the end of an op waits for who waits for another
	q.finish(over)
}

// closedWith ends a close that went with a write. One that the server has not done, because
// the write failed, is still to be sent.
func (q *queue) closedWith(y *op, closed bool, err error) (over []*op) {
	switch {
	case closed:
		return q.answered(y, nil) // an error of the two is the write's
	case q.gone(err):
		return q.answered(y, err)
	}
	r := q.c.r
	r.mu.Lock()
	broken := q.broken // after the answer, and then nobody would send it
	y.Sent, y.At = broken != nil, time.Time{}
	r.mu.Unlock()
	if broken != nil {
		return q.answered(y, broken)
	}
	return nil
}

// sendWrite sends a write, and the close that goes with it; one that an application waits
// for goes with write-through.
func (q *queue) sendWrite(x *op) (closed bool, err error) {
	r := q.c.r
	mode := nt.WriteMode(0)
	if x.Awaited || x.o.params.Options&nt.WriteThrough != 0 {
		mode = nt.WriteModeThrough
	}
	r.tr.Emit(trace.Event{Kind: trace.BufferSend, Path: x.f.path, Off: x.Off, Len: int64(x.Len), Text: "queue"})
	if x.with == nil {
		_, err = x.o.remote.WriteAt(x.o.h, x.data, x.Off, mode)
	} else {
		closed, err = x.o.remote.WriteAndClose(x.o.h, x.data, x.Off, mode, x.o.writtenAt())
	}
	if err == nil {
		x.f.answered()
	}
	r.tr.Emit(trace.Event{Kind: trace.BufferDone, Path: x.f.path, Off: x.Off, Len: int64(x.Len), Status: statusOf(err)})
	return closed, err
}

// gone reports whether an error is the end of the circuit, and not a server's that is still
// there and says as much, or nonsense.
func (q *queue) gone(err error) bool {
	return err != nil && circuitGone(err) && q.c.remote.Err() != nil
}

// answered ends an op, and with it all that must not follow if it failed.
func (q *queue) answered(x *op, err error) (over []*op) {
	r, gone := q.c.r, q.gone(err)
	r.mu.Lock()
	if gone && q.broken == nil {
		q.broken = err
	}
	over = []*op{x}
	if err != nil {
		over = append(over, q.stopLocked(x, err)...)
	}
	q.endLocked(over, err)
	r.mu.Unlock()
	return over
}

// broke ends all that has not been sent over a circuit that is gone; what has ends by
// itself.
func (q *queue) broke(err error) {
	r := q.c.r
	r.mu.Lock()
	q.broken = err
	over := q.unsentLocked(func(*op) bool { return true })
	if i := slices.IndexFunc(over, (*op).untold); i >= 0 {
		r.failLocked(over[i], err)
	}
	q.endLocked(over, err)
	room := q.giveBackLocked(0)
	r.mu.Unlock()
	room.Set()
	q.finish(over)
}

func (q *queue) unsentLocked(which func(*op) bool) (list []*op) {
	for _, x := range q.ops {
		if !x.Sent && which(x) {
			list = append(list, x)
		}
	}
	return list
}

// untold reports whether an application has been told that a change is done.
func (x *op) untold() bool {
	return !x.Awaited && (x.Kind != OpClose || x.Deletes) && x.Kind != OpUnlock
}

// frees reports whether a change gives back what the server holds for this machine.
func (x *op) frees() bool { return x.Kind == OpClose || x.Kind == OpUnlock }

// stopLocked notes the failure of an op and returns what must not be sent any more: all if
// the circuit is gone. On one that is up a CLOSE is sent in any case, and so is an unlock.
func (q *queue) stopLocked(x *op, err error) (list []*op) {
	r := q.c.r
	list = q.unsentLocked(func(y *op) bool {
		return q.broken != nil || x.untold() && !y.frees() && q.policy.Stops(x.Op, y.Op)
	})
	if i := slices.IndexFunc(list, (*op).untold); x.untold() {
		r.failLocked(x, err)
	} else if i >= 0 {
		r.failLocked(list[i], err)
	}
	return list
}

// failLocked remembers the first failure that nobody was told of.
func (r *Redirector) failLocked(x *op, err error) {
	if r.failure == nil {
		r.failure = &failure{op: x.Op, err: err}
	}
}

// endLocked takes ops out of the queue.
func (q *queue) endLocked(over []*op, err error) {
	for _, x := range over {
		x.over, x.err = true, err
		if err != nil && x.Kind == OpWrite && x.untold() && x.o.failed == nil {
			x.o.failed = err
		}
		if x.f != nil {
			x.f.queued--
			x.f.queuedLen -= int64(x.Len)
		}
	}
	q.ops = slices.DeleteFunc(q.ops, func(x *op) bool { return x.over })
}

// finish does what the end of ops asks for, and tells those who wait. What is lost is
// reported once a file.
func (q *queue) finish(over []*op) {
	r := q.c.r
	q.reportLost(over)
	for _, x := range over {
		if x.end != nil {
			x.end(x.err)
		}
		r.mu.Lock()
		q.c.uses--
		q.c.used = r.rt.Elapsed()
		ended := x.ended
		var room rt.Event
		if x.Kind == OpWrite {
			room = q.giveBackLocked(int64(x.Len))
		}
		r.mu.Unlock()
		if room != nil {
			room.Set()
		}
		if ended != nil {
			ended.Set()
		}
		if x.f != nil {
			r.release(x.f)
		}
		r.endBehind()
	}
}

// reportLost raises what NT raises of data that an application was told is written.
func (q *queue) reportLost(over []*op) {
	var files []*fcb
	lost := map[*fcb]int64{} // looked up, never ranged over
	var err error
	for _, x := range over {
		if x.err == nil || x.Kind != OpWrite {
			continue
		}
		err = x.err
		if _, seen := lost[x.f]; !seen {
			files = append(files, x.f)
		}
		lost[x.f] += 0
		if x.untold() {
			lost[x.f] += int64(x.Len)
		}
	}
	for _, f := range files {
		f.cached.Discard() // pages that hold what the server has not got
		if lost[f] > 0 && f.countLost(lost[f], err) {
			q.c.r.popUpApart(f.path)
		}
	}
}
