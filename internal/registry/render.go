package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	gptext "github.com/jedib0t/go-pretty/v6/text"
)

// Row is one line of a listing: a Param and what it is under some settings. Range
// and texts are as people read them; a default and the value are null where NT computes
// the value at start or the release does not have it.
type Row struct {
	Name       string   `json:"name"`
	Path       string   `json:"path"`
	Type       string   `json:"type"`
	Min        *uint32  `json:"min"`
	Max        *uint32  `json:"max"`
	Choices    []string `json:"choices"`
	Unit       string   `json:"unit"`
	Default35  any      `json:"default_3.5"`
	Default351 any      `json:"default_3.51"`
	Value      any      `json:"value"`
	Origin     string   `json:"origin"`
	Changed    bool     `json:"changed"` // the policy sets it, or the edition is not a stock 3.51 here
	Source     string   `json:"source"`
	Effect     string   `json:"effect"`
	Acted      bool     `json:"acted"`
	Idle       string   `json:"idle"` // why it is not acted on
	AtOnce     bool     `json:"at_once"`
	Ours       bool     `json:"ours"`
	Only       string   `json:"only"`
	Since      string   `json:"since"`

	row   Param
	value Value
}

// Rows lists the whole table under the given settings.
func Rows(s Settings) []Row {
	rows := make([]Row, 0, len(params))
	for _, p := range params {
		rows = append(rows, makeRow(p, s))
	}
	return rows
}

func makeRow(p Param, s Settings) Row {
	value, origin := s.Policy.Value(p, s.Edition)
	r := Row{
		Name: p.Name, Path: p.Key.Path(), Type: p.Type.String(), Choices: p.Choices, Unit: p.Unit,
		Default35: p.Default35.plain(), Default351: p.Default351.plain(),
		Value: value.plain(), Origin: origin.String(),
		Changed: origin.Kind == OriginBuiltin || origin.Kind == OriginFile || value != p.Default351,
		Source:  p.Source, Effect: p.Effect, Acted: p.Acted, Idle: p.WhyIdle(), AtOnce: p.AtOnce,
		Ours: p.Ours(), Only: p.Only, Since: p.Since,
		row: p, value: value,
	}
	if p.Type == TypeDWORD {
		r.Min, r.Max = &p.Min, &p.Max
	}
	return r
}

// plain is the value as JSON has it.
func (v Value) plain() any {
	switch v.Type {
	case TypeNone:
		return nil
	case TypeDWORD:
		return v.DWORD
	default:
		return v.Text
	}
}

// WriteJSON writes the rows as one indented JSON array.
func WriteJSON(w io.Writer, rows []Row) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(rows)
}

