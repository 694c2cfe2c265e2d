package bench

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
)

// WriteCells writes one JSON object a cell, a line each.
func WriteCells(w io.Writer, cells []Cell) error {
	enc := json.NewEncoder(w)
	for i := range cells {
		if err := enc.Encode(&cells[i]); err != nil {
			return err
		}
	}
	return nil
}

// csvColumns are table.csv's columns.
var csvColumns = []struct {
	name  string
	value func(*Cell) string
}{
	{"policy", func(c *Cell) string { return c.Policy }},
	{"link", func(c *Cell) string { return c.Link }},
	{"tcp", func(c *Cell) string { return c.TCP }},
	{"loss", func(c *Cell) string { return number(&c.Loss) }},
	{"workload", func(c *Cell) string { return c.Workload }},
	{"trials", func(c *Cell) string { return strconv.Itoa(c.Trials) }},
	{"delivered", func(c *Cell) string { return strconv.Itoa(c.Delivered) }},
	{"corrupted", func(c *Cell) string { return strconv.Itoa(c.Corrupted) }},
	{"lost", func(c *Cell) string { return strconv.Itoa(c.Lost) }},
	{"failed", func(c *Cell) string { return strconv.Itoa(c.Failed) }},
	{"pending", func(c *Cell) string { return strconv.Itoa(c.Pending) }},
	{"silent", func(c *Cell) string { return strconv.Itoa(c.Silent) }},
	{"corrupted_low", func(c *Cell) string { return number(&c.CorruptedLow) }},
	{"corrupted_high", func(c *Cell) string { return number(&c.CorruptedHigh) }},
	{"silent_low", func(c *Cell) string { return number(&c.SilentLow) }},
	{"silent_high", func(c *Cell) string { return number(&c.SilentHigh) }},
	{"app_throughput_p50", func(c *Cell) string { return number(c.AppThroughput) }},
	{"durable_throughput_p50", func(c *Cell) string { return number(c.DurableThroughput) }},
	{"latency_p50", func(c *Cell) string { return number(c.LatencyP50) }},
	{"latency_p99", func(c *Cell) string { return number(c.LatencyP99) }},
	{"link_utilisation", func(c *Cell) string { return number(c.Utilisation) }},
	{"errors", func(c *Cell) string { return strconv.Itoa(c.Errors) }},
	{"app_throughput_mean", func(c *Cell) string { return number(c.AppMean) }},
	{"durable_throughput_mean", func(c *Cell) string { return number(c.DurableMean) }},
	{"app_throughput_ratio", paired(func(p *Paired) *float64 { return p.AppRatio })},
	{"app_throughput_ratio_low", paired(func(p *Paired) *float64 { return p.AppRatioLow })},
	{"app_throughput_ratio_high", paired(func(p *Paired) *float64 { return p.AppRatioHigh })},
	{"durable_throughput_ratio", paired(func(p *Paired) *float64 { return p.DurableRatio })},
	{"durable_throughput_ratio_low", paired(func(p *Paired) *float64 { return p.DurableRatioLow })},
	{"durable_throughput_ratio_high", paired(func(p *Paired) *float64 { return p.DurableRatioHigh })},
	{"silent_diff", paired(func(p *Paired) *float64 { return &p.SilentDiff })},
	{"silent_diff_low", paired(func(p *Paired) *float64 { return &p.SilentDiffLow })},
	{"silent_diff_high", paired(func(p *Paired) *float64 { return &p.SilentDiffHigh })},
	{"silent_p_holm", paired(func(p *Paired) *float64 { return p.SilentPHolm })},
}

// paired is a value of the comparison with the first policy, empty for that one itself.
func paired(value func(*Paired) *float64) func(*Cell) string {
	return func(c *Cell) string {
		if c.Paired == nil {
			return ""
		}
		return number(value(c.Paired))
	}
}

// number formats a value that may be unknown; unknown is an empty field.
func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', 6, 64)
}

// WriteCSV writes the table of cells. Its columns are fields of Cell, by their names in
// JSON; a field that is nil is empty.
func WriteCSV(w io.Writer, cells []Cell) error {
	out := csv.NewWriter(w)
	row := make([]string, len(csvColumns))
	for i, c := range csvColumns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for i := range cells {
		for j, c := range csvColumns {
			row[j] = c.value(&cells[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
