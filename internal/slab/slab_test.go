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

func TestAStoreHandsOutZeroObjectsAgainAfterReset(t *testing.T) {
	type object struct{ n int }
	var store slab.Store
	take := func() map[*object]bool {
		took := map[*object]bool{}
		for range 100 {
			o := slab.From[object](&store).Next()
			if o.n != 0 || took[o] {
				t.Fatalf("value %d, handed out before: %v", o.n, took[o])
			}
			o.n, took[o] = 1, true
		}
		return took
	}
	first := take()
	store.Reset()
	for o := range take() {
		if !first[o] {
			t.Fatal("an object is new after Reset")
		}
	}
}

func TestAStoreKeepsABoundedNumber(t *testing.T) {
	type object struct{ _ int }
	var store slab.Store
	fill := func() {
		store.Reset()
		for range 100_000 {
			slab.From[object](&store).Next()
		}
	}
	fill()
	if got := testing.AllocsPerRun(10, fill); got < 2000 {
		t.Errorf("%v allocations for 100000 objects: nearly all were kept", got)
	}
}

func TestWithoutAStoreObjectsAreAllocated(t *testing.T) {
	s := slab.From[int](nil)
	if a, b := s.Next(), s.Next(); a == b || *a != 0 {
		t.Error("one object for two")
	}
}

func TestASetIsMadeOnceForAStore(t *testing.T) {
	type set struct{ a, b *slab.Slab[int] }
	made := 0
	newSet := func(runtime any) *set {
		made++
		return &set{a: slab.From[int](runtime), b: slab.From[int](runtime)}
	}
	var store slab.Store
	s := slab.SetFrom(&store, newSet)
	store.Reset()
	if again := slab.SetFrom(&store, newSet); again != s || made != 1 || s.a == nil || s.a != s.b {
		t.Errorf("made %d times: %+v and %+v", made, s, again)
	}
	if s := slab.SetFrom(nil, newSet); s.a != nil {
		t.Error("a slab without a Store")
	}
}

func TestAnObjectOfAnEarlierTrialIsFound(t *testing.T) {
	type object struct{ n int }
	store := slab.Store{Check: true}
	old := slab.From[object](&store).Next()
	old.n = 1
	store.Reset()
	if old.n != 0 {
		t.Errorf("it still reads %d", old.n)
	}
	old.n = 2
	defer func() {
		if recover() == nil {
			t.Error("nobody has noticed that it is written to")
		}
	}()
	slab.From[object](&store).Next()
}
