package bench

import (
	"errors"
	"fmt"
	"math"
)

// TallySchema names the form of an encoded Tally.
const TallySchema = "ntrdr-tally/1"

// Tally counts the trials of one policy, link, loss and workload, in memory that does
// not grow with their number. It holds integers only: tallies of parts, merged in
// whatever order, are exactly the Tally of the whole, and its JSON keeps all of it.
// The zero Tally is empty and takes what it is about from the first Result.
type Tally struct {
	Counts
	ToldSuccess int `json:"told_success"`
	ToldError   int `json:"told_error"`

	LinkBytes   int64 `json:"link_bytes"`
	Retransmits int64 `json:"retransmits"`
	Aborts      int64 `json:"aborts"`

	FirstSeed      uint64  `json:"first_seed"` // the least
	LastSeed       uint64  `json:"last_seed"`  // the greatest
	FirstSilent    *uint64 `json:"first_silent_seed"`
	FirstCorrupted *uint64 `json:"first_corrupted_seed"`
	FirstError     *uint64 `json:"first_error_seed"`

	App         Times     `json:"app"`
	Durable     Times     `json:"durable"`
	Latency     Histogram `json:"latency_us"`  // until delivered
	Utilisation Histogram `json:"utilisation"` // parts of a million
	Used        int64     `json:"utilisation_sum"`

	Pairs *Pairs `json:"pairs"` // with the first policy; nil: this is it
}

// Key is what a Result has in common with the others of its Tally and Cell.
type Key struct {
	Schema      string  `json:"schema"`
	Commit      string  `json:"commit"`
	ProfileHash string  `json:"profile_hash"`
	Policy      string  `json:"policy"`
	Link        string  `json:"link"`
	TCP         string  `json:"tcp"`
	Loss        float64 `json:"loss"`
	Workload    string  `json:"workload"`
}

// Counts are trials that have a Key in common, by what became of them.
type Counts struct {
	Key
	Trials    int `json:"trials"`
	Delivered int `json:"delivered"`
	Corrupted int `json:"corrupted"`
	Lost      int `json:"lost"`
	Failed    int `json:"failed"`
	Pending   int `json:"pending"`
	Errors    int `json:"errors"` // the trial itself failed: it has no outcome and counts in no rate
	Silent    int `json:"silent"`
}

// Times are those trials of a Tally that reached an end.
type Times struct {
	Micros     Histogram `json:"us"`
	Throughput Histogram `json:"throughput"` // thousandths of a byte a second
	Sum        int64     `json:"us_sum"`
	Bytes      int64     `json:"bytes"`
}

// Pairs compares a Tally's trials with the first policy's of the same seeds: those
// where both have an outcome.
type Pairs struct {
	Versus         string      `json:"versus"`
	N              int         `json:"n"`
	CorruptedHere  int         `json:"corrupted_only_here"`
	CorruptedThere int         `json:"corrupted_only_there"`
	SilentHere     int         `json:"silent_only_here"`
	SilentThere    int         `json:"silent_only_there"`
	App            PairedTimes `json:"app"`
	Durable        PairedTimes `json:"durable"`
}

// PairedTimes are those pairs where both reached an end; sums of microseconds and of
// their products.
type PairedTimes struct {
	Here       int64     `json:"here_us"`
	There      int64     `json:"there_us"`
	HereHere   wide      `json:"here_here"`
	ThereThere wide      `json:"there_there"`
	HereThere  wide      `json:"here_there"`
	Diff       Histogram `json:"diff_us"` // here minus there
}

// Add counts a trial. ref is the first policy's of the same seed; nil if r is itself
// under the first policy.
func (t *Tally) Add(r, ref *Result) {
	if t.Trials == 0 {
		t.identify(r)
	}
	t.Trials++
	t.FirstSeed, t.LastSeed = min(t.FirstSeed, r.Seed), max(t.LastSeed, r.Seed)
	t.LinkBytes += r.LinkBytes
	t.Retransmits += r.Retransmits
	t.Aborts += r.Aborts
	t.countOutcome(r)
	t.App.add(r.Bytes, r.App)
	t.Durable.add(r.Bytes, r.Durable)
	if r.Delivered != nil {
		t.Latency.Add(millionths(*r.Delivered))
	}
	if r.Utilisation != nil {
		t.Utilisation.Add(millionths(*r.Utilisation))
		t.Used += millionths(*r.Utilisation)
	}
	if ref != nil {
		if t.Pairs == nil {
			t.Pairs = &Pairs{Versus: ref.Policy}
		}
		t.Pairs.add(r, ref)
	}
}

