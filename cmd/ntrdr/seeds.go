package main

import (
	"fmt"
	"runtime"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/report"
)

// runSeeds runs many seeds a policy and prints the share of each outcome.
func runSeeds(c *invocation, f *reproFlags, p parsed) error {
	m := bench.Matrix{
		Policies: p.policies, Links: []bench.Profile{p.base.Link}, Losses: []float64{p.base.Loss},
		Trials: f.seeds, Base: p.base,
	}
	progress := newMeter(c, "trials", m.Total())
	results, err := m.Run(c.ctx, runtime.GOMAXPROCS(0), progress.step)
	progress.finish()
	if err != nil {
		return err
	}
	if f.asJSON {
		err = bench.WriteCells(c.stdout, bench.Cells(m.Tallies(results)))
	} else {
		err = printShares(c, f, p, bench.Cells(m.Tallies(results)))
	}
	if err != nil {
		return err
	}
	return met(p.expect, results)
}

// printShares prints a row a policy and outcome that occurred.
func printShares(c *invocation, f *reproFlags, p parsed, cells []bench.Cell) error {
	printHeader(c.stdout, f, p)
	var rows [][]string
	for i := range cells {
		cell := &cells[i]
		for _, o := range bench.Outcomes() {
			k := cell.Count(o)
			if k == 0 {
				continue
			}
			rows = append(rows, shareRow(cell, string(o), k))
		}
		rows = append(rows, shareRow(cell, "silent", cell.Silent))
	}
	if err := report.Table(c.stdout, []string{"policy", "outcome", "trials", "share", "95 % bounds"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "\n%d seeds a policy, from %d; silent: told success and not delivered.\n", f.seeds, p.base.Seed)
	return err
}

func shareRow(cell *bench.Cell, name string, k int) []string {
	low, high := bench.ClopperPearson(k, cell.Trials)
	return []string{
		cell.Policy, name, fmt.Sprint(k), percent(float64(k) / float64(cell.Trials)),
		fmt.Sprintf("%.2f %% - %.2f %%", low*100, high*100),
	}
}

// reproJSON is the object of `repro --json`.
type reproJSON struct {
	Schema      string     `json:"schema"`
	Commit      string     `json:"commit"`
	ProfileHash string     `json:"profile_hash"`
	Seed        uint64     `json:"seed"`
	Link        string     `json:"link"`
	TCP         string     `json:"tcp"`
	Loss        float64    `json:"loss"`
	Poll        float64    `json:"poll"`
	Server      string     `json:"server"`
	MessageSize int        `json:"message_size"`
	Workload    string     `json:"workload"`
	Runs        []runsJSON `json:"runs"`
}

type runsJSON struct {
	Policy  string `json:"policy"`
	Edition string `json:"edition"`
	bench.Fate
	bench.Spent
	KeyVisible *float64         `json:"key_visible_seconds"`
	Events     []bench.LogEvent `json:"events"`
	Checksum   string           `json:"trace_checksum"`
}

func newReproJSON(f *reproFlags, p parsed, results []bench.Result) reproJSON {
	j := reproJSON{
		Schema: bench.Schema, Commit: commit(), ProfileHash: p.base.ProfileHash(),
		Seed: p.base.Seed, Link: p.base.Link.Name, TCP: p.base.TCP.String(), Loss: p.base.Loss, Poll: p.base.Poll.Seconds(),
		Server: redacted(f.server), MessageSize: p.base.MessageSize, Workload: p.base.WorkloadName(),
	}
	for i := range results {
		r := &results[i]
		j.Runs = append(j.Runs, runsJSON{
			Policy: r.Policy, Edition: r.Edition, Fate: r.Fate, Spent: r.Spent, KeyVisible: r.KeyVisible,
			Events: append([]bench.LogEvent{}, r.EventLog...), Checksum: r.Checksum,
		})
	}
	return j
}

// maxTrials bounds the seeds of repro, whose results are held in memory.
//
// src: assumed (a result takes about 500 bytes)
const maxTrials = 10_000_000
