package simrt_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// lend asks a kernel for buffers of many sizes, writes to each and returns them.
func lend(t *testing.T, k *simrt.Kernel, mark byte) (all [][]byte) {
	t.Helper()
	for n := range 300 {
		for _, size := range []int{n, n * 700} {
			b := k.Bytes(size)
			if len(b) != size {
				t.Fatalf("Bytes(%d) has %d", size, len(b))
			}
			for i := range b {
				b[i] = byte(n) ^ mark
			}
			all = append(all, b)
		}
	}
	return all
}

// intact reports whether buffers from lend still hold what it wrote.
func intact(all [][]byte, mark byte) bool {
	for i, b := range all {
		for _, c := range b {
			if c != byte(i/2)^mark {
				return false
			}
		}
	}
	return true
}

func TestABufferIsNobodyElsesUntilItIsFreed(t *testing.T) {
	pool := simrt.NewPool()
	defer pool.Close()
	first, second := simrt.New(simrt.Options{Pool: pool}), simrt.New(simrt.Options{Pool: pool})
	defer second.Close()
	a, b := lend(t, first, 1), lend(t, second, 2)
	for i := 0; i < len(a); i += 3 {
		first.Free(a[i])
		a[i] = nil
	}
	first.Close()
	third := simrt.New(simrt.Options{Pool: pool}) // the second has not ended
	defer third.Close()
	c := lend(t, third, 3)
	for i, all := range [][][]byte{a, b, c} {
		if !intact(all, byte(i+1)) {
			t.Errorf("buffers of kernel %d were overwritten", i+1)
		}
	}
}

func TestATrialAllocatesNoBuffersThatTheLastOneHad(t *testing.T) {
	pool := simrt.NewPool()
	defer pool.Close()
	trial := func() {
		k := simrt.New(simrt.Options{Pool: pool})
		defer k.Close()
		for range 1000 {
			k.Free(k.Bytes(4096))
			k.Bytes(100)
		}
	}
	trial()
	if got := testing.AllocsPerRun(10, trial); got > 10 {
		t.Errorf("%v allocations a trial", got)
	}
}

func TestWhatWasNotLentMayBeFreed(t *testing.T) {
	k := simrt.New(simrt.Options{})
	defer k.Close()
	for _, b := range [][]byte{nil, {}, make([]byte, 1000), make([]byte, 1<<20), make([]byte, 128)} {
		k.Free(b)
	}
	if b := k.Bytes(1000); len(b) != 1000 {
		t.Errorf("Bytes(1000) has %d", len(b))
	}
}
