// Package slab allocates small objects many at a time, and hands them out again to the next
// simulated trial: it works with the objects of the last one, in memory that the processor
// has at hand, and leaves nothing to the garbage collector.
package slab

import (
	"fmt"
	"reflect"
)

// At most so many objects, and so many bytes of them, are allocated at once.
const (
	maxObjects = 32
	maxBytes   = 1024
)

// maxKept bounds the arrays of one type that a Store keeps, so that one big trial does not
// hold on to its memory for ever.
//
// src: assumed (many times what a trial of mail takes)
const maxKept = 64

// Slab hands out zero objects one by one from arrays. It is for objects of which somebody
// makes many, and which may live as long as the trial. A nil Slab allocates each object by
// itself, for any number of goroutines.
type Slab[T any] struct {
	array []T
	next  int   // of array
	kept  [][]T // arrays that are handed out again after reset
	used  int   // of kept
	store *Store
}

// Next returns a new object.
func (s *Slab[T]) Next() *T {
	if s == nil {
		return new(T)
	}
	if s.next == len(s.array) {
		s.array, s.next = s.more(), 0
	}
	o := &s.array[s.next]
	s.next++
	return o
}

// more returns an array of zero objects.
func (s *Slab[T]) more() []T {
	if s.used < len(s.kept) {
		a := s.kept[s.used]
		s.used++
		if s.store.Check {
			mustBeUntouched(a)
		}
		clear(a)
		return a
	}
	a := make([]T, max(1, min(maxObjects, maxBytes/max(1, reflect.TypeFor[T]().Size()))))
	if len(s.kept) < maxKept {
		s.kept = append(s.kept, a)
		s.used++
	}
	return a
}

func (s *Slab[T]) reset() {
	if s.store.Check {
		for _, a := range s.kept[:s.used] {
			clear(a)
		}
	}
	s.array, s.next, s.used = nil, 0, 0
}

func mustBeUntouched[T any](a []T) {
	for i := range a {
		if o := reflect.ValueOf(&a[i]).Elem(); !o.IsZero() {
			panic(fmt.Sprintf("a %v has been used after Reset", o.Type()))
		}
	}
}

// Store has a Slab for each type that is asked for. It belongs to one goroutine at a time.
type Store struct {
	// Check makes Reset empty what it takes back, so that who reads it later finds nothing,
	// and panics where an object has been written to before it is handed out again.
	Check bool

	slabs map[reflect.Type]resetter
	sets  map[reflect.Type]any
}

type resetter interface{ reset() }

// From returns the Slab of a runtime that has a Store, as simrt.Kernel does, and nil for any
// other: the one with tasks that run at the same time.
func From[T any](runtime any) *Slab[T] {
	lender, ok := runtime.(interface{ Slabs() *Store })
	if !ok {
		return nil
	}
	return of[T](lender.Slabs())
}

func of[T any](s *Store) *Slab[T] {
	key := reflect.TypeFor[T]()
	if found, ok := s.slabs[key].(*Slab[T]); ok {
		return found
	}
	if s.slabs == nil {
		s.slabs = make(map[reflect.Type]resetter)
	}
	made := &Slab[T]{store: s}
	s.slabs[key] = made
	return made
}

// SetFrom returns what a runtime's Store keeps of a type, such as several slabs. It asks newSet
// for it once; without a Store each time, and for one without a runtime.
func SetFrom[T any](runtime any, newSet func(runtime any) *T) *T {
	lender, ok := runtime.(interface{ Slabs() *Store })
	if !ok {
		return newSet(nil)
	}
	s, key := lender.Slabs(), reflect.TypeFor[T]()
	if found, ok := s.sets[key].(*T); ok {
		return found
	}
	if s.sets == nil {
		s.sets = make(map[reflect.Type]any)
	}
	made := newSet(s)
	s.sets[key] = made
	return made
}

// Slabs returns the Store itself, for From.
func (s *Store) Slabs() *Store { return s }

// Reset takes back all objects. Nobody may use one from before.
func (s *Store) Reset() {
	for _, slab := range s.slabs { // map order: each is reset alike
		slab.reset()
	}
}
