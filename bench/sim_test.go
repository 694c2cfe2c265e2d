package bench_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
)

// spec is the default trial of a policy on a link.
func spec(t testing.TB, policy, linkName string) bench.Spec {
	t.Helper()
	p, err := registry.Builtin(policy)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := link.ByName(linkName)
	if err != nil {
		t.Fatal(err)
	}
	return bench.Spec{
		Policy: p.On(registry.Editions()[0]), Link: profile, Loss: 0.01, Seed: 1,
		MessageSize: 32 << 10, Poll: 5 * time.Second, Path: bench.P1,
	}
}

func run(t testing.TB, s bench.Spec) bench.Result {
	t.Helper()
	r, err := bench.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFirst(t *testing.T) {
	s := spec(t, "nt351", "ras-28.8")
	s.KeepEvents = true
	r := run(t, s)
	for _, e := range r.Events {
		t.Log(e)
	}
	t.Logf("%+v", r.Outcome)
}
