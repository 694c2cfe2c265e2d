package simrt_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

const ms = time.Millisecond

// newKernel returns a kernel that is closed at the end of the test.
func newKernel(t *testing.T, opt simrt.Options) *simrt.Kernel {
	k := simrt.New(opt)
	t.Cleanup(k.Close)
	return k
}

func TestDeadlockedTasksAreNamed(t *testing.T) {
	k := newKernel(t, simrt.Options{Daemon: func(name string) bool { return name == "server" }})
	e, sem, res := k.NewEvent(rt.Synchronization), k.NewSemaphore(0), k.NewResource()
	k.Go("server", func() { e.Wait(rt.Forever) })
	k.Go("reader", func() { k.Sleep(2 * ms); sem.Acquire(rt.Forever) })
	k.Go("holder", res.AcquireExclusive)
	k.Go("writer", res.AcquireShared)
	k.Go("idle", func() { k.WaitAny(rt.Forever) })
	k.Go("timed", func() { e.Wait(5 * ms) })
	out := k.Run()
	want := simrt.Outcome{
		Reason: simrt.Idle, Now: simrt.DefaultStart().Add(5 * ms), Elapsed: 5 * ms,
		Parked: []string{"reader", "writer", "idle"},
		Waits: []simrt.Wait{
			{Task: "reader", Op: "Semaphore.Acquire", Since: 2 * ms},
			{Task: "writer", Op: "Resource.AcquireShared"},
			{Task: "idle", Op: "WaitAny"},
		},
		Unfinished: 4, Steps: 8, Checksum: out.Checksum,
	}
	if diff := cmp.Diff(out, want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	if got := out.String(); !strings.Contains(got, "parked: reader: Semaphore.Acquire since 2ms") {
		t.Errorf("String = %s", got)
	}
	stacks := k.ParkedStacks()
	for _, s := range []string{"server: Event.Wait since 0s", "kernel_test.go", "(*semaphore).Acquire"} {
		if !strings.Contains(stacks, s) {
			t.Errorf("ParkedStacks lacks %q:\n%s", s, stacks)
		}
	}
	e.Set() // the stacks were taken without waking anybody
	if again := k.Run(); again.Unfinished != 3 {
		t.Errorf("after the event %v, want 3 unfinished", again)
	}
}

func TestLimitsEndARun(t *testing.T) {
	tick := func(k *simrt.Kernel) {
		for {
			k.Sleep(ms)
		}
	}
	for _, row := range []struct {
		name string
		opt  simrt.Options
		f    func(k *simrt.Kernel)
		want simrt.Reason
		now  time.Duration
		err  error
	}{
		{"deadline", simrt.Options{Deadline: 10*ms + 1}, tick, simrt.Deadline, 10*ms + 1, nil},
		{"deadline on the tick", simrt.Options{Deadline: 10 * ms}, tick, simrt.Deadline, 10 * ms, nil},
		{"steps of one task", simrt.Options{MaxSteps: 5}, tick, simrt.StepLimit, 4 * ms, simrt.ErrStepLimit},
		{"livelock", simrt.Options{MaxSteps: 1000}, func(k *simrt.Kernel) {
			for {
				k.Sleep(0)
			}
		}, simrt.StepLimit, 0, simrt.ErrStepLimit},
		{"wall clock", simrt.Options{WallLimit: 20 * ms}, func(k *simrt.Kernel) {
			for {
				k.Sleep(0)
			}
		}, simrt.WallLimit, 0, simrt.ErrWallLimit},
		{"stop", simrt.Options{}, func(k *simrt.Kernel) {
			k.Sleep(ms)
			k.Stop()
			k.Sleep(ms)
		}, simrt.Stopped, ms, nil},
		{"nothing left", simrt.Options{Deadline: time.Hour}, func(k *simrt.Kernel) { k.Sleep(ms) }, simrt.Idle, ms, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKernel(t, row.opt)
			k.Go("task", func() { row.f(k) })
			out := k.Run()
			if out.Reason != row.want || out.Elapsed != row.now || !errors.Is(out.Err(), row.err) {
				t.Errorf("got %v at %v with %v, want %v at %v with %v",
					out.Reason, out.Elapsed, out.Err(), row.want, row.now, row.err)
			}
		})
	}
}

func TestRunForMovesTheClockInParts(t *testing.T) {
	k := newKernel(t, simrt.Options{Deadline: 60 * ms})
	var at []time.Duration
	k.Go("ticker", func() {
		for {
			k.Sleep(10 * ms)
			at = append(at, k.Now().Sub(simrt.DefaultStart()))
		}
	})
	for _, d := range []time.Duration{25 * ms, 5 * ms, 0, 1 * ms, time.Hour} {
		k.RunFor(d)
	}
	want := []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms, 50 * ms, 60 * ms}
	if diff := cmp.Diff(at, want); diff != "" {
		t.Errorf("ticks: got (-) want (+):\n%s", diff)
	}
	idle := newKernel(t, simrt.Options{})
	if out := idle.RunFor(time.Hour); out.Reason != simrt.Idle || out.Elapsed != time.Hour {
		t.Errorf("an idle kernel after RunFor(1h): %v", out)
	}
}

