package link

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// FileFormat tells people how a profile file is written. Its example is a whole one.
const FileFormat = `A link profile is a text file of KEY = VALUE lines; its name without the extension is the
link's. # begins a comment; # src: says where the value comes from, or "assumed (why)".

  about            = what the link is, in a line
  rate             = 28.8 kbit/s     each way; bit/s, kbit/s, Mbit/s, Gbit/s, or unlimited
  rate-up          = 384 kbit/s      instead of rate: from client to server,
  rate-down        = 1.5 Mbit/s      and from server to client
  rtt              = 200ms           both ways together, without queues and transmission
  queue            = 2s              a packet that would wait longer is dropped
  jitter           = LENGTH          on top of half the rtt; packets stay in order
  loss             = 0.5%            of IP packets each way, each packet by itself
  burst-good       = 50s             loss in bursts, beside it: the mean time that the link is good,
  burst-bad        = 500ms           and the mean time that it is bad; all four keys or none
  burst-good-loss  = 0%              what is lost meanwhile
  burst-bad-loss   = 100%
  stall            = every LENGTH for LENGTH      one way stands still and loses nothing: recovery below IP
  outage           = every LENGTH for LENGTH      nothing gets through, either way
  outage           = every LENGTH reset           connections are reset
  outage           = every LENGTH half-open       connections lose their peers without a word
  outage           = every LENGTH stall for LENGTH
  outage           = 12s:90s         once, as repro's --outage has it

LENGTH is 2s, 1s..3s (uniform), exp(2m) (exponential, with that mean) or pareto(1.1, 5s..1h)
(heavy tail of that index, cut off at an hour). "every" counts from the end of the one before.
rate, rtt and queue must be there, outage may be there more than once.

`

// ExampleFile is a profile file.
const ExampleFile = `# A modem of 28.8 kbit/s on a noisy line.

about  = V.34 modem on a noisy line
rate   = 28.8 kbit/s                 # src: ITU-T V.34
rtt    = 200ms                       # src: assumed (first hops of modems were 100 to 200 ms)
queue  = 2s                          # src: assumed (a few windows of 8760 bytes)
stall  = every exp(2m) for 1s..3s    # src: assumed (V.42 retransmits until the noise is over)
outage = every exp(2h) half-open     # src: assumed (the carrier is lost, and nobody tells TCP)
`

// byteOrderMark is what some editors begin a text with.
const byteOrderMark = "\ufeff"

// profileExtension is that of profile files.
const profileExtension = ".link"

// MaxFile bounds a profile file, in bytes.
//
// src: assumed (twice the longest script of outages)
const MaxFile = 1 << 18

// ParseProfile reads a profile file; path names it in errors, and the profile. Sources
// that the file leaves out are marked as assumed.
func ParseProfile(path string, text []byte) (Profile, error) {
	r := reader{path: path, seen: map[string]int{}}
	r.p.Sources = Sources{}
	r.p.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if err := r.read(text); err != nil {
		return Profile{}, err
	}
	return r.p, nil
}

// reader reads a profile file.
type reader struct {
	path string
	line int
	p    Profile
	seen map[string]int // the lines of the keys
}

