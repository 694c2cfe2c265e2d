package wallrt_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
)

const patience = 10 * time.Second

func TestCloseUnwindsEveryWaitAndLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
		r := wallrt.New(1)
		e, sem, res := r.NewEvent(rt.Synchronization), r.NewSemaphore(0), r.NewResource()
		res.AcquireExclusive()
		mu, unwound := r.NewMutex(), []string{}
		for name, wait := range map[string]func(){
			"event":     func() { e.Wait(rt.Forever) },
			"any":       func() { r.WaitAny(time.Hour, e, e) },
			"semaphore": func() { sem.Acquire(rt.Forever) },
			"exclusive": res.AcquireExclusive,
			"shared":    res.AcquireShared,
			"sleep":     func() { r.Sleep(time.Hour) },
		} {
			r.Go(name, func() {
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					unwound = append(unwound, name)
				}()
				wait()
				t.Errorf("%s went on after Close", name)
			})
		}
		r.AfterFunc(time.Minute, func() { t.Error("a timer fired after Close") })
		synctest.Wait()
		want := []string{"any", "event", "exclusive", "semaphore", "shared", "sleep"}
		if diff := cmp.Diff(r.Tasks(), want); diff != "" {
			t.Errorf("Tasks: got (-) want (+):\n%s", diff)
		}
		if left := r.Wait(time.Second); !slices.Equal(left, want) {
			t.Errorf("Wait before Close = %v, want %v", left, want)
		}
		r.Close()
		r.Close()
		if left := r.Wait(time.Second); left != nil {
			t.Errorf("Wait after Close = %v", left)
		}
		slices.Sort(unwound)
		if diff := cmp.Diff(unwound, want); diff != "" {
			t.Errorf("deferred calls that ran: got (-) want (+):\n%s", diff)
		}
		time.Sleep(time.Hour)
	})
}

func TestAfterCloseNothingStartsAndNothingWaits(t *testing.T) {
	r := wallrt.New(1)
	e := r.NewEvent(rt.Notification)
	e.Set()
	r.Close()
	r.Go("late", func() { t.Error("a task ran") })
	if r.AfterFunc(0, func() { t.Error("a callback ran") }).Stop() {
		t.Error("a timer was armed")
	}
	if err := r.Do("late", func() { t.Error("Do ran") }); !errors.Is(err, wallrt.ErrClosed) {
		t.Errorf("Do = %v, want ErrClosed", err)
	}
	for name, wait := range map[string]func(){
		"Wait":      func() { e.Wait(rt.Forever) },
		"Acquire":   func() { r.NewSemaphore(1).Acquire(time.Second) },
		"exclusive": func() { r.NewResource().AcquireExclusive() },
		"Sleep":     func() { r.Sleep(time.Hour) },
		"yield":     func() { r.Sleep(0) },
	} {
		if err, _ := recovered(wait).(error); !errors.Is(err, wallrt.ErrClosed) {
			t.Errorf("%s after Close panicked with %v, want ErrClosed", name, err)
		}
	}
	if !e.Wait(0) {
		t.Error("a poll after Close lost the signal")
	}
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := wallrt.New(1)
		if err := r.Do("quick", func() {}); err != nil {
			t.Error(err)
		}
		if got := recovered(func() { _ = r.Do("clumsy", func() { panic("mine") }) }); got != "mine" {
			t.Errorf("Do panicked with %v, want the panic of its function", got)
		}
		r.AfterFunc(time.Second, r.Close)
		if err := r.Do("main", func() { r.Sleep(time.Hour) }); !errors.Is(err, wallrt.ErrClosed) {
			t.Errorf("Do = %v, want ErrClosed", err)
		}
		if left := r.Wait(time.Second); left != nil {
			t.Errorf("left: %v", left)
		}
	})
}

