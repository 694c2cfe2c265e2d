// Package simrt is the runtime of simulations: virtual time, and one task at a
// time in an order that the seed alone decides.
//
// # Model
//
// A Kernel owns a queue of ready tasks and a list of timers. Run takes the first
// ready task and lets it run until it waits; when none is ready the clock jumps
// to the earliest timer, ties by order of arming. Nothing takes virtual time but
// waiting. With Options.Shuffle the next task is drawn from the ready queue by a
// stream of the seed, which explores other interleavings and repeats them.
//
// Tasks are coroutines (iter.Pull). Functions given to AfterFunc run on the
// kernel's own stack: they may set events, start tasks and arm timers, and one
// that tries to wait panics. A Mutex excludes nothing here, since a task is never
// preempted; it is a check that no task waits while it holds one.
//
// A panic or runtime.Goexit in a task ends Run and becomes its Outcome. Close
// unwinds the tasks that are still waiting: their wait panics with a private
// value, so their deferred calls run. A task that recovers that value is not
// revived: its next wait panics again and, if it insists, ends by Goexit.
//
// # Limits
//
// A Kernel, its tasks and a Pool belong to one goroutine at a time; parallel
// trials take a Pool each. Tasks must not use channels, locks of package sync,
// runtime.LockOSThread or a clock: the kernel cannot see them, and a task blocked
// by one hangs the trial. The watchdog (Options.WallLimit) is for that: it looks at
// the machine's clock, ends the trial that takes too long, and touches nothing
// else. The race detector sees no races between tasks, because every switch
// orders memory: use wallrt for that and Shuffle here.
//
// Results repeat bit for bit on one architecture; floating point may be fused on
// another.
package simrt
