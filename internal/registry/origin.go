package registry

import "fmt"

// OriginKind says who set a value.
type OriginKind uint8

// The kinds of origin.
const (
	OriginDefault OriginKind = iota // Name is the release
	OriginEdition                   // Name is the edition
	OriginBuiltin                   // Name is the embedded file
	OriginFile                      // Name is the file as it was given
)

// Origin is where a value comes from. Line is 0 where there is none.
type Origin struct {
	Kind   OriginKind
	Name   string
	Line   int
	Source string // of what an edition says
}

// String says it in words: "my.reg:7", "built-in q143413.reg:6",
// "edition q163401-strict: KB Q163401", "NT 3.51 default".
func (o Origin) String() string {
	switch o.Kind {
	case OriginDefault:
		return "NT " + o.Name + " default"
	case OriginEdition:
		return "edition " + o.Name + ": " + o.Source
	case OriginBuiltin, OriginFile:
	}
	s := o.Name
	if o.Line > 0 {
		s = fmt.Sprintf("%s:%d", o.Name, o.Line)
	}
	if o.Kind == OriginBuiltin {
		return "built-in " + s
	}
	return s
}