func (t *Tally) identify(r *Result) {
	*t = Tally{Counts: Counts{Key: r.Key}, FirstSeed: r.Seed, LastSeed: r.Seed}
	t.Schema = TallySchema
}

func (t *Tally) countOutcome(r *Result) {
	switch r.Outcome {
	case Delivered:
		t.Delivered++
	case Corrupted:
		t.Corrupted++
		t.FirstCorrupted = earlier(t.FirstCorrupted, &r.Seed)
	case Lost:
		t.Lost++
	case Failed:
		t.Failed++
	case Pending:
		t.Pending++
	default:
		t.Errors++
		t.FirstError = earlier(t.FirstError, &r.Seed)
		return
	}
	switch r.Told {
	case "success":
		t.ToldSuccess++
	case "error":
		t.ToldError++
	}
	if r.Silent {
		t.Silent++
		t.FirstSilent = earlier(t.FirstSilent, &r.Seed)
	}
}

// earlier is the lesser of two seeds, either of which may be missing, as a copy.
func earlier(a, b *uint64) *uint64 {
	if a == nil || b != nil && *b < *a {
		a = b
	}
	if a == nil {
		return nil
	}
	v := *a
	return &v
}

// millionths rounds to microseconds, or parts of a million.
func millionths(v float64) int64 { return int64(math.Round(v * 1e6)) }

func (t *Times) add(bytes int, seconds *float64) {
	if seconds == nil {
		return
	}
	us := millionths(*seconds)
	t.Micros.Add(us)
	t.Sum += us
	t.Bytes += int64(bytes)
	if us > 0 {
		t.Throughput.Add(int64(math.Round(float64(bytes) * 1e9 / float64(us))))
	}
}

func (t *Times) merge(o *Times) {
	t.Micros.Merge(&o.Micros)
	t.Throughput.Merge(&o.Throughput)
	t.Sum += o.Sum
	t.Bytes += o.Bytes
}

func (p *Pairs) add(r, ref *Result) {
	if !r.Outcome.known() || !ref.Outcome.known() {
		return
	}
	p.N++
	discordant(r.Outcome == Corrupted, ref.Outcome == Corrupted, &p.CorruptedHere, &p.CorruptedThere)
	discordant(r.Silent, ref.Silent, &p.SilentHere, &p.SilentThere)
	p.App.add(r.App, ref.App)
	p.Durable.add(r.Durable, ref.Durable)
}

func discordant(here, there bool, onlyHere, onlyThere *int) {
	switch {
	case here && !there:
		*onlyHere++
	case there && !here:
		*onlyThere++
	}
}

func (p *PairedTimes) add(here, there *float64) {
	if here == nil || there == nil {
		return
	}
	h, t := millionths(*here), millionths(*there)
	p.Here += h
	p.There += t
	p.HereHere.addProduct(h, h)
	p.ThereThere.addProduct(t, t)
	p.HereThere.addProduct(h, t)
	p.Diff.Add(h - t)
}

func (p *PairedTimes) merge(o *PairedTimes) {
	p.Here += o.Here
	p.There += o.There
	p.HereHere.add(o.HereHere)
	p.ThereThere.add(o.ThereThere)
	p.HereThere.add(o.HereThere)
	p.Diff.Merge(&o.Diff)
}

// Merge adds the trials of another Tally, which must be about the same.
func (t *Tally) Merge(o *Tally) error {
	if o.Trials == 0 {
		return nil
	}
	if t.Trials == 0 {
		*t = Tally{Counts: Counts{Key: o.Key}, FirstSeed: o.FirstSeed, LastSeed: o.LastSeed}
		if o.Pairs != nil {
			t.Pairs = &Pairs{Versus: o.Pairs.Versus}
		}
	}
	if err := t.sameAs(o); err != nil {
		return err
	}
	t.mergeCounts(o)
	t.App.merge(&o.App)
	t.Durable.merge(&o.Durable)
	t.Latency.Merge(&o.Latency)
	t.Utilisation.Merge(&o.Utilisation)
	t.Used += o.Used
	if t.Pairs != nil {
		t.Pairs.merge(o.Pairs)
	}
	return nil
}

