package rt

import (
	"hash/fnv"
	"math/rand/v2"
)

// NewSource returns the generator behind the named stream of a seed. Every
// runtime uses it, so that a stream draws the same numbers in all of them.
func NewSource(seed uint64, stream string) *rand.PCG {
	h := fnv.New64a()
	_, _ = h.Write([]byte(stream)) // a hash never returns an error
	return rand.NewPCG(seed, h.Sum64())
}
