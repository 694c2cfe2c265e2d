package simrt

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// timedOut is the result of a wait that nothing but its timer ended.
const timedOut = -1

// waitNode is one task in the list of one object.
type waitNode struct {
	task       *task
	list       *waitList
	prev, next *waitNode
	tag        int // index in WaitAny; kind of hold for a Resource
}

// waitList holds waiters in order of arrival.
type waitList struct {
	first, last *waitNode
}

func (l *waitList) push(n *waitNode) {
	n.list, n.prev, n.next = l, l.last, nil
	if l.last == nil {
		l.first = n
	} else {
		l.last.next = n
	}
	l.last = n
}

func (l *waitList) remove(n *waitNode) {
	if n.prev == nil {
		l.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.list, n.prev, n.next = nil, nil, nil
}

// wakeFirst ends the wait of the first waiter with its tag and reports whether
// there was one.
func (l *waitList) wakeFirst() bool {
	n := l.first
	if n == nil {
		return false
	}
	n.task.wake(n.tag)
	return true
}

// wakeAll ends the wait of every waiter, in order of arrival.
func (l *waitList) wakeAll() {
	for l.first != nil {
		l.wakeFirst()
	}
}

// waiter returns the running task, which is about to wait in op, after it has
// checked that it may.
func (k *Kernel) waiter(op string) *task {
	t := k.cur
	if t == nil {
		panic(fmt.Sprintf("simrt: %s called outside a task: functions given to AfterFunc must not wait", op))
	}
	if k.killing {
		t.die()
	}
	if k.held > 0 {
		panic(fmt.Sprintf("simrt: task %q waits in %s with a Mutex locked", t.name(), op))
	}
	return t
}

// prepare makes room for n nodes. None is linked at this time.
func (t *task) prepare(n int) {
	if n <= len(t.inline) {
		t.nodes = t.inline[:n]
	} else {
		t.nodes = make([]waitNode, n)
	}
}

// join links node i of the prepared ones into l.
func (t *task) join(i int, l *waitList, tag int) {
	n := &t.nodes[i]
	n.task, n.tag = t, tag
	l.push(n)
}

// park waits until wake, at most timeout, and returns wake's result or timedOut.
func (t *task) park(op string, timeout time.Duration) int {
	k := t.k
	if at := k.after(timeout); at != never {
		k.arm(&t.timer, at)
	}
	t.op, t.since, t.state = op, k.now, parked
	t.pause()
	return t.result
}

// pause switches to the kernel until the task is to run again.
func (t *task) pause() {
	for {
		if !t.yield(struct{}{}) || t.k.killing {
			t.die()
		}
		if !t.k.reporting {
			return
		}
		t.stack = string(debug.Stack())
	}
}

// wake ends the task's wait with the given result and makes it ready.
func (t *task) wake(result int) {
	t.unlink()
	t.k.timers.remove(&t.timer)
	t.result, t.state = result, ready
	t.k.ready.push(t)
}

func (t *task) unlink() {
	for i := range t.nodes {
		if n := &t.nodes[i]; n.list != nil {
			n.list.remove(n)
		}
	}
	t.nodes = nil
}

// Sleep lets d of virtual time pass; d <= 0 lets the other ready tasks run first.
func (k *Kernel) Sleep(d time.Duration) {
	t := k.waiter("Sleep")
	at := k.after(d)
	switch {
	case k.undisturbed(at):
		k.now = at
		k.step(t.id)
	case d <= 0:
		t.op, t.since, t.state = "Sleep", k.now, ready
		k.ready.push(t)
		t.pause()
	default:
		t.park("Sleep", d)
	}
}

// undisturbed reports that the kernel would do nothing up to at but resume the
// running task, so that the two switches can be saved.
func (k *Kernel) undisturbed(at int64) bool {
	if k.ready.len() > 0 || at > k.limit || at == never {
		return false
	}
	if first, ok := k.timers.earliest(); ok && first <= at && at > k.now {
		return false
	}
	_, over := k.over()
	return !over
}

// WaitAny waits until one of the events is signaled and returns its index, or -1
// after timeout. Of several that are signaled when it is called the lowest index
// wins; afterwards the first to be set does.
func (k *Kernel) WaitAny(timeout time.Duration, events ...rt.Event) int {
	if timeout > 0 {
		k.waiter("WaitAny")
	}
	for i, e := range events {
		if k.own(e).take() {
			return i
		}
	}
	if timeout <= 0 {
		return timedOut
	}
	t := k.cur
	t.prepare(len(events))
	for i, e := range events {
		t.join(i, &k.own(e).waiters, i)
	}
	return t.park("WaitAny", timeout)
}

func (k *Kernel) own(e rt.Event) *event {
	ev, ok := e.(*event)
	if !ok || ev.k != k {
		panic(fmt.Sprintf("simrt: WaitAny given an event of another runtime (%T)", e))
	}
	return ev
}
