// Package wallrt is the runtime of live runs: goroutines and the machine's clock.
//
// # Model
//
// A task is a goroutine that the Runtime knows by name. Events, semaphores and
// resources share one lock, which is held for a few instructions only; a task
// that waits does so on a channel of its own, so that it can be queued in several
// events at once and leave them all together.
//
// Close wakes every task that waits in the runtime by a panic with ErrClosed, so its
// deferred calls run, and the task ends quietly; later waits panic at once. Wait
// then tells which tasks are left: those blocked elsewhere, such as in a read
// from a connection, which their owner closes.
//
// Any goroutine may Set events, and so context.AfterFunc(ctx, ev.Set) is the bridge
// from a context. Only tasks should wait: Do turns the calling goroutine into one.
//
// Lock order: none; Runtime.mu and the lock of a random stream are never held
// together.
//
// # Limits
//
// The order in which tasks run is the Go scheduler's. Rand gives the same
// streams as simrt but tasks draw from them in any order. Synchronization and
// timeout race as they do on any machine: a waiter whose timer and event come
// together gets one of the two, and a Synchronization event is consumed only
// if the waiter reports it. A goroutine that calls runtime.Goexit in a task ends
// the task and nothing else.
package wallrt
