package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// cutter breaks the sender's link once, when a condition holds.
type cutter struct {
	length time.Duration
	when   func(c *cutter, e bench.Event) bool
	world  *bench.Sim

	sent       bool // the sender has closed the KEY
	returned   bool // the sender is done: it has gone on to its local files
	fired      bool
	keyArrived bool // when the circuit died, the server's KEY announced the message
}

// into hooks the cutter to a trial.
func (c *cutter) into(s *bench.Spec) {
	s.OnWorld = func(w *bench.Sim) { c.world = w }
	s.OnEvent = func(_ *bench.World, e bench.Event) {
		if c.fired && e.Kind == trace.CircuitDown && e.Actor == "ws1" {
			c.keyArrived = c.keyArrived || c.announced()
		}
		c.sent = c.sent || e.Actor == "sender" && e.Kind == trace.AppReturn && e.Op == "close" && strings.HasSuffix(e.Path, "INQUEUE3.KEY")
		c.returned = c.returned || e.Actor == "sender" && e.Kind == trace.AppNote && strings.HasPrefix(e.Text, "step 6")
		onServer := e.Actor == "po" || e.Actor == "link" // perhaps in the server's send, with what c.when locks
		if c.fired || c.world == nil || onServer || !c.when(c, e) {
			return
		}
		c.fired = true
		c.world.Link.Down(c.length)
	}
}

// announced reports whether the KEY at the server has ever announced a message.
func (c *cutter) announced() bool {
	b, err := c.world.Volume.ReadFile(mailclient.KeyPath(mailclient.Inqueue))
	if err != nil {
		return false
	}
	key, err := mailclient.ParseKey("KEY", b)
	return err == nil && key.Slots > 0
}

// held is how much of the message file the server has.
func (c *cutter) held() int64 {
	size, _ := c.world.FileState(mailclient.MAIPath(1))
	return size
}

// halfWritten: the sender has closed the KEY and the server has half of the message.
func halfWritten(size int) func(*cutter, bench.Event) bool {
	return func(c *cutter, _ bench.Event) bool { return c.sent && c.held() >= int64(size)/2 }
}

// halfWrittenAfter: the sender has returned from all its remote calls as well.
func halfWrittenAfter(size int) func(*cutter, bench.Event) bool {
	return func(c *cutter, _ bench.Event) bool { return c.returned && c.held() >= int64(size)/2 }
}

// (a) The plain case: the sender has long returned, the KEY is there, half of the
// message is not.
func TestACutAfterTheSenderReturnedCorruptsSilentlyUnderStockNT(t *testing.T) {
	for _, size := range []int{32 << 10, 100 << 10} {
		for seed := range uint64(20) {
			s := spec(t, nt351, "ras-28.8")
			s.Seed, s.MessageSize = seed, size
			c := &cutter{length: 90 * time.Second, when: halfWrittenAfter(size)}
			c.into(&s)
			r := run(t, s)
			if !c.fired || !c.keyArrived || r.Outcome != bench.Corrupted || !r.Silent || !namesMessage(r, 26) {
				t.Errorf("%d bytes, seed %d: cut %v, KEY arrived %v, %s, silent %v; event log %v", size, seed, c.fired, c.keyArrived, r.Outcome, r.Silent, r.EventLog)
			}
		}
	}
}

// (a) Stock NT, cut after the sender has closed the KEY: corrupted if the KEY had
// arrived, else lost; silent either way, and Event 26 names the message file.
func TestACutWhileTheSenderTidiesUpIsSilentUnderStockNT(t *testing.T) {
	seen := map[bench.Outcome]int{}
	for _, size := range []int{8 << 10, 32 << 10, 100 << 10} {
		for seed := range uint64(20) {
			s := spec(t, nt351, "ras-28.8")
			s.Seed, s.MessageSize = seed, size
			c := &cutter{length: 90 * time.Second, when: halfWritten(size)}
			c.into(&s)
			r := run(t, s)
			want := bench.Lost
			if c.keyArrived {
				want = bench.Corrupted
			}
			seen[r.Outcome]++
			if !c.fired || r.Outcome != want || !r.Silent || !namesMessage(r, 26) {
				t.Errorf("%d bytes, seed %d: cut %v, %s, silent %v, want %s, silent; event log %v", size, seed, c.fired, r.Outcome, r.Silent, want, r.EventLog)
			}
		}
	}
	if seen[bench.Corrupted] == 0 || seen[bench.Lost] == 0 {
		t.Errorf("the cuts should meet both cases: %v", seen)
	}
}

