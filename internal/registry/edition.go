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

type override struct {
	name  string
	value Value
}

// Q163401 calls the value "write-behind for write-only files".
var writeOnlyScope = override{"NtrdrWriteBehindScope", text("writeonly")}

// editions is the table of editions.
//
// src: KB Q143413, Q163401 (the two readings of UseWriteBehind); KB Q169742, Q153993,
// Q152348, Q184998, Q163525 (the defects of 3.51 as shipped).
var editions = []Edition{
	{
		Name: "kb143413", Release: "3.51",
		Description: "NT 3.51 as Q143413 has it: UseWriteBehind governs every write",
		overrides:   []override{{"NtrdrWriteBehindScope", text("all")}},
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
			{"NtrdrQuirkSemaphore298", dword(1)},
			{"NtrdrQuirkWriteThroughTailCached", dword(1)},
			{"NtrdrQuirkRawOddSplit", dword(1)},
			{"NtrdrQuirkMappedStaleFid", dword(1)},
			{"NtrdrQuirkIgnoreOplockBreak", dword(1)},
		},
	},
	{
		Name: "nt351-hotfixed", Release: "3.51",
		Description: "q163401-strict with the redirector hotfix of Q169742",
		overrides:   []override{writeOnlyScope, {"NtrdrQuirkSemaphore298", dword(0)}},
	},
	{
		Name: "nt35", Release: "3.5",
		Description: "NT 3.5 as Q143413 has it, with the defaults of 3.5",
		overrides:   []override{{"NtrdrWriteBehindScope", text("all")}},
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
			return o.value, Origin{Kind: OriginEdition, Name: e.Name}
		}
	}
	return row.Default(e.Release), Origin{Kind: OriginDefault, Name: e.Release}
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

// Value returns a row's value and its origin.
func (s Settings) Value(name string) (Value, Origin) {
	return s.Policy.Value(*row(name), s.Edition)
}

// DWORD returns a number; 0 if NT would compute it and nobody has set it.
func (s Settings) DWORD(name string) uint32 {
	v, _ := s.Value(name)
	if row(name).Type != TypeDWORD {
		panic("registry: " + name + " is not a REG_DWORD")
	}
	return v.DWORD
}

// Bool returns a number's truth: anything but 0.
func (s Settings) Bool(name string) bool { return s.DWORD(name) != 0 }

// Text returns a text.
func (s Settings) Text(name string) string {
	v, _ := s.Value(name)
	if row(name).Type == TypeDWORD {
		panic("registry: " + name + " is not a text")
	}
	return v.Text
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
