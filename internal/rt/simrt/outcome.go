package simrt

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Reason says why Run returned.
type Reason uint8

// The reasons for which Run returns.
const (
	Idle      Reason = iota // no task is ready and no timer is pending
	Stopped                 // Stop was called
	Deadline                // the clock reached the limit
	Panicked                // a task or callback panicked or called Goexit
	StepLimit               // Options.MaxSteps
	WallLimit               // Options.WallLimit
)

// String names the reason.
func (r Reason) String() string {
	return [...]string{"idle", "stopped", "deadline", "panicked", "step limit", "wall limit"}[r]
}

// ErrStepLimit and ErrWallLimit are the errors of trials that had to be ended.
var (
	ErrStepLimit = errors.New("simrt: step limit exceeded")
	ErrWallLimit = errors.New("simrt: wall-clock limit exceeded")
)

// Outcome is what Run found.
type Outcome struct {
	Reason  Reason
	Now     time.Time     // the virtual clock when Run returned
	Elapsed time.Duration // Now - Options.Start
	// Panic is set if Reason is Panicked.
	Panic *TaskPanic
	// Parked names, in order of their start, the tasks that wait with no timer to
	// end the wait; Options.Daemon's are left out. With Reason Idle these are
	// deadlocked: nothing can ever wake them.
	Parked []string
	// Waits is Parked with what each task waits for and since when.
	Waits []Wait
	// Unfinished counts all tasks that have not ended, daemons included.
	Unfinished int
	// Steps counts task switches and callbacks.
	Steps uint64
	// Checksum is over time and task of every step, and what Note was given.
	Checksum uint64
	// Stacks holds all stacks of the process if Reason is WallLimit.
	Stacks string
}

// Wait is one task's wait.
type Wait struct {
	Task  string
	Op    string        // the method that waits, such as "Event.Wait"
	Since time.Duration // after Options.Start
}

// String is the wait in one line.
func (w Wait) String() string {
	return fmt.Sprintf("%s: %s since %v", w.Task, w.Op, w.Since)
}

// Err is nil if Run ended because of Idle, Stopped or Deadline. Parked tasks are not
// an error: the caller knows which may wait forever.
func (o Outcome) Err() error {
	switch o.Reason {
	case Panicked:
		return o.Panic
	case StepLimit:
		return fmt.Errorf("%w after %d steps at %v", ErrStepLimit, o.Steps, o.Elapsed)
	case WallLimit:
		return fmt.Errorf("%w after %d steps at %v\n%s", ErrWallLimit, o.Steps, o.Elapsed, o.Stacks)
	default:
		return nil
	}
}

// String is the outcome in one line, and a line for each parked task.
func (o Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v at %v, %d steps, checksum %016x", o.Reason, o.Elapsed, o.Steps, o.Checksum)
	if o.Panic != nil {
		b.WriteString("\n  " + o.Panic.Summary())
	}
	for _, w := range o.Waits {
		b.WriteString("\n  parked: " + w.String())
	}
	return b.String()
}
