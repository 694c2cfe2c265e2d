package report

import "slices"

// coverage is a set of bytes of a file: disjoint ranges in order.
type coverage struct{ ranges []byteRange }

type byteRange struct{ from, to int64 }

func (c *coverage) add(from, to int64) {
	if from >= to {
		return
	}
	kept := c.ranges[:0:0]
	for _, r := range c.ranges {
		if r.to < from || to < r.from {
			kept = append(kept, r)
			continue
		}
		from, to = min(from, r.from), max(to, r.to)
	}
	i := slices.IndexFunc(kept, func(r byteRange) bool { return r.from > from })
	if i < 0 {
		i = len(kept)
	}
	c.ranges = slices.Insert(kept, i, byteRange{from, to})
}

// bytes returns how many bytes are in the set.
func (c *coverage) bytes() (n int64) {
	for _, r := range c.ranges {
		n += r.to - r.from
	}
	return n
}
