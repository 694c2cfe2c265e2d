package wallrt

import (
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// event is a KEVENT.
type event struct {
	r        *Runtime
	kind     rt.EventKind
	signaled bool  // never with waiters; +checklocks:r.mu
	queue    queue // +checklocks:r.mu
}

// NewEvent returns an unsignaled event.
func (r *Runtime) NewEvent(kind rt.EventKind) rt.Event {
	return &event{r: r, kind: kind}
}

// Set releases every waiter of a Notification event and the first waiter of a
// Synchronization event. A waiter is released even if Reset follows before it runs.
func (e *event) Set() {
	e.r.mu.Lock()
	defer e.r.mu.Unlock()
	if e.kind == rt.Synchronization {
		e.signaled = !e.r.wakeFirstLocked(&e.queue)
		return
	}
	e.signaled = true
	e.r.wakeAllLocked(&e.queue)
}

func (e *event) Reset() {
	e.r.mu.Lock()
	defer e.r.mu.Unlock()
	e.signaled = false
}

func (e *event) Wait(timeout time.Duration) bool {
	return e.r.WaitAny(timeout, e) != timedOut
}

// takeLocked reports whether the event is signaled, and consumes the signal of a
// Synchronization event.
func (e *event) takeLocked() bool {
	if !e.signaled {
		return false
	}
	e.signaled = e.kind == rt.Notification
	return true
}

type semaphore struct {
	r       *Runtime
	permits int   // never > 0 with waiters; +checklocks:r.mu
	queue   queue // +checklocks:r.mu
}

// NewSemaphore returns a semaphore with n permits.
func (r *Runtime) NewSemaphore(n int) rt.Semaphore {
	return &semaphore{r: r, permits: n}
}

// Acquire takes a permit, waiting at most timeout; a timeout <= 0 never waits.
func (s *semaphore) Acquire(timeout time.Duration) bool {
	w, ok := s.start(timeout)
	if w == nil {
		return ok
	}
	return s.r.await(w, timeout) != timedOut
}

func (s *semaphore) start(timeout time.Duration) (w *waiter, ok bool) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if timeout > 0 {
		s.r.mustBeOpenLocked()
	}
	if s.permits > 0 {
		s.permits--
		return nil, true
	}
	if timeout <= 0 {
		return nil, false
	}
	w = s.r.newWaiterLocked()
	w.join(&s.queue, 0)
	return w, false
}

// Release hands the permit to the first waiter, if there is one.
func (s *semaphore) Release() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if !s.r.wakeFirstLocked(&s.queue) {
		s.permits++
	}
}

// NewMutex returns an unlocked mutex.
func (r *Runtime) NewMutex() rt.Mutex { return &sync.Mutex{} }

// The tags of a resource's waiters.
const (
	wantExclusive = iota
	wantShared
)

// resource is an ERESOURCE.
type resource struct {
	r         *Runtime
	exclusive bool  // excludes shared > 0; +checklocks:r.mu
	shared    int   // +checklocks:r.mu
	queue     queue // empty while the resource is free; +checklocks:r.mu
}

// NewResource returns a free resource.
func (r *Runtime) NewResource() rt.Resource { return &resource{r: r} }

func (s *resource) AcquireExclusive() { s.acquire(wantExclusive) }

func (s *resource) AcquireShared() { s.acquire(wantShared) }

func (s *resource) TryAcquireExclusive() bool {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	return s.takeLocked(wantExclusive)
}

func (s *resource) acquire(want int) {
	if w := s.start(want); w != nil {
		s.r.await(w, rt.Forever)
	}
}

// start returns nil if the resource could be taken at once.
func (s *resource) start(want int) *waiter {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.mustBeOpenLocked()
	if len(s.queue.waiters) == 0 && s.takeLocked(want) {
		return nil
	}
	w := s.r.newWaiterLocked()
	w.join(&s.queue, want)
	return w
}

// takeLocked makes the caller a holder if the present holders allow it.
func (s *resource) takeLocked(want int) bool {
	switch {
	case s.exclusive, want == wantExclusive && s.shared > 0:
		return false
	case want == wantExclusive:
		s.exclusive = true
	default:
		s.shared++
	}
	return true
}

func (s *resource) Release() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	switch {
	case s.exclusive:
		s.exclusive = false
	case s.shared > 0:
		s.shared--
	default:
		panic("wallrt: a Resource that is free was released")
	}
	for len(s.queue.waiters) > 0 && s.takeLocked(s.queue.waiters[0].tag) {
		s.r.wakeFirstLocked(&s.queue)
	}
}
