package bench_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
)

func smallMatrix(t *testing.T) bench.Matrix {
	t.Helper()
	ras, t1 := spec(t, nt351, "ras-28.8"), spec(t, q143413, "t1")
	return bench.Matrix{
		Policies: []bench.Settings{ras.Policy, t1.Policy}, Links: []bench.Profile{ras.Link, t1.Link},
		Losses: []float64{0, 0.05}, Trials: 5, Base: ras,
	}
}

func runMatrix(t *testing.T, m bench.Matrix, workers int) []bench.Result {
	t.Helper()
	var done atomic.Int64
	rs, err := m.Run(context.Background(), workers, func() { done.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	if int(done.Load()) != m.Total() || len(rs) != m.Total() {
		t.Fatalf("%d results and %d steps of progress, want %d", len(rs), done.Load(), m.Total())
	}
	return rs
}

// jsonl is a line of JSON a result.
func jsonl(t *testing.T, rs []bench.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	for i := range rs {
		if err := lines.Encode(&rs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// Results stand in the order of the matrix and are the same bytes for any number of
// workers.
func TestResultsAreTheSameBytesForAnyNumberOfWorkers(t *testing.T) {
	m := smallMatrix(t)
	one, three := jsonl(t, runMatrix(t, m, 1)), jsonl(t, runMatrix(t, m, 3))
	if !bytes.Equal(one, three) {
		t.Error("results.jsonl differs between one worker and three")
	}
	lines := strings.Split(strings.TrimSpace(string(one)), "\n")
	var first struct {
		Schema, Policy, Link, Workload string
		Seed                           uint64
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if len(lines) != m.Total() || first.Schema != bench.Schema || first.Policy != nt351 || first.Link != "ras-28.8" || first.Workload != "mail-32k" || first.Seed != 1 {
		t.Errorf("%d lines, the first %+v", len(lines), first)
	}
}

func TestCellsCountPairAndBound(t *testing.T) {
	m := smallMatrix(t)
	cells := bench.Cells(m.Tallies(runMatrix(t, m, 2)))
	if len(cells) != 8 {
		t.Fatalf("%d cells, want 8", len(cells))
	}
	stock, fixed := cells[0], cells[1]
	if stock.Policy != nt351 || stock.Corrupted != 5 || stock.Silent != 5 || stock.Paired != nil {
		t.Errorf("stock cell %+v", stock)
	}
	if fixed.Policy != q143413 || fixed.Delivered != 5 || fixed.Silent != 0 {
		t.Errorf("fixed cell %+v", fixed)
	}
	p := fixed.Paired
	if p == nil || p.Versus != nt351 || p.Pairs != 5 || p.CorruptedOnlyRef != 5 || p.CorruptedOnly != 0 {
		t.Fatalf("paired %+v", p)
	}
	if p.AppSecondsDiff == nil || *p.AppSecondsDiff <= 0 {
		t.Errorf("the fix costs the application time: difference %v", p.AppSecondsDiff)
	}
	var out bytes.Buffer
	if err := bench.WriteCSV(&out, cells); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 9 || rows[0][0] != "policy" || rows[1][7] != "5" {
		t.Errorf("table.csv: %v, %v", rows, err)
	}
}

func TestACancelledMatrixEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := smallMatrix(t).Run(ctx, 2, func() {}); err == nil {
		t.Error("no error")
	}
}
