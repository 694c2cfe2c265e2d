package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// DefaultTrialLimit is the real time that one trial may take.
//
// src: assumed (ten thousand times a common trial; a hundred times one of 10 MB)
const DefaultTrialLimit = 60 * time.Second

// abandonAfter is how long after the limit a trial that does not end is left alone.
//
// The kernel ends a trial between two of its steps; this is for one that takes none.
//
// src: assumed (a garbage collection on a loaded machine is shorter)
const abandonAfter = 2 * time.Second

// patrol separates two looks at what the workers are doing.
//
// src: assumed (fine enough for limits of seconds)
const patrol = 250 * time.Millisecond

// window is how many groups may be begun and not yet handed on: what one slow trial
// can hold up, and what bounds the memory.
//
// src: assumed (some 4 MB)
const window = 1024

// crew plays the groups of a matrix on several goroutines and hands them on in order.
// The workers are outside of every simulated world; each has a pool of its own.
type crew struct {
	m      Matrix
	ctx    context.Context
	limit  time.Duration
	ran    atomic.Int64 // see clock
	groups int64
	next   atomic.Int64
	free   chan *Group // taken by who begins a group
	done   chan *Group // as many as are taken fit: nobody waits to put one in
	wg     sync.WaitGroup

	mu      sync.Mutex
	players []*player // guarded by mu: those that the watch looks at
}

// Each plays the groups of the shard from the given one on, and calls each with one
// after another in their order, whatever the number of workers. The group is each's
// until it returns. A trial that panics, exceeds a limit or does not come to an end
// has a Result with an Error. Each ends early if ctx does, or with each's error.
func (m Matrix) Each(ctx context.Context, from, workers int, each func(*Group) error) error {
	if err := m.checkPolicies(); err != nil {
		return err
	}
	if m.Live != nil {
		return m.eachLive(ctx, from, workers, each)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &crew{
		m: m, ctx: ctx, limit: m.TrialLimit, groups: int64(m.groups()),
		free: make(chan *Group, window), done: make(chan *Group, window),
	}
	if c.m.play == nil {
		c.m.play = (*Worker).Run
	}
	if c.limit == 0 {
		c.limit = DefaultTrialLimit
	}
	for range window {
		c.free <- &Group{}
	}
	c.next.Store(int64(from))
	c.ran.Store(1)
	c.wg.Add(workers)
	for range workers {
		c.start(&player{crew: c})
	}
	ended := make(chan struct{})
	go c.watch(ended)
	go func() {
		c.wg.Wait()
		close(c.done)
		close(ended)
	}()
	return c.deliver(from, each)
}

// deliver calls each in order.
func (c *crew) deliver(from int, each func(*Group) error) error {
	waiting := make(map[int]*Group)
	for next := from; next < int(c.groups); {
		g, ok := c.receive()
		if !ok {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			return errors.New("bench: the workers ended early")
		}
		waiting[g.N] = g
		for g := waiting[next]; g != nil; g = waiting[next] {
			if err := each(g); err != nil {
				return err
			}
			delete(waiting, next)
			next++
			c.free <- g
		}
	}
	return nil
}

// receive returns a group that is done. Once the context has ended it waits for the
// trials that are being played, but not long.
func (c *crew) receive() (g *Group, ok bool) {
	select {
	case g, ok = <-c.done:
		return g, ok
	case <-c.ctx.Done():
	}
	select {
	case g, ok = <-c.done:
		return g, ok
	case <-time.After(abandonAfter):
		return nil, false
	}
}

// start lets a worker work, in a place that wg has counted.
func (c *crew) start(p *player) {
	p.worker = c.worker()
	c.mu.Lock()
	c.players = append(c.players, p)
	c.mu.Unlock()
	go p.work()
}

// worker returns a Worker whose trials end at the limit, if their tasks let the kernel
// look at the clock.
func (c *crew) worker() *Worker {
	w := NewWorker()
	w.lim.wall = c.limit
	w.lim.onHang = func(string) {} // the crew has a watch of its own
	return w
}

// watch looks for trials that exceed the limit and do not notice it. Nothing can end
// such a goroutine: it is left alone, and another worker goes on in its place.
func (c *crew) watch(ended <-chan struct{}) {
	tick := time.NewTicker(patrol)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ended:
			return
		case now := <-tick.C:
			c.ran.Add(int64(min(now.Sub(last), 2*patrol)))
			last = now
		}
		for _, p := range c.abandoned() {
			p.replace(fmt.Errorf("the trial did not end within %v of real time, nor let itself be ended", c.limit))
		}
	}
}

