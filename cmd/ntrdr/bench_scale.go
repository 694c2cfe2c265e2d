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
	"time"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
)

// scaleFlags are those of sweeps that are big.
type scaleFlags struct {
	keep       string
	resume     bool
	shard      string
	trialLimit time.Duration
}

func (f *scaleFlags) add(set *pflag.FlagSet) {
	set.StringVar(&f.keep, "keep", "", "results to keep as lines: all, failing (the first of each cell, 500,000 in all), none (default all; above 100,000 trials failing, compressed)")
	set.BoolVar(&f.resume, "resume", false, "go on with the run in --out, which must have the same parameters")
	set.StringVar(&f.shard, "shard", "", "play part I of N, from 0, as I/N (default: from the variables of a Slurm array, or Kubernetes' JOB_COMPLETION_INDEX with NTRDR_SHARDS=N; 0/1 is the whole)")
	set.DurationVar(&f.trialLimit, "trial-limit", 0, "real time after which a trial is given up and counted as an error (default 60s; live 1h)")
}

// takeShard makes the matrix the part of itself that is to be played.
func (f *scaleFlags) takeShard(m *bench.Matrix) (err error) {
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
	switch i := env("SLURM_ARRAY_TASK_ID"); {
	case i == "":
		return "", nil
	case n != "":
		return i + "/" + n, nil
	}
	return slurmShard(env)
}

// slurmShard counts the tasks of an array from its first. A task of a list, such as
// --array=1,3,7, cannot know which of it it is: the list is refused, because a wrong
// guess would leave out trials. So is a single task with a number, which is most likely
// a part of an earlier array that is to be played again.
//
// src: sbatch(1), "--array" and "OUTPUT ENVIRONMENT VARIABLES". The step of a list is
// that of its first part, as Slurm 22.05 does it.
func slurmShard(env func(string) string) (string, error) {
	var bad error
	number := func(name string) int {
		v, err := strconv.Atoi(env("SLURM_ARRAY_TASK_" + name))
		if err != nil {
			bad = badInput("SLURM_ARRAY_TASK_%s=%q is no number", name, env("SLURM_ARRAY_TASK_"+name))
		}
		return v
	}
	id, first, last, count, step := number("ID"), number("MIN"), number("MAX"), number("COUNT"), 1
	if env("SLURM_ARRAY_TASK_STEP") != "" {
		step = number("STEP")
	}
	const way = "set NTRDR_SHARDS to the number of shards, and the tasks' numbers, from 0, are the shards"
	switch {
	case bad != nil:
		return "", bad
	case step < 1 || count < 1 || last-first != (count-1)*step || (id-first)%step != 0:
		return "", badInput("the %d tasks of this Slurm array are a list, not a range from %d to %d: %s", count, first, last, way)
	case count == 1 && id > 1:
		return "", badInput("task %d is the only one of this Slurm array: %s; --shard 0/1 plays the whole", id, way)
	}
	return fmt.Sprintf("%d/%d", (id-first)/step, count), nil
}

// The names of journals in the directory of a bench.
const (
	runJournal    = "run.journal"
	shardJournal  = "shard-%d-of-%d.journal"
	shardJournals = "shard-*-of-*.journal" // a pattern
)

// journalPath is where the run, or its shard, is recorded.
func (f *benchFlags) journalPath(m bench.Matrix) string {
	name := runJournal
	if m.Shard.Count > 1 {
		name = fmt.Sprintf(shardJournal, m.Shard.Index, m.Shard.Count)
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
	if r, err := bench.ReadJournal(path); err == nil && r.Done() > 0 && r.Done() < m.Total() {
		old, err := putAside(path)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(c.stderr, "an unfinished run was there: it is put aside as %s\n", old)
	}
	j, err := bench.CreateJournal(path, m)
	if err != nil {
		return nil, inputError{err}
	}
	return j, nil
}

// putAside gives a journal a name that nothing has.
func putAside(path string) (string, error) {
	for n := 1; ; n++ {
		old := path + ".old"
		if n > 1 {
			old += strconv.Itoa(n)
		}
		_, err := os.Lstat(old)
		if err == nil {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(path, old)
		}
		if err != nil {
			return "", inputError{err}
		}
		return old, nil
	}
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
