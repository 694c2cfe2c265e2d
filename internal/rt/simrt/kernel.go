package simrt

import (
	"math"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// never is the time of what does not happen.
const never = math.MaxInt64

// Kernel runs tasks in virtual time. It implements rt.Runtime.
type Kernel struct {
	opt     Options
	pool    *Pool
	ownPool bool
	now     int64 // nanoseconds since opt.Start
	clock   clock
	limit   int64 // the clock does not pass it in this Run
	seq     uint64
	timers  timerList
	ready   readyQueue
	live    []*task // unfinished tasks, in no order
	nextID  uint64
	cur     *task // nil on the kernel's own stack
	held    int   // mutexes that are locked; less while tasks are unwound
	streams map[string]*rand.Rand
	order   *rand.Rand // nil unless Options.Shuffle
	steps   uint64
	sum     uint64

	running   bool
	calling   bool // a callback is running
	stopping  bool
	killing   bool // Close has begun; every wait panics
	reporting bool // parked tasks are resumed only to note their stacks
	failure   *TaskPanic
	unwind    []*TaskPanic
	dog       watchdog
}

var _ rt.Runtime = (*Kernel)(nil)

// New returns a kernel with no tasks. Its owner must call Close.
func New(opt Options) *Kernel {
	k := &Kernel{opt: opt.withDefaults(), pool: opt.Pool, limit: never, sum: checksumBasis}
	if k.pool == nil {
		k.pool, k.ownPool = NewPool(), true
	}
	k.pool.begin()
	if opt.Shuffle {
		k.order = rand.New(rt.NewSource(opt.Seed, "simrt: order of tasks"))
	}
	return k
}

// Run lets tasks run until none is ready and no timer is pending, or a limit of
// Options is reached, or Stop is called, or one panics. It may be called again.
func (k *Kernel) Run() Outcome {
	return k.runUntil(k.deadline())
}

// RunFor runs at most d of virtual time. Unless Stop or a failure ends it earlier the
// clock then stands d later, even if nothing was left to do.
func (k *Kernel) RunFor(d time.Duration) Outcome {
	limit := min(k.after(d), k.deadline())
	out := k.runUntil(limit)
	if out.Reason == Idle && limit != never {
		k.now = limit
		out.Now, out.Elapsed = k.Now(), time.Duration(k.now)
	}
	return out
}

// RunTask starts f as a task and runs until it has returned, whatever else
// is left to do by then.
func (k *Kernel) RunTask(name string, f func()) Outcome {
	k.Go(name, func() {
		defer k.Stop()
		f()
	})
	return k.Run()
}

// Stop makes Run return as soon as the calling task waits or the calling
// callback returns.
func (k *Kernel) Stop() { k.stopping = true }

// Close unwinds all unfinished tasks in the order of their start. Afterwards Go and
// AfterFunc do nothing and events may still be set. It must not be called from
// a task.
func (k *Kernel) Close() {
	if k.running {
		panic("simrt: Close called while Run is running")
	}
	if k.killing {
		return
	}
	k.killing = true
	k.dog.start(k.opt)
	defer k.dog.stop()
	for _, t := range k.byAge() {
		k.kill(t)
	}
	for k.timers.first != nil {
		k.timers.pop()
	}
	k.ready = readyQueue{}
	k.pool.kernels--
	if k.ownPool {
		k.pool.Close()
	}
}

// UnwindPanics returns the panics of deferred calls that Close ran.
func (k *Kernel) UnwindPanics() []*TaskPanic { return k.unwind }

// Steps counts task switches and callbacks up to now.
func (k *Kernel) Steps() uint64 { return k.steps }

// Now returns the virtual time.
func (k *Kernel) Now() time.Time {
	if k.clock.shown.IsZero() || k.clock.at != k.now {
		k.clock = clock{k.now, k.opt.Start.Add(time.Duration(k.now))}
	}
	return k.clock.shown
}

// Elapsed returns the virtual time since Options.Start.
func (k *Kernel) Elapsed() time.Duration { return time.Duration(k.now) }

// clock is a time in both forms: it is asked for more often than it moves.
type clock struct {
	at    int64
	shown time.Time
}

// Rand returns the named stream of the kernel's seed.
func (k *Kernel) Rand(stream string) *rand.Rand {
	if r, ok := k.streams[stream]; ok {
		return r
	}
	if k.streams == nil {
		k.streams = make(map[string]*rand.Rand)
	}
	r := rand.New(rt.NewSource(k.opt.Seed, stream))
	k.streams[stream] = r
	return r
}

// Note adds v to the checksum of the outcome.
func (k *Kernel) Note(v uint64) { k.mix(v) }

func (k *Kernel) runUntil(limit int64) Outcome {
	if k.running {
		panic("simrt: Run called while Run is running")
	}
	if k.killing {
		panic("simrt: Run called after Close")
	}
	k.running, k.stopping, k.limit = true, false, limit
	k.dog.start(k.opt)
	defer func() {
		k.running = false
		k.dog.stop()
	}()
	return k.outcome(k.loop())
}

func (k *Kernel) deadline() int64 {
	if k.opt.Deadline <= 0 {
		return never
	}
	return int64(k.opt.Deadline)
}

// loop is the scheduler.
func (k *Kernel) loop() (r Reason) {
	for over := false; !over; {
		r, over = k.advance()
	}
	return r
}

// advance runs until the run is over or a callback has panicked.
func (k *Kernel) advance() (r Reason, over bool) {
	defer func() {
		if !k.calling {
			return // what panics, if anything, is the kernel
		}
		k.calling = false
		if v := recover(); v != nil {
			k.fail(k.newPanic(rt.CallbackTask, v, false, string(debug.Stack())))
		}
	}()
	for {
		if r, over := k.over(); over {
			return r, true
		}
		if k.ready.len() > 0 {
			k.resume(k.nextReady())
			continue
		}
		if r, more := k.fire(); !more {
			return r, true
		}
	}
}

// over reports whether something other than lack of work ends the run.
func (k *Kernel) over() (r Reason, over bool) {
	switch {
	case k.failure != nil:
		return Panicked, true
	case k.stopping:
		return Stopped, true
	case k.opt.MaxSteps > 0 && k.steps >= k.opt.MaxSteps:
		return StepLimit, true
	case k.dog.expired.Load():
		return WallLimit, true
	}
	return Idle, false
}

func (k *Kernel) nextReady() *task {
	if k.order != nil && k.ready.len() > 1 {
		k.ready.bringForward(k.order.IntN(k.ready.len()))
	}
	return k.ready.pop()
}

// fire moves the clock to the earliest timer and acts on it.
func (k *Kernel) fire() (r Reason, more bool) {
	at, ok := k.timers.earliest()
	switch {
	case !ok:
		return Idle, false
	case at > k.limit:
		k.now = k.limit
		return Deadline, false
	}
	k.now = at
	tm := k.timers.pop()
	if tm.task == nil {
		k.call(tm)
		return Idle, true
	}
	tm.task.wake(timedOut)
	if k.order != nil {
		k.wakeSleepers(at)
	}
	return Idle, true
}

// wakeSleepers makes all tasks ready whose timers are next and due at the same
// time, so that the shuffle can choose among them. Callbacks keep their order.
func (k *Kernel) wakeSleepers(at int64) {
	for next := k.timers.first; next != nil && next.at == at && next.task != nil; next = k.timers.first {
		k.timers.pop().task.wake(timedOut)
	}
}

// call runs a callback on the kernel's stack.
func (k *Kernel) call(tm *timer) {
	k.step(tm.id)
	k.calling = true
	tm.f()
	if k.held > 0 {
		panic("simrt: a callback returned with a Mutex locked")
	}
	k.calling = false
}

// fail ends the run, or is noted if the tasks are being unwound.
func (k *Kernel) fail(p *TaskPanic) {
	k.held = 0
	if k.killing {
		k.unwind = append(k.unwind, p)
		return
	}
	if k.failure == nil {
		k.failure = p
	}
	if k.opt.OnPanic != nil {
		k.opt.OnPanic(p)
	}
}

func (k *Kernel) newPanic(name string, v any, goexit bool, stack string) *TaskPanic {
	return &TaskPanic{
		Trial: k.opt.Name, Task: name, Value: v, Goexit: goexit, Stack: stack,
		Seed: k.opt.Seed, Now: k.Now(),
	}
}

// after returns the time d from now; a sum that overflows is never.
func (k *Kernel) after(d time.Duration) int64 {
	if d <= 0 {
		return k.now
	}
	if int64(d) >= never-k.now {
		return never
	}
	return k.now + int64(d)
}

// FNV-1a's numbers, used a word at a time.
const (
	checksumBasis = 14695981039346656037
	checksumPrime = 1099511628211
)

func (k *Kernel) mix(v uint64) {
	k.sum = (k.sum ^ v) * checksumPrime
	k.sum ^= k.sum >> 32 // a word at a time, high bits would never reach the low ones
}

// step counts and hashes one step of task or callback id.
func (k *Kernel) step(id uint64) {
	k.steps++
	k.mix(uint64(k.now))
	k.mix(id)
}
