package slab_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/slab"
)

func TestEveryObjectIsNewAndZero(t *testing.T) {
	type object struct{ n int }
	var s slab.Slab[object]
	seen := map[*object]bool{}
	for i := range 1000 {
		o := s.Next()
		if o.n != 0 || seen[o] {
			t.Fatalf("object %d: value %d, handed out before: %v", i, o.n, seen[o])
		}
		o.n, seen[o] = i+1, true
	}
}

func TestFewAllocations(t *testing.T) {
	var s slab.Slab[[16]byte]
	if got := testing.AllocsPerRun(100, func() {
		for range 64 {
			s.Next()
		}
	}); got > 2 {
		t.Errorf("%v allocations for 64 objects", got)
	}
}
