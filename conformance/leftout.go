package conformance

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

//go:embed leftout.txt
var leftOutText string

// LeftOut is documented behaviour that the model does not have.
type LeftOut struct{ Area, Source, What, Reason string }

// LeftOuts returns the list of leftout.txt: a line each, area | source | what | reason.
func LeftOuts() (list []LeftOut, err error) {
	rows, err := parseTable("leftout.txt", leftOutText, "area", "source", "what", "reason")
	for _, r := range rows {
		list = append(list, LeftOut{r[0], r[1], r[2], r[3]})
	}
	return list, err
}

// parseTable reads lines of cells, one for each column; the column named source has the
// sources of a case.
func parseTable(file, text string, columns ...string) (rows [][]string, err error) {
	num := 0
	for line := range strings.Lines(text) {
		num++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != len(columns) || slices.Contains(cells, "") {
			return nil, &ParseError{File: file, Line: num, Msg: "write " + strings.Join(columns, " | ")}
		}
		source := cells[slices.Index(columns, "source")]
		if err := checkSources(strings.Split(strings.ReplaceAll(source, "; ", ";"), ";")); err != nil {
			return nil, &ParseError{File: file, Line: num, Msg: err.Error()}
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

// writeLeftOut writes what is documented and not modelled: behaviour, registry values and
// events.
func writeLeftOut(b *strings.Builder) error {
	list, err := LeftOuts()
	if err != nil {
		return err
	}
	b.WriteString("\n## Documented behaviour that the model leaves out\n\n| area | source | what | why not |\n|---|---|---|---|\n")
	for _, l := range list {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", l.Area, cell(l.Source), cell(l.What), cell(l.Reason))
	}
	writeIdleValues(b)
	writeEvents(b)
	return nil
}

// writeIdleValues lists the registry values that are known and change nothing, by the
// reason for it.
func writeIdleValues(b *strings.Builder) {
	var reasons []string
	values := map[string][]string{}
	for _, p := range registry.Params() {
		if p.Acted || p.Ours() {
			continue
		}
		why := p.WhyIdle()
		if values[why] == nil {
			reasons = append(reasons, why)
		}
		values[why] = append(values[why], p.Name)
	}
	b.WriteString("\n## Registry values of NT that change nothing\n\n`ntrdr params NAME` tells all of a value.\n\n| values | why |\n|---|---|\n")
	for _, why := range reasons {
		fmt.Fprintf(b, "| %s | %s |\n", strings.Join(values[why], ", "), cell(why))
	}
}

// writeEvents lists the event log's entries, those that are never written too.
func writeEvents(b *strings.Builder) {
	b.WriteString("\n## Events\n\n| id | by | name, text | when | source |\n|---|---|---|---|---|\n")
	for _, e := range rdr.EventTypes() {
		text := e.Text
		if e.Ours {
			text += " (our words: no text is published)"
		}
		if e.Name != "" {
			text = strings.TrimSpace("`" + e.Name + "` " + text)
		}
		when := e.When
		if e.Never != "" {
			when = "never: " + e.Never
		}
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s |\n", e.ID, e.Source, angles(cell(text)), cell(when), cell(e.Src))
	}
}

// angles keeps <server> from being taken for HTML.
func angles(s string) string { return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s) }
