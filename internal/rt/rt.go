// Package rt is the world that ntrdr's code runs in: time, tasks, waiting and
// randomness. The same blocking code runs on simrt (virtual time, deterministic)
// and on wallrt (goroutines and the machine's clock); nothing below cmd waits or
// looks at a clock in any other way.
//
// Rules for code on a Runtime:
//   - A Mutex is never held across Wait, Sleep, Send or Recv; what must be held
//     across I/O is a Resource.
//   - A function given to AfterFunc never blocks: on simrt it runs on the
//     kernel's own stack. It may Set events, start tasks and arm timers.
//   - Randomness comes from Rand, one stream a purpose, so that one more draw
//     for one purpose moves no other.
package rt

import (
	"math"
	"math/rand/v2"
	"time"
)

// Forever is the timeout that never expires.
const Forever = time.Duration(math.MaxInt64)

// EventKind tells the two kinds of NT events apart.
type EventKind uint8

const (
	// Notification events stay signaled until Reset and release every waiter.
	Notification EventKind = iota
	// Synchronization events release one waiter and reset themselves.
	Synchronization
)

// Memory lends buffers to those who need many.
type Memory interface {
	// Bytes returns n bytes of any content. They are the caller's until Free, or until the
	// runtime has ended and another began in its place.
	Bytes(n int) []byte
	// Free takes b, which may begin where a slice from Bytes does, or be all of an array
	// that was allocated. Nobody may use it any more.
	Free(b []byte)
}

// Runtime is everything that waits, the seeded randomness and the memory for buffers.
type Runtime interface {
	Memory
	Now() time.Time
	// Elapsed is Now less the time at which the runtime began, for who reckons with it.
	Elapsed() time.Duration
	// Go starts a task. The name appears in traces, panics and deadlock reports.
	Go(name string, f func())
	// GoFor starts a task whose name is what and whom with a blank between, made when it is
	// told.
	GoFor(what, whom string, f func())
	// Sleep blocks the calling task for d; d <= 0 yields.
	Sleep(d time.Duration)
	// AfterFunc calls f once after d; f must not block.
	AfterFunc(d time.Duration, f func()) Timer
	// Rand returns the named stream: the same name gives the same *rand.Rand.
	Rand(stream string) *rand.Rand
	NewEvent(kind EventKind) Event
	// WaitAny blocks until one of the events is signaled and returns its index, or
	// -1 after timeout. If several are signaled the lowest index wins.
	WaitAny(timeout time.Duration, events ...Event) int
	NewSemaphore(n int) Semaphore
	NewMutex() Mutex
	NewResource() Resource
}

// Timer is what AfterFunc has started.
type Timer interface {
	// Stop prevents the call and reports whether it was still pending.
	Stop() bool
	// Reset asks for one call after d from now, in place of one that is pending. It may
	// be used whatever has become of the timer before.
	Reset(d time.Duration)
}

// Event is a KEVENT. It is created unsignaled.
type Event interface {
	Set()
	Reset()
	// Wait blocks until the event is signaled, at most timeout; a timeout <= 0 polls.
	Wait(timeout time.Duration) (signaled bool)
}

// Semaphore counts permits; waiters are served in order of arrival.
type Semaphore interface {
	Acquire(timeout time.Duration) bool
	Release()
}

// Mutex excludes tasks from a short critical section that never waits.
type Mutex interface {
	Lock()
	Unlock()
}

// Resource is an ERESOURCE: many shared holders or one exclusive holder, and it
// may be held across I/O. Waiters are served in order of arrival, so a waiting
// exclusive acquirer is not starved by later shared ones. It is not recursive.
type Resource interface {
	AcquireExclusive()
	// TryAcquireExclusive never waits.
	TryAcquireExclusive() bool
	AcquireShared()
	// Release gives up one hold, of whichever kind the resource is in.
	Release()
}
