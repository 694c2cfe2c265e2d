package simrt

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

type semaphore struct {
	k       *Kernel
	permits int // never > 0 with waiters
	waiters waitList
}

// NewSemaphore returns a semaphore with n permits.
func (k *Kernel) NewSemaphore(n int) rt.Semaphore {
	return &semaphore{k: k, permits: n}
}

// Acquire takes a permit, waiting at most timeout; a timeout <= 0 never waits.
func (s *semaphore) Acquire(timeout time.Duration) bool {
	if timeout > 0 {
		s.k.waiter("Semaphore.Acquire")
	}
	if s.permits > 0 {
		s.permits--
		return true
	}
	if timeout <= 0 {
		return false
	}
	t := s.k.cur
	t.prepare(1)
	t.join(0, &s.waiters, 0)
	return t.park("Semaphore.Acquire", timeout) != timedOut
}

// Release hands the permit to the first waiter, if there is one.
func (s *semaphore) Release() {
	if !s.waiters.wakeFirst() {
		s.permits++
	}
}

// mutex checks the rule for mutexes; it has nothing to exclude.
type mutex struct {
	k      *Kernel
	locked bool
}

// NewMutex returns an unlocked mutex. A task that waits while it holds one panics.
func (k *Kernel) NewMutex() rt.Mutex {
	m := k.pool.mutexes.Next()
	m.k = k
	return m
}

func (m *mutex) Lock() {
	if m.locked {
		m.misused("locks a Mutex that it holds")
		return
	}
	m.locked = true
	m.k.held++
}

func (m *mutex) Unlock() {
	if !m.locked {
		m.misused("unlocks a Mutex that is not locked")
		return
	}
	m.locked = false
	m.k.held--
}

// misused panics, unless tasks are being unwound: then one that panicked may have left a
// mutex locked.
func (m *mutex) misused(how string) {
	if !m.k.killing {
		panic(fmt.Sprintf("simrt: task %q %s", m.k.Current(), how))
	}
}

// The tags of a resource's waiters.
const (
	wantExclusive = iota
	wantShared
)

// resource is an ERESOURCE.
type resource struct {
	k         *Kernel
	exclusive bool // excludes shared > 0
	shared    int
	waiters   waitList // empty while the resource is free
}

// NewResource returns a free resource.
func (k *Kernel) NewResource() rt.Resource {
	r := k.pool.resources.Next()
	r.k = k
	return r
}

func (r *resource) AcquireExclusive() {
	t := r.k.waiter("Resource.AcquireExclusive")
	if r.TryAcquireExclusive() {
		return
	}
	r.wait(t, "Resource.AcquireExclusive", wantExclusive)
}

func (r *resource) TryAcquireExclusive() bool {
	if r.exclusive || r.shared > 0 {
		return false
	}
	r.exclusive = true
	return true
}

func (r *resource) AcquireShared() {
	t := r.k.waiter("Resource.AcquireShared")
	if !r.exclusive && r.waiters.first == nil {
		r.shared++
		return
	}
	r.wait(t, "Resource.AcquireShared", wantShared)
}

// wait returns when grant has made t a holder.
func (r *resource) wait(t *task, op string, want int) {
	t.prepare(1)
	t.join(0, &r.waiters, want)
	t.park(op, rt.Forever)
}

func (r *resource) Release() {
	switch {
	case r.exclusive:
		r.exclusive = false
	case r.shared > 0:
		r.shared--
	default:
		panic(fmt.Sprintf("simrt: task %q releases a Resource that is free", r.k.Current()))
	}
	r.grant()
}

// grant lets in those waiters at the head of the queue that can hold together.
func (r *resource) grant() {
	for n := r.waiters.first; n != nil && !r.exclusive; n = r.waiters.first {
		if n.tag == wantExclusive {
			if r.shared > 0 {
				return
			}
			r.exclusive = true
		} else {
			r.shared++
		}
		n.task.wake(n.tag)
	}
}