func (r *reader) read(text []byte) error {
	switch {
	case !validName(r.p.Name):
		return fmt.Errorf("%s: the file's name is the link's: letters, digits, dots, dashes, at most %d", r.path, maxName)
	case len(text) > MaxFile:
		return fmt.Errorf("%s: more than %d bytes", r.path, MaxFile)
	}
	for line := range strings.Lines(strings.TrimPrefix(string(text), byteOrderMark)) {
		r.line++
		if err := r.readLine(strings.TrimSpace(line)); err != nil {
			return fmt.Errorf("%s:%d: %w", r.path, r.line, err)
		}
	}
	if err := r.complete(); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// maxName bounds a link's name.
//
// src: assumed (a column of a table)
const maxName = 40

func validName(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return s != "" && s[0] != '.' && len(s) <= maxName && strings.Trim(s, letters) == ""
}

func (r *reader) readLine(line string) error {
	if !utf8.ValidString(line) || strings.ContainsFunc(line, func(c rune) bool { return unicode.IsControl(c) && c != '\t' }) {
		return errors.New("not a line of text")
	}
	line, comment, _ := strings.Cut(line, "#")
	if line = strings.TrimSpace(line); line == "" {
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return fmt.Errorf("%q: want KEY = VALUE", line)
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	source, ok := strings.CutPrefix(strings.TrimSpace(comment), "src:")
	if source = strings.TrimSpace(source); !ok || source == "" {
		source = noSource
	}
	return r.set(key, value, source)
}

// noSource stands for a source that a file leaves out.
const noSource = "assumed (the profile names no source)"

func (r *reader) set(key, value, source string) error {
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	if i < 0 {
		return fmt.Errorf("there is no key %q; there are %s", key, fieldNames())
	}
	if first, twice := r.seen[key]; twice && key != keyOutage {
		return fmt.Errorf("%s: it is there already, in line %d", key, first)
	}
	r.seen[key] = r.line
	if key != keyOutage && key != keyAbout {
		r.p.Sources[key] = source
	}
	if err := fields[i].set(&r.p, value, source); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// complete checks what no line can tell by itself.
func (r *reader) complete() error {
	has := func(key string) bool { return r.seen[key] > 0 }
	switch {
	case has(keyRate) && (has(keyRateUp) || has(keyRateDown)):
		return fmt.Errorf("%s excludes %s and %s", keyRate, keyRateUp, keyRateDown)
	case !has(keyRate) && (!has(keyRateUp) || !has(keyRateDown)):
		return fmt.Errorf("there is no %s, or else %s and %s", keyRate, keyRateUp, keyRateDown)
	case !has(keyRTT):
		return fmt.Errorf("there is no %s", keyRTT)
	case !has(keyQueue):
		return fmt.Errorf("there is no %s", keyQueue)
	}
	n := 0
	for _, key := range []string{keyBurstGood, keyBurstBad, keyBurstGoodLoss, keyBurstBadLoss} {
		if has(key) {
			n++
		}
	}
	if n != 0 && n != 4 {
		return errors.New("a burst needs burst-good, burst-bad, burst-good-loss and burst-bad-loss")
	}
	for _, key := range []string{keyLoss, keyStall} {
		if !has(key) {
			r.p.Sources[key] = noSource
		}
	}
	return r.p.Validate()
}

// The keys of a profile file, which are the names of a profile's values as well.
const (
	keyAbout         = "about"
	keyRate          = "rate"
	keyRateUp        = "rate-up"
	keyRateDown      = "rate-down"
	keyRTT           = "rtt"
	keyJitter        = "jitter"
	keyQueue         = "queue"
	keyLoss          = "loss"
	keyBurstGood     = "burst-good"
	keyBurstBad      = "burst-bad"
	keyBurstGoodLoss = "burst-good-loss"
	keyBurstBadLoss  = "burst-bad-loss"
	keyStall         = "stall"
	keyOutage        = "outage"
)

// field is a key and what its value does to a profile.
type field struct {
	key string
	set func(p *Profile, value, source string) error
}

// fields are the keys, in the order of Values.
var fields = []field{
	{keyAbout, func(p *Profile, v, _ string) error { p.About = v; return nil }},
	{keyRate, into(parseRate, func(p *Profile) *int64 { return &p.RateBits })},
	{keyRateUp, into(parseLimitedRate, func(p *Profile) *int64 { return &p.RateBits })},
	{keyRateDown, into(parseLimitedRate, func(p *Profile) *int64 { return &p.DownBits })},
	{keyRTT, into(parseDelay, func(p *Profile) *time.Duration { return &p.RTT })},
	{keyJitter, into(ParseSpread, func(p *Profile) *Spread { return &p.Jitter })},
	{keyQueue, into(parseDelay, func(p *Profile) *time.Duration { return &p.Queue })},
	{keyLoss, into(ParseLoss, func(p *Profile) *float64 { return &p.Loss })},
	{keyBurstGood, into(parseSojourn, func(p *Profile) *time.Duration { return &p.Burst.Good })},
	{keyBurstBad, into(parseSojourn, func(p *Profile) *time.Duration { return &p.Burst.Bad })},
	{keyBurstGoodLoss, into(ParseLoss, func(p *Profile) *float64 { return &p.Burst.GoodLoss })},
	{keyBurstBadLoss, into(ParseLoss, func(p *Profile) *float64 { return &p.Burst.BadLoss })},
	{keyStall, into(parseStall, func(p *Profile) *Stall { return &p.Stall })},
	{keyOutage, addOutage},
}

// into sets the value that at points to, to what parse makes of the text.
func into[T any](parse func(text string) (T, error), at func(p *Profile) *T) func(*Profile, string, string) error {
	return func(p *Profile, text, _ string) error {
		v, err := parse(text)
		if err == nil {
			*at(p) = v
		}
		return err
	}
}

func fieldNames() string {
	var names []string
	for _, f := range fields {
		names = append(names, f.key)
	}
	return strings.Join(names, ", ")
}

// rateUnits are the units of rates, the greatest first, with their short forms.
//
// src: assumed (powers of ten, as telephone companies mean them)
var rateUnits = []struct {
	bits        int64
	name, short string
}{
	{1_000_000_000, "Gbit/s", "G"},
	{1_000_000, "Mbit/s", "M"},
	{1_000, "kbit/s", "k"},
	{1, "bit/s", ""},
}

// maxRate bounds a rate, in bit/s.
//
// src: assumed (beyond any link that a client has)
const maxRate = 1_000_000_000_000

// unlimited is the text of the rate 0.
const unlimited = "unlimited"

// parseRate reads a rate such as "28.8 kbit/s" or "28.8k"; "unlimited" is 0.
func parseRate(text string) (int64, error) {
	if text == unlimited {
		return 0, nil
	}
	for _, u := range rateUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			number, ok = strings.CutSuffix(text, u.short)
		}
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		bits := math.Round(n * float64(u.bits))
		if err == nil && bits >= 1 && bits <= maxRate {
			return int64(bits), nil
		}
		break
	}
	return 0, fmt.Errorf("%q: not a rate such as 28.8 kbit/s, from 1 bit/s to %s, nor %s", text, FormatRate(maxRate), unlimited)
}

func parseLimitedRate(text string) (int64, error) {
	bits, err := parseRate(text)
	if err == nil && bits == 0 {
		err = fmt.Errorf("%q: a link with two rates has both", text)
	}
	return bits, err
}

func parseSojourn(text string) (time.Duration, error) {
	d, err := parseDelay(text)
	if err == nil && d < minEvery {
		err = fmt.Errorf("%q: at least %v", text, minEvery)
	}
	return d, err
}

// parseStall reads what Stall.String renders.
func parseStall(text string) (s Stall, err error) {
	if text == textNever {
		return s, nil
	}
	when, length, found := cutWord(text, "for")
	if !found {
		return s, fmt.Errorf("%q: want every LENGTH for LENGTH, or never", text)
	}
	if when != textNever {
		if s.Every, err = parseEvery(when); err != nil {
			return s, err
		}
		if s.never() {
			return s, fmt.Errorf("every %v is too often: at least %v", s.Every, minEvery)
		}
	}
	if s.For, err = ParseSpread(length); err != nil {
		return s, err
	}
	return s, s.validate()
}

// textNever is when what does not happen happens.
const textNever = "never"

// parseEvery reads "every LENGTH".
func parseEvery(text string) (Spread, error) {
	every, ok := strings.CutPrefix(text, "every ")
	if !ok {
		return Spread{}, fmt.Errorf("%q: want every LENGTH", text)
	}
	return ParseSpread(strings.TrimSpace(every))
}

// cutWord splits the text at a word.
func cutWord(text, word string) (before, after string, found bool) {
	before, after, found = strings.Cut(text, " "+word+" ")
	return strings.TrimSpace(before), strings.TrimSpace(after), found
}

// addOutage reads an outage that is planned, or one that comes again and again.
func addOutage(p *Profile, text, source string) error {
	if len(p.Outages)+len(p.Spells) == maxOutages {
		return fmt.Errorf("more than %d", maxOutages)
	}
	if !strings.HasPrefix(text, "every ") {
		o, err := ParseOutage(text)
		if err == nil {
			err = o.Validate()
		}
		p.Outages = append(p.Outages, PlannedOutage{o, source})
		return err
	}
	s, err := parseSpell(text)
	s.Source = source
	p.Spells = append(p.Spells, s)
	return err
}

// parseSpell reads what Spell.String renders.
func parseSpell(text string) (s Spell, err error) {
	var rest string
	if when, length, ok := cutWord(text, "for"); ok {
		rest = when
		if s.For, err = ParseSpread(length); err != nil {
			return s, err
		}
		s.Kind = Silence
		if when, ok := strings.CutSuffix(rest, " stall"); ok {
			rest, s.Kind = when, Standstill
		}
	} else if when, ok := strings.CutSuffix(text, " reset"); ok {
		rest, s.Kind = when, Cut
	} else if when, ok := strings.CutSuffix(text, " half-open"); ok {
		rest, s.Kind = when, HalfOpen
	} else {
		return s, fmt.Errorf("%q: want every LENGTH, and then for LENGTH, stall for LENGTH, reset or half-open", text)
	}
	if s.Every, err = parseEvery(strings.TrimSpace(rest)); err != nil {
		return s, err
	}
	return s, s.validate()
}

// File renders the profile as a file that ParseProfile reads.
func (p Profile) File() string {
	var out strings.Builder
	values := p.Values()
	width, textWidth := 0, 0
	for _, v := range values {
		width, textWidth = max(width, len(v.Name)), max(textWidth, len(v.Text))
	}
	if p.About != "" {
		fmt.Fprintf(&out, "%-*s = %s\n", width, keyAbout, p.About)
	}
	for _, v := range values {
		fmt.Fprintf(&out, "%-*s = %-*s  # src: %s\n", width, v.Name, textWidth, v.Text, v.Source)
	}
	return out.String()
}
