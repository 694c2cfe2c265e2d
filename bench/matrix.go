package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Matrix is policies times links times losses times workloads, Trials each. Trial i of every cell
// has seed Base.Seed+i: the same weather for every policy.
//
// The order of trials is links outermost, then losses, workloads, seeds, and policies innermost:
// a Group, the trials of one seed, comes as a whole, and so do the pairs that are
// compared.
type Matrix struct {
	Policies []Settings
	// WritePolicies are of one's own, by the name of the policy whose NtrdrWritePolicy each
	// takes the place of.
	WritePolicies map[string]rdr.WritePolicy
	Links         []Profile
	Losses        []float64
	// Workloads are what is played; none: the Base's.
	Workloads []Workload
	Trials    int
	Base      Spec // everything else

	// Shard, if set, is the part of the matrix that is played.
	Shard Shard
	// Keep says which results a Group holds as lines.
	Keep Keep
	// Origin is how the matrix was asked for; it decides nothing.
	Origin Origin
	// TrialLimit bounds the real time of one trial; 0 means DefaultTrialLimit.
	TrialLimit time.Duration
	// Live, if set, is where trials are played in real time, instead of in simulation.
	Live *Live

	play     func(*Worker, Spec) (Result, error) // nil: Worker.Run; for tests
	mostKept int                                 // 0: as many as there is room for; for tests
}

// Origin is how a program was asked for a Matrix. A journal keeps it, so that whoever
// reads it can make the matrix again.
type Origin struct {
	Flags []string          `json:"flags"`
	Files map[string][]byte `json:"files"` // those that the flags name, by name
	Where Where             `json:"where"`
}

// Shard is part Index, from 0, of Count equal parts of a Matrix: it has all cells, and
// of each a run of seeds. The zero Shard is the whole.
type Shard struct {
	Index int `json:"index"`
	Count int `json:"count"`
}

// whole reports whether the shard is the whole.
func (s Shard) whole() bool { return s.Count <= 1 }

// seeds returns which trials of a cell, of n, are the shard's.
func (s Shard) seeds(n int) (from, to int) {
	if s.whole() {
		return 0, n
	}
	return n * s.Index / s.Count, n * (s.Index + 1) / s.Count
}

// String is the shard as --shard takes it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// Check refuses a shard that cells of so many trials do not have.
func (s Shard) Check(trials int) error {
	switch {
	case s.Count < 1 || s.Count > MaxShards:
		return fmt.Errorf("%d shards are out of range", s.Count)
	case s.Index < 0 || s.Index >= s.Count:
		return fmt.Errorf("shard %d is not one of the %d from 0 to %d", s.Index, s.Count, s.Count-1)
	case s.Count > trials:
		return fmt.Errorf("%d shards of %d trials a cell: a shard takes whole seeds", s.Count, trials)
	}
	return nil
}

// Total is the number of trials of the matrix, or of its shard.
func (m Matrix) Total() int { return m.groups() * len(m.Policies) }

// blocks is the number of runs of groups that share link, loss and workload.
func (m Matrix) blocks() int { return len(m.Links) * len(m.Losses) * max(1, len(m.Workloads)) }

// groups is the number of groups of the shard.
func (m Matrix) groups() int { return m.blocks() * m.perBlock() }

// perBlock is the number of groups that the shard has of each block.
func (m Matrix) perBlock() int {
	from, to := m.Shard.seeds(m.Trials)
	return to - from
}

// group returns group g of the shard: the Spec of its trials, without the policy.
func (m Matrix) group(g int) Spec {
	s := m.Base
	from, _ := m.Shard.seeds(m.Trials)
	n := m.perBlock()
	s.Seed += uint64(from + g%n)
	block := g / n
	if k := len(m.Workloads); k > 0 {
		s.Workload = m.Workloads[block%k]
		block /= k
	}
	s.Loss = m.Losses[block%len(m.Losses)]
	s.Link = m.Links[block/len(m.Losses)]
	return s
}

// Group is the trials of one seed of one workload on one link at one loss, a Result a policy.
type Group struct {
	N       int // its place in the shard
	Results []Result
	Lines   []byte // the results that are kept, a line of JSON each
	ends    []int  // of each Result's line in Lines; one without a line ends where the last does
}

// keep adds the next Result's line, if it is one to be kept.
func (g *Group) keep(r *Result, k Keep) {
	if k.keeps(r) {
		g.Lines = appendLine(g.Lines, r)
	}
	g.ends = append(g.ends, len(g.Lines))
}

// Run runs all trials on the given number of workers and returns the results in the
// order of the matrix; progress is called after each trial. A trial that could not be
// finished is an error.
func (m Matrix) Run(ctx context.Context, workers int, progress func()) ([]Result, error) {
	m.Keep = KeepNone
	results := make([]Result, 0, m.Total())
	err := m.Each(ctx, 0, workers, func(g *Group) error {
		for i := range g.Results {
			if r := &g.Results[i]; r.Error != "" {
				return errors.New(r.Error)
			}
			progress()
		}
		results = append(results, g.Results...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Tallies counts the results of the whole matrix, a Tally a cell: the cells of a block
// are neighbours, each paired with the first policy's.
func (m Matrix) Tallies(rs []Result) []*Tally {
	list := newTallies(m.blocks() * len(m.Policies))
	for i := 0; i < len(rs); i += len(m.Policies) {
		block := i / len(m.Policies) / m.perBlock()
		countGroup(list[block*len(m.Policies):], rs[i:i+len(m.Policies)])
	}
	return list
}

func newTallies(n int) []*Tally {
	list := make([]*Tally, n)
	for i := range list {
		list[i] = &Tally{}
	}
	return list
}

// countGroup adds the results of one group to the tallies of its block.
func countGroup(tallies []*Tally, rs []Result) {
	for i := range rs {
		var ref *Result
		if i > 0 {
			ref = &rs[0]
		}
		tallies[i].Add(&rs[i], ref)
	}
}
