package registry

import (
	"encoding/json"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	gptext "github.com/jedib0t/go-pretty/v6/text"
)

// Row is one line of a listing: a Param and what it is under some settings. Range
// and texts are as people read them; Default and Value are null where NT computes
// the value at start or the release does not have it.
type Row struct {
	Name    string   `json:"name"`
	Path    string   `json:"path"`
	Type    string   `json:"type"`
	Min     *uint32  `json:"min"`
	Max     *uint32  `json:"max"`
	Choices []string `json:"choices"`
	Unit    string   `json:"unit"`
	Default any      `json:"default"` // of the edition: number, text or null
	Value   any      `json:"value"`
	Origin  string   `json:"origin"`
	Changed bool     `json:"changed"` // the policy sets it
	Source  string   `json:"source"`
	Effect  string   `json:"effect"`
	Acted   bool     `json:"acted"`
	Ours    bool     `json:"ours"`
	Since   string   `json:"since"`

	row          Param
	value, stock Value
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
	stock, _ := s.Edition.Value(p)
	_, changed := s.Policy.setting(p.Name)
	r := Row{
		Name: p.Name, Path: p.Key.Path(), Type: p.Type.String(), Choices: p.Choices, Unit: p.Unit,
		Default: stock.plain(), Value: value.plain(), Origin: origin.String(), Changed: changed,
		Source: p.Source, Effect: p.Effect, Acted: p.Acted, Ours: p.Ours(), Since: p.Since,
		row: p, value: value, stock: stock,
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
// wraps nothing. What the policy sets has a value and an origin; a star marks what
// the emulator acts on.
func WriteTable(w io.Writer, rows []Row, width int) error {
	var out strings.Builder
	for _, k := range keys {
		out.WriteString(k.Path() + "\n" + trimLines(keyTable(k, rows, width)) + "\n")
	}
	out.WriteString("* the emulator acts on it    Ntrdr... values are ours, NT never had them\n")
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

func keyTable(k Key, rows []Row, width int) string {
	t := table.NewWriter()
	t.SetStyle(plainStyle())
	t.AppendHeader(table.Row{"", "name", "type", "range", "default", "value", "source", "effect"})
	for _, r := range rows {
		if r.row.Key == k {
			t.AppendRow(r.cells())
		}
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

// columnWidths wraps the two columns of prose; the others take about 75 columns.
func columnWidths(width int) []table.ColumnConfig {
	const others, source, leastEffect = 75, 20, 30
	effect := math.MaxInt16
	if width > 0 {
		effect = max(width-others-source, leastEffect)
	}
	return []table.ColumnConfig{
		{Name: "source", WidthMax: source, WidthMaxEnforcer: gptext.WrapSoft},
		{Name: "effect", WidthMax: effect, WidthMaxEnforcer: gptext.WrapSoft},
	}
}

func (r *Row) cells() table.Row {
	mark, value, effect := "", "", r.Effect
	if r.Acted {
		mark = "*"
	}
	if r.Changed {
		value = r.value.String() + " (" + r.Origin + ")"
	}
	if r.Since != "" {
		effect += " (" + r.Since + " and later; 3.5x ignores it)"
	}
	return table.Row{mark, r.Name, r.Type, r.rangeText(), r.stock.String(), value, r.Source, effect}
}

// rangeText is the range with its unit.
func (r *Row) rangeText() string {
	if r.Unit == UnitFlag {
		return "0 or 1"
	}
	if s := r.row.Range(); r.Unit == "" || s != "any" {
		return strings.TrimSpace(s + " " + r.Unit)
	}
	return "any (" + r.Unit + ")"
}
