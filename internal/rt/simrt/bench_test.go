package simrt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// BenchmarkSleep is one virtual sleep: a timer armed and due, switch out and in.
func BenchmarkSleep(b *testing.B) {
	for _, tasks := range []int{1, 2, 10, 1000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			k := simrt.New(simrt.Options{WallLimit: -1})
			defer k.Close()
			b.ReportAllocs()
			for i := range tasks {
				d := time.Duration(1 + i%7)
				k.Go("sleeper", func() {
					for range b.N / tasks {
						k.Sleep(d)
					}
				})
			}
			k.Run()
		})
	}
}

// BenchmarkEvent is one hand-over between two tasks.
func BenchmarkEvent(b *testing.B) {
	k := simrt.New(simrt.Options{WallLimit: -1})
	defer k.Close()
	b.ReportAllocs()
	ping, pong := k.NewEvent(rt.Synchronization), k.NewEvent(rt.Synchronization)
	k.Go("ping", func() {
		for range b.N {
			ping.Set()
			pong.Wait(time.Second)
		}
	})
	k.Go("pong", func() {
		for range b.N {
			ping.Wait(time.Second)
			pong.Set()
		}
	})
	k.Run()
}

// BenchmarkSpawn is one task from start to end.
func BenchmarkSpawn(b *testing.B) {
	k := simrt.New(simrt.Options{WallLimit: -1})
	defer k.Close()
	b.ReportAllocs()
	f := func() {}
	k.Go("parent", func() {
		for range b.N {
			k.Go("child", f)
			k.Sleep(0)
		}
	})
	k.Run()
}

// BenchmarkCallback is one timer from AfterFunc to its call.
func BenchmarkCallback(b *testing.B) {
	k := simrt.New(simrt.Options{WallLimit: -1})
	defer k.Close()
	b.ReportAllocs()
	n := 0
	var f func()
	f = func() {
		if n++; n < b.N {
			k.AfterFunc(1, f)
		}
	}
	k.AfterFunc(1, f)
	k.Run()
}

// BenchmarkTrial is a kernel with three short tasks that are left parked.
func BenchmarkTrial(b *testing.B) {
	pool := simrt.NewPool()
	defer pool.Close()
	b.ReportAllocs()
	for range b.N {
		k := simrt.New(simrt.Options{Pool: pool})
		parkThree(k)
		k.Run()
		k.Close()
	}
}
