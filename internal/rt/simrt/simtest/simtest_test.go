package simtest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// recorder stands for the test that Run fails.
type recorder struct {
	testing.TB
	failed, skipped bool
	msg             string
}

func (r *recorder) Helper()       {}
func (r *recorder) Name() string  { return "recorder" }
func (r *recorder) Failed() bool  { return r.failed }
func (r *recorder) Skipped() bool { return r.skipped }
func (r *recorder) FailNow()      { r.failed = true; runtime.Goexit() }
func (r *recorder) SkipNow()      { r.skipped = true; runtime.Goexit() }

func (r *recorder) Fatal(args ...any)                 { r.msg = fmt.Sprint(args...); r.FailNow() }
func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func TestRunFailsTheTest(t *testing.T) {
	for _, row := range []struct {
		name            string
		f               func(r *recorder, k *simrt.Kernel)
		failed, skipped bool
		msg             string
	}{
		{"success", func(*recorder, *simrt.Kernel) {}, false, false, ""},
		{"panic", func(_ *recorder, k *simrt.Kernel) {
			k.Go("worker", func() { panic("lost") })
			k.Sleep(time.Second)
		}, true, false, `recorder: task "worker"`},
		{"deadlock", func(_ *recorder, k *simrt.Kernel) {
			k.NewEvent(rt.Notification).Wait(rt.Forever)
		}, true, false, "deadlock: idle"},
		{"deadline", func(_ *recorder, k *simrt.Kernel) { k.Sleep(time.Hour) }, true, false, "did not end within the deadline"},
		{"FailNow", func(r *recorder, _ *simrt.Kernel) { r.FailNow() }, true, false, ""},
		{"SkipNow", func(r *recorder, _ *simrt.Kernel) { r.SkipNow() }, false, true, ""},
		{"Goexit", func(*recorder, *simrt.Kernel) { runtime.Goexit() }, true, false, "runtime.Goexit"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &recorder{}
			done := make(chan struct{})
			go func() {
				defer close(done)
				simtest.Run(r, simrt.Options{Deadline: time.Minute}, func(k *simrt.Kernel) { row.f(r, k) })
			}()
			<-done
			if r.failed != row.failed || r.skipped != row.skipped || !strings.Contains(r.msg, row.msg) {
				t.Errorf("failed %v, skipped %v: %q; want %v, %v: %q",
					r.failed, r.skipped, r.msg, row.failed, row.skipped, row.msg)
			}
		})
	}
}
