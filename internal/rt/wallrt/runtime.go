package wallrt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// ErrClosed is what waits panic with after Close, and what Do then returns.
var ErrClosed = errors.New("wallrt: the runtime is closed")

// TaskPanic is a task's panic.
type TaskPanic = rt.TaskPanic

// Options configure a Runtime.
type Options struct {
	// Name is the runtime's name in panics.
	Name string
	// Seed decides the streams of Rand.
	Seed uint64
	// OnPanic is told of a panic in a task or callback, on its goroutine. Nil means
	// to panic again with the *TaskPanic, which ends the process.
	OnPanic func(*TaskPanic)
}

// Runtime runs tasks as goroutines. It implements rt.Runtime.
type Runtime struct {
	opt   Options
	start time.Time

	mu      sync.Mutex
	closed  bool                  // +checklocks:mu
	waiting map[*waiter]struct{}  // +checklocks:mu
	timers  map[*timer]struct{}   // +checklocks:mu
	tasks   map[*task]struct{}    // +checklocks:mu
	idle    []chan struct{}       // closed when tasks is empty; +checklocks:mu
	streams map[string]*rand.Rand // +checklocks:mu
}

// task is one goroutine started by Go, or one call of a callback.
type task struct{ name string }

var _ rt.Runtime = (*Runtime)(nil)

// New returns a runtime whose panics end the process. Its owner must call Close.
func New(seed uint64) *Runtime { return NewWith(Options{Seed: seed}) }

// NewWith is New with all options.
func NewWith(opt Options) *Runtime {
	return &Runtime{
		opt:     opt,
		start:   time.Now(),
		waiting: make(map[*waiter]struct{}),
		timers:  make(map[*timer]struct{}),
		tasks:   make(map[*task]struct{}),
		streams: make(map[string]*rand.Rand),
	}
}

// Bytes allocates a buffer.
func (r *Runtime) Bytes(n int) []byte { return make([]byte, n) }

// Free leaves a buffer to the garbage collector.
func (r *Runtime) Free([]byte) {}

// Now returns the machine's time.
func (r *Runtime) Now() time.Time { return time.Now() }

// Elapsed returns the machine's time since New.
func (r *Runtime) Elapsed() time.Duration { return time.Since(r.start) }

// Go starts a task; after Close it does nothing.
func (r *Runtime) Go(name string, f func()) {
	if t := r.begin(name); t != nil {
		go r.run(t, f)
	}
}

// GoFor starts a task called what and whom.
func (r *Runtime) GoFor(what, whom string, f func()) {
	r.Go(strings.TrimSuffix(what+" "+whom, " "), f)
}

// Do calls f as a task on the calling goroutine. It returns ErrClosed if Close
// cut f short or had been called before. A panic of f is the caller's.
func (r *Runtime) Do(name string, f func()) (err error) {
	t := r.begin(name)
	if t == nil {
		return ErrClosed
	}
	defer r.end(t)
	defer func() {
		if v := recover(); v != nil {
			if !isClosed(v) {
				panic(v)
			}
			err = ErrClosed
		}
	}()
	f()
	return nil
}

// Tasks returns the sorted names of the tasks that have not ended.
func (r *Runtime) Tasks() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.tasks))
	for t := range r.tasks {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// Wait blocks until no task is left, at most timeout, and returns the names of those
// that are. It must not be called from a task.
func (r *Runtime) Wait(timeout time.Duration) (left []string) {
	tm := time.NewTimer(timeout)
	defer tm.Stop()
	select {
	case <-r.whenIdle():
		return nil
	case <-tm.C:
		return r.Tasks()
	}
}

// Close stops all timers and unwinds all tasks that wait in the runtime; it does
// not wait for them to end.
func (r *Runtime) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for t := range r.timers {
		t.t.Stop()
	}
	clear(r.timers)
	for w := range r.waiting {
		r.wakeLocked(w, unwound)
	}
}

// Sleep blocks for d; d <= 0 yields the processor.
func (r *Runtime) Sleep(d time.Duration) {
	if d <= 0 {
		r.yield()
		return
	}
	r.WaitAny(d)
}

