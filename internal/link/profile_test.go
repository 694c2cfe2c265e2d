package link_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

const ms = time.Millisecond

// is fails the test unless got is want.
func is[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: got (-) want (+):\n%s", what, diff)
	}
}

// weathered are the built-in profiles that have weather of their own; on the others all
// loss is the experiment's.
var weathered = []string{
	"ras-28.8-noisy", "x25-9.6-noisy", "frame-relay-56-busy", "vsat-geo-rain", "inet-1995", "edge", "3g", "lte", "starlink",
}

func TestBuiltinProfiles(t *testing.T) {
	type row struct {
		Name       string
		Up, Down   int64
		RTT, Queue time.Duration
	}
	var got []row
	for _, p := range link.Profiles() {
		got = append(got, row{p.Name, p.Rate(link.Up), p.Rate(link.Down), p.RTT, p.Queue})
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		clean := p.Loss == 0 && p.Burst == link.Burst{} && p.Stall.Every == link.Spread{} && len(p.Spells)+len(p.Outages) == 0
		is(t, p.Name+" is clean", clean, !slices.Contains(weathered, p.Name))
		if p.About == "" {
			t.Errorf("%s does not say what it is", p.Name)
		}
		for _, v := range p.Values() {
			if v.Text == "" || v.Source == "" || strings.Contains(v.Source, "no source") {
				t.Errorf("%s: %s is %q, source %q", p.Name, v.Name, v.Text, v.Source)
			}
		}
	}
	is(t, "profiles", got, []row{
		{"ras-2400", 2_400, 2_400, 250 * ms, 30_000 * ms},
		{"ras-9600", 9_600, 9_600, 250 * ms, 8000 * ms},
		{"ras-14.4", 14_400, 14_400, 200 * ms, 5000 * ms},
		{"ras-28.8", 28_800, 28_800, 200 * ms, 2000 * ms},
		{"ras-28.8-noisy", 28_800, 28_800, 200 * ms, 2000 * ms},
		{"dial-56k", 30_000, 49_000, 120 * ms, 2000 * ms},
		{"isdn-64", 64_000, 64_000, 30 * ms, 1000 * ms},
		{"isdn-128", 128_000, 128_000, 30 * ms, 1000 * ms},
		{"x25-9.6", 9_600, 9_600, 700 * ms, 4000 * ms},
		{"x25-9.6-noisy", 9_600, 9_600, 700 * ms, 4000 * ms},
		{"x25-19.2", 19_200, 19_200, 600 * ms, 4000 * ms},
		{"x25-56", 56_000, 56_000, 400 * ms, 4000 * ms},
		{"x25-64", 64_000, 64_000, 400 * ms, 4000 * ms},
		{"frame-relay-56", 56_000, 56_000, 120 * ms, 1000 * ms},
		{"frame-relay-56-busy", 56_000, 56_000, 120 * ms, 1000 * ms},
		{"ft1-256", 256_000, 256_000, 40 * ms, 300 * ms},
		{"t1", 1_544_000, 1_544_000, 40 * ms, 300 * ms},
		{"vsat-geo", 512_000, 512_000, 580 * ms, 1000 * ms},
		{"vsat-geo-rain", 512_000, 512_000, 580 * ms, 1000 * ms},
		{"inet-1995", 1_544_000, 1_544_000, 150 * ms, 300 * ms},
		{"lan10", 10_000_000, 10_000_000, ms, 50 * ms},
		{"dsl", 384_000, 1_500_000, 50 * ms, 300 * ms},
		{"edge", 200_000, 240_000, 840 * ms, 2000 * ms},
		{"3g", 768_000, 1_600_000, 300 * ms, 2000 * ms},
		{"lte", 12_000_000, 12_000_000, 70 * ms, 1000 * ms},
		{"starlink", 15_000_000, 150_000_000, 40 * ms, 300 * ms},
	})
}

// Result files name links by their hash, so that of a link may not change unless the
// link does.
func TestHashesOfTheFirstProfiles(t *testing.T) {
	for name, want := range map[string]string{
		"lan10": "efc915df79ddb5c0", "t1": "e4005d581863728c", "isdn-64": "94f14b65dc9adc9d",
		"ras-28.8": "6f1a0863550eb92d", "x25-9.6": "40ac523d33138b38", "vsat-geo": "5e00bd6cd452711a",
	} {
		p, err := link.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		is(t, name, p.Hash(), want)
	}
}

func TestByName(t *testing.T) {
	p, err := link.ByName("ras-28.8")
	if err != nil || p.LinkSpeed() != 3600 || p.OneWay() != 100*ms {
		t.Errorf("ByName: %+v, %v", p, err)
	}
	_, err = link.ByName("ras-33.6")
	const want = `link "ras-33.6": no such profile (there are ras-2400, ras-9600, `
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("ByName: %v, want %s...", err, want)
	}
}

func TestValues(t *testing.T) {
	p := link.Profile{
		RateBits: 1_544_000, RTT: 40 * ms, Queue: 300 * ms, Loss: 0.015,
		Stall: link.Stall{Every: link.Spread{Min: time.Minute}, For: link.Spread{Shape: link.Uniform, Min: time.Second, Max: 3 * time.Second}}, Sources: link.Sources{"rtt": "a page"},
	}
	is(t, "values", p.Values(), []link.Value{
		{Name: "rate", Text: "1.544 Mbit/s"},
		{Name: "rtt", Text: "40ms", Source: "a page"},
		{Name: "queue", Text: "300ms"},
		{Name: "loss", Text: "1.5%"},
		{Name: "stall", Text: "every 1m for 1s..3s"},
	})
}