// namesMessage reports whether an event of that id names the message file.
func namesMessage(r bench.Result, id int) bool {
	return slices.ContainsFunc(r.EventLog, func(e bench.LogEvent) bool {
		return e.ID == id && strings.HasSuffix(e.Path, ".MAI") && strings.Contains(e.Text, e.Path)
	})
}

// (b) The same cut under the fix: the sender sees the error and tries again.
func TestUnderTheFixACutCostsARetryAndNothingElse(t *testing.T) {
	for seed := range uint64(15) {
		s := spec(t, q143413, "ras-28.8")
		s.Seed = seed
		c := &cutter{length: 90 * time.Second, when: func(c *cutter, e bench.Event) bool {
			return e.Actor == "ws1" && c.held() >= 16<<10
		}}
		c.into(&s)
		r := run(t, s)
		if !c.fired || r.Outcome != bench.Delivered || r.Attempts < 2 || r.Silent {
			t.Errorf("seed %d: cut %v, %s after %d attempts", seed, c.fired, r.Outcome, r.Attempts)
		}
	}
}

// (c) Twenty minutes outlast the retries: the sender is told [005].
func TestUnderTheFixALongOutageIsTold(t *testing.T) {
	s := spec(t, q143413, "ras-28.8")
	c := &cutter{length: 20 * time.Minute, when: func(c *cutter, e bench.Event) bool {
		return e.Actor == "ws1" && c.held() >= 16<<10
	}}
	c.into(&s)
	r := run(t, s)
	if r.Outcome != bench.Failed || r.Code != "[005]" || r.Told != "error" || r.Silent {
		t.Errorf("%s %s, told %s, silent %v; want failed [005], told error", r.Outcome, r.Code, r.Told, r.Silent)
	}
}

// (d) Stock NT, cut before the last synchronous call: here the sender does see it.
func TestACutBeforeTheLastSynchronousCallIsSeenUnderStockNT(t *testing.T) {
	s := spec(t, nt351, "ras-28.8")
	c := &cutter{length: 90 * time.Second, when: func(_ *cutter, e bench.Event) bool {
		return e.Actor == "sender" && e.Kind == trace.AppCall && e.Op == "create" && strings.HasSuffix(e.Path, ".P1")
	}}
	c.into(&s)
	r := run(t, s)
	if !c.fired || r.Attempts < 2 || r.Told != "success" {
		t.Errorf("cut %v, %d attempts, told %s; want a retry", c.fired, r.Attempts, r.Told)
	}
}

// The outcome of a cut of 90 s after each remote call of the seven steps, under both
// policies.
func TestACutAfterEachRemoteCall(t *testing.T) {
	var table strings.Builder
	for _, policy := range []string{nt351, q143413} {
		calls := cutAfter(t, policy, 0)
		for n := 1; n <= len(calls); n++ {
			row := cutAfter(t, policy, n)
			fmt.Fprintf(&table, "%-8s %2d %-6s %-7s %-22s %s\n", policy, n, calls[n-1].Step, calls[n-1].Op, calls[n-1].Path, row[len(row)-1].Path)
			if policy == q143413 && strings.Contains(row[len(row)-1].Path, "silent") {
				t.Errorf("cut after call %d under the fix: %s", n, row[len(row)-1].Path)
			}
		}
	}
	golden(t, "cuts.txt", table.String())
}

// cutAfter runs a trial with a cut after the nth call. It returns the calls, and as a
// last entry the outcome.
func cutAfter(t *testing.T, policy string, n int) (calls []bench.Call) {
	t.Helper()
	s := spec(t, policy, "ras-28.8")
	s.Loss = 0
	var world *bench.Sim
	s.OnWorld = func(w *bench.Sim) { world = w }
	s.OnCall = func(_ *bench.World, call bench.Call) {
		calls = append(calls, call)
		if call.N == n {
			world.Link.Down(90 * time.Second)
		}
	}
	r := run(t, s)
	if n == 0 {
		return calls
	}
	silent := ""
	if r.Silent {
		silent = " silent"
	}
	return append(calls, bench.Call{Path: fmt.Sprintf("%s told=%s%s attempts=%d copies=%d %s", r.Outcome, r.Told, silent, r.Attempts, r.Copies, r.Code)})
}
