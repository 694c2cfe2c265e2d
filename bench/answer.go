package bench

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Answer is what a run says of one policy, over all links, losses and workloads.
type Answer struct {
	Policy    string
	Trials    int // those with an outcome
	Errors    int // those without
	Silent    int
	Corrupted int
	Failed    int      // neither delivered nor silent: the sender knows
	Rate      Interval // of silent failures
	Worst     *Tally   // with the greatest silent rate; nil if there was no silent failure

	// Throughputs and median latency, as multiples of the first policy's: geometric
	// means over the cells. nil: no cell has both.
	App     *Interval
	Durable *Interval
	Latency *float64
}

// Safe reports whether no silent failure was seen; Rate says how much that means.
func (a *Answer) Safe() bool { return a.Silent == 0 && a.Trials > 0 }

// Answers judges each policy of a run, in the order of the tallies.
//
// The bounds on the rate of silent failures take all trials of a policy as
// independent, in which cells of different rates make them wider than need be. Trials
// of the same seed on different links share the phase of their Mailer, which can make
// them narrower.
func Answers(tallies []*Tally) []Answer {
	var list []Answer
	for _, policy := range Policies(tallies) {
		list = append(list, answer(policy, tallies))
	}
	return list
}

// Policies are those of the tallies, in the order of their first.
func Policies(tallies []*Tally) (names []string) {
	for _, t := range tallies {
		if !slices.Contains(names, t.Policy) {
			names = append(names, t.Policy)
		}
	}
	return names
}

func answer(policy string, tallies []*Tally) Answer {
	a := Answer{Policy: policy}
	own := Of(tallies, func(t *Tally) bool { return t.Policy == policy })
	for _, t := range own {
		a.Trials += t.Judged()
		a.Errors += t.Errors
		a.Silent += t.Silent
		a.Corrupted += t.Corrupted
		a.Failed += t.Judged() - t.Delivered - t.Silent
		if t.Silent > 0 && (a.Worst == nil || t.SilentRate() > a.Worst.SilentRate()) {
			a.Worst = t
		}
	}
	a.Rate.Low, a.Rate.High = ClopperPearson(a.Silent, a.Trials)
	if a.Trials > 0 {
		a.Rate.Value = float64(a.Silent) / float64(a.Trials)
	}
	a.App, a.Durable = AppRatio(own), DurableRatio(own)
	a.Latency = latencyRatio(own, tallies)
	return a
}

// Of picks tallies.
func Of(tallies []*Tally, which func(*Tally) bool) (list []*Tally) {
	for _, t := range tallies {
		if which(t) {
			list = append(list, t)
		}
	}
	return list
}

// Judged is the number of trials that have an outcome.
func (t *Tally) Judged() int { return t.Trials - t.Errors }

// SilentRate is the share of silent failures.
func (t *Tally) SilentRate() float64 { return float64(t.Silent) / float64(max(t.Judged(), 1)) }

// AppRatio is the throughput that the application sees as a multiple of the first
// policy's: the geometric mean over cells of one policy. It is 1 for the first policy,
// and nil if no cell has times, of both.
func AppRatio(cells []*Tally) *Interval {
	return meanRatio(cells, func(t *Tally) *Times { return &t.App }, func(p *Pairs) *PairedTimes { return &p.App })
}

// DurableRatio is the same for the throughput until the server has all.
func DurableRatio(cells []*Tally) *Interval {
	return meanRatio(cells, func(t *Tally) *Times { return &t.Durable }, func(p *Pairs) *PairedTimes { return &p.Durable })
}

func meanRatio(cells []*Tally, times func(*Tally) *Times, pairs func(*Pairs) *PairedTimes) *Interval {
	var sum, variance, freedom, n float64
	for _, t := range cells {
		if t.Pairs == nil {
			if times(t).Sum > 0 {
				n++
			}
			continue
		}
		m := pairs(t.Pairs).moments()
		if value, stderr, ok := m.logRatio(); ok {
			sum += value
			variance += stderr * stderr
			freedom += m.n - 1
			n++
		}
	}
	switch {
	case n == 0:
		return nil
	case freedom == 0:
		return &Interval{1, 1, 1}
	}
	half := distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile((1+confidence)/2) * math.Sqrt(variance) / n
	return &Interval{math.Exp(sum / n), math.Exp(sum/n - half), math.Exp(sum/n + half)}
}

// latencyRatio is the geometric mean over cells of the median time until delivery, as
// a multiple of that of the first policy's cell.
func latencyRatio(own, all []*Tally) *float64 {
	var sum, n float64
	for _, t := range own {
		i := slices.IndexFunc(all, func(o *Tally) bool {
			return o.Pairs == nil && o.Link == t.Link && o.Loss == t.Loss && o.Workload == t.Workload
		})
		if i < 0 {
			continue
		}
		here, there := t.Latency.Quantile(0.5), all[i].Latency.Quantile(0.5)
		if here != nil && there != nil && *here > 0 && *there > 0 {
			sum += math.Log(*here / *there)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	v := math.Exp(sum / n)
	return &v
}
