package rt

import (
	"fmt"
	"time"
)

// TaskPanic reports a task, or a function given to AfterFunc, that ended by a
// panic or by runtime.Goexit. It is an error; Unwrap gives the value that the
// task panicked with, if that is one.
type TaskPanic struct {
	Trial  string    // the runtime's name, if it has one
	Task   string    // the name given to Go, or CallbackTask
	Value  any       // what recover returned; nil after Goexit
	Goexit bool      // the task called runtime.Goexit (testing's FailNow does)
	Stack  string    // the stack at the panic
	Seed   uint64    // the runtime's seed
	Now    time.Time // the runtime's clock at the panic
}

// CallbackTask is the task name of functions given to AfterFunc.
const CallbackTask = "(callback)"

// Error is a summary with the stack below it.
func (p *TaskPanic) Error() string {
	return p.Summary() + "\n" + p.Stack
}

// Summary is one line: who, what, and the seed that repeats it.
func (p *TaskPanic) Summary() string {
	what := fmt.Sprintf("panic: %v", p.Value)
	if p.Goexit {
		what = "runtime.Goexit"
	}
	return fmt.Sprintf("%stask %q at %s, seed %d: %s",
		trialPrefix(p.Trial), p.Task, p.Now.UTC().Format("2006-01-02 15:04:05.000000"), p.Seed, what)
}

// Unwrap returns the value of the panic if it is an error.
func (p *TaskPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

func trialPrefix(trial string) string {
	if trial == "" {
		return ""
	}
	return trial + ": "
}
