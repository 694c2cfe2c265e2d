package simrt

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Options configure a Kernel. The zero value is usable: seed 0, DefaultStart, first
// come first served, no limit but DefaultWallLimit.
type Options struct {
	// Name is the trial's name in panics and reports.
	Name string
	// Seed decides every stream of Rand and the order of Shuffle.
	Seed uint64
	// Start is the time at which the clock starts; zero means DefaultStart.
	Start time.Time
	// Shuffle draws the next task from all that are ready.
	Shuffle bool
	// Deadline ends Run when the clock would pass Start+Deadline; 0 is no limit.
	Deadline time.Duration
	// MaxSteps ends Run after so many task switches and callbacks; 0 is no limit.
	// Unlike WallLimit it ends a livelock at the same step every time.
	MaxSteps uint64
	// WallLimit bounds the real time of one Run, without most of what the process is
	// stopped for; 0 means DefaultWallLimit, negative is no limit.
	WallLimit time.Duration
	// Pool lends coroutines; nil means a private pool that Close frees.
	Pool *Pool
	// Daemon says which tasks may wait forever: they are left out of
	// Outcome.Parked. Nil means none.
	Daemon func(task string) bool
	// OnPanic is told of a panic before Run returns it; it runs on the kernel.
	OnPanic func(*TaskPanic)
	// OnHang is called, on a goroutine of its own, when a trial that exceeded
	// WallLimit does not even return to the kernel, and so cannot be ended. Nil
	// means: print the report on standard error and exit the process.
	OnHang func(report string)
}

// TaskPanic is a task's panic or Goexit.
type TaskPanic = rt.TaskPanic

// DefaultWallLimit is the real time one Run may take.
//
// src: assumed (a thousand times the longest trial measured)
const DefaultWallLimit = 30 * time.Second

// DefaultStart is where a simulated clock starts: a Monday morning a few months
// after Windows NT 3.51 was released.
//
// src: assumed (any fixed time serves)
func DefaultStart() time.Time {
	return time.Date(1995, time.October, 2, 9, 0, 0, 0, time.UTC)
}

func (o Options) withDefaults() Options {
	if o.Start.IsZero() {
		o.Start = DefaultStart()
	}
	if o.WallLimit == 0 {
		o.WallLimit = DefaultWallLimit
	}
	if o.OnHang == nil {
		o.OnHang = exitOnHang
	}
	return o
}
