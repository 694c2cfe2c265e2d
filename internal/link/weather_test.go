package link_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// medium is a link of seed 1.
func medium(t *testing.T, p link.Profile, outages ...link.Outage) *link.Medium {
	t.Helper()
	m, err := link.NewMedium(p, link.MediumOptions{
		Name: "x", Outages: outages,
		Rand: func(stream string) *rand.Rand { return rand.New(rt.NewSource(1, stream)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fixed is a Spread without chance.
func fixed(d time.Duration) link.Spread { return link.Spread{Min: d} }

// A link whose bad state loses everything and whose good state nothing shows its state
// to whoever sends.
var blackOrWhite = link.Profile{Burst: link.Burst{Good: 9 * time.Second, Bad: time.Second, BadLoss: 1}}

// skipShort skips statistics, which take a minute under the race detector and have one
// goroutine.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("statistics of one goroutine: run it without -short")
	}
}

// states are the fates of a packet every 10 ms of d.
func states(t *testing.T, p link.Profile, d time.Duration) (lost []bool) {
	t.Helper()
	m := medium(t, p)
	for at := time.Duration(0); at < d; at += 10 * ms {
		_, fate := m.Offer(at, link.Up, 40, false)
		lost = append(lost, fate == link.Lost)
	}
	return lost
}

func TestBurstsAreExponentialInTime(t *testing.T) {
	skipShort(t)
	const hours = 10 * time.Hour // some 3600 sojourns of each kind
	lost := states(t, blackOrWhite, hours)
	var length [2][]float64 // of good and bad sojourns, in seconds
	for begin, i := 0, 1; i < len(lost); i++ {
		if lost[i] != lost[i-1] {
			k := 0
			if lost[i-1] {
				k = 1
			}
			length[k] = append(length[k], float64(i-begin)/100)
			begin = i
		}
	}
	for k, want := range []float64{9, 1} {
		mean, deviation := moments(length[k])
		if math.Abs(mean-want) > 0.06*want || math.Abs(deviation-want) > 0.1*want {
			t.Errorf("sojourns of %d: mean %.3f s, deviation %.3f s, want %v s both", k, mean, deviation, want)
		}
	}
	share := 0.0
	for _, l := range lost {
		if l {
			share += 1 / float64(len(lost))
		}
	}
	is(t, "the mean loss of the profile", blackOrWhite.Burst.MeanLoss(), 0.1)
	if math.Abs(share-0.1) > 0.006 {
		t.Errorf("lost %.4f of the packets, want 0.1", share)
	}
}

// What is lost of a state that does not lose everything is a function of time as well,
// and comes out as the profile says.
func TestLossWithinAState(t *testing.T) {
	skipShort(t)
	p, err := link.ByName("inet-1995")
	if err != nil {
		t.Fatal(err)
	}
	p.Spells, p.Queue = nil, time.Hour
	lost := states(t, p, 20*time.Hour) // some 7,800 bad times
	share := 0.0
	for _, l := range lost {
		if l {
			share += 1 / float64(len(lost))
		}
	}
	if want := p.Burst.MeanLoss(); math.Abs(want-0.027) > 0.0001 || math.Abs(share-want) > 0.05*want {
		t.Errorf("lost %.4f of the packets, want %.4f, which is 2.7 %%", share, want)
	}
	m := medium(t, p)
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		if _, fate := m.Offer(at, link.Up, 40, false); (fate == link.Lost) != lost[at/(10*ms)] {
			t.Fatalf("at %v the fate is another one for sparse traffic", at)
		}
	}
}

func moments(xs []float64) (mean, deviation float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	for _, x := range xs {
		deviation += (x - mean) * (x - mean) / float64(len(xs))
	}
	return mean, math.Sqrt(deviation)
}

// The state of the link at a time is the same for one packet a second, for one a
// millisecond, and for traffic that comes and goes.
func TestWeatherDoesNotDependOnTraffic(t *testing.T) {
	const d = 20 * time.Minute
	p := blackOrWhite
	p.Spells = []link.Spell{{Every: link.Spread{Shape: link.Exponential, Min: 40 * time.Second}, For: fixed(3 * time.Second)}}
	p.Jitter = link.Spread{Shape: link.Uniform, Max: 100 * time.Microsecond}
	type fate struct {
		at   time.Duration
		fate link.Fate
	}
	watch := func(step func(i int) time.Duration, loss float64) map[time.Duration]fate {
		m, err := link.NewMedium(p, link.MediumOptions{
			Loss: loss,
			Rand: func(stream string) *rand.Rand { return rand.New(rt.NewSource(1, stream)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[time.Duration]fate{}
		for i, at := 0, time.Duration(0); at < d; i++ {
			m.Advance(at)
			arrival, f := m.Offer(at, link.Up, 40+i%1400, false)
			seen[at] = fate{arrival, f}
			at += step(i)
		}
		return seen
	}
	every := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	dense := watch(every(ms), 0)
	for name, sparse := range map[string]map[time.Duration]fate{
		"one a second": watch(every(time.Second), 0),
		"comes and goes": watch(func(i int) time.Duration {
			if i%50 == 0 {
				return 30 * time.Second
			}
			return 7 * ms
		}, 0),
	} {
		kinds := map[link.Fate]int{}
		for at, got := range sparse {
			kinds[got.fate]++
			if got != dense[at] {
				t.Fatalf("%s: at %v %v, want %v", name, at, got, dense[at])
			}
		}
		if len(kinds) != 3 {
			t.Errorf("%s: %v, want packets that arrive, are lost and vanish", name, kinds)
		}
	}
	is(t, "every moment seen with Bernoulli loss as well", len(watch(every(ms), 0.5)), len(dense))
}

// The two ways have weather of their own, and so have links of different names.
func TestWaysHaveTheirOwnBursts(t *testing.T) {
	m := medium(t, blackOrWhite)
	differ := false
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		_, up := m.Offer(at, link.Up, 40, false)
		_, down := m.Offer(at, link.Down, 40, false)
		differ = differ || up != down
	}
	is(t, "the ways differ", differ, true)
}

func TestJitterKeepsTheOrder(t *testing.T) {
	p := link.Profile{RTT: 100 * ms, Jitter: link.Spread{Shape: link.Uniform, Max: 40 * ms}}
	m := medium(t, p)
	var last time.Duration
	var delays []float64
	for i := range 100_000 {
		now := time.Duration(i) * 50 * ms // further apart than jitter can push
		at, _ := m.Offer(now, link.Up, 40, false)
		delays = append(delays, (at-now).Seconds()*1000)
		if at < last {
			t.Fatalf("packet %d overtakes", i)
		}
		last = at
	}
	mean, deviation := moments(delays)
	if math.Abs(mean-70) > 0.2 || math.Abs(deviation-40/math.Sqrt(12)) > 0.2 {
		t.Errorf("delay of %.2f ms, deviation %.2f ms, want 70 and 11.55", mean, deviation)
	}
	is(t, "no delay is out of range", slices.Min(delays) >= 50 && slices.Max(delays) <= 90, true)

	var spread bool
	m = medium(t, p)
	for i := range 10_000 {
		at, _ := m.Offer(time.Duration(i)*ms, link.Up, 40, false)
		if at < last && i > 0 {
			t.Fatalf("dense packet %d overtakes", i)
		}
		spread = spread || at > time.Duration(i)*ms+85*ms
		last = at
	}
	is(t, "and dense packets are delayed as well", spread, true)
}

func TestStallsDelayAndLoseNothing(t *testing.T) {
	// A byte a millisecond; the line stands still from 10 to 12 s and from 22 to 24 s.
	p := link.Profile{
		RateBits: slow, Queue: 5 * time.Second,
		Stall: link.Stall{Every: fixed(10 * time.Second), For: fixed(2 * time.Second)},
	}
	m := medium(t, p)
	for _, row := range []struct {
		name              string
		at, n, wantArrive int
		want              link.Fate
	}{
		{"before the stall", 8000, 1000, 9000, link.Arrives},
		{"half of it before, half of it after", 9500, 1000, 12_500, link.Arrives},
		{"what waits behind it", 9600, 1000, 13_500, link.Arrives},
		{"during the stall, behind the others", 11_000, 500, 14_000, link.Arrives},
		{"an idle line that stands still", 22_500, 1000, 25_000, link.Arrives},
		{"afterwards", 30_000, 1000, 31_000, link.Arrives},
	} {
		at, fate := m.Offer(time.Duration(row.at)*ms, link.Up, row.n, false)
		if got := int(at / ms); got != row.wantArrive || fate != row.want {
			t.Errorf("%s: %v at %d ms, want %v at %d", row.name, fate, got, row.want, row.wantArrive)
		}
	}
}

// A line that stalls now and then still has the queue that it has.
func TestStallingLineDropsFromItsQueue(t *testing.T) {
	p := link.Profile{
		RateBits: slow, Queue: 2 * time.Second,
		Stall: link.Stall{Every: fixed(time.Hour), For: fixed(2 * time.Second)},
	}
	m := medium(t, p)
	var got []link.Fate
	for range 4 {
		_, fate := m.Offer(0, link.Up, 1000, false)
		got = append(got, fate)
	}
	is(t, "fates", got, []link.Fate{link.Arrives, link.Arrives, link.Arrives, link.Dropped})
}

// The lengths of outages have the tail index that the profile says (Hill's estimator).
func TestOutagesHaveAParetoTail(t *testing.T) {
	for _, alpha := range []float64{1.1, 2} {
		p := link.Profile{Spells: []link.Spell{{
			Every: link.Spread{Shape: link.Exponential, Min: time.Minute},
			For:   link.Spread{Shape: link.Pareto, Alpha: alpha, Min: time.Second, Max: time.Hour},
		}}}
		lengths, gaps := outages(t, p, 20_000)
		sum, n := 0.0, 0.0
		for _, l := range lengths {
			if l < 3600 { // what is not cut off
				n++
			}
			sum += math.Log(l)
		}
		if got := n / sum; math.Abs(got-alpha) > 0.03*alpha {
			t.Errorf("tail index %.3f, want %v", got, alpha)
		}
		if mean, _ := moments(gaps); math.Abs(mean-60) > 2 {
			t.Errorf("a gap of %.1f s on average, want 60", mean)
		}
	}
}

// outages are the lengths of n outages and the gaps before them, in seconds.
func outages(t *testing.T, p link.Profile, n int) (lengths, gaps []float64) {
	t.Helper()
	m := medium(t, p)
	last := time.Duration(0)
	for len(lengths) < n {
		next := m.Next()
		if next == rt.Forever {
			t.Fatal("no more outages")
		}
		took := (next - last).Seconds()
		for _, c := range m.Advance(next) {
			if c.Over {
				lengths = append(lengths, took)
			} else {
				gaps = append(gaps, took)
			}
		}
		last = next
	}
	return lengths, gaps
}

func TestScheduleOfAMedium(t *testing.T) {
	m := medium(t, link.Profile{Outages: []link.PlannedOutage{{Outage: link.Outage{At: 2 * time.Second, Duration: time.Second}}}},
		link.Outage{At: 3 * time.Second, Duration: time.Second}, // goes on with the one before
		link.Outage{Kind: link.Cut, At: time.Second},
		link.Outage{Kind: link.HalfOpen, At: 5 * time.Second},
		link.Outage{Kind: link.Standstill, At: 6 * time.Second, Duration: time.Second},
	)
	type moment struct {
		At   time.Duration
		Kind link.OutageKind
		Over bool
	}
	var got []moment
	for next := m.Next(); next != rt.Forever; next = m.Next() {
		for _, c := range m.Advance(next) {
			got = append(got, moment{next, c.Kind, c.Over})
		}
		_, fate := m.Offer(next, link.Down, 40, false)
		is(t, "vanishes while it is down", fate == link.Vanished, m.Schedule.IsDown())
	}
	second := time.Second
	is(t, "changes", got, []moment{
		{second, link.Cut, false},
		{2 * second, link.Silence, false},
		{4 * second, link.Silence, true},
		{5 * second, link.HalfOpen, false},
		{6 * second, link.Standstill, false},
		{7 * second, link.Standstill, true},
	})
}

func TestAsymmetricMedium(t *testing.T) {
	m := medium(t, link.Profile{RateBits: slow, DownBits: 2 * slow, RTT: 100 * ms, Queue: time.Second})
	up, _ := m.Offer(0, link.Up, 1000, false)
	down, _ := m.Offer(0, link.Down, 1000, false)
	is(t, "up", up, 1050*ms)
	is(t, "down", down, 550*ms)
}

func TestGonePacketsVanish(t *testing.T) {
	m := medium(t, link.Profile{RateBits: slow, Queue: 0})
	_, fate := m.Offer(0, link.Up, 1000, true)
	is(t, "fate", fate, link.Vanished)
	_, fate = m.Offer(0, link.Up, 1000, false)
	is(t, "it did not use the line", fate, link.Arrives)
}

func TestOfferAllocatesNothing(t *testing.T) {
	p := blackOrWhite
	p.RateBits, p.Queue, p.Loss = 1_000_000, time.Second, 0.01
	p.Jitter = link.Spread{Shape: link.Uniform, Max: 40 * ms}
	p.Stall = link.Stall{Every: link.Spread{Shape: link.Exponential, Min: time.Second}, For: fixed(time.Second)}
	m := medium(t, p)
	now := time.Duration(0)
	is(t, "allocations a packet", testing.AllocsPerRun(1000, func() {
		now += 10 * ms
		m.Advance(now)
		m.Offer(now, link.Up, 1500, false)
	}), 0)
}
