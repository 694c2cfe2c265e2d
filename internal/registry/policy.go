package registry

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Errors of values under the three Parameters keys; a *ValueError wraps them.
var (
	ErrUnknownValue = errors.New("unknown value")
	ErrWrongType    = errors.New("wrong type")
	ErrOutOfRange   = errors.New("out of range")
)

// ValueError is a value that the table does not allow.
type ValueError struct {
	Origin Origin
	Key    Key
	Name   string
	Data   string // as the file has it; "" for an unknown value
	Hint   string // what would be right
	Err    error  // ErrUnknownValue, ErrWrongType or ErrOutOfRange
}

// Error formats e as file:line: service\value: what is wrong (what would be right).
func (e *ValueError) Error() string {
	s := fmt.Sprintf("%v: %v\\%s", e.Origin, e.Key, e.Name)
	if e.Data != "" {
		s += "=" + e.Data
	}
	s += ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the kind of error.
func (e *ValueError) Unwrap() error { return e.Err }

// Warning is something in a .reg file that was accepted and has no effect.
type Warning struct {
	Origin Origin
	Text   string
}

// String formats w as file:line: text.
func (w Warning) String() string { return w.Origin.String() + ": " + w.Text }

// Setting is a value that a policy sets, and where.
type Setting struct {
	Param  Param
	Value  Value
	Origin Origin
}

// Policy is a set of registry values that somebody chose. A nil Policy sets none.
type Policy struct {
	Name    string
	Skipped int // keys of the file that are none of the three

	settings []Setting // in the table's order
}

// Load reads a policy from a .reg file. The policy is named like the file, without
// directory and extension.
//
// Under the three Parameters keys an unknown value, a wrong type and a number out
// of range are a *ValueError; a value that only later releases knew is accepted
// with a warning and not set. If a value is set twice the last one wins; a deleted
// one ("name"=-) is not set. Other keys are skipped and counted.
func Load(name string, r io.Reader) (*Policy, []Warning, error) {
	base := filepath.Base(name)
	if ext := filepath.Ext(base); strings.EqualFold(ext, ".reg") {
		base = strings.TrimSuffix(base, ext)
	}
	return load(base, Origin{Kind: OriginFile, Name: name}, r)
}

func load(name string, at Origin, r io.Reader) (*Policy, []Warning, error) {
	f, err := Parse(at.Name, r)
	if err != nil {
		return nil, nil, err
	}
	l := loader{policy: &Policy{Name: name}, at: at}
	for i := range f.Sections {
		if err := l.section(&f.Sections[i]); err != nil {
			return nil, nil, err
		}
	}
	return l.finish()
}

// loader turns a file into a policy; at is the origin, with the present line.
type loader struct {
	policy   *Policy
	at       Origin
	warnings []Warning
	later    []string // values warned of as known to later releases only
}

func (l *loader) section(s *Section) error {
	l.at.Line = s.Line
	if s.Delete {
		l.deleteKey(s.Key)
		return nil
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return strings.EqualFold(k.Path(), s.Key) })
	if i < 0 {
		l.policy.Skipped++
		return nil
	}
	for j := range s.Entries {
		l.at.Line = s.Entries[j].Line
		if err := l.entry(keys[i], &s.Entries[j]); err != nil {
			return err
		}
	}
	return nil
}

