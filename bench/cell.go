package bench

// Cell is the summary of the trials of one policy, link, loss and workload. All
// bounds are 95 % and two-sided; those of rates are Clopper-Pearson's, over the trials
// that have an outcome. Quantiles are right to 0.2 %.
type Cell struct {
	Counts

	CorruptedLow  float64 `json:"corrupted_low"`
	CorruptedHigh float64 `json:"corrupted_high"`
	SilentLow     float64 `json:"silent_low"`
	SilentHigh    float64 `json:"silent_high"`

	// Throughputs are bytes a second: those of all trials over their summed seconds, and
	// quantiles of each trial's own. Latencies are seconds until delivered. The utilisation
	// is the share of the sender's direction that was in use, until durable.
	AppMean           *float64 `json:"app_throughput_mean"`
	AppP10            *float64 `json:"app_throughput_p10"`
	AppThroughput     *float64 `json:"app_throughput_p50"`
	AppP90            *float64 `json:"app_throughput_p90"`
	DurableMean       *float64 `json:"durable_throughput_mean"`
	DurableP10        *float64 `json:"durable_throughput_p10"`
	DurableThroughput *float64 `json:"durable_throughput_p50"`
	DurableP90        *float64 `json:"durable_throughput_p90"`
	LatencyP50        *float64 `json:"latency_p50"`
	LatencyP99        *float64 `json:"latency_p99"`
	Utilisation       *float64 `json:"link_utilisation"`
	Retransmits       int64    `json:"retransmits"`
	Aborts            int64    `json:"aborts"`

	FirstSilent    *uint64 `json:"first_silent_seed"`
	FirstCorrupted *uint64 `json:"first_corrupted_seed"`
	Paired         *Paired `json:"paired"`
}

// Paired compares a cell with the first policy's, seed by seed: common random numbers.
type Paired struct {
	Versus           string `json:"versus"`
	Pairs            int    `json:"pairs"`
	CorruptedOnly    int    `json:"corrupted_only_here"`
	CorruptedOnlyRef int    `json:"corrupted_only_there"`
	SilentOnly       int    `json:"silent_only_here"`
	SilentOnlyRef    int    `json:"silent_only_there"`

	// Differences of the rates, here minus there; p values of McNemar's exact test,
	// plain and corrected by Holm over the cells of the run.
	CorruptedDiff     float64  `json:"corrupted_diff"`
	CorruptedDiffLow  float64  `json:"corrupted_diff_low"`
	CorruptedDiffHigh float64  `json:"corrupted_diff_high"`
	CorruptedP        *float64 `json:"corrupted_p"`
	CorruptedPHolm    *float64 `json:"corrupted_p_holm"`
	SilentDiff        float64  `json:"silent_diff"`
	SilentDiffLow     float64  `json:"silent_diff_low"`
	SilentDiffHigh    float64  `json:"silent_diff_high"`
	SilentP           *float64 `json:"silent_p"`
	SilentPHolm       *float64 `json:"silent_p_holm"`

	PairedSeconds
}

// PairedSeconds are the times of pairs that both have them: the median and the mean
// of here minus there in seconds, and the ratio of throughputs, here to there. The p
// values are of Student's test that the ratio's logarithm is 0.
type PairedSeconds struct {
	AppPairs         int      `json:"app_pairs"`
	AppSecondsDiff   *float64 `json:"app_seconds_diff_p50"`
	AppDiff          *float64 `json:"app_seconds_diff_mean"`
	AppDiffLow       *float64 `json:"app_seconds_diff_low"`
	AppDiffHigh      *float64 `json:"app_seconds_diff_high"`
	AppRatio         *float64 `json:"app_throughput_ratio"`
	AppRatioLow      *float64 `json:"app_throughput_ratio_low"`
	AppRatioHigh     *float64 `json:"app_throughput_ratio_high"`
	AppP             *float64 `json:"app_p"`
	AppPHolm         *float64 `json:"app_p_holm"`
	DurablePairs     int      `json:"durable_pairs"`
	DurableDiff      *float64 `json:"durable_seconds_diff_p50"`
	DurableMeanDiff  *float64 `json:"durable_seconds_diff_mean"`
	DurableDiffLow   *float64 `json:"durable_seconds_diff_low"`
	DurableDiffHigh  *float64 `json:"durable_seconds_diff_high"`
	DurableRatio     *float64 `json:"durable_throughput_ratio"`
	DurableRatioLow  *float64 `json:"durable_throughput_ratio_low"`
	DurableRatioHigh *float64 `json:"durable_throughput_ratio_high"`
	DurableP         *float64 `json:"durable_p"`
	DurablePHolm     *float64 `json:"durable_p_holm"`
}

// Count returns how many trials had the outcome.
func (c *Cell) Count(o Outcome) int {
	return map[Outcome]int{
		Delivered: c.Delivered, Corrupted: c.Corrupted, Lost: c.Lost, Failed: c.Failed, Pending: c.Pending,
	}[o]
}

