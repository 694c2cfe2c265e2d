package simrt

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (k *Kernel) outcome(r Reason) Outcome {
	out := Outcome{
		Reason: r, Now: k.Now(), Elapsed: time.Duration(k.now), Panic: k.failure,
		Unfinished: len(k.live), Steps: k.steps, Checksum: k.sum,
	}
	out.Parked, out.Waits = make([]string, 0, len(k.live)), make([]Wait, 0, len(k.live))
	for _, t := range k.byAge() {
		if t.state == parked && !t.timer.pending() && !k.isDaemon(t.name()) {
			out.Parked = append(out.Parked, t.name())
			out.Waits = append(out.Waits, t.wait())
		}
	}
	if r == WallLimit {
		out.Stacks = allStacks()
	}
	return out
}

func (k *Kernel) isDaemon(name string) bool {
	return k.opt.Daemon != nil && k.opt.Daemon(name)
}

// ParkedStacks returns, for the debugging of deadlocks, the name, the wait and the
// stack of each task that waits. It must not be called from a task.
func (k *Kernel) ParkedStacks() string {
	if k.running {
		panic("simrt: ParkedStacks called while Run is running")
	}
	k.reporting = true
	defer func() { k.reporting = false }()
	var b strings.Builder
	for _, t := range k.byAge() {
		if t.state == parked {
			k.switchTo(t)
			fmt.Fprintf(&b, "%s\n%s\n", t.wait(), t.stack)
			t.stack = ""
		}
	}
	return b.String()
}

// byAge returns the unfinished tasks in the order of their start.
func (k *Kernel) byAge() []*task {
	ts := slices.Clone(k.live)
	slices.SortFunc(ts, func(a, b *task) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return ts
}

func (t *task) wait() Wait {
	return Wait{Task: t.name(), Op: t.op, Since: time.Duration(t.since)}
}
