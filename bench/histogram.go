package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Histogram counts integers in bins that are at most 1/256 of their value wide, of
// either sign: a quantile is right to 0.2 %, and two histograms add up to exactly the
// one of all values. Only bins that hold something are kept, at most some 14,000.
//
// It has the bins of an HdrHistogram and none of its arrays: at this resolution the
// library keeps 200 KB for each one, and a sweep has nine a cell and thousands of
// cells; nor does it count negative values, which differences have.
type Histogram struct {
	n    int64
	bins []bin // in order; every count is positive
}

type bin struct {
	at int
	n  int64
}

// subBins is how many bins cover a doubling. Smaller values have a bin each.
const subBins = 256

// subBits is the length of a value that still has a bin of its own.
const subBits = 9

// maxBin is the bin of the largest int64.
const maxBin = subBins*(63-subBits) + 2*subBins - 1

// binOf is the bin of a value; the order of bins is that of their values.
func binOf(v int64) int {
	if v < 0 {
		return -binOf(-max(v, -math.MaxInt64))
	}
	e := max(bits.Len64(uint64(v))-subBits, 0)
	return subBins*e + int(v>>e)
}

// bounds are the least and the largest value of a bin that is not negative.
func bounds(at int) (low, high int64) {
	e := max(at/subBins-1, 0)
	low = int64(at-subBins*e) << e
	return low, low + (1<<e - 1)
}

// middle is the value that stands for a bin.
func middle(at int) float64 {
	if at < 0 {
		return -middle(-at)
	}
	low, high := bounds(at)
	return float64(low) + float64(high-low)/2
}

// Add counts a value.
func (h *Histogram) Add(v int64) { h.add(bin{binOf(v), 1}) }

func (h *Histogram) add(b bin) {
	h.n += b.n
	i, found := slices.BinarySearchFunc(h.bins, b.at, func(e bin, at int) int { return e.at - at })
	if found {
		h.bins[i].n += b.n
		return
	}
	h.bins = slices.Insert(h.bins, i, b)
}

// Merge adds the values of another histogram.
func (h *Histogram) Merge(o *Histogram) {
	for _, b := range o.bins {
		h.add(b)
	}
}

// N is how many values were counted.
func (h *Histogram) N() int64 { return h.n }

// Quantile is the value that a share p of all values does not exceed, to 0.2 %; nil
// if there are none.
func (h *Histogram) Quantile(p float64) *float64 {
	if h.n == 0 {
		return nil
	}
	rank := max(int64(math.Ceil(p*float64(h.n))), 1)
	for _, b := range h.bins {
		if rank -= b.n; rank <= 0 {
			v := middle(b.at)
			return &v
		}
	}
	v := middle(h.bins[len(h.bins)-1].at)
	return &v
}

// Steps calls f with each value that occurs and the share of all values up to it: the
// empirical distribution.
func (h *Histogram) Steps(f func(value, share float64)) {
	var seen int64
	for _, b := range h.bins {
		seen += b.n
		f(middle(b.at), float64(seen)/float64(h.n))
	}
}

// MarshalJSON writes bin, count, bin, count and so on.
func (h Histogram) MarshalJSON() ([]byte, error) {
	flat := make([]int64, 0, 2*len(h.bins))
	for _, b := range h.bins {
		flat = append(flat, int64(b.at), b.n)
	}
	return json.Marshal(flat)
}

// UnmarshalJSON reads what MarshalJSON wrote, and nothing else.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var flat []int64
	if err := json.Unmarshal(text, &flat); err != nil {
		return err
	}
	if len(flat)%2 != 0 {
		return errors.New("histogram: a bin without a count")
	}
	*h = Histogram{}
	for i := 0; i < len(flat); i += 2 {
		at, n := flat[i], flat[i+1]
		switch {
		case at < -maxBin || at > maxBin:
			return fmt.Errorf("histogram: there is no bin %d", at)
		case i > 0 && at <= flat[i-2]:
			return fmt.Errorf("histogram: bin %d does not come after bin %d", at, flat[i-2])
		case n <= 0 || n > math.MaxInt64-h.n:
			return fmt.Errorf("histogram: bin %d: count %d", at, n)
		}
		h.n += n
		h.bins = append(h.bins, bin{int(at), n})
	}
	return nil
}
