// Package slab allocates small objects many at a time.
//
// A Slab of its own hands out no object twice. One of a Store does, once Reset has taken all
// of them back: simulated trials that follow each other work with the same objects, in
// memory that the processor has at hand, and leave nothing to the garbage collector.
package slab

// size is how many objects are allocated at once.
const size = 32

// maxKept bounds the arrays of one type that a Store keeps, so that one big trial does not
// hold on to its memory for ever.
//
// src: assumed (many times what a trial of mail takes)
const maxKept = 64

// Slab hands out zero objects one by one from arrays. It is for small objects of which
// somebody makes many, and which die young or together: an array lives as long as any
// object in it. The zero value is ready.
type Slab[T any] struct {
	rest  []T
	store *Store // whose it is; nil: no object is handed out twice
	kept  [][]T
	used  int // of kept
}

// Next returns a new object.
func (s *Slab[T]) Next() *T {
	if len(s.rest) == 0 {
		s.rest = s.array()
	}
	o := &s.rest[0]
	s.rest = s.rest[1:]
	return o
}

func (s *Slab[T]) array() []T {
	if s.used < len(s.kept) {
		a := s.kept[s.used]
		s.used++
		clear(a)
		return a
	}
	a := make([]T, size)
	if s.store != nil && len(s.kept) < maxKept {
		s.kept = append(s.kept, a)
		s.used++
	}
	return a
}

func (s *Slab[T]) reset() { s.rest, s.used = nil, 0 }

// Store has a Slab for each type that is asked for. It belongs to one goroutine at a time.
type Store struct {
	slabs map[any]resetter
}

type resetter interface{ reset() }

// key is that of a type's Slab.
type key[T any] struct{}

// From returns a Slab: one of the Store of a runtime that lends what a trial needs, as
// simrt.Kernel does, and of any other a Slab of its own.
func From[T any](runtime any) *Slab[T] {
	lender, ok := runtime.(interface{ Slabs() *Store })
	if !ok {
		return &Slab[T]{}
	}
	return of[T](lender.Slabs())
}

func of[T any](s *Store) *Slab[T] {
	if found, ok := s.slabs[key[T]{}].(*Slab[T]); ok {
		return found
	}
	if s.slabs == nil {
		s.slabs = make(map[any]resetter)
	}
	made := &Slab[T]{store: s}
	s.slabs[key[T]{}] = made
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
