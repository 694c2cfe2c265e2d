package bench_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// A matrix with a WritePolicy of one's own plays it under its name alone: the others are as
// without it.
func TestAWritePolicyOfOnesOwnInAMatrix(t *testing.T) {
	base := spec(t, nt351, "t1")
	base.MessageSize = 4 << 10
	m := bench.Matrix{
		Policies: []bench.Settings{base.Policy, base.Policy.Named("mine"), policyText(t, "write-through", "")},
		Links:    []bench.Profile{base.Link}, Losses: []float64{0}, Trials: 1, Base: base,
	}
	plain := sums(t, m)
	m.WritePolicies = map[string]rdr.WritePolicy{"mine": rdr.WriteThrough{Window: rdr.StockWindow()}}
	own := sums(t, m)
	stock, through := plain["nt351"], plain["write-through"]
	if want := map[string]string{"nt351": stock, "mine": stock, "write-through": through}; stock == through || !cmp.Equal(plain, want) {
		t.Errorf("without: %v", plain)
	}
	if want := map[string]string{"nt351": stock, "mine": through, "write-through": through}; !cmp.Equal(own, want) {
		t.Errorf("with write-through as mine: %v, without: %v", own, plain)
	}
}

// sums are the checksums of a matrix's only trial a policy.
func sums(t *testing.T, m bench.Matrix) map[string]string {
	t.Helper()
	rs, err := m.Run(t.Context(), 1, func() {})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{}
	for _, r := range rs {
		by[r.Policy] = r.Checksum
	}
	return by
}

func TestAWritePolicyForNoPolicyOfTheMatrixIsRefused(t *testing.T) {
	s := spec(t, nt351, "t1")
	m := bench.Matrix{
		Policies: []bench.Settings{s.Policy}, Links: []bench.Profile{s.Link}, Losses: []float64{0}, Trials: 1, Base: s,
		WritePolicies: map[string]rdr.WritePolicy{"mine": rdr.WriteThrough{}},
	}
	if _, err := m.Run(t.Context(), 1, func() {}); err == nil || !strings.Contains(err.Error(), `"mine"`) {
		t.Errorf("run: %v", err)
	}
}

// Two sweeps whose policies of the same name act differently do not go on in one journal.
func TestAJournalIsOfOneWritePolicy(t *testing.T) {
	s := spec(t, nt351, "t1")
	m := bench.Matrix{
		Policies: []bench.Settings{s.Policy.Named("mine")}, Links: []bench.Profile{s.Link}, Losses: []float64{0}, Trials: 1, Base: s,
		WritePolicies: map[string]rdr.WritePolicy{"mine": rdr.Ordered{Window: rdr.StockWindow()}},
	}
	path := t.TempDir() + "/journal"
	j, err := bench.CreateJournal(path, m)
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	m.WritePolicies = map[string]rdr.WritePolicy{"mine": rdr.Ordered{Window: rdr.StockWindow(), Durable: true}}
	if _, err := bench.ResumeJournal(path, m); err == nil || !strings.Contains(err.Error(), "write policy mine") {
		t.Errorf("resumed: %v", err)
	}
}
