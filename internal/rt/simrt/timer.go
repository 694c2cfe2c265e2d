package simrt

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// timer is a task's timeout or a callback.
type timer struct {
	place int   // 1 + index in the heap; 0 not pending; unreachable never due
	task  *task // nil for a callback
	k     *Kernel
	f     func()
	id    uint64
}

// unreachable is the place of a callback so late that the clock cannot show it.
const unreachable = -1

func (t *timer) pending() bool { return t.place != 0 }

// AfterFunc calls f on the kernel's stack after d, or when no task is ready if
// d <= 0. Calls due at the same time are made in the order of AfterFunc.
func (k *Kernel) AfterFunc(d time.Duration, f func()) rt.Timer {
	t := k.pool.timers.Next()
	t.k, t.f = k, f
	t.start(d)
	return t
}

func (t *timer) start(d time.Duration) {
	switch at := t.k.after(d); {
	case t.k.killing:
	case at != never:
		t.k.arm(t, at)
	default:
		t.place = unreachable
	}
}

// Reset asks for one call after d, in place of one that is pending.
func (t *timer) Reset(d time.Duration) {
	t.Stop()
	t.start(d)
}

// Stop prevents the call and reports whether it was still pending.
func (t *timer) Stop() bool {
	was := t.pending()
	t.k.timers.remove(t)
	t.place = 0
	return was
}

func (k *Kernel) arm(t *timer, at int64) {
	k.seq++
	// Ids of callbacks are told from those of tasks by the top bit.
	t.id = k.seq | 1<<63
	k.timers.push(entry{at: at, seq: k.seq, tm: t})
}

// entry orders timers by time, then by arming.
type entry struct {
	at  int64
	seq uint64
	tm  *timer
}

func (e entry) before(f entry) bool {
	return e.at < f.at || e.at == f.at && e.seq < f.seq
}

// timerHeap is a 4-ary heap: shallower than a binary one, and its children share
// cache lines.
type timerHeap struct {
	heap []entry
}

const arity = 4

func (h *timerHeap) len() int { return len(h.heap) }

func (h *timerHeap) earliest() (at int64, ok bool) {
	if len(h.heap) == 0 {
		return 0, false
	}
	return h.heap[0].at, true
}

func (h *timerHeap) push(e entry) {
	h.heap = append(h.heap, e)
	h.up(len(h.heap)-1, e)
}

func (h *timerHeap) pop() *timer {
	t := h.heap[0].tm
	h.remove(t)
	return t
}

// remove takes t out if it is in.
func (h *timerHeap) remove(t *timer) {
	i := t.place - 1
	if i < 0 || len(h.heap) == 0 {
		return
	}
	t.place = 0
	n := len(h.heap) - 1
	last := h.heap[n]
	h.heap[n] = entry{}
	h.heap = h.heap[:n]
	if i == n {
		return
	}
	if i > 0 && last.before(h.heap[(i-1)/arity]) {
		h.up(i, last)
	} else {
		h.down(i, last)
	}
}

// up places e at i or above.
func (h *timerHeap) up(i int, e entry) {
	for i > 0 {
		p := (i - 1) / arity
		if !e.before(h.heap[p]) {
			break
		}
		h.set(i, h.heap[p])
		i = p
	}
	h.set(i, e)
}

// down places e at i or below.
func (h *timerHeap) down(i int, e entry) {
	for {
		c := h.leastChild(i)
		if c < 0 || !h.heap[c].before(e) {
			break
		}
		h.set(i, h.heap[c])
		i = c
	}
	h.set(i, e)
}

func (h *timerHeap) leastChild(i int) int {
	first := i*arity + 1
	if first >= len(h.heap) {
		return -1
	}
	least := first
	for c := first + 1; c < min(first+arity, len(h.heap)); c++ {
		if h.heap[c].before(h.heap[least]) {
			least = c
		}
	}
	return least
}

func (h *timerHeap) set(i int, e entry) {
	h.heap[i] = e
	e.tm.place = i + 1
}
