package bench

import (
	"context"
	"sync"
	"sync/atomic"
)

// Matrix is policies times links times losses, Trials each. Trial i of every cell
// has seed Base.Seed+i: the same weather for every policy.
type Matrix struct {
	Policies []Settings
	Links    []Profile
	Losses   []float64
	Trials   int
	Base     Spec // everything else
}

// Total is the number of trials of the whole matrix.
func (m Matrix) Total() int { return len(m.Policies) * len(m.Links) * len(m.Losses) * m.Trials }

// spec returns trial i of the matrix: links outermost, then losses, policies, seeds.
func (m Matrix) spec(i int) Spec {
	s := m.Base
	s.Seed += uint64(i % m.Trials)
	cell := i / m.Trials
	s.Policy = m.Policies[cell%len(m.Policies)]
	cell /= len(m.Policies)
	s.Loss = m.Losses[cell%len(m.Losses)]
	s.Link = m.Links[cell/len(m.Losses)]
	return s
}

// Run runs all trials on the given number of workers. The results stand in the order
// of the matrix, whatever the number of workers; progress is called after each
// trial, from several goroutines. A trial that the simulation could not finish is an
// error.
func (m Matrix) Run(ctx context.Context, workers int, progress func()) ([]Result, error) {
	results := make([]Result, m.Total())
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range workers {
		wg.Go(func() {
			w := NewWorker()
			defer w.Close()
			for i := int(next.Add(1)) - 1; i < len(results) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				r, err := w.Run(m.spec(i))
				if err != nil {
					once.Do(func() { first = err })
					cancel()
					return
				}
				results[i] = r
				progress()
			}
		})
	}
	wg.Wait()
	if first != nil {
		return nil, first
	}
	return results, ctx.Err()
}

// Tallies counts the results of the whole matrix, a Tally a cell, each paired with the
// first policy's of the same link and loss.
func (m Matrix) Tallies(rs []Result) []*Tally {
	var list []*Tally
	for i := 0; i < len(rs); i += m.Trials {
		t := &Tally{}
		ref := i - (i/m.Trials)%len(m.Policies)*m.Trials
		for j := range m.Trials {
			if ref == i {
				t.Add(&rs[i+j], nil)
			} else {
				t.Add(&rs[i+j], &rs[ref+j])
			}
		}
		list = append(list, t)
	}
	return list
}