func TestTimersDueTogetherKeepTheirOrder(t *testing.T) {
	k := newKernel(t, simrt.Options{})
	var got []int
	stops := []rt.Timer{}
	for i := range 200 {
		d := time.Duration(i%7) * ms
		stops = append(stops, k.AfterFunc(d, func() { got = append(got, i) }))
	}
	for i := 0; i < 200; i += 3 {
		if !stops[i].Stop() {
			t.Fatalf("timer %d was not pending", i)
		}
	}
	k.Run()
	var want []int
	for d := range 7 {
		for i := d; i < 200; i += 7 {
			if i%3 != 0 {
				want = append(want, i)
			}
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

func TestAFailedTaskIsTheOutcome(t *testing.T) {
	cause := errors.New("dirty page lost")
	for _, row := range []struct {
		name string
		fail func()
		want simrt.TaskPanic
	}{
		{"panic", func() { panic(cause) }, simrt.TaskPanic{Value: cause}},
		{"Goexit", runtime.Goexit, simrt.TaskPanic{Goexit: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var told *simrt.TaskPanic
			pool := simrt.NewPool()
			defer pool.Close()
			k := newKernel(t, simrt.Options{
				Name: "cell 9", Seed: 3, Pool: pool, OnPanic: func(p *simrt.TaskPanic) { told = p },
			})
			deferred, other := false, false
			k.Go("lazy writer", func() {
				defer func() { k.Sleep(ms); deferred = true }()
				k.Sleep(ms)
				row.fail()
			})
			k.Go("other", func() { k.Sleep(3 * ms); other = true })
			out := k.Run()
			want := row.want
			want.Trial, want.Task, want.Seed = "cell 9", "lazy writer", 3
			want.Now = simrt.DefaultStart().Add(2 * ms) // the deferred call slept
			got := *out.Panic
			if !strings.Contains(got.Stack, "kernel_test.go") {
				t.Errorf("the stack does not show the task:\n%s", got.Stack)
			}
			got.Stack = ""
			if got != want || out.Reason != simrt.Panicked || told != out.Panic || !deferred || other {
				t.Errorf("got %+v, reason %v, told %v, deferred %v, other %v", got, out.Reason, told, deferred, other)
			}
			if again := k.Run(); again.Panic != out.Panic {
				t.Errorf("Run after a failure: %v, want the same failure", again)
			}
		})
	}
}

func TestRulesThatTheKernelEnforces(t *testing.T) {
	for _, row := range []struct {
		name string
		f    func(k *simrt.Kernel)
		task string
		want string
	}{
		{"mutex across Sleep", func(k *simrt.Kernel) {
			k.NewMutex().Lock()
			k.Sleep(ms)
		}, "rogue", `task "rogue" waits in Sleep with a Mutex locked`},
		{"mutex across a wait that need not wait", func(k *simrt.Kernel) {
			e := k.NewEvent(rt.Notification)
			e.Set()
			k.NewMutex().Lock()
			e.Wait(rt.Forever)
		}, "rogue", `task "rogue" waits in Event.Wait with a Mutex locked`},
		{"mutex across an acquisition", func(k *simrt.Kernel) {
			k.NewMutex().Lock()
			k.NewResource().AcquireShared()
		}, "rogue", `task "rogue" waits in Resource.AcquireShared with a Mutex locked`},
		{
			"mutex left locked", func(k *simrt.Kernel) { k.NewMutex().Lock() },
			"rogue", `task "rogue" ended with a Mutex locked`,
		},
		{
			"mutex locked twice", func(k *simrt.Kernel) { mu := k.NewMutex(); mu.Lock(); mu.Lock() },
			"rogue", `task "rogue" locks a Mutex that it holds`,
		},
		{
			"mutex unlocked twice", func(k *simrt.Kernel) { k.NewMutex().Unlock() },
			"rogue", `task "rogue" unlocks a Mutex that is not locked`,
		},
		{
			"resource released twice", func(k *simrt.Kernel) { k.NewResource().Release() },
			"rogue", `task "rogue" releases a Resource that is free`,
		},
		{
			"callback that sleeps", func(k *simrt.Kernel) { k.AfterFunc(ms, func() { k.Sleep(ms) }) },
			rt.CallbackTask, "Sleep called outside a task: functions given to AfterFunc must not wait",
		},
		{"callback that waits", func(k *simrt.Kernel) {
			e := k.NewEvent(rt.Notification)
			e.Set()
			k.AfterFunc(ms, func() { e.Wait(rt.Forever) })
		}, rt.CallbackTask, "Event.Wait called outside a task"},
		{
			"callback that acquires", func(k *simrt.Kernel) { k.AfterFunc(ms, k.NewResource().AcquireExclusive) },
			rt.CallbackTask, "Resource.AcquireExclusive called outside a task",
		},
		{
			"callback that leaves a mutex locked", func(k *simrt.Kernel) { k.AfterFunc(ms, k.NewMutex().Lock) },
			rt.CallbackTask, "a callback returned with a Mutex locked",
		},
		{"event of another kernel", func(k *simrt.Kernel) {
			other := simrt.New(simrt.Options{})
			defer other.Close()
			k.WaitAny(ms, other.NewEvent(rt.Notification))
		}, "rogue", "event of another runtime"},
		{"Run within Run", func(k *simrt.Kernel) { k.Run() }, "rogue", "Run called while Run is running"},
		{"Close within Run", func(k *simrt.Kernel) { k.Close() }, "rogue", "Close called while Run is running"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKernel(t, simrt.Options{})
			k.Go("rogue", func() { row.f(k) })
			k.Go("bystander", func() { k.Sleep(time.Hour) })
			out := k.Run()
			if out.Panic == nil {
				t.Fatalf("got %v, want a panic", out)
			}
			msg, _ := out.Panic.Value.(string)
			if out.Panic.Task != row.task || !strings.Contains(msg, row.want) {
				t.Errorf("task %q: %v\nwant task %q: %s", out.Panic.Task, out.Panic.Value, row.task, row.want)
			}
		})
	}
}

func TestWhatTheRulesAllow(t *testing.T) {
	k := newKernel(t, simrt.Options{})
	mu, e, sem, res := k.NewMutex(), k.NewEvent(rt.Notification), k.NewSemaphore(1), k.NewResource()
	var got []bool
	poll := func() {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Wait(0), k.WaitAny(0, e) == 0, sem.Acquire(0), res.TryAcquireExclusive())
	}
	k.Go("task", poll)
	k.AfterFunc(ms, poll)
	if err := k.Run().Err(); err != nil {
		t.Error(err)
	}
	if want := []bool{false, false, true, true, false, false, false, false}; !slices.Equal(got, want) {
		t.Errorf("polls with a mutex locked: %v, want %v", got, want)
	}
}

func TestCurrentNamesTheRunningTask(t *testing.T) {
	k := newKernel(t, simrt.Options{})
	got := []string{k.Current()}
	k.Go("a", func() { got = append(got, k.Current()); k.Sleep(ms); got = append(got, k.Current()) })
	k.GoFor("b", "of c", func() { got = append(got, k.Current()) })
	k.AfterFunc(0, func() { got = append(got, k.Current()) })
	k.Run()
	if want := []string{"", "a", "b of c", "", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheWatchdogReportsATaskThatNeverWaits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real time: run it without -short")
	}
	report := make(chan string, 1)
	hung := make(chan struct{})
	k := newKernel(t, simrt.Options{
		Name: "cell 4", Seed: 11, WallLimit: 10 * ms,
		OnHang: func(r string) { report <- r; close(hung) },
	})
	k.Go("spinner", func() { <-hung }) // a task must not do that
	out := k.Run()
	if out.Reason != simrt.WallLimit {
		t.Errorf("got %v", out)
	}
	if r := <-report; !strings.Contains(r, `trial "cell 4", seed 11`) || !strings.Contains(r, "kernel_test.go") {
		t.Errorf("the report names no trial or shows no stack:\n%s", r)
	}
}

func TestATaskWithATimerIsNotParked(t *testing.T) {
	k := newKernel(t, simrt.Options{})
	e := k.NewEvent(rt.Notification)
	k.Go("lazy writer", func() { k.Sleep(time.Hour) })
	k.Go("reader", func() { e.Wait(time.Hour) })
	k.Go("stuck", func() { e.Wait(rt.Forever) })
	out := k.RunTask("test", func() { k.Sleep(ms) })
	if !slices.Equal(out.Parked, []string{"stuck"}) || out.Unfinished != 3 || out.Reason != simrt.Stopped {
		t.Errorf("got %v with %d unfinished, want stuck parked of 3", out, out.Unfinished)
	}
}

func TestReadyTasksKeepTheirOrderWhileTheQueueGrows(t *testing.T) {
	k := newKernel(t, simrt.Options{})
	var got []int
	k.Go("parent", func() {
		for i := range 100 {
			k.Go("child", func() { got = append(got, i) })
			if i%3 == 0 { // lets the head of the ring move
				k.Go("yielder", func() { k.Sleep(0); k.Sleep(0) })
			}
			if i == 10 || i == 40 {
				k.Sleep(0)
				for j := range 100 {
					k.Go("second", func() { got = append(got, 1000*i+j) })
				}
			}
		}
	})
	k.Run()
	var want []int
	ints := func(from, to int) {
		for i := from; i < to; i++ {
			want = append(want, i)
		}
	}
	ints(0, 11)
	ints(10_000, 10_100)
	ints(11, 41)
	ints(40_000, 40_100)
	ints(41, 100)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}
