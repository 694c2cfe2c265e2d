package link_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// An editor on Windows ends lines otherwise, and may begin the file with a mark.
func TestProfileFileOfAWindowsEditor(t *testing.T) {
	p, err := link.ParseProfile("mine.link", []byte("\ufeffrate = 64k\r\nrtt = 30ms # src: [X]\r\nqueue = 1s\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	is(t, "rate, rtt and queue", []int64{p.RateBits, int64(p.RTT), int64(p.Queue)}, []int64{64_000, int64(30 * ms), int64(time.Second)})
	is(t, "source of rtt", p.Sources["rtt"], "[X]")
}

func TestProfileFile(t *testing.T) {
	const file = `
# Everything that a link can have.
about = all of it   # this source says nothing
rate-up=384k#src: [X] table 3
	rate-down = 1.5 Mbit/s  # src: assumed (why)
rtt = 150ms  # a comment, and no source
jitter = 0s..20ms
queue = 2s
loss = 1
burst-good = 49.5s
burst-bad = 500ms
burst-good-loss = 0.1%
burst-bad-loss = 100%
stall = every exp(2m) for 1s..3s # src: RFC 1 §2
outage = 12s:90s # src: first
outage = every 15s for 100ms # src: second
outage = segment=7:half-open
outage = every 1h30m..2h reset
outage = every exp(2h) half-open
outage = every exp(1m) stall for pareto(1.06, 5s..1h)
`
	p, err := link.ParseProfile("some/where/mine-2.0.link", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	const assumed = "assumed (the profile names no source)"
	exp := func(d time.Duration) link.Spread { return link.Spread{Shape: link.Exponential, Min: d} }
	uniform := func(least, most time.Duration) link.Spread {
		return link.Spread{Shape: link.Uniform, Min: least, Max: most}
	}
	is(t, "profile", p, link.Profile{
		Name: "mine-2.0", About: "all of it", RateBits: 384_000, DownBits: 1_500_000, RTT: 150 * ms, Jitter: uniform(0, 20*ms), Queue: 2 * time.Second,
		Loss:  0.01,
		Burst: link.Burst{Good: 49500 * ms, Bad: 500 * ms, GoodLoss: 0.001, BadLoss: 1},
		Stall: link.Stall{Every: exp(2 * time.Minute), For: uniform(time.Second, 3*time.Second)},
		Outages: []link.PlannedOutage{
			{Outage: link.Outage{At: 12 * time.Second, Duration: 90 * time.Second}, Source: "first"},
			{Outage: link.Outage{Kind: link.HalfOpen, Segment: 7}, Source: assumed},
		},
		Spells: []link.Spell{
			{Every: fixed(15 * time.Second), For: fixed(100 * ms), Source: "second"},
			{Kind: link.Cut, Every: uniform(90*time.Minute, 2*time.Hour), Source: assumed},
			{Kind: link.HalfOpen, Every: exp(2 * time.Hour), Source: assumed},
			{Kind: link.Standstill, Every: exp(time.Minute), For: link.Spread{Shape: link.Pareto, Min: 5 * time.Second, Max: time.Hour, Alpha: 1.06}, Source: assumed},
		},
		Sources: link.Sources{
			"rate-up": "[X] table 3", "rate-down": "assumed (why)", "rtt": assumed, "jitter": assumed, "queue": assumed, "loss": assumed,
			"burst-good": assumed, "burst-bad": assumed, "burst-good-loss": assumed, "burst-bad-loss": assumed, "stall": "RFC 1 §2",
		},
	})
	for _, p := range append(link.Profiles(), p) {
		back, err := link.ParseProfile(p.Name+".link", []byte(p.File()))
		if err != nil {
			t.Error(err)
		}
		is(t, "profile written and read", back, p)
	}
}

// The built-in profiles are the files of the repository, and those are as the program
// would print them.
func TestBuiltinFilesAreInOrder(t *testing.T) {
	files, err := filepath.Glob("profiles/*")
	if err != nil {
		t.Fatal(err)
	}
	is(t, "files", len(files), len(link.Profiles()))
	for _, p := range link.Profiles() {
		text, err := os.ReadFile("profiles/" + p.Name + ".link")
		if err != nil {
			t.Fatal(err)
		}
		is(t, p.Name, string(text), p.File())
	}
}

func TestTheExampleOfTheFormat(t *testing.T) {
	p, err := link.ParseProfile("ras-28.8-noisy.link", []byte(link.ExampleFile))
	if err != nil {
		t.Fatal(err)
	}
	is(t, "it stalls", p.Stall.String(), "every exp(2m) for 1s..3s")
	explained := link.FileFormat
	for line := range strings.Lines(link.ExampleFile) {
		if key, _, ok := strings.Cut(line, "="); ok && !strings.Contains(explained, "\n  "+strings.TrimSpace(key)+" ") {
			t.Errorf("the format does not explain %q", key)
		}
	}
}

func TestBadProfileFiles(t *testing.T) {
	const good = "rate = 64k\nrtt = 30ms\nqueue = 1s\n"
	for _, row := range []struct{ name, file, want string }{
		{"JSON", `{"name":"a"}`, `a.link:1: "{\"name\":\"a\"}": want KEY = VALUE`},
		{"an empty file", "", "a.link: there is no rate, or else rate-up and rate-down"},
		{"a misspelt key", "rate_up = 5", `a.link:1: there is no key "rate_up"; there are about, rate, rate-up, `},
		{"no round trip", "rate = 5", "a.link: there is no rtt"},
		{"no queue", "rate = 5\nrtt = 1s", "a.link: there is no queue"},
		{"one of two rates", "rate-up = 5\nrtt = 1s\nqueue = 0s", "a.link: there is no rate, or else rate-up and rate-down"},
		{"too many rates", good + "rate-up = 5", "a.link: rate excludes rate-up and rate-down"},
		{"a key twice", good + "\nrtt = 1s", "a.link:5: rtt: it is there already, in line 2"},
		{"a rate without number", "rate = fast", `a.link:1: rate: "fast": not a rate such as 28.8 kbit/s`},
		{"a rate of nothing", "rate = 0", `a.link:1: rate: "0": not a rate`},
		{"a rate of no time", "rate = Inf", `a.link:1: rate: "Inf": not a rate`},
		{"a negative rate", "rate = -5k", `a.link:1: rate: "-5k": not a rate`},
		{"unlimited, one way", "rate-up = unlimited", `rate-up: "unlimited": a link with two rates has both`},
		{"a bad time", "rtt = 5 parsecs", `a.link:1: rtt: "5 parsecs": not a time such as 200ms`},
		{"a negative time", "rtt = -5ms", `a.link:1: rtt: "-5ms": not a time`},
		{"a long queue", "queue = 25h", `a.link:1: queue: "25h": not a time such as 200ms, from 0 to 24h0m0s`},
		{"a loss beyond all", "loss = 101", `a.link:1: loss: loss "101": not a percentage`},
		{"a spread turned round", "jitter = 2s..1s", `a.link:1: jitter: length "2s..1s": 2s..1s: the greatest length is less than the least`},
		{"a spread without end", "jitter = 2s..", `not a time`},
		{"a tail without index", "jitter = pareto(1s..2s)", `want pareto(INDEX, LEAST..GREATEST)`},
		{"a tail without an end", "jitter = pareto(1, 1s)", `want pareto(INDEX, LEAST..GREATEST)`},
		{"a tail that is none", "jitter = pareto(NaN, 1s..2s)", `a tail index is from 0.1 to 20`},
		{"half a burst", good + "burst-good = 5s\nburst-bad = 5s", "a.link: a burst needs burst-good, burst-bad, burst-good-loss and burst-bad-loss"},
		{"a burst that flickers", "burst-good = 5ns", `burst-good: "5ns": at least 1ms`},
		{"a stall without length", "stall = every 5s", `stall: "every 5s": want every LENGTH for LENGTH, or never`},
		{"a stall without gap", "stall = every 0s for 5s", `stall: every 0s is too often: at least 1ms`},
		{"an outage without sense", "outage = now", `a.link:1: outage: outage "now": want START:DURATION`},
		{"a spell without sense", "outage = every 5s", `outage: "every 5s": want every LENGTH, and then for LENGTH, stall for LENGTH, reset or half-open`},
		{"a spell without gap", "outage = every 1us reset", `too often`},
		{"a bell", good + "about = \a", "a.link:4: not a line of text"},
		{"no text", "\xff\xfe", "a.link:1: not a line of text"},
		{"many outages", strings.Repeat("outage = 1s:1s\n", 1441), "a.link:1441: outage: more than 1440"},
		{"a great file", strings.Repeat("\n", 1<<18+1), "a.link: more than 262144 bytes"},
	} {
		if _, err := link.ParseProfile("a.link", []byte(row.file)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
	for _, name := range []string{".link", "a b.link", "a,b.link", "a\x1b.link", "", strings.Repeat("a", 41)} {
		if _, err := link.ParseProfile(name, []byte(good)); err == nil || !strings.Contains(err.Error(), "the file's name is the link's") {
			t.Errorf("a file named %q: %v", name, err)
		}
	}
}

func TestProfilesThatNoFileHas(t *testing.T) {
	for name, p := range map[string]link.Profile{
		"a negative rate":         {RateBits: -1},
		"a rate down alone":       {DownBits: 1},
		"a loss that is none":     {Loss: math.NaN()},
		"a burst without times":   {Burst: link.Burst{BadLoss: 1}},
		"a burst that loses more": {Burst: link.Burst{Good: 1e9, Bad: 1e9, BadLoss: 2}},
		"a stall without shape":   {Stall: link.Stall{For: link.Spread{Shape: 9}}},
		"a cut with a length":     {Spells: []link.Spell{{Kind: link.Cut, Every: fixed(time.Hour), For: fixed(1)}}},
		"a spell of no kind":      {Spells: []link.Spell{{Kind: 9, Every: fixed(time.Hour)}}},
		"an outage of no kind":    {Outages: []link.PlannedOutage{{Outage: link.Outage{Kind: 9, Duration: 1}}}},
	} {
		if p.Validate() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add([]byte(link.ExampleFile))
	for _, p := range link.Profiles() {
		f.Add([]byte(p.File()))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := link.ParseProfile("fuzz.link", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.link:") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		back, err := link.ParseProfile("fuzz.link", []byte(p.File()))
		if err != nil || back.Hash() != p.Hash() {
			t.Errorf("%s does not come back: %v", p.File(), err)
		}
	})
}
