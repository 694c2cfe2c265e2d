package simrt

import (
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/slab"
)

type taskState uint8

const (
	fresh  taskState = iota // ready, its function has not been called
	ready                   // in the ready queue
	active                  // running
	parked                  // waiting
	ended                   // its function is over
)

// task is a coroutine and what it works on. It is used again by later tasks once
// its function has returned; a coroutine that panicked is dropped.
type task struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool

	k      *Kernel
	what   string // the name; with whom, if that is not empty
	whom   string
	id     uint64
	f      func()
	state  taskState
	slot   int // index in Kernel.live
	result int // of the last wait
	op     string
	since  int64      // when the wait began
	nodes  []waitNode // of the wait in progress; linked into lists
	inline [2]waitNode
	timer  timer // of the wait in progress

	deaths int  // waits that panicked because of Close
	broken bool // ended by panic or Goexit: not to be used again
	goexit bool // suspended inside runtime.Goexit
	stack  string
}

// killed is what waits panic with once Close has begun.
type killed struct{}

// maxDeaths is how often a task may recover or defer past killed before it is
// ended by Goexit, which cannot be recovered.
const maxDeaths = 64

// Go starts a task. It runs when the present one waits.
func (k *Kernel) Go(name string, f func()) { k.GoFor(name, "", f) }

// GoFor starts a task called what and whom.
func (k *Kernel) GoFor(what, whom string, f func()) {
	if k.killing {
		return
	}
	t := k.pool.get()
	k.nextID++
	t.k, t.what, t.whom, t.id, t.f = k, what, whom, k.nextID, f
	t.state, t.slot, t.deaths = fresh, len(k.live), 0
	k.live = append(k.live, t)
	k.ready.push(t)
}

// Current returns the name of the running task, and "" on the kernel's stack.
func (k *Kernel) Current() string {
	if k.cur == nil {
		return ""
	}
	return k.cur.name()
}

func (t *task) name() string {
	if t.whom == "" {
		return t.what
	}
	return t.what + " " + t.whom
}

// resume runs a ready task until it waits or ends.
func (k *Kernel) resume(t *task) {
	k.step(t.id)
	k.switchTo(t)
	if t.state == ended {
		k.finish(t)
	}
}

// switchTo gives the processor to t until it yields.
func (k *Kernel) switchTo(t *task) {
	outer := k.cur
	k.cur = t
	if !k.reporting {
		t.state = active
	}
	t.next()
	k.cur = outer
}

// finish takes an ended task off the books.
func (k *Kernel) finish(t *task) {
	last := k.live[len(k.live)-1]
	k.live[t.slot], last.slot = last, t.slot
	k.live[len(k.live)-1] = nil
	k.live = k.live[:len(k.live)-1]
	if k.held > 0 && !t.broken {
		k.fail(k.newPanic(t.name(), fmt.Sprintf("simrt: task %q ended with a Mutex locked", t.name()), false, ""))
	}
	k.pool.put(t)
}

// kill unwinds one task.
func (k *Kernel) kill(t *task) {
	t.unlink()
	k.timers.remove(&t.timer)
	if t.state == fresh {
		t.state = ended
	} else {
		k.switchTo(t)
	}
	k.held = 0
	k.finish(t)
}

// main is the body of the coroutine: one function after another.
func (t *task) main(yield func(struct{}) bool) {
	t.yield = yield
	for yield(struct{}{}) {
		t.run()
		t.state = ended
		if t.broken {
			return
		}
	}
}

// run calls the task's function and turns what is not a return into a TaskPanic.
func (t *task) run() {
	returned := false
	defer func() {
		if !returned {
			t.abandon(recover())
		}
	}()
	t.f()
	returned = true
}

// abandon handles a function that did not return. After Goexit it switches to the
// kernel from within the Goexit, which otherwise would end the kernel's goroutine.
func (t *task) abandon(v any) {
	if _, ok := v.(killed); ok {
		return
	}
	t.broken = true
	t.goexit = v == nil
	if !t.goexit || t.deaths == 0 {
		t.k.fail(t.k.newPanic(t.name(), v, t.goexit, string(debug.Stack())))
	}
	if t.goexit {
		t.state = ended
		t.yield(struct{}{})
	}
}

// die unwinds the running task.
func (t *task) die() {
	t.deaths++
	if t.deaths > maxDeaths {
		runtime.Goexit()
	}
	panic(killed{})
}

// release ends an idle or broken coroutine.
func (t *task) release() {
	if !t.goexit {
		t.stop()
		return
	}
	// stop passes the Goexit on to its caller: let that be a goroutine of no use.
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.stop()
	}()
	<-done
}

// Pool keeps idle coroutines for the next trial, since starting them and growing
// their stacks costs more than a short task does, and memory. It belongs to one
// goroutine at a time.
type Pool struct {
	idle      []*task
	kernels   int // that are not closed
	memory    memory
	slabs     slab.Store
	timers    *slab.Slab[timer]
	events    *slab.Slab[event]
	mutexes   *slab.Slab[mutex]
	resources *slab.Slab[resource]
}

// NewPool returns an empty pool. Its owner must call Close.
func NewPool() *Pool {
	p := &Pool{slabs: slab.Store{Check: invariant.Enabled}}
	p.timers, p.events = slab.From[timer](&p.slabs), slab.From[event](&p.slabs)
	p.mutexes, p.resources = slab.From[mutex](&p.slabs), slab.From[resource](&p.slabs)
	return p
}

// begin serves a new kernel. What those before it were lent is free, if they have ended.
func (p *Pool) begin() {
	if p.kernels == 0 {
		p.memory.reset()
		p.slabs.Reset()
	}
	p.kernels++
}

// Close ends the idle coroutines. The pool may still be used.
func (p *Pool) Close() {
	for _, t := range p.idle {
		t.release()
	}
	clear(p.idle)
	p.idle = p.idle[:0]
}

func (p *Pool) get() *task {
	if n := len(p.idle); n > 0 {
		t := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		return t
	}
	t := &task{}
	t.timer.task = t
	t.next, t.stop = iter.Pull(t.main)
	t.next() // up to the first yield
	return t
}

func (p *Pool) put(t *task) {
	t.k, t.f, t.what, t.whom, t.op = nil, nil, "", "", ""
	if t.broken {
		t.release()
		return
	}
	p.idle = append(p.idle, t)
}
