// Package simtest runs a test's body as a task in virtual time. Its limit: it is
// for tests alone, since it imports package testing.
package simtest

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// Run calls f as task "test" of a new kernel, returns when f has returned, and
// unwinds what is left. A panic of any task, a limit of opt, or an f that waits
// for ever fails the test. FailNow and SkipNow work in every task.
func Run(t testing.TB, opt simrt.Options, f func(k *simrt.Kernel)) simrt.Outcome {
	t.Helper()
	if opt.Name == "" {
		opt.Name = t.Name()
	}
	k := simrt.New(opt)
	defer k.Close()
	out := k.RunTask("test", func() { f(k) })
	check(t, k, out)
	return out
}

func check(t testing.TB, k *simrt.Kernel, out simrt.Outcome) {
	t.Helper()
	switch {
	case out.Panic != nil && out.Panic.Goexit && t.Skipped():
		t.SkipNow()
	case out.Panic != nil && out.Panic.Goexit && t.Failed():
		t.FailNow()
	case out.Err() != nil:
		t.Fatal(out.Err())
	case out.Reason == simrt.Idle:
		t.Fatalf("deadlock: %v\n%s", out, k.ParkedStacks())
	case out.Reason == simrt.Deadline:
		t.Fatalf("the test did not end within the deadline: %v\n%s", out, k.ParkedStacks())
	}
}
