package simrt_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// factory is a toy workload: clients that queue for a link guarded by a resource and
// a semaphore, a server woken by events, timers that are armed and stopped.
func factory(k *simrt.Kernel) {
	var (
		link   = k.NewResource()
		slots  = k.NewSemaphore(3)
		work   = k.NewEvent(rt.Synchronization)
		urgent = k.NewEvent(rt.Synchronization)
		rnd    = k.Rand("app")
	)
	k.Go("server", func() {
		for i := uint64(0); ; i++ {
			k.Note(uint64(k.WaitAny(time.Duration(1+rnd.IntN(20))*time.Millisecond, urgent, work)+2) + i<<8)
		}
	})
	for c := range 12 {
		k.Go(fmt.Sprintf("client %d", c), func() {
			for range 20 {
				client(k, link, slots, work, urgent)
			}
		})
	}
}

func client(k *simrt.Kernel, link rt.Resource, slots rt.Semaphore, work, urgent rt.Event) {
	rnd := k.Rand("client")
	if !slots.Acquire(time.Duration(rnd.IntN(5)) * time.Millisecond) {
		k.Sleep(time.Millisecond)
		return
	}
	defer slots.Release()
	alarm := k.AfterFunc(3*time.Millisecond, urgent.Set)
	if rnd.IntN(4) == 0 {
		link.AcquireExclusive()
	} else {
		link.AcquireShared()
	}
	k.Sleep(time.Duration(rnd.IntN(4)) * time.Millisecond)
	link.Release()
	alarm.Stop()
	work.Set()
}

// trial runs a workload in a kernel whose coroutines come from pool.
func trial(t *testing.T, pool *simrt.Pool, shuffle bool, load func(k *simrt.Kernel)) func(seed uint64) uint64 {
	return func(seed uint64) uint64 {
		k := simrt.New(simrt.Options{Seed: seed, Shuffle: shuffle, Pool: pool, Deadline: time.Second})
		defer k.Close()
		load(k)
		out := k.Run()
		if err := out.Err(); err != nil {
			t.Fatal(err)
		}
		if out.Steps < 20 {
			t.Fatalf("seed %d took %d steps: the workload does nothing", seed, out.Steps)
		}
		return out.Checksum
	}
}

func TestSameSeedSameRunOtherSeedOtherRun(t *testing.T) {
	const seeds = 300
	for _, shuffle := range []bool{false, true} {
		t.Run(fmt.Sprintf("shuffle=%v", shuffle), func(t *testing.T) {
			pool := simrt.NewPool()
			defer pool.Close()
			distinct, err := simrt.Replay(1, seeds, 2, trial(t, pool, shuffle, factory))
			if err != nil {
				t.Error(err)
			}
			if distinct != seeds {
				t.Errorf("%d different checksums of %d seeds", distinct, seeds)
			}
		})
	}
}

func TestAPoolLeavesNoTraceInTheNextTrial(t *testing.T) {
	pool := simrt.NewPool()
	defer pool.Close()
	pooled, fresh := trial(t, pool, true, factory), trial(t, nil, true, factory)
	for seed := range uint64(20) {
		if a, b := pooled(seed), fresh(seed); a != b {
			t.Errorf("seed %d: checksum %016x with used coroutines, %016x with new ones", seed, a, b)
		}
	}
}

func TestShuffleChangesTheOrderAndRepeatsIt(t *testing.T) {
	order := func(seed uint64, shuffle bool) (names string) {
		k := simrt.New(simrt.Options{Seed: seed, Shuffle: shuffle})
		defer k.Close()
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			k.Go(name, func() {
				names += name
				k.Sleep(time.Millisecond) // all wake at one time: a second order
				names += name
			})
		}
		k.Run()
		return names
	}
	if got, want := order(1, false), "abcdeabcde"; got != want {
		t.Errorf("without Shuffle %s, want %s", got, want)
	}
	seen := map[string]bool{}
	first := map[string]bool{}
	for seed := range uint64(50) {
		got := order(seed, true)
		if again := order(seed, true); got != again {
			t.Errorf("seed %d: %s, then %s", seed, got, again)
		}
		seen[got] = true
		first[got[5:6]] = true
	}
	if len(seen) < 45 || len(first) != 5 {
		t.Errorf("50 seeds gave %d orders, and %d tasks woke first; want nearly 50, and 5", len(seen), len(first))
	}
}

// rangesOverMap makes the mistake that Replay is there to find.
func rangesOverMap(k *simrt.Kernel) {
	dirty := map[uint64]bool{}
	for page := range uint64(20) {
		dirty[page] = true
	}
	k.Go("flush", func() {
		for page := range dirty {
			k.Note(page)
			k.Sleep(time.Millisecond)
		}
	})
}

func TestReplayNoticesMapOrder(t *testing.T) {
	_, err := simrt.Replay(5, 3, 4, trial(t, nil, false, rangesOverMap))
	var d *simrt.DivergenceError
	if !errors.As(err, &d) {
		t.Fatalf("Replay of a trial that ranges over a map: %v, want a *DivergenceError", err)
	}
	if d.Seed != 5 || d.First == d.Then {
		t.Errorf("got %+v, want seed 5 and two different checksums", d)
	}
}

func TestReplayNoticesThatTheSeedHasNoEffect(t *testing.T) {
	blind := func(k *simrt.Kernel) {
		k.Go("blind", func() {
			for range 30 {
				k.Sleep(time.Millisecond)
			}
		})
	}
	distinct, err := simrt.Replay(1, 10, 2, trial(t, nil, false, blind))
	if distinct != 1 || err != nil {
		t.Errorf("Replay = %d, %v; want 1, nil", distinct, err)
	}
}
