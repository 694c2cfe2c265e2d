package simrt

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// watchdog looks at the machine's clock, so that a trial that hangs fails. It is
// the one part of the package that does, and a trial that ends in time never
// notices it.
type watchdog struct {
	expired atomic.Bool // tells the kernel to end the run

	mu    sync.Mutex
	run   uint64 // the number of the run in progress; 0 none
	runs  uint64
	left  int // parts of the limit
	timer *time.Timer
}

// parts are what a limit is counted in. A process that is stopped for a time, by a batch
// system or a debugger, loses one of them and not the run.
const parts = 8

// grace is how long an expired trial may take to return to the kernel.
//
// src: assumed (long against a garbage collection on a loaded machine)
const grace = 2 * time.Second

// start arms the watchdog for one run.
func (w *watchdog) start(opt Options) {
	w.expired.Store(false)
	if opt.WallLimit < 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs++
	w.run = w.runs
	w.left = parts
	run, part := w.run, opt.WallLimit/parts
	w.timer = time.AfterFunc(part, func() {
		if w.bark(run, part) {
			opt.OnHang(hangReport(opt))
		}
	})
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run = 0
	if w.timer != nil {
		w.timer.Stop()
	}
}

// bark takes a part of the limit. At its end it asks the kernel to end the run and, when it
// is called again for the same run, reports that the kernel did not.
func (w *watchdog) bark(run uint64, part time.Duration) (hung bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.run != run {
		return false
	}
	if w.left--; w.left > 0 {
		w.timer.Reset(part)
		return false
	}
	if w.expired.Swap(true) {
		return true
	}
	w.timer.Reset(grace)
	return false
}

func hangReport(opt Options) string {
	return fmt.Sprintf("simrt: trial %q, seed %d: a task neither waited nor ended within %v of real time\n\n%s",
		opt.Name, opt.Seed, opt.WallLimit+grace, allStacks())
}

// exitOnHang is the default of Options.OnHang: nothing else can end such a task.
func exitOnHang(report string) {
	fmt.Fprintln(os.Stderr, report)
	os.Exit(2)
}

// maxStacks bounds a report, in bytes.
const maxStacks = 1 << 20

func allStacks() string {
	buf := make([]byte, maxStacks)
	return string(buf[:runtime.Stack(buf, true)])
}
