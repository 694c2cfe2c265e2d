package registry

import "math"

// anyDWORD is the upper end of a range where no source states one.
const anyDWORD = math.MaxUint32

func dword(n uint32) Value   { return Value{Type: TypeDWORD, DWORD: n} }
func text(s string) Value    { return Value{Type: TypeString, Text: s} }
func list(text string) Value { return Value{Type: TypeMultiString, Text: text} }

// flag is a row for a value that is 0 or 1.
func flag(name string, def uint32, source, effect string) Param {
	return number(name, 0, 1, UnitFlag, def, source, effect)
}

// number is a row for a REG_DWORD with the same default in 3.5 and 3.51.
func number(name string, lo, hi uint32, unit string, def uint32, source, effect string) Param {
	p := computed(name, lo, hi, unit, source, effect)
	p.Default35, p.Default351 = dword(def), dword(def)
	return p
}

// computed is a row for a REG_DWORD whose default NT derives from the machine.
func computed(name string, lo, hi uint32, unit, source, effect string) Param {
	return Param{
		Name: name, Type: TypeDWORD, Min: lo, Max: hi, Unit: unit, Source: source, Effect: effect,
	}
}

// choice is a row for a text out of a list; the first is the default.
func choice(name string, choices []string, source, effect string) Param {
	return Param{
		Name: name, Type: TypeString, Choices: choices, Source: source, Effect: effect,
		Default35: text(choices[0]), Default351: text(choices[0]),
	}
}

// words is a row for any text, empty by default.
func words(name string, source, effect string) Param {
	return Param{
		Name: name, Type: TypeString, Source: source, Effect: effect,
		Default35: text(""), Default351: text(""),
	}
}

// names is a row for a list of texts, empty by default.
func names(name string, source, effect string) Param {
	return Param{
		Name: name, Type: TypeMultiString, Source: source, Effect: effect,
		Default35: list(""), Default351: list(""),
	}
}

// acted marks a value that the emulator obeys.
func (p Param) acted() Param {
	p.Acted = true
	return p
}

// idle says why the emulator does not act on a value.
func (p Param) idle(why string) Param {
	p.Idle = why
	return p
}

// since marks a value that only a release after 3.51 knew: 3.5x has no default.
func (p Param) since(release string) Param {
	p.Since = release
	p.Default35, p.Default351 = Value{}, Value{}
	return p
}

// from351 marks a value that NT 3.5 did not have.
func (p Param) from351() Param {
	p.Default35, p.Only = Value{}, "3.51"
	return p
}

// until35 marks a value that NT 3.51 had no longer.
func (p Param) until35() Param {
	p.Default351, p.Only = Value{}, "3.5"
	return p
}

// atOnce marks a value that acts without a restart.
func (p Param) atOnce() Param {
	p.AtOnce = true
	return p
}
