package registry

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is one of the three registry keys that the table covers.
type Key uint8

// The keys, all below HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services.
const (
	Rdr Key = iota
	LanmanWorkstation
	LanmanServer
)

// keys lists every Key.
var keys = []Key{Rdr, LanmanWorkstation, LanmanServer}

// String names the service that owns the key.
func (k Key) String() string {
	return [...]string{"Rdr", "LanmanWorkstation", "LanmanServer"}[k]
}

// Path is the key's full path.
func (k Key) Path() string {
	return `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\` + k.String() + `\Parameters`
}

// Type is a value's registry type.
type Type uint8

// The types. TypeNone marks a default that NT computes at start, or that a release
// does not have.
const (
	TypeNone Type = iota
	TypeDWORD
	TypeString
	TypeMultiString
)

// String names the type as Registry Editor does.
func (t Type) String() string {
	return [...]string{"none", "REG_DWORD", "REG_SZ", "REG_MULTI_SZ"}[t]
}

// Value is the data of one registry value.
type Value struct {
	Type  Type
	DWORD uint32
	Text  string // REG_SZ; the strings of a REG_MULTI_SZ, joined by commas
}

// String formats v as a table shows it; 0xffffffff is -1, as the sources write it.
func (v Value) String() string {
	switch {
	case v.Type == TypeNone:
		return "-"
	case v.Type == TypeDWORD && v.DWORD == math.MaxUint32:
		return "-1"
	case v.Type == TypeDWORD:
		return strconv.FormatUint(uint64(v.DWORD), 10)
	}
	return v.Text
}

// Units of REG_DWORD values.
const (
	UnitSeconds      = "s"
	UnitMilliseconds = "ms"
	UnitMinutes      = "min"
	UnitBytes        = "bytes"
	UnitMegabytes    = "MB"
	UnitFlag         = "0/1"
)

// Param describes one registry value: a row of the table.
type Param struct {
	Name       string
	Key        Key
	Type       Type
	Min, Max   uint32   // REG_DWORD: inclusive; no published range is 0 to 0xffffffff
	Choices    []string // REG_SZ: what may be said; nil is any text
	Unit       string
	Default35  Value // in NT 3.5
	Default351 Value // in NT 3.51
	Source     string
	Effect     string // one line
	Acted      bool   // the emulator does something else when the value changes
	Idle       string // why it does not, if it does not and the release has the value
	Since      string // the first release that knew the value, if later than 3.51; it is accepted and has no effect
	Only       string // the one release of 3.5 and 3.51 that has the value; "": both have it
	AtOnce     bool   // a change acts without a restart of the redirector
}

// Ours reports whether the value is an extension that NT never had.
func (p *Param) Ours() bool { return strings.HasPrefix(p.Name, "Ntrdr") }

// Default returns the default of the release "3.5" or "3.51".
func (p *Param) Default(release string) Value {
	if release == "3.5" {
		return p.Default35
	}
	return p.Default351
}

// In reports whether the release "3.5" or "3.51" has the value.
func (p *Param) In(release string) bool {
	return p.Since == "" && (p.Only == "" || p.Only == release)
}

// WhyIdle says why the emulator does not act on the value; "" if it does.
func (p *Param) WhyIdle() string {
	switch {
	case p.Acted:
		return ""
	case p.Since != "":
		return "known from " + p.Since + " on; NT 3.5x ignores it"
	}
	return p.Idle
}

// Range says in words what the value may be.
func (p *Param) Range() string {
	switch {
	case p.Type == TypeString && p.Choices != nil:
		return strings.Join(p.Choices, "|")
	case p.Type != TypeDWORD:
		return "any text"
	case p.Max == math.MaxUint32 && p.Min == 0:
		return "any"
	case p.Max == math.MaxUint32:
		return fmt.Sprintf("from %d", p.Min)
	}
	return fmt.Sprintf("%d to %d", p.Min, p.Max)
}

// accepts reports whether v is of the right type and in range.
func (p *Param) accepts(v Value) bool {
	switch {
	case v.Type != p.Type:
		return false
	case v.Type == TypeDWORD:
		return p.Min <= v.DWORD && v.DWORD <= p.Max
	}
	return p.Choices == nil || slices.Contains(p.Choices, v.Text)
}

// duration converts a REG_DWORD of the row's unit of time; what is longer than a
// Duration can be, such as -1 minutes, is the longest one.
func (p *Param) duration(n uint32) time.Duration {
	var unit time.Duration
	switch p.Unit {
	case UnitMilliseconds:
		unit = time.Millisecond
	case UnitSeconds:
		unit = time.Second
	case UnitMinutes:
		unit = time.Minute
	default:
		panic("registry: " + p.Name + " is not a time")
	}
	if int64(n) > math.MaxInt64/int64(unit) {
		return math.MaxInt64
	}
	return time.Duration(n) * unit
}

// params is the table: by key, and within a key as the sources list them.
var params = slices.Concat(
	under(Rdr, rdrParams), under(Rdr, ntrdrParams), under(Rdr, modelParams),
	under(LanmanWorkstation, workstationParams), under(LanmanServer, serverParams),
)

// Params returns the whole table. The caller may change the slice.
func Params() []Param { return slices.Clone(params) }

// Lookup finds a row by its name, without regard to case. Names are unique over
// the three keys.
func Lookup(name string) (Param, bool) {
	if p := find(name); p != nil {
		return *p, true
	}
	return Param{}, false
}

// byName finds rows by their name as the table spells it: code does so for every value
// of every machine that is assembled.
var byName = func() map[string]*Param {
	m := make(map[string]*Param, len(params))
	for i := range params {
		m[params[i].Name] = &params[i]
	}
	return m
}()

func find(name string) *Param {
	if p := byName[name]; p != nil {
		return p
	}
	for i := range params {
		if strings.EqualFold(params[i].Name, name) {
			return &params[i]
		}
	}
	return nil
}

func under(k Key, rows []Param) []Param {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Key = k
	}
	return rows
}
