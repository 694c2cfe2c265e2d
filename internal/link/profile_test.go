package link_test

import (
	"math"
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

func TestBuiltinProfiles(t *testing.T) {
	type row struct {
		Name       string
		Rate       int64
		RTT, Queue time.Duration
	}
	var got []row
	for _, p := range link.Profiles() {
		got = append(got, row{p.Name, p.RateBits, p.RTT, p.Queue})
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if p.Loss != 0 || p.Stall.Every != (link.Spread{}) {
			t.Errorf("%s loses or stalls by itself", p.Name)
		}
		for _, v := range p.Values() {
			if v.Source == "" || v.Text == "" {
				t.Errorf("%s: %s is %q, source %q", p.Name, v.Name, v.Text, v.Source)
			}
		}
	}
	is(t, "profiles", got, []row{
		{"lan10", 10_000_000, ms, 50 * ms},
		{"t1", 1_544_000, 40 * ms, 300 * ms},
		{"isdn-64", 64_000, 30 * ms, 1000 * ms},
		{"ras-28.8", 28_800, 200 * ms, 2000 * ms},
		{"x25-9.6", 9_600, 700 * ms, 4000 * ms},
		{"vsat-geo", 512_000, 580 * ms, 1000 * ms},
	})
}

func TestByName(t *testing.T) {
	p, err := link.ByName("ras-28.8")
	if err != nil || p.LinkSpeed() != 3600 || p.OneWay() != 100*ms {
		t.Errorf("ByName: %+v, %v", p, err)
	}
	_, err = link.ByName("ras-33.6")
	const want = `link "ras-33.6": no such profile (there are lan10, t1, isdn-64, ras-28.8, x25-9.6, vsat-geo)`
	if err == nil || err.Error() != want {
		t.Errorf("ByName: %v, want %s", err, want)
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
		{Name: "stall", Text: "every 1m0s for 1s..3s"},
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
