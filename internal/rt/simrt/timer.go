package simrt

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// timer is a task's timeout or a callback.
type timer struct {
	state      timerState
	at         int64 // when it is due, if queued
	prev, next *timer
	task       *task // nil for a callback
	k          *Kernel
	f          func()
	id         uint64
}

type timerState uint8

const (
	unset       timerState = iota
	queued                 // in the kernel's list
	unreachable            // so late that the clock cannot show it
)

func (t *timer) pending() bool { return t.state != unset }

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
		t.state = unreachable
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
	t.state = unset
	return was
}

func (k *Kernel) arm(t *timer, at int64) {
	k.seq++
	// Ids of callbacks are told from those of tasks by the top bit.
	t.id = k.seq | 1<<63
	t.at = at
	k.timers.insert(t)
}

// timerList holds timers in the order in which they are due; of those due at the same time
// the first to be armed comes first. A list serves better than a heap: some dozen timers
// are pending in a trial, and a new one is nearly always one of the next to be due, such as
// a packet's, or one of the last, such as a request's timeout.
type timerList struct {
	first, last *timer
}

func (l *timerList) earliest() (at int64, ok bool) {
	if l.first == nil {
		return 0, false
	}
	return l.first.at, true
}

// insert looks for the place of t from both ends at once.
func (l *timerList) insert(t *timer) {
	before, after := l.last, l.first // the neighbours, if it is due after the one or before the other
	for {
		if before == nil || before.at <= t.at {
			after = l.behind(before)
			break
		}
		if after.at > t.at {
			before = after.prev
			break
		}
		before, after = before.prev, after.next
	}
	t.state, t.prev, t.next = queued, before, after
	l.join(before, t)
	l.join(t, after)
}

// remove takes t out if it is in.
func (l *timerList) remove(t *timer) {
	if t.state != queued {
		return
	}
	l.join(t.prev, t.next)
	t.state, t.prev, t.next = unset, nil, nil
}

// behind returns what follows t, or comes first if t is nil.
func (l *timerList) behind(t *timer) *timer {
	if t == nil {
		return l.first
	}
	return t.next
}

// join makes b follow a; nil stands for the end of the list.
func (l *timerList) join(a, b *timer) {
	if a == nil {
		l.first = b
	} else {
		a.next = b
	}
	if b == nil {
		l.last = a
	} else {
		b.prev = a
	}
}

func (l *timerList) pop() *timer {
	t := l.first
	l.remove(t)
	return t
}
