// Package slab allocates small objects many at a time.
package slab

// size is how many objects are allocated at once.
const size = 32

// Slab hands out zero objects one by one from arrays. It is for small objects of which
// somebody makes many, and which die young or together: an array lives as long as any
// object in it. No object is handed out twice. The zero value is ready.
type Slab[T any] struct{ rest []T }

// Next returns a new object.
func (s *Slab[T]) Next() *T {
	if len(s.rest) == 0 {
		s.rest = make([]T, size)
	}
	o := &s.rest[0]
	s.rest = s.rest[1:]
	return o
}