// Cell summarizes the trials. The p values corrected for the number of cells are
// those of a run of this cell alone: see Cells.
func (t *Tally) Cell() Cell {
	c := Cell{
		Counts:  t.Counts,
		AppMean: t.App.mean(), AppP10: t.App.throughput(0.1), AppThroughput: t.App.throughput(0.5), AppP90: t.App.throughput(0.9),
		DurableMean: t.Durable.mean(), DurableP10: t.Durable.throughput(0.1), DurableThroughput: t.Durable.throughput(0.5), DurableP90: t.Durable.throughput(0.9),
		LatencyP50: scaled(t.Latency.Quantile(0.5), 1e-6), LatencyP99: scaled(t.Latency.Quantile(0.99), 1e-6),
		Retransmits: t.Retransmits, Aborts: t.Aborts, FirstSilent: t.FirstSilent, FirstCorrupted: t.FirstCorrupted,
	}
	c.Schema = Schema
	judged := t.Judged()
	c.CorruptedLow, c.CorruptedHigh = ClopperPearson(c.Corrupted, judged)
	c.SilentLow, c.SilentHigh = ClopperPearson(c.Silent, judged)
	if n := t.Utilisation.N(); n > 0 {
		used := float64(t.Used) / 1e6 / float64(n)
		c.Utilisation = &used
	}
	if t.Pairs != nil {
		c.Paired = t.Pairs.summary()
	}
	return c
}

// Cells summarizes a run: the cell of each Tally, with p values corrected by Holm
// over all comparisons of the run of the same kind: corrupted rates, silent rates,
// application times, durable times.
func Cells(tallies []*Tally) []Cell {
	cells := make([]Cell, 0, len(tallies))
	for _, t := range tallies {
		cells = append(cells, t.Cell())
	}
	for _, family := range [...]func(*Paired) *float64{
		func(p *Paired) *float64 { return p.CorruptedPHolm },
		func(p *Paired) *float64 { return p.SilentPHolm },
		func(p *Paired) *float64 { return p.AppPHolm },
		func(p *Paired) *float64 { return p.DurablePHolm },
	} {
		var ps []*float64
		for i := range cells {
			if cells[i].Paired != nil {
				ps = append(ps, family(cells[i].Paired))
			}
		}
		Holm(ps)
	}
	return cells
}

func (p *Pairs) summary() *Paired {
	s := &Paired{
		Versus: p.Versus, Pairs: p.N, CorruptedOnly: p.CorruptedHere, CorruptedOnlyRef: p.CorruptedThere,
		SilentOnly: p.SilentHere, SilentOnlyRef: p.SilentThere,
	}
	s.CorruptedDiff, s.CorruptedDiffLow, s.CorruptedDiffHigh = PairedRates(p.CorruptedHere, p.CorruptedThere, p.N)
	s.SilentDiff, s.SilentDiffLow, s.SilentDiffHigh = PairedRates(p.SilentHere, p.SilentThere, p.N)
	s.CorruptedP, s.CorruptedPHolm = twice(McNemar(p.CorruptedHere, p.CorruptedThere))
	s.SilentP, s.SilentPHolm = twice(McNemar(p.SilentHere, p.SilentThere))

	app, durable := p.App.moments(), p.Durable.moments()
	s.AppPairs, s.DurablePairs = int(app.n), int(durable.n)
	s.AppSecondsDiff, s.DurableDiff = scaled(p.App.Diff.Quantile(0.5), 1e-6), scaled(p.Durable.Diff.Quantile(0.5), 1e-6)
	s.AppDiff, s.AppDiffLow, s.AppDiffHigh = app.difference().parts()
	s.DurableMeanDiff, s.DurableDiffLow, s.DurableDiffHigh = durable.difference().parts()
	appRatio, appP := app.ratio()
	s.AppRatio, s.AppRatioLow, s.AppRatioHigh = appRatio.parts()
	durableRatio, durableP := durable.ratio()
	s.DurableRatio, s.DurableRatioLow, s.DurableRatioHigh = durableRatio.parts()
	if appP != nil {
		s.AppP, s.AppPHolm = twice(*appP)
	}
	if durableP != nil {
		s.DurableP, s.DurablePHolm = twice(*durableP)
	}
	return s
}

// parts are the three numbers, all nil if there is no interval.
func (i *Interval) parts() (value, low, high *float64) {
	if i == nil {
		return nil, nil, nil
	}
	return &i.Value, &i.Low, &i.High
}

// twice is a number in two places.
func twice(v float64) (a, b *float64) {
	w := v
	return &v, &w
}

func scaled(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	s := *v * by
	return &s
}

// mean is bytes over summed seconds; nil if that is 0.
func (t *Times) mean() *float64 {
	if t.Sum == 0 {
		return nil
	}
	v := float64(t.Bytes) * 1e6 / float64(t.Sum)
	return &v
}

// throughput is a quantile of bytes a second.
func (t *Times) throughput(p float64) *float64 { return scaled(t.Throughput.Quantile(p), 1e-3) }