// WriteTable writes the rows as text, a table a key, at most width columns wide; 0
// wraps nothing. What is not as in a stock 3.51 has a value and an origin; a star
// marks what the emulator acts on.
func WriteTable(w io.Writer, rows []Row, width int) error {
	var out strings.Builder
	for _, k := range keys {
		own := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.row.Key != k })
		if len(own) > 0 {
			out.WriteString(k.Path() + "\n" + trimLines(keyTable(own, width)) + "\n")
		}
	}
	out.WriteString("*  the emulator acts on it; `ntrdr params NAME` tells all of a value and why it does not\n" +
		"-  NT computes the default at start, or the release does not have the value\n" +
		"   Ntrdr... values are ours, NT never had them\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// trimLines removes the blanks that pad a table's last column.
func trimLines(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s + "\n") {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

func keyTable(rows []Row, width int) string {
	t := table.NewWriter()
	t.SetStyle(plainStyle())
	t.AppendHeader(table.Row{"", "name", "type", "range", "3.5", "3.51", "value", "source", "effect"})
	for i := range rows {
		t.AppendRow(rows[i].cells(width > 0 && width < mostColumns))
	}
	t.SuppressEmptyColumns()
	t.SetColumnConfigs(columnWidths(width))
	return t.Render()
}

// plainStyle has a line under the header and two blanks between columns.
func plainStyle() table.Style {
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: true, SeparateColumns: true}
	style.Box.PaddingLeft = ""
	style.Box.MiddleVertical = " "
	style.Box.MiddleSeparator = "-"
	style.Format.Header = gptext.FormatDefault
	return style
}

// Below these widths a table leaves columns out: first type and source, then the range
// and both defaults, of which the value in force stays.
const (
	allColumns  = 165
	mostColumns = 125
)

// columnWidths wraps the columns of prose and hides those that a terminal of that width
// has no room for.
func columnWidths(width int) []table.ColumnConfig {
	const value, source, leastEffect = 20, 20, 20
	wrap := func(name string, most int) table.ColumnConfig {
		return table.ColumnConfig{Name: name, WidthMax: most, WidthMaxEnforcer: gptext.WrapSoft}
	}
	hide := func(name string) table.ColumnConfig { return table.ColumnConfig{Name: name, Hidden: true} }
	others := 93 + value + source // about what the columns before the effect take
	switch {
	case width == 0:
		return []table.ColumnConfig{wrap("source", source)}
	case width >= allColumns:
		return []table.ColumnConfig{wrap("value", value), wrap("source", source), wrap("effect", width-others)}
	case width >= mostColumns:
		others -= source + len("REG_MULTI_SZ") + 2
		return []table.ColumnConfig{hide("type"), hide("source"), wrap("value", value), wrap("effect", width-others)}
	}
	others -= source + len("REG_MULTI_SZ") + 40
	return []table.ColumnConfig{
		hide("type"), hide("source"), hide("range"), hide("3.5"), hide("3.51"),
		wrap("value", value), wrap("effect", max(width-others, leastEffect)),
	}
}

// cells is the row as a table has it. always fills in the value in force where it is no
// other than in a stock 3.51.
func (r *Row) cells(always bool) table.Row {
	mark, value, effect := "", "", r.Effect
	if r.Acted {
		mark = "*"
	}
	switch {
	case r.Changed:
		value = r.value.String() + " (" + r.Origin + ")"
	case always:
		value = r.value.String()
	}
	if r.Since != "" {
		effect += " (" + r.Idle + ")"
	}
	d := r.row
	return table.Row{mark, r.Name, r.Type, r.rangeText(), d.Default35.String(), d.Default351.String(), value, r.Source, effect}
}

// WriteDetails writes all that is known of each row, a paragraph a row.
func WriteDetails(w io.Writer, rows []Row) error {
	var out strings.Builder
	for i := range rows {
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(rows[i].details())
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (r *Row) details() string {
	var out strings.Builder
	line := func(name, text string) { fmt.Fprintf(&out, "  %-9s %s\n", name, text) }
	out.WriteString(r.Name + "\n")
	line("key", r.Path)
	line("type", r.Type+", "+r.rangeText())
	line("default", r.row.Default35.String()+" in NT 3.5, "+r.row.Default351.String()+" in NT 3.51")
	line("value", r.value.String()+" ("+r.Origin+")")
	line("source", r.Source)
	line("effect", r.Effect)
	switch {
	case !r.Acted:
		line("acted on", strings.TrimSuffix("no: "+r.Idle, ": "))
	case r.AtOnce:
		line("acted on", "yes; a change acts at once")
	default:
		line("acted on", "yes; a change acts after a restart of the redirector or the server")
	}
	return out.String()
}

// rangeText is the range with its unit.
func (r *Row) rangeText() string {
	if r.Unit == UnitFlag {
		return "0 or 1"
	}
	const longest = 24
	if s := r.row.Range(); len(s) > longest && len(r.Choices) > 0 {
		return fmt.Sprintf("one of %d names", len(r.Choices)) // params NAME has them
	} else if r.Unit == "" || s != "any" {
		return strings.TrimSpace(s + " " + r.Unit)
	}
	return "any (" + r.Unit + ")"
}