// deleteKey forgets what the file has set so far under the key and its subkeys.
func (l *loader) deleteKey(path string) {
	found := false
	for _, k := range keys {
		own := strings.ToLower(k.Path() + `\`)
		if !strings.HasPrefix(own, strings.ToLower(path+`\`)) {
			continue
		}
		found = true
		l.policy.settings = slices.DeleteFunc(l.policy.settings, func(s Setting) bool { return s.Param.Key == k })
	}
	if !found {
		l.policy.Skipped++
	}
}

func (l *loader) entry(k Key, e *Entry) error {
	p := find(e.Name)
	if p == nil || p.Key != k {
		return l.unknown(k, e.Name, p)
	}
	if e.Data.Kind == DataDelete {
		l.policy.unset(p)
		return nil
	}
	v, ok := valueOf(p, e.Data)
	if !ok {
		return l.refuse(p, e, ErrWrongType, "want "+p.Type.String())
	}
	if !p.accepts(v) {
		return l.refuse(p, e, ErrOutOfRange, "want "+p.Range())
	}
	if p.Since != "" {
		l.warnLater(p)
		return nil
	}
	l.policy.set(Setting{Param: *p, Value: v, Origin: l.at})
	return nil
}

func (l *loader) unknown(k Key, name string, elsewhere *Param) error {
	err := &ValueError{Origin: l.at, Key: k, Name: name, Err: ErrUnknownValue}
	switch {
	case name == "":
		err.Name, err.Hint = "@", "the keys have no default value"
	case elsewhere != nil:
		err.Hint = "it belongs under " + elsewhere.Key.Path()
	}
	return err
}

func (l *loader) refuse(p *Param, e *Entry, kind error, hint string) error {
	line, err := e.format()
	if err != nil {
		return fmt.Errorf("%v: %w", l.at, err)
	}
	_, data, _ := strings.Cut(line, "=")
	return &ValueError{Origin: l.at, Key: p.Key, Name: p.Name, Data: data, Hint: hint, Err: kind}
}

func (l *loader) warnLater(p *Param) {
	if slices.Contains(l.later, p.Name) {
		return
	}
	l.later = append(l.later, p.Name)
	l.warnings = append(l.warnings, Warning{l.at, fmt.Sprintf(
		"%s is known from %s on; NT 3.5x ignores it", p.Name, p.Since)})
}

// finish adds the warnings that speak of the whole file.
func (l *loader) finish() (*Policy, []Warning, error) {
	file := l.at
	file.Line = 0
	if n := l.policy.Skipped; n > 0 {
		l.warnings = append(l.warnings, Warning{file, fmt.Sprintf(
			"%d other keys were skipped: values count under %v, %v and %v\\Parameters", n, keys[0], keys[1], keys[2])})
	}
	if idle := l.policy.idle(); len(idle) > 0 {
		l.warnings = append(l.warnings, Warning{
			file,
			"set, but the emulator does not act on it: " + strings.Join(idle, ", ") + "; `ntrdr params NAME` says why",
		})
	}
	return l.policy, l.warnings, nil
}

// idle names what the policy changes without an effect.
func (p *Policy) idle() []string {
	var idle []string
	for _, s := range p.settings {
		if !s.Param.Acted && s.Value != s.Param.Default351 {
			idle = append(idle, s.Param.Name)
		}
	}
	return idle
}

func valueOf(p *Param, d Data) (Value, bool) {
	switch p.Type {
	case TypeDWORD:
		n, ok := d.AsDWORD()
		return dword(n), ok
	case TypeString:
		return text(d.Text), d.Kind == DataString
	case TypeMultiString:
		items, ok := d.AsList()
		return list(strings.Join(items, ",")), ok
	default:
		return Value{}, false
	}
}

func (p *Policy) index(name string) (int, bool) {
	i := slices.IndexFunc(p.settings, func(s Setting) bool { return strings.EqualFold(s.Param.Name, name) })
	return i, i >= 0
}

func (p *Policy) unset(row *Param) {
	if i, ok := p.index(row.Name); ok {
		p.settings = slices.Delete(p.settings, i, i+1)
	}
}

func (p *Policy) set(s Setting) {
	p.unset(&s.Param)
	order := func(a, b Setting) int { return position(a.Param.Name) - position(b.Param.Name) }
	i, _ := slices.BinarySearchFunc(p.settings, s, order)
	p.settings = slices.Insert(p.settings, i, s)
}

// position is the row's place in the table.
func position(name string) int {
	return slices.IndexFunc(params, func(p Param) bool { return p.Name == name })
}

// Settings returns what the policy sets, in the table's order.
func (p *Policy) Settings() []Setting {
	if p == nil {
		return nil
	}
	return slices.Clone(p.settings)
}

func (p *Policy) setting(name string) (Setting, bool) {
	if p == nil {
		return Setting{}, false
	}
	i, ok := p.index(name)
	if !ok {
		return Setting{}, false
	}
	return p.settings[i], true
}

// DWORD returns the number that the policy sets for the value, and where.
func (p *Policy) DWORD(name string) (uint32, Origin, bool) {
	s, ok := p.setting(name)
	ok = ok && s.Value.Type == TypeDWORD
	return s.Value.DWORD, s.Origin, ok
}

// Text returns the text that the policy sets for the value, and where.
func (p *Policy) Text(name string) (string, Origin, bool) {
	s, ok := p.setting(name)
	ok = ok && s.Value.Type != TypeDWORD
	return s.Value.Text, s.Origin, ok
}

// Value returns what holds for a row: the policy's value, else the edition's, else
// the default of the edition's release. A value that the release does not have is not
// there, whatever the policy says.
func (p *Policy) Value(row Param, e Edition) (Value, Origin) {
	if s, ok := p.setting(row.Name); ok && row.In(e.Release) {
		return s.Value, s.Origin
	}
	return e.Value(row)
}

// File returns the policy as a .reg file. A value under a key that holds a list
// is written as the bytes of a REG_MULTI_SZ.
func (p *Policy) File() *File {
	f := &File{}
	for _, s := range p.Settings() {
		last := len(f.Sections) - 1
		if last < 0 || f.Sections[last].Key != s.Param.Key.Path() {
			f.Sections = append(f.Sections, Section{Key: s.Param.Key.Path()})
			last++
		}
		f.Sections[last].Entries = append(f.Sections[last].Entries, Entry{Name: s.Param.Name, Data: s.Value.data()})
	}
	return f
}

func (v Value) data() Data {
	switch v.Type {
	case TypeDWORD:
		return Data{Kind: DataDWORD, DWORD: v.DWORD}
	case TypeMultiString:
		b := strings.ReplaceAll(v.Text, ",", "\x00") + "\x00\x00"
		return Data{Kind: DataHex, HexType: regMultiSZ, Bytes: []byte(b)}
	default:
		return Data{Kind: DataString, Text: v.Text}
	}
}
