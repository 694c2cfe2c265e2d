package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

func benchCommand() *command {
	return &command{
		name: "bench", summary: "policies x links x losses x workloads, many trials a cell: throughput against correctness",
		long: "Runs N simulated trials of each policy on each link at each loss, with the same seeds for every policy, on all\n" +
			"cores. The first screen says which policy is fast, which is safe, and at what price; --table prints a row a\n" +
			"cell. Writes index.html (drawings, the story of a failure), table.csv (a line a cell) and results.jsonl (a line a\n" +
			"trial) to --out.\n\n" +
			"A silent failure is one that the sender was told is a success. Policies are compared with the first that is\n" +
			"named, seed by seed. Throughputs are bytes over summed seconds; over several cells, geometric means.\n\n" +
			"Beside mail, --workloads plays a copy, a log with an index, a table under byte-range locks, a build and the saves\n" +
			"of a document, and --workload FILE your own; --list-workloads says what a reader may never see of each.\n\n" +
			"With --server the trials are played live, and --policies may name smb2: go-smb2 over the same link, the modern\n" +
			"baseline. It has no cache: each call waits for the server, WRITEs of at most 1 MB go one after the other. It is\n" +
			"not Windows' SMB2 client, which has leases and writes behind.\n\n" +
			report.Covers,
		example: "  ntrdr bench --trials 50 --links ras-28.8,lan10 --loss 0,1%",
		run:     runBench,
	}
}

// benchFlags are bench's own flags.
type benchFlags struct {
	storyFlags
	reportFlags
	speedFlags
	linkFlags
	scaleFlags
	live     liveFlags
	workload workloadFlags
	tcp      tcpFlags
	losses   []string
	trials   int
	workers  int
	out      string
}

func (f *benchFlags) add(c *invocation) {
	f.policies = benchPolicies()
	f.storyFlags.add(c.flags)
	c.flags.Lookup("policies").Usage += "; " + bench.SMB2 + ", go-smb2 in place of our redirector, is live only"
	f.addPoll(c.flags)
	f.reportFlags.add(c.flags)
	f.speedFlags.add(c.flags)
	f.linkFlags.add(c.flags)
	f.workload.sources = c.sources
	f.workload.add(c.flags)
	f.live.add(c)
	f.scaleFlags.add(c.flags)
	c.flags.StringSliceVar(&f.losses, "loss", []string{"0", "1%", "5%"}, "loss of IP packets each way, in percent")
	f.tcp.add(c.flags)
	c.flags.IntVar(&f.trials, "trials", 200, "trials a cell")
	c.flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "trials run at once")
	c.flags.StringVar(&f.out, "out", "ntrdr-bench", "directory for the result files")
}

func (f *benchFlags) matrix(c *invocation) (bench.Matrix, error) {
	f.storyFlags.live = f.storyFlags.live || f.live.server != ""
	base, policies, err := f.spec(c)
	if err != nil {
		return bench.Matrix{}, err
	}
	if base.TCP, err = f.tcp.tcp(); err != nil {
		return bench.Matrix{}, err
	}
	base.NoTrace = f.noTrace
	m := bench.Matrix{Policies: policies, Trials: f.trials, Base: base}
	if m.Workloads, err = f.workload.load(base); err != nil {
		return m, err
	}
	if m.Links, err = f.profiles(c); err != nil {
		return m, err
	}
	for _, t := range f.losses {
		v, err := parseLoss(t)
		if err != nil {
			return m, err
		}
		m.Losses = append(m.Losses, v)
	}
	switch {
	case f.trials < 1 || f.workers < 1:
		return m, badInput("--trials %d and --workers %d must be at least 1", f.trials, f.workers)
	case len(m.Links) == 0 || len(m.Losses) == 0:
		return m, badInput("--links and --loss need at least one entry each")
	case f.trialLimit < 0:
		return m, badInput("--trial-limit %v is negative", f.trialLimit)
	case f.trials > bench.MaxTrials:
		return m, badInput("--trials %d: more than %d", f.trials, bench.MaxTrials)
	case m.Total()/m.Trials > bench.MaxCells:
		return m, badInput("%d cells are more than %d", m.Total()/m.Trials, bench.MaxCells)
	}
	if m.Keep, err = bench.ParseKeep(f.keep, m.Total()); err != nil {
		return m, badInput("--keep: %w", err)
	}
	return m, nil
}

