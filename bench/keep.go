package bench

import "fmt"

// Keep says which results are kept as lines; the cells count all.
type Keep string

// What can be kept.
const (
	KeepAll     Keep = "all"
	KeepFailing Keep = "failing" // every outcome but delivered, of each cell as many as there is room for
	KeepNone    Keep = "none"
)

// ManyTrials is the size of a matrix above which only failing trials are kept by
// default, and results are compressed.
const ManyTrials = 100_000

// ParseKeep reads a Keep; the empty text is what is usual for so many trials.
func ParseKeep(text string, trials int) (Keep, error) {
	switch k := Keep(text); k {
	case KeepAll, KeepFailing, KeepNone:
		return k, nil
	case "":
		if trials > ManyTrials {
			return KeepFailing, nil
		}
		return KeepAll, nil
	}
	return "", fmt.Errorf("%q is none of %s, %s, %s", text, KeepAll, KeepFailing, KeepNone)
}

// keptFailing bounds the lines that KeepFailing leaves of a sweep.
//
// src: assumed (a line takes some 60 bytes, compressed, in journal and results together: 30 MB)
const keptFailing = 500_000

// most is how many failing trials of each cell are kept, the first ones; 0: all. The
// cells count all, and the first failure of a policy that seldom fails is among them.
func (m Matrix) most() int {
	switch {
	case m.Keep != KeepFailing:
		return 0
	case m.mostKept > 0:
		return m.mostKept
	}
	return max(1, keptFailing/(m.blocks()*len(m.Policies)))
}

func (k Keep) keeps(r *Result) bool {
	switch k {
	case KeepNone:
		return false
	case KeepFailing:
		return r.Outcome != Delivered
	case KeepAll:
	}
	return true
}