// abandoned takes the workers out of the crew that have been at one trial too long.
func (c *crew) abandoned() (lost []*player) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stay := c.players[:0]
	for _, p := range c.players {
		begun := p.begun.Load()
		if begun != 0 && c.clock()-begun > int64(c.limit+abandonAfter) && p.begun.CompareAndSwap(begun, 0) {
			lost = append(lost, p)
			continue
		}
		stay = append(stay, p)
	}
	c.players = stay
	return lost
}

// clock is the real time since the crew began, in nanoseconds and never 0, as of the last
// patrol. It does not count what the process was stopped for, by a batch system or a
// debugger.
func (c *crew) clock() int64 { return c.ran.Load() }

// player plays one group after another.
type player struct {
	crew   *crew
	worker *Worker

	// begun is the clock when the present trial began. Whoever sets it back to 0, the
	// worker when the trial has ended or the watch when it takes too long, owns the
	// rest from then on.
	begun atomic.Int64
	group *Group
	at    int // the trial of the group that is next or being played
}

// work plays until nothing is left. Its place is then free, unless another worker has
// it.
func (p *player) work() {
	replaced, playing := false, false
	defer func() {
		p.worker.Close()
		switch {
		case replaced:
		case playing && p.begun.Swap(0) != 0:
			p.replace(errors.New("the trial called runtime.Goexit"))
		default:
			p.crew.wg.Done()
		}
	}()
	for p.group != nil || p.take() {
		for p.at < len(p.crew.m.Policies) {
			if p.crew.ctx.Err() != nil {
				return
			}
			spec, begun := p.spec(), p.crew.clock()
			p.begun.Store(begun)
			playing = true
			r, err := p.play(spec)
			playing = false
			if replaced = !p.begun.CompareAndSwap(begun, 0); replaced {
				return
			}
			p.pass(r, err)
		}
		p.crew.done <- p.group
		p.group = nil
	}
}

// replace gives the rest of the group to another worker, after a trial that nobody
// heard the end of.
func (p *player) replace(err error) {
	p.pass(Result{}, err)
	p.crew.start(&player{crew: p.crew, group: p.group, at: p.at})
}

// take begins the next group.
func (p *player) take() bool {
	c := p.crew
	select {
	case p.group = <-c.free:
	case <-c.ctx.Done():
		return false
	}
	n := c.next.Add(1) - 1
	if n >= c.groups {
		p.group = nil
		return false
	}
	p.at = 0
	*p.group = Group{N: int(n), Results: p.group.Results[:0], Lines: p.group.Lines[:0], ends: p.group.ends[:0]}
	return true
}

// spec is the trial that is next or being played.
func (p *player) spec() Spec {
	return p.crew.m.policed(p.crew.m.group(p.group.N), p.at)
}

// play plays a trial; a panic outside of the simulated world's tasks is its error.
func (p *player) play(s Spec) (r Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.worker = p.crew.worker() // the old one may be in any state
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return p.crew.m.play(p.worker, s)
}

// pass takes the end of a trial into the group.
func (p *player) pass(r Result, err error) {
	if err != nil {
		r = brokenResult(p.spec(), err)
	}
	g := p.group
	g.Results = append(g.Results, r)
	g.keep(&r, p.crew.m.Keep)
	p.at++
}

// appendLine appends the result as a line of JSON.
func appendLine(b []byte, r *Result) []byte {
	buf := bytes.NewBuffer(b)
	if err := json.NewEncoder(buf).Encode(r); err != nil {
		panic(err) // a Result holds nothing that JSON cannot
	}
	return buf.Bytes()
}

// maxErrorText bounds what a line says of an error, in bytes.
//
// src: assumed (what a person reads of one line)
const maxErrorText = 500

// brokenResult is the Result of a trial that came to no end.
func brokenResult(s Spec, err error) Result {
	text := err.Error()
	if tp, ok := errors.AsType[*rt.TaskPanic](err); ok {
		text = tp.Summary() // without the stack, whose addresses are never the same
	}
	if i := bytes.IndexByte([]byte(text), '\n'); i >= 0 {
		text = text[:i]
	}
	if len(text) > maxErrorText {
		text = text[:maxErrorText]
	}
	return Result{
		Key: s.key(), Edition: s.Policy.Edition.Name, Seed: s.Seed,
		Fate: Fate{Outcome: Broken}, Bytes: s.workload().Bytes(), Error: text,
	}
}
