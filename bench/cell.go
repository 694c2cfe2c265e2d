package bench

import (
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Cell is the summary of the trials of one policy, link, loss and workload. Rates
// carry 95 % two-sided Clopper-Pearson bounds.
type Cell struct {
	Schema      string `json:"schema"`
	Commit      string `json:"commit"`
	ProfileHash string `json:"profile_hash"`

	Policy   string  `json:"policy"`
	Link     string  `json:"link"`
	Loss     float64 `json:"loss"`
	Workload string  `json:"workload"`
	Trials   int     `json:"trials"`

	Delivered int `json:"delivered"`
	Corrupted int `json:"corrupted"`
	Lost      int `json:"lost"`
	Failed    int `json:"failed"`
	Pending   int `json:"pending"`
	Silent    int `json:"silent"`

	CorruptedLow  float64 `json:"corrupted_low"`
	CorruptedHigh float64 `json:"corrupted_high"`
	SilentLow     float64 `json:"silent_low"`
	SilentHigh    float64 `json:"silent_high"`

	AppThroughput     *float64 `json:"app_throughput_p50"`
	DurableThroughput *float64 `json:"durable_throughput_p50"`
	LatencyP50        *float64 `json:"latency_p50"`
	LatencyP99        *float64 `json:"latency_p99"`
	Utilisation       *float64 `json:"link_utilisation"`
	Paired            *Paired  `json:"paired"`
}

// Paired compares a cell with the first policy's, seed by seed.
type Paired struct {
	Versus           string   `json:"versus"`
	Pairs            int      `json:"pairs"`
	CorruptedOnly    int      `json:"corrupted_only_here"`
	CorruptedOnlyRef int      `json:"corrupted_only_there"`
	AppSecondsDiff   *float64 `json:"app_seconds_diff_p50"` // here minus there
	DurableDiff      *float64 `json:"durable_seconds_diff_p50"`
}

// Count returns how many trials had the outcome.
func (c *Cell) Count(o Outcome) int {
	return map[Outcome]int{
		Delivered: c.Delivered, Corrupted: c.Corrupted, Lost: c.Lost, Failed: c.Failed, Pending: c.Pending,
	}[o]
}

// Summarize makes the cell of results that share policy, link, loss and workload.
func Summarize(rs []Result) Cell {
	first := rs[0]
	c := Cell{
		Schema: Schema, Commit: first.Commit, ProfileHash: first.ProfileHash,
		Policy: first.Policy, Link: first.Link, Loss: first.Loss, Workload: first.Workload, Trials: len(rs),
	}
	for i := range rs {
		c.add(&rs[i])
	}
	c.CorruptedLow, c.CorruptedHigh = ClopperPearson(c.Corrupted, c.Trials)
	c.SilentLow, c.SilentHigh = ClopperPearson(c.Silent, c.Trials)
	c.AppThroughput = quantile(0.5, collect(rs, func(r *Result) *float64 { return over(r.Bytes, r.App) }))
	c.DurableThroughput = quantile(0.5, collect(rs, func(r *Result) *float64 { return over(r.Bytes, r.Durable) }))
	latency := collect(rs, func(r *Result) *float64 { return r.Delivered })
	c.LatencyP50, c.LatencyP99 = quantile(0.5, latency), quantile(0.99, latency)
	c.Utilisation = mean(collect(rs, func(r *Result) *float64 { return r.Utilisation }))
	return c
}

func (c *Cell) add(r *Result) {
	switch r.Outcome {
	case Delivered:
		c.Delivered++
	case Corrupted:
		c.Corrupted++
	case Lost:
		c.Lost++
	case Failed:
		c.Failed++
	case Pending:
		c.Pending++
	}
	if r.Silent {
		c.Silent++
	}
}

// pair compares results of two cells that hold the same seeds in the same order.
func pair(here, there []Result) *Paired {
	p := &Paired{Versus: there[0].Policy, Pairs: len(here)}
	var app, durable []float64
	for i := range here {
		h, t := &here[i], &there[i]
		switch hc, tc := h.Outcome == Corrupted, t.Outcome == Corrupted; {
		case hc && !tc:
			p.CorruptedOnly++
		case tc && !hc:
			p.CorruptedOnlyRef++
		}
		if h.App != nil && t.App != nil {
			app = append(app, *h.App-*t.App)
		}
		if h.Durable != nil && t.Durable != nil {
			durable = append(durable, *h.Durable-*t.Durable)
		}
	}
	p.AppSecondsDiff, p.DurableDiff = quantile(0.5, app), quantile(0.5, durable)
	return p
}

// confidence of the bounds on rates.
const confidence = 0.95

// ClopperPearson returns the exact 95 % two-sided bounds on the rate of k events in
// n trials.
func ClopperPearson(k, n int) (low, high float64) {
	alpha := (1 - confidence) / 2
	low, high = 0, 1
	if k > 0 {
		low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(alpha)
	}
	if k < n {
		high = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(1 - alpha)
	}
	return low, high
}

func collect(rs []Result, f func(*Result) *float64) (xs []float64) {
	for i := range rs {
		if x := f(&rs[i]); x != nil {
			xs = append(xs, *x)
		}
	}
	return xs
}

// over is bytes a second, nil if the time is unknown or zero.
func over(bytes int, seconds *float64) *float64 {
	if seconds == nil || *seconds == 0 {
		return nil
	}
	v := float64(bytes) / *seconds
	return &v
}

func quantile(p float64, xs []float64) *float64 {
	if len(xs) == 0 {
		return nil
	}
	xs = slices.Clone(xs)
	slices.Sort(xs)
	q := stat.Quantile(p, stat.Empirical, xs, nil)
	return &q
}

func mean(xs []float64) *float64 {
	if len(xs) == 0 {
		return nil
	}
	m := stat.Mean(xs, nil)
	return &m
}
