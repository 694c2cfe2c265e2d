package conformance

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more stories go on side by side than there are processors: those in
// real time mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestCases plays every case on the model and on the embedded server.
func TestCases(t *testing.T) {
	cases, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, target := range []Target{Model, Embedded} {
			t.Run(c.ID+"/"+string(target), func(t *testing.T) {
				t.Parallel()
				report(t, c.run(target, Server{}))
			})
		}
	}
}

func report(t *testing.T, r Result) {
	t.Helper()
	if r.Verdict == Skipped {
		t.Skip(r.Reason)
	}
	if r.Err != nil {
		t.Error(r.Err)
	}
	for _, f := range r.Broken() {
		t.Errorf("%s:%d: %s: %s\nobserved: %s", r.Case.File, f.Line, f.Variant, f.Expected, f.Observed)
	}
	if t.Failed() && testing.Verbose() {
		for _, tr := range r.Traces {
			t.Logf("trace of %q", tr.Variant)
			for _, e := range tr.Events {
				t.Log(e)
			}
		}
	}
}
