package simrt

// slabSize is how many objects a slab allocates at once.
//
// src: assumed (a trial makes some hundreds; only memory depends on it)
const slabSize = 64

// slab hands out zero objects one by one from arrays: a trial makes many that are
// small, and they end together. No object is handed out twice.
type slab[T any] struct{ rest []T }

func (s *slab[T]) next() *T {
	if len(s.rest) == 0 {
		s.rest = make([]T, slabSize)
	}
	o := &s.rest[0]
	s.rest = s.rest[1:]
	return o
}