// sameAs refuses a Tally of something else.
func (t *Tally) sameAs(o *Tally) error {
	versus := func(t *Tally) string {
		if t.Pairs == nil {
			return ""
		}
		return t.Pairs.Versus
	}
	for _, f := range [...]struct {
		name        string
		here, there any
	}{
		{"schema", t.Schema, o.Schema},
		{"commit", t.Commit, o.Commit},
		{"profile_hash", t.ProfileHash, o.ProfileHash},
		{"policy", t.Policy, o.Policy},
		{"link", t.Link, o.Link},
		{"loss", t.Loss, o.Loss},
		{"tcp", t.TCP, o.TCP},
		{"workload", t.Workload, o.Workload},
		{"versus", versus(t), versus(o)},
	} {
		if f.here != f.there {
			return fmt.Errorf("tallies of different things: %s %v and %v", f.name, f.here, f.there)
		}
	}
	return nil
}

func (t *Tally) mergeCounts(o *Tally) {
	t.Trials += o.Trials
	t.Delivered += o.Delivered
	t.Corrupted += o.Corrupted
	t.Lost += o.Lost
	t.Failed += o.Failed
	t.Pending += o.Pending
	t.Errors += o.Errors
	t.Silent += o.Silent
	t.ToldSuccess += o.ToldSuccess
	t.ToldError += o.ToldError
	t.LinkBytes += o.LinkBytes
	t.Retransmits += o.Retransmits
	t.Aborts += o.Aborts
	t.FirstSeed, t.LastSeed = min(t.FirstSeed, o.FirstSeed), max(t.LastSeed, o.LastSeed)
	t.FirstSilent = earlier(t.FirstSilent, o.FirstSilent)
	t.FirstCorrupted = earlier(t.FirstCorrupted, o.FirstCorrupted)
	t.FirstError = earlier(t.FirstError, o.FirstError)
}

func (p *Pairs) merge(o *Pairs) {
	p.N += o.N
	p.CorruptedHere += o.CorruptedHere
	p.CorruptedThere += o.CorruptedThere
	p.SilentHere += o.SilentHere
	p.SilentThere += o.SilentThere
	p.App.merge(&o.App)
	p.Durable.merge(&o.Durable)
}

// mostTrials is more than anyone runs, and so little that no count of thousands of
// tallies together overflows.
const mostTrials = 1 << 50

// Check refuses a Tally that no trials can have made, such as one from a damaged file.
func (t *Tally) Check() error {
	judged := t.Delivered + t.Corrupted + t.Lost + t.Failed + t.Pending
	least := min(t.Delivered, t.Corrupted, t.Lost, t.Failed, t.Pending, t.Errors, t.Silent, t.ToldSuccess, t.ToldError)
	switch {
	case t.Schema != TallySchema:
		return fmt.Errorf("tally: schema %.40q, not %q", t.Schema, TallySchema)
	case least < 0 || t.Trials > mostTrials || t.Trials != judged+t.Errors:
		return fmt.Errorf("tally: %d trials are not the sum of their outcomes", t.Trials)
	case t.Silent > judged || t.ToldSuccess+t.ToldError > judged || !(t.Loss >= 0 && t.Loss <= 1):
		return errors.New("tally: more is told than sent, or a loss that is no share")
	case t.FirstSeed > t.LastSeed || (t.Silent > 0) != (t.FirstSilent != nil):
		return errors.New("tally: the seeds do not fit the counts")
	}
	for _, h := range [...]*Histogram{
		&t.App.Micros, &t.App.Throughput, &t.Durable.Micros, &t.Durable.Throughput, &t.Latency, &t.Utilisation,
	} {
		if h.N() > int64(t.Trials) {
			return fmt.Errorf("tally: %d values of %d trials", h.N(), t.Trials)
		}
	}
	if p := t.Pairs; p != nil {
		return p.check(judged)
	}
	return nil
}

func (p *Pairs) check(judged int) error {
	least := min(p.N, p.CorruptedHere, p.CorruptedThere, p.SilentHere, p.SilentThere)
	most := max(p.CorruptedHere+p.CorruptedThere, p.SilentHere+p.SilentThere, int(p.App.Diff.N()), int(p.Durable.Diff.N()))
	if least < 0 || p.N > judged || most > p.N {
		return fmt.Errorf("tally: %d pairs of %d trials do not fit their counts", p.N, judged)
	}
	return nil
}
