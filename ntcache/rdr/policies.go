package rdr

import (
	"slices"
	"time"
)

// Window bounds the writes of one file that are under way at once.
type Window struct {
	// Requests is the most.
	Requests int
	// Span is how long the link may need for them, by its speed, if they are more than two;
	// 0: it does not matter. Two keep a link busy whose round trip is short beside a
	// request; more of them only fill its queue, and its retransmission timeouts run out.
	Span time.Duration
	// Ahead is how much earlier than its predecessor has left the workstation, by the
	// link's speed, a write is handed to the transport. What waits there delays the
	// application's own opens and reads, which come behind it.
	Ahead time.Duration
}

const (
	// windowRequests is more than the window of TCP, 8760 bytes, can have under way: when an
	// answer is lost, what follows goes on while the server's TCP finds that out.
	// src: assumed (as many as gain anything on the built-in links)
	windowRequests = 50
	// windowSpan covers a retransmission timeout.
	// src: assumed (twice the shortest one, 500 ms)
	windowSpan = time.Second
	// windowAhead covers the time between a timer and the first byte.
	// src: assumed (a round trip of a fast link)
	windowAhead = 10 * time.Millisecond
	// windowLeast of the writes are under way whatever the span.
	// src: assumed (one leaves while the other is answered)
	windowLeast = 2
)

// StockWindow returns the window of the built-in policies.
func StockWindow() Window {
	return Window{Requests: windowRequests, Span: windowSpan, Ahead: windowAhead}
}

// full reports whether no write may be added to so many, if the link then needs that long
// for them. An eighth of what may be outstanding is left to the application's own requests.
func (w Window) full(l Link, requests int, span time.Duration) bool {
	most := w.Requests
	if l.Outstanding > 0 {
		most = min(most, max(1, l.Outstanding-l.Outstanding/8))
	}
	return requests >= most || w.Span > 0 && requests >= windowLeast && span > w.Span
}

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
	var span time.Duration // what those under way take
	var left time.Time     // when the last that was sent has left
	for i := from; i < q.Len(); i++ {
		o := q.Op(i)
		takes := sendTime(q.Link(), o.Len)
		switch {
		case o.File != file && overtake && o.File != 0:
			continue
		case o.File != file || o.Kind != OpWrite:
			return send, time.Time{}
		case o.Sent:
			under, span = under+1, span+takes
			left = later(left, o.At).Add(takes)
			continue
		case w.full(q.Link(), under, span+takes) || collides(q, from, i) || under > 0 && waitsForMore(q, i):
			return send, time.Time{}
		}
		if due := left.Add(-w.Ahead); under > 0 && due.After(now) {
			return send, due
		}
		send = append(send, i)
		under, span = under+1, span+takes
		left = later(left, now).Add(takes)
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

// What a write has around its data.
const (
	// writeHeaders are of NetBIOS, the SMB and WRITE_ANDX, with the byte that aligns the data.
	// src: RFC 1002 §4.3.1; [MS-CIFS] §2.2.3.1, §2.2.4.43.1
	writeHeaders = 4 + 32 + 31 + 1
	// segment is the data of a full TCP segment.
	// src: KB Q136970 (the MTU less 40; that the way is an Ethernet is not known here)
	segment = 1460
	// segmentHeaders are what is before it.
	// src: RFC 791 §3.1, RFC 793 §3.1
	segmentHeaders = 40
)

// sendTime is how long a write of n bytes takes to leave; no time over a link of unknown
// speed.
func sendTime(l Link, n int) time.Duration {
	if l.Speed <= 0 {
		return 0
	}
	n += writeHeaders
	n += (n + segment - 1) / segment * segmentHeaders
	return time.Duration(int64(n) * int64(time.Second) / l.Speed)
}

// tcpWindow is what TCP has under way at most.
//
// src: KB Q140552 (8760 bytes on Ethernet)
const tcpWindow = 8760

// boundByWindow reports whether TCP's window is what bounds the link: it is less than what
// the link holds in a round trip and in the two segments that an acknowledgement answers.
//
// src: RFC 1122 §4.2.3.2
func (l Link) boundByWindow() bool {
	return l.Speed > 0 && l.RoundTrip.Seconds()*float64(l.Speed) > tcpWindow-2*segment
}

// unit is how many bytes go with one request, where n bytes of the file are to be written.
// A write of a single segment is answered, and so acknowledged, at once: where the window is
// the bound, it moves on sooner than by delayed acknowledgements. Elsewhere more answers are
// only more that can be lost.
func (l Link) unit(n int64) int {
	if n > tcpWindow && l.boundByWindow() {
		return min(l.Request, segment-writeHeaders)
	}
	return l.Request
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

// Next sends the oldest op, and the writes of its file that follow it directly; or a write
// with the CLOSE that comes next, in one request, if nothing else is under way.
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
	if !head.Sent && q.Len() > 1 && q.Op(1).Kind == OpClose && q.Op(1).File == head.File {
		return []int{0, 1}, time.Time{}
	}
	return p.pace(q, 0, false, now)
}

// Stops is true: what comes after a change that is lost would not be a beginning.
func (Ordered) Stops(Op, Op) bool { return true }

// awaitsEarlier reports whether a call of a kind may await ops that are not its own. To ask a
// policy about each of them costs many small writes the square of their number. It goes by
// the type and not by a method, which a policy that embeds a built-in one would inherit.
func awaitsEarlier(p WritePolicy, call OpKind) bool {
	switch p := p.(type) {
	case WriteThrough:
		return false
	case FlushOnClose:
		return call == OpClose
	case Ordered:
		return p.Durable && call == OpClose
	default:
		return true
	}
}
