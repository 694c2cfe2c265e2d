package metamorph

import (
	"slices"
	"time"
)

// Shrink makes a workload that fails smaller as long as it still fails, asking fails at
// most tries times.
func Shrink(w Workload, tries int, fails func(Workload) bool) Workload {
	s := &shrinker{best: w, tries: tries, fails: fails}
	for before := -1; before != s.tries && s.tries > 0; {
		before = s.tries
		s.dropOps()
		s.dropValues()
		s.simplify()
		if !s.better {
			break
		}
		s.better = false
	}
	return s.best
}

type shrinker struct {
	best   Workload
	tries  int
	fails  func(Workload) bool
	better bool
}

// try keeps a smaller workload if it fails too.
func (s *shrinker) try(w Workload) bool {
	if s.tries <= 0 {
		return false
	}
	s.tries--
	if !s.fails(w) {
		return false
	}
	s.best, s.better = w, true
	return true
}

// clone copies what the shrinker changes.
func (w Workload) clone() Workload {
	w.Faults = slices.Clone(w.Faults)
	w.Values = slices.Clone(w.Values)
	threads := make([][]Op, len(w.Threads))
	for i, ops := range w.Threads {
		threads[i] = slices.Clone(ops)
	}
	w.Threads = threads
	return w
}

// dropOps leaves out runs of operations, long ones first.
func (s *shrinker) dropOps() {
	for t := range s.best.Threads {
		for n := len(s.best.Threads[t]); n > 0; n /= 2 {
			for at := 0; at+n <= len(s.best.Threads[t]); {
				w := s.best.clone()
				w.Threads[t] = slices.Delete(w.Threads[t], at, at+n)
				if !s.try(w) {
					at += n
				}
			}
		}
	}
}

func (s *shrinker) dropValues() {
	w := s.best.clone()
	w.Values = nil
	if s.try(w) {
		return
	}
	for at := 0; at < len(s.best.Values); {
		w := s.best.clone()
		w.Values = slices.Delete(w.Values, at, at+1)
		if !s.try(w) {
			at++
		}
	}
}

// simplify makes numbers smaller and links faster.
func (s *shrinker) simplify() {
	for at := 0; at < len(s.best.Faults); {
		w := s.best.clone()
		w.Faults = slices.Delete(w.Faults, at, at+1)
		if !s.try(w) {
			at++
		}
	}
	if s.best.Loss != 0 {
		w := s.best.clone()
		w.Loss = 0
		s.try(w)
	}
	for i := range s.best.Links {
		if s.best.Links[i] != "lan10" {
			w := s.best.clone()
			w.Links[i] = "lan10"
			s.try(w)
		}
	}
	for t := range s.best.Threads {
		for i := range s.best.Threads[t] {
			s.simplifyOp(t, i)
		}
	}
}

func (s *shrinker) simplifyOp(t, i int) {
	change := func(f func(o *Op)) {
		w := s.best.clone()
		o := &w.Threads[t][i]
		f(o)
		if *o != s.best.Threads[t][i] {
			s.try(w)
		}
	}
	change(func(o *Op) { o.Params.Attributes = 0 })
	change(func(o *Op) { o.Params.Options = 0 })
	change(func(o *Op) { o.Off = 0 })
	change(func(o *Op) { o.Len = min(o.Len, 1) })
	change(func(o *Op) { o.Len /= 2 })
	change(func(o *Op) { o.Off /= 2 })
	change(func(o *Op) { o.For = min(o.For, time.Second) })
}
