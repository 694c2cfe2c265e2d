package simrt

import "fmt"

// DivergenceError is a seed that gave different results.
type DivergenceError struct {
	Seed        uint64
	Run         int // the run that differed from the first, counted from 1
	First, Then uint64
}

// Error says how to see it.
func (e *DivergenceError) Error() string {
	return fmt.Sprintf("simrt: seed %d is not deterministic: run 1 gave %016x, run %d gave %016x",
		e.Seed, e.First, e.Run, e.Then)
}

// Replay runs the trial several times for each seed of [first, first+seeds) and
// returns a *DivergenceError for the first seed whose checksums differ. Distinct
// counts the different checksums: one of 1 for many seeds says that the seed does not
// reach the trial, and then equal runs prove nothing.
func Replay(first uint64, seeds, runs int, trial func(seed uint64) (checksum uint64)) (distinct int, err error) {
	seen := make(map[uint64]struct{}, seeds)
	for seed := first; seed < first+uint64(seeds); seed++ {
		sum := trial(seed)
		for run := 2; run <= runs; run++ {
			if again := trial(seed); again != sum {
				return len(seen), &DivergenceError{Seed: seed, Run: run, First: sum, Then: again}
			}
		}
		seen[sum] = struct{}{}
	}
	return len(seen), nil
}
