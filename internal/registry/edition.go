package registry

import (
	"slices"
	"strings"
	"time"
)

// DefaultEdition is the edition that holds when none is named.
const DefaultEdition = "kb143413"

// Edition is a model underneath a policy: a release's defaults, and values of ours
// that fix which reading of the sources, and which defects, it has.
type Edition struct {
	Name        string
	Description string
	Release     string // "3.5" or "3.51"

	overrides []override
}

// override is a value that an edition has instead of its release's default.
type override struct {
	name   string
	value  Value
	source string // who says that this edition's machine is so
}

// The two readings of UseWriteBehind. Q163401 calls it "write-behind for write-only
// files"; the cure of Q143413 works for a file that is open for reading too.
var (
	everyWrite     = override{"NtrdrWriteBehindScope", text("all"), "KB Q143413"}
	writeOnlyScope = override{"NtrdrWriteBehindScope", text("writeonly"), "KB Q163401"}
)

// defect is a published defect that an edition has.
func defect(name, source string) override { return override{name, dword(1), source} }

// editions is the table of editions. Each override has its source; what 3.5 and 3.51
// do not share besides is in the rows of the values (Param.Only and the two defaults).
var editions = []Edition{
	{
		Name: "kb143413", Release: "3.51",
		Description: "NT 3.51 as Q143413 has it: UseWriteBehind governs every write",
		overrides:   []override{everyWrite},
	},
	{
		Name: "q163401-strict", Release: "3.51",
		Description: "NT 3.51 as Q163401 has it: UseWriteBehind governs write-only handles alone",
		overrides:   []override{writeOnlyScope},
	},
	{
		Name: "nt351-as-shipped", Release: "3.51",
		Description: "q163401-strict with the published defects of the first 3.51",
		overrides: []override{
			writeOnlyScope,
			defect("NtrdrQuirkSemaphore298", "KB Q169742"),
			defect("NtrdrQuirkWriteThroughTailCached", "KB Q153993"),
			defect("NtrdrQuirkRawOddSplit", "KB Q152348"),
			defect("NtrdrQuirkMappedStaleFid", "KB Q184998, which says it of 4.0 before SP4; assumed to be older"),
			defect("NtrdrQuirkIgnoreOplockBreak", "KB Q163525"),
			defect("NtrdrQuirkSessionSetupOneSmb", "KB Q161968"),
		},
	},
	{
		Name: "nt351-hotfixed", Release: "3.51",
		Description: "q163401-strict with the redirector hotfix of Q169742",
		overrides:   []override{writeOnlyScope, {"NtrdrQuirkSemaphore298", dword(0), "KB Q169742"}},
	},
	{
		Name: "nt35", Release: "3.5",
		Description: "the first NT 3.5, as Q143413 has it, with what is published of 3.5",
		overrides: []override{
			everyWrite,
			defect("NtrdrQuirkInt21LostWrite", "KB Q111027"),
			defect("NtrdrQuirkInvalidTidLoop14Min", "KB Q130003"),
			defect("NtrdrQuirkRawOddSplit", "KB Q152348"),
			defect("NtrdrQuirkUnlockLost", "KB Q123062"),
			defect("NtrdrQuirkReadsOfAPage", "KB Q123976"),
		},
	},
}

// Editions returns all editions, the default one first.
func Editions() []Edition { return slices.Clone(editions) }

// LookupEdition finds an edition by name.
func LookupEdition(name string) (Edition, bool) {
	i := slices.IndexFunc(editions, func(e Edition) bool { return e.Name == name })
	if i < 0 {
		return Edition{}, false
	}
	return editions[i], true
}

// Value returns what the edition says of a row: a value of its own, or its
// release's default.
func (e Edition) Value(row Param) (Value, Origin) {
	for _, o := range e.overrides {
		if strings.EqualFold(o.name, row.Name) {
			return o.value, Origin{Kind: OriginEdition, Name: e.Name, Source: o.source}
		}
	}
	return row.Default(e.Release), Origin{Kind: OriginDefault, Name: e.Release}
}

// Difference is what one edition has otherwise than another.
type Difference struct {
	Param    Param
	From, To Value
	Source   string
}

// Differences lists what e has otherwise than base, in the table's order.
func (e Edition) Differences(base Edition) []Difference {
	var list []Difference
	for _, p := range params {
		from, _ := base.Value(p)
		to, origin := e.Value(p)
		if from == to {
			continue
		}
		d := Difference{Param: p, From: from, To: to, Source: origin.Source}
		if d.Source == "" {
			d.Source = p.Source
		}
		list = append(list, d)
	}
	return list
}

// Settings is a policy on an edition: what every value of the table is. Its
// methods panic if the table has no such row, or one of another type: the names
// are constants of the calling code.
type Settings struct {
	Policy  *Policy // may be nil: nothing is changed
	Edition Edition
}

// On returns the settings of the policy on an edition.
func (p *Policy) On(e Edition) Settings { return Settings{Policy: p, Edition: e} }

// Named returns the same settings under another policy's name.
func (s Settings) Named(name string) Settings {
	p := Policy{Name: name}
	if s.Policy != nil {
		p.Skipped, p.settings = s.Policy.Skipped, s.Policy.settings
	}
	s.Policy = &p
	return s
}

// Value returns a row's value and its origin.
func (s Settings) Value(name string) (Value, Origin) {
	return s.Policy.Value(*row(name), s.Edition)
}

// Same reports whether two settings are one policy on one edition. A policy is not changed
// once it is made, but for its name; two that were made apart are not the same, whatever
// they set.
func (s Settings) Same(t Settings) bool {
	a, b := s.Edition.overrides, t.Edition.overrides
	return s.Policy == t.Policy && s.Edition.Release == t.Edition.Release &&
		len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// Ignored lists what the policy sets and the edition's release does not have.
func (s Settings) Ignored() []Setting {
	return slices.DeleteFunc(s.Policy.Settings(), func(x Setting) bool { return x.Param.In(s.Edition.Release) })
}

// effective is Settings.Value without the origin, and without a copy of the row: a
// workstation asks for some seventy.
func effective(p *Param, policy *Policy, e *Edition) Value {
	if policy != nil && p.In(e.Release) {
		for i := range policy.settings {
			if s := &policy.settings[i]; s.Param.Name == p.Name {
				return s.Value
			}
		}
	}
	for i := range e.overrides {
		if o := &e.overrides[i]; o.name == p.Name {
			return o.value
		}
	}
	return p.Default(e.Release)
}

// DWORD returns a number; 0 if NT would compute it and nobody has set it.
func (s Settings) DWORD(name string) uint32 {
	p := row(name)
	if p.Type != TypeDWORD {
		panic("registry: " + name + " is not a REG_DWORD")
	}
	return effective(p, s.Policy, &s.Edition).DWORD
}

// Bool returns a number's truth: anything but 0.
func (s Settings) Bool(name string) bool { return s.DWORD(name) != 0 }

// Text returns a text.
func (s Settings) Text(name string) string {
	p := row(name)
	if p.Type == TypeDWORD {
		panic("registry: " + name + " is not a text")
	}
	return effective(p, s.Policy, &s.Edition).Text
}

// Duration returns a number in its row's unit of time.
func (s Settings) Duration(name string) time.Duration {
	return row(name).duration(s.DWORD(name))
}

func row(name string) *Param {
	p := find(name)
	if p == nil {
		panic("registry: the table has no " + name)
	}
	return p
}
