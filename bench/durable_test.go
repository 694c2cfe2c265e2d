package bench_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// renames are when the server's answers to the workstation's RENAMEs came, since the
// application's first call.
func renames(r *bench.Result) (at []time.Duration) {
	for i := range r.Events {
		if e := &r.Events[i]; e.Actor == machine.ActorSenderHost && e.Kind == trace.SMBRecv && e.Op == "RENAME" && e.Status == 0 {
			at = append(at, e.At-time.Duration(*r.AppStart*float64(time.Second)))
		}
	}
	return at
}

// A document is saved when the server has given the new file its name, not when it has
// closed it.
func TestASaveIsDurableOnceItIsRenamed(t *testing.T) {
	for _, policy := range []string{nt351, q143413, "flush-on-close", "ordered", "ordered-durable"} {
		s := spec(t, policy, "t1")
		s.Loss, s.Workload, s.KeepEvents = 0, byName(t, "office-2"), true
		r := run(t, s)
		at := renames(&r)
		if len(at) != 2 || r.Durable == nil {
			t.Fatalf("%s: %d renames, durable %v", policy, len(at), r.Durable)
		}
		if got := time.Duration(*r.Durable * float64(time.Second)); (got - at[1]).Abs() > time.Microsecond {
			t.Errorf("%s: durable after %v, the last RENAME was answered after %v", policy, got, at[1])
		}
	}
}
