package bench

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// confidence of all intervals, two-sided.
const confidence = 0.95

// ClopperPearson returns the exact 95 % two-sided bounds on the rate of k events in
// n trials: their cover is never below 95 %.
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

// McNemar returns the two-sided p value of the exact conditional test that b events
// seen only here and c seen only there are equally likely. It is the binomial one for
// every b+c: never below the nominal level, and cheap enough not to need the
// chi-square approximation.
func McNemar(b, c int) float64 {
	if b == c {
		return 1
	}
	return min(1, 2*distuv.Binomial{N: float64(b + c), P: 0.5}.CDF(float64(min(b, c))))
}

// PairedRates returns the difference of two rates, here minus there, over n pairs of
// which b had the event only here and c only there, and its 95 % bounds: Wald's with
// the adjustment of Bonett and Price, which keeps its cover where b and c are small
// or zero.
//
// src: Bonett, Price 2012 (adjusted Wald confidence interval for a difference of
// binomial proportions based on paired data).
func PairedRates(b, c, n int) (diff, low, high float64) {
	if n == 0 {
		return 0, -1, 1
	}
	here, there := float64(b+1)/float64(n+2), float64(c+1)/float64(n+2)
	half := normal() * math.Sqrt((here+there-(here-there)*(here-there))/float64(n+2))
	return float64(b-c) / float64(n), max(here-there-half, -1), min(here-there+half, 1)
}

func normal() float64 { return distuv.UnitNormal.Quantile((1 + confidence) / 2) }

// Interval is an estimate with its 95 % bounds.
type Interval struct{ Value, Low, High float64 }

// moments are means of pairs of seconds, and the variances and covariance of the
// means.
type moments struct {
	n                            float64
	here, there                  float64
	varHere, varThere, covariant float64
}

// moments computes them without rounding before the end, so that no digit cancels.
func (p *PairedTimes) moments() moments {
	n := p.Diff.N()
	m := moments{n: float64(n)}
	if n == 0 {
		return m
	}
	m.here, m.there = float64(p.Here)/1e6/m.n, float64(p.There)/1e6/m.n
	if n > 1 {
		m.varHere = scatter(n, p.HereHere, p.Here, p.Here)
		m.varThere = scatter(n, p.ThereThere, p.There, p.There)
		m.covariant = scatter(n, p.HereThere, p.Here, p.There)
	}
	return m
}

// scatter is (n sum(xy) - sum(x) sum(y)) / (n^2 (n-1)), in seconds squared: the
// covariance of two means.
func scatter(n int64, xy wide, x, y int64) float64 {
	v := xy.big()
	v.Mul(v, big.NewInt(n))
	v.Sub(v, new(big.Int).Mul(big.NewInt(x), big.NewInt(y)))
	f, _ := new(big.Float).SetInt(v).Float64()
	return f / 1e12 / float64(n) / float64(n) / float64(n-1)
}

// difference is the mean of the paired differences in seconds, here minus there, with
// Student's bounds; nil with fewer than two pairs.
func (m moments) difference() *Interval {
	if m.n < 2 {
		return nil
	}
	d := m.here - m.there
	half := m.student() * math.Sqrt(max(m.varHere+m.varThere-2*m.covariant, 0))
	return &Interval{d, d - half, d + half}
}

// logRatio is the logarithm of the ratio of the means, there to here, which is the
// ratio of throughputs here to there; and its standard error by the delta method.
func (m moments) logRatio() (value, stderr float64, ok bool) {
	if m.n < 2 || m.here <= 0 || m.there <= 0 {
		return 0, 0, false
	}
	v := m.varHere/(m.here*m.here) + m.varThere/(m.there*m.there) - 2*m.covariant/(m.here*m.there)
	return math.Log(m.there / m.here), math.Sqrt(max(v, 0)), true
}

// ratio is the ratio of throughputs, here to there: bytes over summed seconds, with
// bounds that are symmetric on a logarithmic scale; and the p value of its being 1.
func (m moments) ratio() (r *Interval, p *float64) {
	value, stderr, ok := m.logRatio()
	if !ok {
		return nil, nil
	}
	half := m.student() * stderr
	r = &Interval{math.Exp(value), math.Exp(value - half), math.Exp(value + half)}
	prob := 1.0
	switch {
	case stderr > 0:
		prob = 2 * distuv.StudentsT{Sigma: 1, Nu: m.n - 1}.CDF(-math.Abs(value)/stderr)
	case value != 0:
		prob = 0
	}
	return r, &prob
}

// student is the quantile of the bounds.
func (m moments) student() float64 {
	return distuv.StudentsT{Sigma: 1, Nu: m.n - 1}.Quantile((1 + confidence) / 2)
}

// Holm corrects p values of one family for their number, in place: step down, so that
// the chance of any false alarm in the family stays at the level, whatever the
// dependence between them.
func Holm(p []*float64) {
	sorted := slices.DeleteFunc(slices.Clone(p), func(v *float64) bool { return v == nil })
	slices.SortStableFunc(sorted, func(a, b *float64) int { return cmp.Compare(*a, *b) })
	least := 0.0
	for i, v := range sorted {
		least = min(1, max(least, *v*float64(len(sorted)-i)))
		*v = least
	}
}
