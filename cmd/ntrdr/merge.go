package main

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ntrdr/ntrdr/bench"
)

func mergeCommand() *command {
	return &command{
		name: "merge", args: "JOURNAL|DIRECTORY...", summary: "unites the shards of a bench",
		long: "Makes index.html, table.csv and the results from the journals that the shards of one bench left (--shard), byte for\n" +
			"byte those of one run, and prints its first screen. A directory stands for the journals in it, in whatever order.\n" +
			"One that is missing, unfinished, there twice or of another bench is an error that names it.",
		example: "  ntrdr bench --trials 8 --links lan10 --loss 0 --out sweep --shard 0/2\n" +
			"  ntrdr bench --trials 8 --links lan10 --loss 0 --out sweep --shard 1/2\n" +
			"  ntrdr merge --out sweep sweep",
		run: runMerge,
	}
}

func runMerge(c *invocation) error {
	var show reportFlags
	show.add(c.flags)
	out := c.flags.String("out", "ntrdr-bench", "directory for the result files")
	if err := c.parse(bench.MaxShards); err != nil {
		return err
	}
	paths, err := journals(c.flags.Args())
	if err != nil {
		return err
	}
	r, err := bench.MergeJournals(paths)
	if err != nil {
		return inputError{err}
	}
	old, f, m, err := again(c, r.Origin())
	if err != nil {
		return badInput("%s: the bench that it tells of: %w", paths[0], err)
	}
	if err := r.Check(m); err != nil {
		return inputError{err}
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return inputError{err}
	}
	f.out, f.reportFlags = *out, show
	return f.finish(old, m, r)
}

// journals replaces directories by the journals in them: those of shards if there are
// any, or else that of a whole run.
func journals(args []string) (list []string, err error) {
	for _, a := range args {
		if st, err := os.Stat(a); err != nil || !st.IsDir() {
			list = append(list, a) // who opens it says what is wrong
			continue
		}
		found, err := fs.Glob(os.DirFS(a), shardJournals)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			found = []string{runJournal}
		}
		for _, name := range found {
			list = append(list, filepath.Join(a, name))
		}
	}
	return list, nil
}
