package main

import (
	"fmt"
	"os"

	"github.com/ntrdr/ntrdr/bench"
)

func mergeCommand() *command {
	return &command{
		name: "merge", args: "JOURNAL...", summary: "unites the shards of a bench",
		long: "Makes the results and table.csv of the journals that the shards of one bench left (--shard), byte for byte those\n" +
			"of one run. Journals may come in any order; one that is missing, unfinished, there twice or of another bench is\n" +
			"an error that names it.",
		example: "  ntrdr bench --trials 8 --links lan10 --loss 0 --out sweep --shard 0/2\n" +
			"  ntrdr bench --trials 8 --links lan10 --loss 0 --out sweep --shard 1/2\n" +
			"  ntrdr merge --out sweep sweep/shard-0-of-2.journal sweep/shard-1-of-2.journal",
		run: runMerge,
	}
}

func runMerge(c *invocation) error {
	out := c.flags.String("out", "ntrdr-bench", "directory for the result files")
	if err := c.parse(bench.MaxShards); err != nil {
		return err
	}
	r, err := bench.MergeJournals(c.flags.Args())
	if err != nil {
		return inputError{err}
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return inputError{err}
	}
	if err := writeRecord(*out, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%d trials: table.csv and %s are in %s\n", r.Done(), r.ResultsName(), *out)
	return err
}
