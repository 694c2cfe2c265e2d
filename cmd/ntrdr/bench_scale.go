package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
)

// scaleFlags are those of sweeps that are big.
type scaleFlags struct {
	keep   string
	resume bool
	shard  string
}

func (f *scaleFlags) add(set *pflag.FlagSet) {
	set.StringVar(&f.keep, "keep", "", "results to keep as lines: all, failing, none (default all; above 100,000 trials failing, compressed)")
	set.BoolVar(&f.resume, "resume", false, "go on with the run in --out, which must have the same parameters")
	set.StringVar(&f.shard, "shard", "", "play part I of N, from 0, as I/N (default: from the variables of a Slurm array, or Kubernetes' JOB_COMPLETION_INDEX with NTRDR_SHARDS=N; 0/1 is the whole)")
}

// apply puts what is to be kept, and the shard, into the matrix.
func (f *scaleFlags) apply(m *bench.Matrix) (err error) {
	if m.Keep, err = bench.ParseKeep(f.keep, m.Total()); err != nil {
		return badInput("--keep: %w", err)
	}
	text := f.shard
	if text == "" {
		if text, err = shardOf(os.Getenv); err != nil || text == "" {
			return err
		}
	}
	i, n, ok := strings.Cut(text, "/")
	index, err := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	if !ok || errors.Join(err, err2) != nil {
		return badInput("--shard: %q is not I/N, such as 0/8", text)
	}
	m.Shard = bench.Shard{Index: index, Count: count}
	if err := m.Shard.Check(m.Trials); err != nil {
		return badInput("--shard: %w", err)
	}
	return nil
}

// shardOf reads the shard from the variables of a batch system; none: "". NTRDR_SHARDS
// is the number of shards where that of the array is another, as when one is repeated.
func shardOf(env func(string) string) (string, error) {
	n := env("NTRDR_SHARDS")
	if i := env("JOB_COMPLETION_INDEX"); i != "" {
		if n == "" {
			return "", badInput("JOB_COMPLETION_INDEX is set, but not NTRDR_SHARDS, the number of shards; --shard 0/1 plays the whole")
		}
		return i + "/" + n, nil
	}
	i := env("SLURM_ARRAY_TASK_ID")
	if i == "" || n != "" {
		if i == "" {
			return "", nil
		}
		return i + "/" + n, nil
	}
	id, err := strconv.Atoi(i)
	first, err2 := strconv.Atoi(env("SLURM_ARRAY_TASK_MIN"))
	if errors.Join(err, err2) != nil {
		return "", badInput("SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_MIN are no numbers")
	}
	return fmt.Sprintf("%d/%s", id-first, env("SLURM_ARRAY_TASK_COUNT")), nil
}

// journalPath is where the run, or its shard, is recorded.
func (f *benchFlags) journalPath(m bench.Matrix) string {
	name := "run.journal"
	if m.Shard.Count > 1 {
		name = fmt.Sprintf("shard-%d-of-%d.journal", m.Shard.Index, m.Shard.Count)
	}
	return filepath.Join(f.out, name)
}

// journal begins or resumes the journal of the run.
func (f *benchFlags) journal(c *invocation, m bench.Matrix) (*bench.Journal, error) {
	path := f.journalPath(m)
	if f.resume {
		j, err := bench.ResumeJournal(path, m)
		if err != nil {
			return nil, badInput("--resume: %w", err)
		}
		return j, nil
	}
	if r, err := bench.ReadJournal(path); err == nil && r.Done() < m.Total() {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, inputError{err}
		}
		fmt.Fprintf(c.stderr, "an unfinished run was there: it is put aside as %s.old\n", path)
	}
	j, err := bench.CreateJournal(path, m)
	if err != nil {
		return nil, inputError{err}
	}
	return j, nil
}

// writeRecord writes the results and the table.
func writeRecord(dir string, r *bench.Record) error {
	for _, name := range []string{bench.ResultsFile, bench.PackedResultsFile} {
		if name == r.ResultsName() {
			if err := writeFile(filepath.Join(dir, name), r.WriteResults); err != nil {
				return err
			}
		} else if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return writeFile(filepath.Join(dir, "table.csv"), func(w io.Writer) error { return bench.WriteCSV(w, bench.Cells(r.Tallies())) })
}
