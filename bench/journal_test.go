package bench_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// sweep is a matrix of eight cells whose trials cost nothing.
func sweep(t testing.TB, trials int, keep bench.Keep) bench.Matrix {
	t.Helper()
	ras, t1 := spec(t, nt351, "ras-28.8"), spec(t, q143413, "t1")
	m := bench.Matrix{
		Policies: []bench.Settings{ras.Policy, t1.Policy}, Links: []bench.Profile{ras.Link, t1.Link},
		Losses: []float64{0, 0.05}, Trials: trials, Base: ras, Keep: keep,
	}
	return m.WithPlay(fakeTrial)
}

// files are what a record makes: the table and the results.
type files struct{ Table, Results string }

func made(t testing.TB, r *bench.Record) (f files) {
	t.Helper()
	var table, results bytes.Buffer
	if err := errors.Join(bench.WriteCSV(&table, bench.Cells(r.Tallies())), r.WriteResults(&results)); err != nil {
		t.Fatal(err)
	}
	return files{table.String(), results.String()}
}

// resume goes on with a journal, and stops after so many groups; -1: at the end.
func resume(t testing.TB, path string, m bench.Matrix, groups int) {
	t.Helper()
	j, err := bench.ResumeJournal(path, m)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	err = m.Each(context.Background(), j.Next(), 2, func(g *bench.Group) error {
		if groups == 0 {
			return stop
		}
		groups--
		return j.Add(g)
	})
	if err != nil && !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) *bench.Record {
	t.Helper()
	r, err := bench.ReadJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// whole is what the sweep makes in one go.
func whole(t testing.TB, m bench.Matrix) files {
	t.Helper()
	path := filepath.Join(t.TempDir(), "whole")
	resume(t, path, m, -1)
	return made(t, read(t, path))
}

// A journal makes the files that the results themselves do.
func TestAJournalHoldsAllThatTheResultsSay(t *testing.T) {
	m := sweep(t, 40, bench.KeepAll)
	rs, err := m.Run(t.Context(), 2, func() {})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := bench.WriteCSV(&table, bench.Cells(m.Tallies(rs))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(t, m), files{table.String(), string(jsonl(t, rs))}); diff != "" {
		t.Errorf("(-journal +results)\n%s", diff)
	}
}

// Stopped anywhere, and resumed, a sweep makes the same files.
func TestAResumedSweepIsTheWholeByteForByte(t *testing.T) {
	m := sweep(t, 9, bench.KeepAll)
	want := whole(t, m)
	for stop := range m.Total()/2 + 1 {
		path := filepath.Join(t.TempDir(), "journal")
		resume(t, path, m, stop)
		if got := read(t, path).Done(); got != 2*stop {
			t.Fatalf("%d trials after %d groups", got, stop)
		}
		resume(t, path, m, -1)
		if got := made(t, read(t, path)); got != want {
			t.Errorf("stopped after %d groups: other files", stop)
		}
	}
}

// A journal that was cut off at any byte, or whose end was damaged, loses its last
// records and is played to the end from there.
func TestAJournalThatIsCutOffIsRepaired(t *testing.T) {
	m := sweep(t, 9, bench.KeepFailing)
	want := whole(t, m)
	path := filepath.Join(t.TempDir(), "journal")
	for range 6 {
		resume(t, path, m, 6)
	}
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, damaged []byte) {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		resume(t, path, m, -1)
		if got := made(t, read(t, path)); got != want {
			t.Errorf("%s: other files", what)
		}
	}
	for at := 0; at < len(intact); at += 1 + len(intact)/150 {
		check(fmt.Sprintf("cut off at %d", at), intact[:at])
		if at > len(intact)/2 {
			check(fmt.Sprintf("damaged at %d", at), slices.Concat(intact[:at], []byte{^intact[at]}, intact[at+1:]))
		}
	}
	check("zeros at the end", append(slices.Clone(intact), make([]byte, 4096)...))
}

// shards plays a sweep in parts and returns their journals.
func shards(t testing.TB, m bench.Matrix, n int) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		m.Shard = bench.Shard{Index: i, Count: n}
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("shard-%d", i)))
		resume(t, paths[i], m, -1)
	}
	return paths
}

func TestMergedShardsAreTheWholeByteForByte(t *testing.T) {
	for _, keep := range []bench.Keep{bench.KeepAll, bench.KeepFailing, bench.KeepNone} {
		m := sweep(t, 23, keep)
		want := whole(t, m)
		for _, n := range []int{1, 2, 3, 8, 23} {
			paths := shards(t, m, n)
			slices.Reverse(paths)
			r, err := bench.MergeJournals(paths)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(made(t, r), want); diff != "" {
				t.Errorf("--keep %s, %d shards (-merged +single run)\n%s", keep, n, diff)
			}
		}
	}
}

