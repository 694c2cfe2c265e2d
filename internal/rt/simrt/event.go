package simrt

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// event is a KEVENT.
type event struct {
	k        *Kernel
	kind     rt.EventKind
	signaled bool // never with waiters
	waiters  waitList
}

// NewEvent returns an unsignaled event.
func (k *Kernel) NewEvent(kind rt.EventKind) rt.Event {
	e := k.pool.events.Next()
	e.k, e.kind = k, kind
	return e
}

// Set releases every waiter of a Notification event and the first waiter of a
// Synchronization event. A waiter is released even if Reset follows before it runs.
func (e *event) Set() {
	if e.kind == rt.Synchronization {
		e.signaled = !e.waiters.wakeFirst()
		return
	}
	e.signaled = true
	e.waiters.wakeAll()
}

func (e *event) Reset() { e.signaled = false }

func (e *event) Wait(timeout time.Duration) bool {
	if timeout <= 0 {
		return e.take()
	}
	t := e.k.waiter("Event.Wait")
	if e.take() {
		return true
	}
	t.prepare(1)
	t.join(0, &e.waiters, 0)
	return t.park("Event.Wait", timeout) != timedOut
}

// take reports whether the event is signaled, and consumes the signal of a
// Synchronization event.
func (e *event) take() bool {
	if !e.signaled {
		return false
	}
	e.signaled = e.kind == rt.Notification
	return true
}
