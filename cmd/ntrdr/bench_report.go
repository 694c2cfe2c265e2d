package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/report"
)

// reportFlags say how a bench is shown.
type reportFlags struct {
	table  bool
	asJSON bool
}

func (f *reportFlags) add(set *pflag.FlagSet) {
	set.BoolVar(&f.table, "table", false, "print a row a cell, too")
	set.BoolVar(&f.asJSON, "json", false, "print one JSON object a cell and nothing else")
}

// benchPolicies are compared by default: the article's two, what other systems do, and
// two of ours.
func benchPolicies() []string {
	return slices.DeleteFunc(
		[]string{"nt351", "q143413", "flush-on-close", "write-through", "ordered", "ordered-durable"},
		func(name string) bool { return !slices.Contains(registry.BuiltinNames(), name) })
}

// print shows a run on one screen: what it answers, and then every cell if asked for.
func (f *reportFlags) print(w io.Writer, tallies []*bench.Tally) error {
	cells := bench.Cells(tallies)
	if f.asJSON {
		return bench.WriteCells(w, cells)
	}
	if err := report.Answer(w, tallies); err != nil {
		return err
	}
	if f.table {
		fmt.Fprintln(w)
		printCells(w, cells)
	}
	return nil
}

// printCells prints the table that a person reads.
func printCells(w io.Writer, cells []bench.Cell) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"link", "loss", "workload", "policy", "delivered", "corrupted", "lost", "failed", "silent", "silent 95 %", "app B/s", "durable B/s", "latency p50"})
	for i := range cells {
		c := &cells[i]
		if i > 0 && (c.Link != cells[i-1].Link || c.Loss != cells[i-1].Loss || c.Workload != cells[i-1].Workload) {
			t.AppendSeparator()
		}
		t.AppendRow(table.Row{
			c.Link, percent(c.Loss), c.Workload, c.Policy, c.Delivered, c.Corrupted, c.Lost, c.Failed, c.Silent,
			fmt.Sprintf("%.3f-%.3f", c.SilentLow, c.SilentHigh),
			optional("%.0f", c.AppThroughput), optional("%.0f", c.DurableThroughput), optional("%.2f s", c.LatencyP50),
		})
	}
	t.SetColumnConfigs(rightAligned(5, 6, 7, 8, 9, 11, 12, 13))
	t.Render()
}

func rightAligned(columns ...int) (list []table.ColumnConfig) {
	for _, n := range columns {
		list = append(list, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	return list
}
