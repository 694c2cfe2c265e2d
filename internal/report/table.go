package report

import (
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table writes rows under a header, columns two blanks apart. A column in which
// every cell looks like a number, or is empty or "-", is set to the right.
func Table(w io.Writer, header []string, rows [][]string) error {
	t := table.NewWriter()
	t.SetStyle(plainStyle())
	t.AppendHeader(cells(header))
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	var configs []table.ColumnConfig
	for i := range header {
		if isNumeric(rows, i) {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(configs)
	var out strings.Builder
	for line := range strings.Lines(t.Render() + "\n") {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func plainStyle() table.Style {
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: true, SeparateColumns: true}
	style.Box.PaddingLeft = ""
	style.Box.MiddleVertical = " "
	style.Box.MiddleSeparator = "-"
	style.Format.Header = text.FormatDefault
	return style
}

func cells(row []string) table.Row {
	out := make(table.Row, len(row))
	for i, s := range row {
		out[i] = s
	}
	return out
}

// isNumeric reports whether every cell of the column that says anything begins with
// a digit, behind signs.
func isNumeric(rows [][]string, column int) bool {
	figures := false
	for _, r := range rows {
		if column >= len(r) || r[column] == "" || r[column] == "-" {
			continue
		}
		if s := strings.TrimLeft(r[column], "+-±<>~ "); s == "" || s[0] < '0' || s[0] > '9' {
			return false
		}
		figures = true
	}
	return figures
}
