package rdr

import (
	"slices"
	"time"
)

// Window bounds the writes of one file that are under way at once.
type Window struct {
	// Requests is the most.
	Requests int
	// Ahead is how much earlier than its predecessor has left the workstation, by the
	// link's speed, a write is handed to the transport. What waits there delays the
	// application's own opens and reads, which come behind it.
	Ahead time.Duration
}

const (
	// windowRequests is more than the window of TCP, 8760 bytes, can have under way.
	// src: assumed (requests of 4096 bytes)
	windowRequests = 4
	// windowAhead covers the time between a timer and the first byte.
	// src: assumed (a round trip of a fast link)
	windowAhead = 10 * time.Millisecond
)

// StockWindow returns the window of the built-in policies.
func StockWindow() Window { return Window{Requests: windowRequests, Ahead: windowAhead} }

// hasAnswer reports whether a call of a kind exists for its answer.
func hasAnswer(k OpKind) bool {
	return k != OpWrite && k != OpUnlock && k != OpClose
}

// pace picks writes of one file to be sent, in order, from the oldest on, while their
// answers may come in any order: no two that are under way have bytes in common, they are
// Requests at most, and one follows when the last has left. They end at another change of
// the file or, if they must not overtake anything, of any file.
func (w Window) pace(q Queue, from int, overtake bool, now time.Time) (send []int, wake time.Time) {
	file, under := q.Op(from).File, 0
	var left time.Time // when the last that was sent has left
	for i := from; i < q.Len(); i++ {
		o := q.Op(i)
		switch {
		case o.File != file && overtake && o.File != 0:
			continue
		case o.File != file || o.Kind != OpWrite:
			return send, time.Time{}
		case o.Sent:
			under++
			left = later(left, o.At).Add(sendTime(q.Link(), o.Len))
			continue
		case under >= w.Requests || collides(q, from, i) || under > 0 && waitsForMore(q, i):
			return send, time.Time{}
		}
		if due := left.Add(-w.Ahead); under > 0 && due.After(now) {
			return send, due
		}
		send = append(send, i)
		under++
		left = later(left, now).Add(sendTime(q.Link(), o.Len))
	}
	return send, time.Time{}
}

// waitsForMore reports whether a write that fills no request may still grow: it is the
// newest, and nobody waits for it.
func waitsForMore(q Queue, i int) bool {
	o := q.Op(i)
	return i == q.Len()-1 && o.Len < q.Link().Request && !o.Awaited
}

// collides reports whether a write has bytes in common with an earlier one of its file
// that has not been answered.
func collides(q Queue, from, i int) bool {
	o := q.Op(i)
	for k := from; k < i; k++ {
		if e := q.Op(k); e.Kind == OpWrite && e.File == o.File && e.overlaps(o) {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// sendTime is how long so many bytes take to leave; no time over a link of unknown speed.
func sendTime(l Link, n int) time.Duration {
	if l.Speed <= 0 {
		return 0
	}
	return time.Duration(int64(n) * int64(time.Second) / l.Speed)
}

// WriteThrough makes every call wait for its own answer: what an application has been told
// is at the server. It costs a round trip a call.
type WriteThrough struct{ Window }

// Awaits is true for the call's own op.
func (WriteThrough) Awaits(call, op Op) bool { return call.Seq == op.Seq }

// Next keeps the order of each file, and none between files.
func (p WriteThrough) Next(q Queue, now time.Time) ([]int, time.Time) { return p.nextOfFiles(q, now) }

// Stops is false: everybody has been told of his own failures.
func (WriteThrough) Stops(Op, Op) bool { return false }

// FlushOnClose lets writes return early and a close when the server has the file's data,
// with the error if there is one: close-to-open consistency, as that of NFS. It costs a
// close the time that its data takes, and promises no order between files that are open at
// once.
//
// src: RFC 1813 §4.11 (close-to-open: modified data is flushed at close)
type FlushOnClose struct{ Window }

// Awaits is true for the writes of the file that is closed, and for answers.
func (FlushOnClose) Awaits(call, op Op) bool {
	if call.Kind == OpClose {
		return op.File == call.File && (op.Kind == OpWrite || op.Kind == OpSetSize)
	}
	return hasAnswer(call.Kind) && call.Seq == op.Seq
}

// Next keeps the order of each file, and none between files.
func (p FlushOnClose) Next(q Queue, now time.Time) ([]int, time.Time) { return p.nextOfFiles(q, now) }

// Stops is false: the close, or the next call, of the file tells.
func (FlushOnClose) Stops(Op, Op) bool { return false }

// nextOfFiles sends the changes of each file in order, its writes within the window, side
// by side with those of others. An op by name goes when nothing earlier is left.
func (w Window) nextOfFiles(q Queue, now time.Time) (send []int, wake time.Time) {
	begun := map[uint64]bool{} // looked up, never ranged over
	for i := 0; i < q.Len(); i++ {
		o := q.Op(i)
		if o.File == 0 {
			if i == 0 && !o.Sent {
				send = append(send, i)
			}
			break
		}
		if begun[o.File] {
			continue
		}
		begun[o.File] = true
		if o.Kind != OpWrite {
			if !o.Sent {
				send = append(send, i)
			}
			continue
		}
		some, due := w.pace(q, i, true, now)
		send = append(send, some...)
		if !due.IsZero() && (wake.IsZero() || due.Before(wake)) {
			wake = due
		}
	}
	slices.Sort(send)
	return send, wake
}

// Ordered lets writes and closes return as early as NT does, and sends everything in the
// order in which the application did it, across all files. Writes of one file are under way
// together; a change to another file is sent when all before it are answered, because a
// server may execute the requests of one circuit concurrently. So whenever the circuit
// breaks, the server has a beginning of what was done, and what is lost is the end.
type Ordered struct {
	Window
	// Durable makes a close return only when every earlier write, of any file, is answered.
	Durable bool
}

// Awaits is true for answers; a deletion has none that its search would not have found. A
// durable close awaits every earlier write, and not its own CLOSE.
func (p Ordered) Awaits(call, op Op) bool {
	if call.Kind == OpClose {
		return p.Durable && (op.Kind == OpWrite || op.Kind == OpSetSize)
	}
	return hasAnswer(call.Kind) && call.Kind != OpDelete && call.Seq == op.Seq
}

// Next sends the oldest op, and the writes of its file that follow it directly.
func (p Ordered) Next(q Queue, now time.Time) (send []int, wake time.Time) {
	if q.Len() == 0 {
		return nil, time.Time{}
	}
	head := q.Op(0)
	if head.Kind != OpWrite {
		if !head.Sent {
			send = []int{0}
		}
		return send, time.Time{}
	}
	return p.pace(q, 0, false, now)
}

// Stops is true: what comes after a change that is lost would not be a beginning.
func (Ordered) Stops(Op, Op) bool { return true }
