package wallrt

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Results of a wait besides the tag of the object that ended it.
const (
	timedOut = -1
	unwound  = -2 // by Close
)

// waiter is one wait of one goroutine. It is in the queues of all objects waited
// for until the first of them, or Close, or its timer takes it out of all.
type waiter struct {
	result chan int // buffered: whoever wakes never blocks
	queues []*queue
}

// queue holds waiters in order of arrival. A waiter may be in it more than once.
type queue struct {
	waiters []place
}

type place struct {
	w   *waiter
	tag int // index in WaitAny; kind of hold for a Resource
}

func (q *queue) remove(w *waiter) {
	kept := q.waiters[:0]
	for _, p := range q.waiters {
		if p.w != w {
			kept = append(kept, p)
		}
	}
	clear(q.waiters[len(kept):])
	q.waiters = kept
}

// wakeFirstLocked ends the wait of the queue's first waiter with its tag and
// reports whether there was one.
func (r *Runtime) wakeFirstLocked(q *queue) bool {
	if len(q.waiters) == 0 {
		return false
	}
	r.wakeLocked(q.waiters[0].w, q.waiters[0].tag)
	return true
}

// wakeAllLocked ends the wait of every waiter, in order of arrival.
func (r *Runtime) wakeAllLocked(q *queue) {
	for len(q.waiters) > 0 {
		r.wakeFirstLocked(q)
	}
}

// wakeLocked ends one wait.
func (r *Runtime) wakeLocked(w *waiter, result int) {
	r.forgetLocked(w)
	w.result <- result
}

func (r *Runtime) forgetLocked(w *waiter) {
	delete(r.waiting, w)
	for _, q := range w.queues {
		q.remove(w)
	}
}

func (r *Runtime) newWaiterLocked() *waiter {
	w := &waiter{result: make(chan int, 1)}
	r.waiting[w] = struct{}{}
	return w
}

func (w *waiter) join(q *queue, tag int) {
	q.waiters = append(q.waiters, place{w: w, tag: tag})
	w.queues = append(w.queues, q)
}

// await blocks until wakeLocked, at most timeout. It is called without the lock.
func (r *Runtime) await(w *waiter, timeout time.Duration) int {
	var expired <-chan time.Time
	if timeout != rt.Forever {
		tm := time.NewTimer(timeout)
		defer tm.Stop()
		expired = tm.C
	}
	var result int
	select {
	case result = <-w.result:
	case <-expired:
		result = r.expire(w)
	}
	if result == unwound {
		panic(fmt.Errorf("%w: a wait was cut short", ErrClosed))
	}
	return result
}

// expire ends a wait for its timer, unless it has been ended already: then that
// result counts, for the event may have been consumed.
func (r *Runtime) expire(w *waiter) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, waits := r.waiting[w]; !waits {
		return <-w.result
	}
	r.forgetLocked(w)
	return timedOut
}

// WaitAny waits until one of the events is signaled and returns its index, or -1
// after timeout. Of several that are signaled when it is called the lowest index
// wins; afterwards the first to be set does.
func (r *Runtime) WaitAny(timeout time.Duration, events ...rt.Event) int {
	w, result := r.startWait(timeout, events)
	if w == nil {
		return result
	}
	return r.await(w, timeout)
}

// startWait returns a waiter that is in all queues, or nil and the result if
// there is nothing to wait for.
func (r *Runtime) startWait(timeout time.Duration, events []rt.Event) (*waiter, int) {
	own := r.own(events)
	r.mu.Lock()
	defer r.mu.Unlock()
	if timeout > 0 {
		r.mustBeOpenLocked()
	}
	for i, e := range own {
		if e.takeLocked() {
			return nil, i
		}
	}
	if timeout <= 0 {
		return nil, timedOut
	}
	w := r.newWaiterLocked()
	for i, e := range own {
		w.join(&e.queue, i)
	}
	return w, 0
}

func (r *Runtime) own(events []rt.Event) []*event {
	own := make([]*event, len(events))
	for i, e := range events {
		ev, ok := e.(*event)
		if !ok || ev.r != r {
			panic(fmt.Sprintf("wallrt: WaitAny given an event of another runtime (%T)", e))
		}
		own[i] = ev
	}
	return own
}