func TestHash(t *testing.T) {
	base, err := link.ByName("ras-28.8")
	if err != nil {
		t.Fatal(err)
	}
	want := base.Hash()
	seen := map[string]int{want: -1}
	second := link.Spread{Min: time.Second}
	for i, change := range []func(p *link.Profile){
		func(p *link.Profile) { p.Name = "b" },
		func(p *link.Profile) { p.RateBits++ },
		func(p *link.Profile) { p.DownBits++ },
		func(p *link.Profile) { p.RTT++ },
		func(p *link.Profile) { p.Jitter.Min++ },
		func(p *link.Profile) { p.Jitter.Shape++ },
		func(p *link.Profile) { p.Queue++ },
		func(p *link.Profile) { p.Loss = 0.25 },
		func(p *link.Profile) { p.Burst.Good++ },
		func(p *link.Profile) { p.Burst.Bad++ },
		func(p *link.Profile) { p.Burst.GoodLoss = 0.25 },
		func(p *link.Profile) { p.Burst.BadLoss = 0.25 },
		func(p *link.Profile) { p.Stall.Every = second },
		func(p *link.Profile) { p.Stall.For.Min++ },
		func(p *link.Profile) { p.Stall.For.Max++ },
		func(p *link.Profile) { p.Outages = []link.PlannedOutage{{Outage: link.Outage{Duration: 1}}} },
		func(p *link.Profile) { p.Outages = []link.PlannedOutage{{Outage: link.Outage{At: 1, Duration: 1}}} },
		func(p *link.Profile) { p.Spells = []link.Spell{{Every: second}} },
		func(p *link.Profile) { p.Spells = []link.Spell{{Every: second, For: second}} },
		func(p *link.Profile) { p.Spells = []link.Spell{{Every: second, Kind: link.Cut}} },
	} {
		p := base
		change(&p)
		if other, known := seen[p.Hash()]; known {
			t.Errorf("change %d hashes like change %d", i, other)
		}
		seen[p.Hash()] = i
	}
	base.Sources = nil
	is(t, "the hash without sources", base.Hash(), want)
}

func TestTotalLoss(t *testing.T) {
	p := link.Profile{}.WithLoss(0.5)
	is(t, "two losses", p.TotalLoss(0.5), 0.75)
	is(t, "one loss", p.TotalLoss(0), 0.5)
}

func TestParseLoss(t *testing.T) {
	for text, want := range map[string]float64{"2": 0.02, "2%": 0.02, "0.5%": 0.005, "0": 0, "100%": 1, "1e-3": 0.00001} {
		if got, err := link.ParseLoss(text); err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("ParseLoss(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "two", "-1", "101", "NaN", "Inf", "2%%", "2 %"} {
		_, err := link.ParseLoss(text)
		if want := `loss "` + text + `": not a percentage from 0 to 100`; err == nil || err.Error() != want {
			t.Errorf("ParseLoss(%q): %v, want %s", text, err, want)
		}
	}
}

func TestParseOutage(t *testing.T) {
	for _, row := range []struct {
		text string
		want link.Outage
		back string // String, if it differs
	}{
		{"12s:1m30s", link.Outage{At: 12 * time.Second, Duration: 90 * time.Second}, ""},
		{"12s:90s", link.Outage{At: 12 * time.Second, Duration: 90 * time.Second}, "12s:1m30s"},
		{"0s:forever", link.Outage{Duration: rt.Forever}, ""},
		{"segment=7:90ms", link.Outage{Segment: 7, Duration: 90 * ms}, ""},
		{"packet=7:40s", link.Outage{Packet: 7, Duration: 40 * time.Second}, ""},
		{"segment=7:reset", link.Outage{Kind: link.Cut, Segment: 7}, ""},
		{"9s:half-open", link.Outage{Kind: link.HalfOpen, At: 9 * time.Second}, ""},
		{"3s:stall=5s", link.Outage{Kind: link.Standstill, At: 3 * time.Second, Duration: 5 * time.Second}, ""},
	} {
		got, err := link.ParseOutage(row.text)
		if err != nil {
			t.Error(err)
		}
		is(t, row.text, got, row.want)
		if row.back == "" {
			row.back = row.text
		}
		is(t, "as text", got.String(), row.back)
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestBadOutages(t *testing.T) {
	for text, want := range map[string]string{
		"":                "want START:DURATION",
		"12s":             "want START:DURATION",
		"soon:90s":        `start "soon"`,
		"-1s:90s":         `start "-1s"`,
		"segment=0:90s":   `segment "0"`,
		"segment=x:90s":   `segment "x"`,
		"12s:":            `duration ""`,
		"12s:0s":          `duration "0s"`,
		"12s:-5s":         `duration "-5s"`,
		"12s:never":       `duration "never"`,
		"12s:stall=":      `duration "stall="`,
		"12s:stall=0s":    `duration "stall=0s"`,
		"segment=7:reset": "",
	} {
		_, err := link.ParseOutage(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("ParseOutage(%q): %v, want %q", text, err, want)
		}
	}
	for _, o := range []link.Outage{
		{},
		{At: -1, Duration: 1},
		{Segment: -1, Duration: 1},
		{Kind: link.Standstill, Duration: rt.Forever},
		{Kind: 9, Duration: 1},
	} {
		if o.Validate() == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