// Rand returns the named stream of the seed. It may be used by several tasks at
// once.
func (r *Runtime) Rand(stream string) *rand.Rand {
	r.mu.Lock()
	defer r.mu.Unlock()
	rnd, ok := r.streams[stream]
	if !ok {
		rnd = rand.New(&lockedSource{src: rt.NewSource(r.opt.Seed, stream)})
		r.streams[stream] = rnd
	}
	return rnd
}

// lockedSource is safe for several goroutines, and so is a rand.Rand on it, which
// has no state of its own.
type lockedSource struct {
	mu  sync.Mutex
	src rand.Source // +checklocks:mu
}

// Uint64 draws the next number.
func (s *lockedSource) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.src.Uint64()
}

func (r *Runtime) begin(name string) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	t := &task{name: name}
	r.tasks[t] = struct{}{}
	return t
}

func (r *Runtime) end(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tasks, t)
	if len(r.tasks) > 0 {
		return
	}
	for _, c := range r.idle {
		close(c)
	}
	r.idle = nil
}

// whenIdle returns a channel that is closed when no task is left.
func (r *Runtime) whenIdle() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan struct{})
	if len(r.tasks) == 0 {
		close(c)
	} else {
		r.idle = append(r.idle, c)
	}
	return c
}

// run is the body of a task's goroutine.
func (r *Runtime) run(t *task, f func()) {
	defer r.end(t)
	defer func() {
		if v := recover(); v != nil && !isClosed(v) {
			r.report(t.name, v, string(debug.Stack()))
		}
	}()
	f()
}

func (r *Runtime) report(name string, v any, stack string) {
	p := &TaskPanic{
		Trial: r.opt.Name, Task: name, Value: v, Stack: stack,
		Seed: r.opt.Seed, Now: r.Now(),
	}
	if r.opt.OnPanic == nil {
		panic(p)
	}
	r.opt.OnPanic(p)
}

func isClosed(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, ErrClosed)
}

func (r *Runtime) yield() {
	defer runtime.Gosched()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustBeOpenLocked()
}

// mustBeOpenLocked unwinds the caller after Close. The caller's deferred Unlock runs.
func (r *Runtime) mustBeOpenLocked() {
	if r.closed {
		panic(fmt.Errorf("%w: nothing can be waited for", ErrClosed))
	}
}

// timer is a pending callback.
type timer struct {
	r   *Runtime
	f   func()
	t   *time.Timer // nil after Close; +checklocks:Runtime.mu, as nth
	nth int         // how often it has been started
}

// AfterFunc calls f on a goroutine of its own after d; after Close it does nothing.
// While f runs it is one of Tasks.
func (r *Runtime) AfterFunc(d time.Duration, f func()) rt.Timer {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &timer{r: r, f: f}
	t.startLocked(d)
	return t
}

func (t *timer) startLocked(d time.Duration) {
	if t.r.closed {
		return
	}
	t.r.timers[t] = struct{}{}
	t.nth++
	nth := t.nth
	t.t = time.AfterFunc(d, func() {
		if c := t.r.fire(t, nth); c != nil {
			t.r.run(c, t.f)
		}
	})
}

// fire takes the timer out and returns a task for its nth call; nil if Stop, Reset or
// Close came first.
func (r *Runtime) fire(t *timer, nth int) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, pending := r.timers[t]; !pending || t.nth != nth {
		return nil
	}
	delete(r.timers, t)
	c := &task{name: rt.CallbackTask}
	r.tasks[c] = struct{}{}
	return c
}

// Stop prevents the call and reports whether it was still pending. After a true
// result f is never called.
func (t *timer) Stop() bool {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	return t.stopLocked()
}

func (t *timer) stopLocked() bool {
	_, pending := t.r.timers[t]
	if pending {
		delete(t.r.timers, t)
		t.t.Stop()
	}
	return pending
}

// Reset asks for one call after d, in place of one that is pending; after Close it does
// nothing.
func (t *timer) Reset(d time.Duration) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	t.stopLocked()
	t.startLocked(d)
}