func runBench(c *invocation) error {
	var f benchFlags
	c.sources = &sources{files: map[string][]byte{}}
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	if done, err := f.workload.told(c.stdout); done || err != nil {
		return err
	}
	m, err := f.matrix(c)
	if err != nil {
		return err
	}
	if err := errors.Join(f.takeShard(&m), f.live.apply(c, &m, &f.workers)); err != nil {
		return err
	}
	m.TrialLimit, m.Origin = f.trialLimit, c.origin(m)
	defer f.live.watch(c, m)()
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return inputError{err}
	}
	defer collectRarely()()
	begun := time.Now()
	j, err := f.journal(c, m)
	if err != nil {
		return err
	}
	before := j.Next() * len(m.Policies)
	err = errors.Join(playMatrix(c, m, f.workers, j), j.Close())
	record, err2 := bench.ReadJournal(f.journalPath(m))
	if err := errors.Join(err, err2); err != nil {
		if err2 == nil {
			sayResume(c, m, record)
		}
		return liveError(err)
	}
	played := record.Done() - before
	fmt.Fprintf(c.stderr, "%d trials in %.1f s: %.0f trials a second on %d workers\n",
		played, time.Since(begun).Seconds(), float64(played)/time.Since(begun).Seconds(), f.workers)
	if m.Shard.Count > 1 {
		_, err := fmt.Fprintf(c.stdout, "shard %v is in %s; ntrdr merge unites them\n", m.Shard, f.journalPath(m))
		return err
	}
	if err := f.finish(c, m, record); err != nil {
		sayResume(c, m, record)
		return err
	}
	return nil
}

// sayResume tells whose bench did not come to its end what is not lost.
func sayResume(c *invocation, m bench.Matrix, record *bench.Record) {
	if record.Done() > 0 {
		fmt.Fprintf(c.stderr, "%d of %d trials are saved: go on with --resume\n", record.Done(), m.Total())
	}
}

// finish writes the files and prints what the run answers.
func (f *benchFlags) finish(c *invocation, m bench.Matrix, record *bench.Record) error {
	tallies := record.Tallies()
	if err := writeRecord(f.out, record); err != nil {
		return err
	}
	if err := f.writePage(c, m, tallies); err != nil {
		return err
	}
	if err := f.print(c.stdout, tallies); err != nil || f.asJSON {
		return err
	}
	fmt.Fprintf(c.stdout, "files  index.html, table.csv and %s are in %s\n", record.ResultsName(), f.out)
	if n := record.Bound(); n > 0 {
		fmt.Fprintf(c.stdout, "kept   the first %d failing trials of each cell are in %s; the cells count all\n", n, record.ResultsName())
	}
	return nil
}

// playMatrix runs the trials that the journal does not have, into the journal.
func playMatrix(c *invocation, m bench.Matrix, workers int, j *bench.Journal) error {
	progress := newMeter(c, "trials", m.Total()-j.Next()*len(m.Policies))
	defer progress.finish()
	return m.Each(c.ctx, j.Next(), workers, func(g *bench.Group) error {
		for range g.Results {
			progress.step()
		}
		return j.Add(g)
	})
}

// writeFile writes through a temporary name, so that a file is whole or not there.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if err := checkOutput(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return inputError{err}
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	if err := write(f); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// checkOutput refuses a file that could not be written, before the work that it is to
// hold is done; an empty path is no file.
func checkOutput(path string) error {
	if path == "" {
		return nil
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return badInput("cannot write %s: it is a directory", path)
	}
	if st, err := os.Stat(filepath.Dir(path)); err != nil || !st.IsDir() {
		return badInput("cannot write %s: %s is not a directory", path, filepath.Dir(path))
	}
	return nil
}
