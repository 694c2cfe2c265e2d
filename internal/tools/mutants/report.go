package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printResults prints the table and reports whether no mutant survived unexplained.
func printResults(out io.Writer, results []result, took time.Duration) bool {
	count := map[verdict]int{}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // to memory
	row("MUTANT\tVERDICT\tBY\tTIME\tBEHAVIOUR\n")
	for _, r := range results {
		count[r.Verdict]++
		by := strings.ReplaceAll(r.Killer, "\n", "; ")
		if r.Verdict == explained {
			by = r.Why
		}
		row("%s\t%s\t%s\t%.1fs\t%s\n", r.ID, r.Verdict, by, r.Took.Seconds(), r.What)
	}
	_ = t.Flush() // standard output
	_, _ = fmt.Fprintf(out, "\n%d mutants: %d killed (%d of them hang), %d survived with an explanation, %d survived; %v\n",
		len(results), count[killed]+count[hung], count[hung], count[explained], count[survived], took.Round(time.Second))
	return count[survived] == 0
}