// A big sweep's results are compressed, and the same bytes from any number of shards.
func TestManyTrialsAreCompressed(t *testing.T) {
	m := sweep(t, 13_000, bench.KeepFailing)
	want := whole(t, m)
	r, err := bench.MergeJournals(shards(t, m, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := made(t, r); got != want {
		t.Error("other files from three shards")
	}
	lost := 0
	for res, err := range bench.ReadResults(strings.NewReader(want.Results)) {
		if err != nil || res.Outcome != bench.Lost {
			t.Fatalf("%+v, %v", res, err)
		}
		lost++
	}
	counted := 0
	for _, c := range bench.Cells(r.Tallies()) {
		counted += c.Lost
	}
	if r.ResultsName() != bench.PackedResultsFile || lost != 8*(13_000/16) || counted != lost {
		t.Errorf("%s with %d lines, %d in the cells", r.ResultsName(), lost, counted)
	}
}

// Trials that come to no end, in parts of their own and not, are lines with their seeds
// and errors of their cells.
func TestBrokenTrialsAreResumedAndMerged(t *testing.T) {
	m := sweep(t, 9, bench.KeepFailing).WithPlay(func(s bench.Spec) (bench.Result, error) {
		if s.Seed%4 == 1 {
			panic(fmt.Sprintf("seed %d", s.Seed))
		}
		r, err := fakeTrial(s)
		r.TCP, r.ProfileHash = s.TCP.String(), s.ProfileHash() // as Run does
		return r, err
	})
	want := whole(t, m)
	path := filepath.Join(t.TempDir(), "journal")
	for range m.Total() / 2 {
		resume(t, path, m, 1)
	}
	r := read(t, path)
	if got := made(t, r); got != want {
		t.Errorf("resumed: other files (-got +want)\n%s", cmp.Diff(got, want))
	}
	for _, c := range bench.Cells(r.Tallies()) {
		if c.Errors != 3 || c.Trials != 9 {
			t.Errorf("%s on %s, %g: %d errors of %d trials", c.Policy, c.Link, c.Loss, c.Errors, c.Trials)
		}
	}
	for res, err := range bench.ReadResults(strings.NewReader(want.Results)) {
		if err != nil || res.Outcome != bench.Broken || res.Error != fmt.Sprintf("panic: seed %d", res.Seed) {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	merged, err := bench.MergeJournals(shards(t, m, 9))
	if err != nil {
		t.Fatal(err)
	}
	if got := made(t, merged); got != want {
		t.Error("nine shards: other files")
	}
}

// Of a cell that fails too often the first failing trials have lines, whether the sweep
// was played in one go, in parts or again and again; the cells count all.
func TestTheFirstFailingTrialsOfACellAreKept(t *testing.T) {
	m := sweep(t, 160, bench.KeepFailing)
	all := whole(t, m)
	m = m.WithMostKept(7)
	want := whole(t, m)
	if want.Table != all.Table {
		t.Error("another table")
	}
	seeds := map[string][]uint64{}
	for r, err := range bench.ReadResults(strings.NewReader(want.Results)) {
		if err != nil {
			t.Fatal(err)
		}
		cell := fmt.Sprint(r.Policy, r.Link, r.Loss)
		seeds[cell] = append(seeds[cell], r.Seed)
	}
	for cell, got := range seeds {
		if diff := cmp.Diff(got, []uint64{16, 32, 48, 64, 80, 96, 112}); diff != "" {
			t.Errorf("%s (-got +want):\n%s", cell, diff)
		}
	}
	if len(seeds) != 8 {
		t.Errorf("%d cells have lines", len(seeds))
	}
	for _, n := range []int{2, 5, 40} {
		r, err := bench.MergeJournals(shards(t, m, n))
		if err != nil {
			t.Fatal(err)
		}
		if got := made(t, r); got != want || r.Bound() != 7 {
			t.Errorf("%d shards: other files, or the bound is %d", n, r.Bound())
		}
	}
	path := filepath.Join(t.TempDir(), "journal")
	for range m.Total()/2/97 + 1 {
		resume(t, path, m, 97)
	}
	if got := made(t, read(t, path)); got != want {
		t.Error("resumed: other files")
	}
	if bound := read(t, path).Bound(); bound != 7 {
		t.Errorf("the bound is %d", bound)
	}
}

// A journal that lacks a record, or has one twice, is whole in each of them, and refused.
func TestAJournalOfOtherRecordsIsRefused(t *testing.T) {
	m := sweep(t, 9, bench.KeepAll)
	path := filepath.Join(t.TempDir(), "journal")
	for range 3 {
		resume(t, path, m, 2)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{len("ntrdr journal 1\n")}
	for end := ends[0]; end < len(b); ends = append(ends, end) {
		end += 8 + int(binary.LittleEndian.Uint32(b[end:]))
	}
	head, one, two := b[:ends[1]], b[ends[1]:ends[2]], b[ends[2]:ends[3]]
	for name, records := range map[string][][]byte{"lacks one": {head, two}, "has one twice": {head, one, one}, "has two the wrong way round": {head, two, one}} {
		if err := os.WriteFile(path, slices.Concat(records...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bench.ReadJournal(path); err == nil || !strings.Contains(err.Error(), "groups ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestShardsThatDoNotFitAreRefusedByName(t *testing.T) {
	m := sweep(t, 23, bench.KeepAll)
	paths := shards(t, m, 4)
	other := m
	other.Base.Seed = 100
	foreign := shards(t, other, 4)
	halves := shards(t, m, 2)
	dir := t.TempDir()
	m.Shard = bench.Shard{Index: 2, Count: 4}
	unfinished := filepath.Join(dir, "unfinished")
	resume(t, unfinished, m, 7)
	whole, err := os.ReadFile(paths[2])
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cutOff, text := put("cutoff", whole[:len(whole)-1]), put("text", []byte("policy,link\nnt351,t1\n"))
	tests := map[string]struct {
		paths []string
		want  []string
	}{
		"none":       {nil, []string{"name the journals"}},
		"missing":    {[]string{paths[3], paths[0]}, []string{paths[0], "2 of 4 shards are missing", "1/4, 2/4"}},
		"twice":      {append(slices.Clone(paths), put("copy", whole)), []string{"copy", "2/4", paths[2]}},
		"foreign":    {[]string{paths[0], paths[1], foreign[2], paths[3]}, []string{foreign[2], paths[0], "seed: 1 there, 100 here"}},
		"of fewer":   {[]string{paths[0], halves[1]}, []string{halves[1], "0/4", "1/2"}},
		"incomplete": {[]string{paths[0], paths[1], unfinished, paths[3]}, []string{unfinished, "14 of 48 trials", "--resume"}},
		"cut off":    {[]string{paths[0], paths[1], cutOff, paths[3]}, []string{cutOff, "ends within a record"}},
		"no journal": {[]string{text}, []string{text, "no journal"}},
		"not there":  {[]string{filepath.Join(dir, "gone")}, []string{"gone"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := bench.MergeJournals(tt.paths)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}

// Whatever decides the results must be the same when a sweep is resumed, and the error
// names what is not.
func TestResumeNamesWhatIsNotTheSame(t *testing.T) {
	m := sweep(t, 5, bench.KeepAll)
	path := filepath.Join(t.TempDir(), "journal")
	resume(t, path, m, 3)
	refused := func(want string, m bench.Matrix) {
		t.Helper()
		if _, err := bench.ResumeJournal(path, m); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	change := func(want string, f func(*bench.Matrix)) {
		t.Helper()
		m := m
		f(&m)
		refused(want, m)
	}
	change("policies", func(m *bench.Matrix) { m.Policies = m.Policies[:1] })
	change("policies", func(m *bench.Matrix) {
		other, err := m.Policies[0].Policy.With("--set", "UseRawRead=0")
		if err != nil {
			t.Fatal(err)
		}
		m.Policies = []bench.Settings{{Policy: other, Edition: m.Policies[0].Edition}, m.Policies[1]}
	})
	change("links", func(m *bench.Matrix) {
		m.Links = slices.Clone(m.Links)
		m.Links[0].RateBits++
	})
	change("losses", func(m *bench.Matrix) { m.Losses = []float64{0, 0.06} })
	change("trials", func(m *bench.Matrix) { m.Trials++ })
	change("keep", func(m *bench.Matrix) { m.Keep = bench.KeepNone })
	change("shard: 0/1 there, 1/2 here", func(m *bench.Matrix) { m.Shard = bench.Shard{Index: 1, Count: 2} })
	for _, f := range reflect.VisibleFields(reflect.TypeFor[bench.Spec]()) {
		if f.Type.Kind() == reflect.Func || slices.Contains([]string{"Policy", "Link", "Loss"}, f.Name) {
			continue // hooks, and what a cell sets
		}
		m := m
		alter(t, reflect.ValueOf(&m.Base).Elem().FieldByIndex(f.Index), f.Name)
		refused("another sweep", m)
	}
	resume(t, path, m, -1)
}

// otherWork is a workload that is no other.
type otherWork struct{ bench.Workload }

func (otherWork) Name() string { return "other" }
func (otherWork) Bytes() int   { return 1 }

// alter changes a value to another.
func alter(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Struct:
		alter(t, v.Field(v.NumField()-1), name)
	case reflect.Interface:
		for _, other := range []any{otherWork{}, rdr.WriteThrough{}} {
			if o := reflect.ValueOf(other); o.Type().AssignableTo(v.Type()) {
				v.Set(o)
				return
			}
		}
		t.Errorf("Spec.%s: no other %v is known here", name, v.Type())
	default:
		t.Errorf("Spec.%s: see that Matrix.parameters has all of a %v, then alter one here", name, v.Type())
	}
}

// A file that is no journal is not touched.
func TestResumeLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte("policy,link\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := bench.ResumeJournal(path, sweep(t, 5, bench.KeepAll))
	if err == nil {
		t.Error("no error")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "policy,link\n" {
		t.Errorf("%q, %v", b, err)
	}
}

func FuzzReadJournal(f *testing.F) {
	m := sweep(f, 5, bench.KeepAll)
	path := filepath.Join(f.TempDir(), "journal")
	resume(f, path, m, -1)
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := bench.ReadJournal(path); err == nil {
			made(t, r)
		}
	})
}