func TestPanicsAreReportedWithNameAndStack(t *testing.T) {
	reports := make(chan *wallrt.TaskPanic, 2)
	r := wallrt.NewWith(wallrt.Options{Name: "live", Seed: 5, OnPanic: func(p *wallrt.TaskPanic) { reports <- p }})
	defer r.Close()
	r.GoFor("writer", "F", func() { panic("full") })
	first := <-reports
	r.AfterFunc(0, func() { panic("late") })
	second := <-reports
	for _, row := range []struct {
		got         *wallrt.TaskPanic
		task, value string
	}{{first, "writer F", "full"}, {second, rt.CallbackTask, "late"}} {
		if p := row.got; p.Trial != "live" || p.Task != row.task || p.Value != row.value || p.Seed != 5 ||
			p.Now.IsZero() || !strings.Contains(p.Stack, "wallrt_test.go") {
			t.Errorf("got %v, want task %q, value %q", p, row.task, row.value)
		}
	}
	if left := r.Wait(patience); left != nil {
		t.Errorf("tasks left after their panics: %v", left)
	}
}

func TestGoexitEndsTheTask(t *testing.T) {
	r := wallrt.New(1)
	defer r.Close()
	r.Go("leaver", runtime.Goexit)
	if left := r.Wait(patience); left != nil {
		t.Errorf("left: %v", left)
	}
}

func TestAStoppedTimerIsNeverCalled(t *testing.T) {
	r := wallrt.New(1)
	defer r.Close()
	var calls, stopped atomic.Int64
	const timers = 2000
	for i := range timers {
		tm := r.AfterFunc(time.Duration(i%5)*time.Microsecond, func() { calls.Add(1) })
		runtime.Gosched()
		if tm.Stop() {
			stopped.Add(1)
		}
	}
	deadline := time.Now().Add(patience)
	for calls.Load()+stopped.Load() < timers && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	r.Wait(patience)
	if c, s := calls.Load(), stopped.Load(); c+s != timers {
		t.Errorf("%d calls and %d stops of %d timers", c, s, timers)
	}
}

// No signal may be lost or counted twice, whatever runs in parallel; this is also
// what the race detector looks at.
func TestSignalsUnderLoad(t *testing.T) {
	r := wallrt.New(1)
	defer r.Close()
	const tasks, rounds = 8, 300
	a, b, room := r.NewEvent(rt.Synchronization), r.NewEvent(rt.Synchronization), r.NewSemaphore(0)
	res, inside, total, taken := r.NewResource(), 0, 0, atomic.Int64{}
	for range tasks {
		r.Go("producer", func() {
			for i := range rounds {
				room.Acquire(rt.Forever) // one signal is out at a time
				if i%2 == 0 {
					a.Set()
				} else {
					b.Set()
				}
			}
		})
		r.Go("consumer", func() {
			for taken.Load() < tasks*rounds {
				if r.WaitAny(time.Duration(r.Rand("patience").IntN(100))*time.Microsecond, a, b) >= 0 {
					taken.Add(1)
					room.Release()
				}
			}
		})
		r.Go("holder", func() {
			for range rounds {
				res.AcquireExclusive()
				inside++
				total += inside
				inside--
				res.Release()
				res.AcquireShared()
				_ = total
				res.Release()
			}
		})
	}
	room.Release()
	if left := r.Wait(patience); left != nil {
		t.Fatalf("left after %d signals: %v", taken.Load(), left)
	}
	if got := taken.Load(); got != tasks*rounds || total != tasks*rounds {
		t.Errorf("%d signals taken, %d exclusive holds; want %d of each", got, total, tasks*rounds)
	}
}

func TestWallTimePasses(t *testing.T) {
	r := wallrt.New(1)
	defer r.Close()
	start := r.Now()
	r.Sleep(2 * time.Millisecond)
	if got := r.Now().Sub(start); got < 2*time.Millisecond {
		t.Errorf("Sleep(2ms) took %v", got)
	}
}

func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
