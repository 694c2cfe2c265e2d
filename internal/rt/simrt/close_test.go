package simrt_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

func TestCloseUnwindsInOrderOfStartAndRunsDeferredCalls(t *testing.T) {
	k := simrt.New(simrt.Options{})
	e, res, sem := k.NewEvent(rt.Synchronization), k.NewResource(), k.NewSemaphore(0)
	var got []string
	waits := []struct {
		name string
		wait func()
	}{
		{"event", func() { e.Wait(rt.Forever) }},
		{"any", func() { k.WaitAny(time.Hour, e, k.NewEvent(rt.Notification), e) }},
		{"holder", func() { res.AcquireExclusive(); defer res.Release(); k.Sleep(time.Hour) }},
		{"resource", func() { res.AcquireShared(); defer res.Release(); got = append(got, "acquired") }},
		{"semaphore", func() { sem.Acquire(time.Hour) }},
		{"sleep", func() { k.Sleep(rt.Forever) }},
		{"yield", func() { k.Stop(); k.Sleep(0) }},
	}
	for _, w := range waits {
		k.Go(w.name, func() {
			defer func() { got = append(got, w.name) }()
			w.wait()
			got = append(got, w.name+" went on")
		})
	}
	k.Go("unborn", func() { got = append(got, "unborn") })
	out := k.Run()
	k.Close()
	k.Close()
	want := []string{"event", "any", "holder", "resource", "semaphore", "sleep", "yield"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	if out.Unfinished != 8 {
		t.Errorf("before Close: %v, want 8 unfinished", out)
	}
	e.Set() // nobody waits, nothing happens
	k.Go("late", func() { t.Error("a task ran after Close") })
	if k.AfterFunc(0, func() {}).Stop() {
		t.Error("a timer was armed after Close")
	}
}

func TestNothingRevivesAnUnwoundTask(t *testing.T) {
	for _, row := range []struct {
		name string
		f    func(k *simrt.Kernel)
	}{
		{"recovers once", func(k *simrt.Kernel) {
			defer func() { _ = recover() }()
			k.Sleep(time.Hour)
		}},
		{"recovers in a loop", func(k *simrt.Kernel) {
			for {
				func() {
					defer func() { _ = recover() }()
					k.Sleep(time.Hour)
				}()
			}
		}},
		{"waits for what is signaled, in a loop", func(k *simrt.Kernel) {
			e := k.NewEvent(rt.Notification)
			k.Sleep(time.Hour)
			defer func() {
				e.Set()
				for {
					func() {
						defer func() { _ = recover() }()
						e.Wait(rt.Forever)
					}()
				}
			}()
		}},
		{"waits in deferred calls", func(k *simrt.Kernel) {
			for range 10 {
				defer k.Sleep(time.Hour)
			}
			k.Sleep(time.Hour)
		}},
		{"starts tasks in a deferred call", func(k *simrt.Kernel) {
			defer k.Go("heir", func() { panic("an heir ran") })
			k.Sleep(time.Hour)
		}},
		{"leaves a mutex locked", func(k *simrt.Kernel) {
			mu := k.NewMutex()
			defer mu.Lock()
			k.Sleep(time.Hour)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			k := simrt.New(simrt.Options{})
			k.Go("stubborn", func() { row.f(k) })
			k.RunFor(time.Second)
			k.Close()
			if p := k.UnwindPanics(); row.name != "leaves a mutex locked" && p != nil {
				t.Errorf("unwinding panicked: %v", p)
			}
			expectGoroutines(t, before)
		})
	}
}

func TestAPanicWhileUnwindingIsKept(t *testing.T) {
	k := simrt.New(simrt.Options{})
	k.Go("clumsy", func() {
		defer func() { panic("fell over") }()
		k.Sleep(time.Hour)
	})
	k.RunFor(time.Second)
	k.Close()
	got := k.UnwindPanics()
	if len(got) != 1 || got[0].Task != "clumsy" || got[0].Value != "fell over" {
		t.Errorf("UnwindPanics = %v", got)
	}
}

func TestTrialsLeaveNoGoroutine(t *testing.T) {
	for _, row := range []struct {
		name string
		pool bool
		f    func(k *simrt.Kernel)
	}{
		{"private pools", false, parkThree},
		{"one pool", true, parkThree},
		{"panics", true, func(k *simrt.Kernel) { parkThree(k); k.Go("p", func() { k.Sleep(1); panic("p") }) }},
		{"Goexits", true, func(k *simrt.Kernel) { parkThree(k); k.Go("g", func() { k.Sleep(1); runtime.Goexit() }) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			var pool *simrt.Pool
			if row.pool {
				pool = simrt.NewPool()
			}
			for seed := range uint64(1000) {
				k := simrt.New(simrt.Options{Seed: seed, Pool: pool})
				row.f(k)
				k.Run()
				k.Close()
				if n := runtime.NumGoroutine(); n > before+20 {
					t.Fatalf("%d goroutines after trial %d, %d before the first", n, seed, before)
				}
			}
			if row.pool {
				pool.Close()
			}
			expectGoroutines(t, before)
		})
	}
}

func parkThree(k *simrt.Kernel) {
	e := k.NewEvent(rt.Synchronization)
	for i := range 3 {
		k.Go(fmt.Sprint("parked ", i), func() { e.Wait(rt.Forever) })
	}
}

// expectGoroutines gives those that have ended the time to be scheduled once more, on
// however busy a machine: only a leak takes all of it.
func expectGoroutines(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if runtime.NumGoroutine() <= want {
			return
		}
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), want)
}

func TestCoroutinesAreUsedAgain(t *testing.T) {
	pool := simrt.NewPool()
	defer pool.Close()
	counts := []int{}
	for range 3 {
		k := simrt.New(simrt.Options{Pool: pool})
		parkThree(k)
		k.Run()
		k.Close()
		counts = append(counts, runtime.NumGoroutine())
	}
	if counts[0] != counts[2] {
		t.Errorf("goroutines after each trial: %v, want equal numbers", counts)
	}
	if !slices.IsSorted(counts) {
		t.Errorf("goroutines after each trial: %v", counts)
	}
}
