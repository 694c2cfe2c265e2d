package bench_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

const (
	nt351   = "nt351"
	q143413 = "q143413"
)

// spec is the default trial of a policy on a link.
func spec(t testing.TB, policy, linkName string) bench.Spec {
	t.Helper()
	profile, err := link.ByName(linkName)
	if err != nil {
		t.Fatal(err)
	}
	return bench.Spec{
		Policy: policyText(t, policy, ""), Link: profile, Loss: 0.01, Seed: 1,
		MessageSize: 32 << 10, Poll: 5 * time.Second, Path: bench.P1,
	}
}

// policyText is a built-in policy, with more values as a .reg file's lines.
func policyText(t testing.TB, name, lines string) bench.Settings {
	t.Helper()
	p, err := registry.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	if lines != "" {
		file, err := registry.BuiltinFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if p, _, err = registry.Load(name+".reg", strings.NewReader(string(file)+"\n"+lines+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	return p.On(registry.Editions()[0])
}

const (
	rdrKey = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters]` + "\n"
	lanKey = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters]` + "\n"
)

func run(t testing.TB, s bench.Spec) bench.Result {
	t.Helper()
	r, err := bench.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// count runs n seeds and counts the outcomes.
func count(t testing.TB, s bench.Spec, n int) map[bench.Outcome]int {
	t.Helper()
	outcomes := map[bench.Outcome]int{}
	for range n {
		outcomes[run(t, s).Outcome]++
		s.Seed++
	}
	return outcomes
}

// seeds is how many seeds the statistical tests run.
func seeds() int {
	if testing.Short() {
		return 20
	}
	return 200
}

// The article: stock NT corrupts the message on a slow bad link, UseWriteBehind=0
// cures it.
func TestTheFailureAndItsCure(t *testing.T) {
	r := run(t, spec(t, nt351, "ras-28.8"))
	if r.Outcome != bench.Corrupted || r.Code != "[023]" || r.Told != "success" || !r.Silent {
		t.Errorf("nt351: %s %s, told %s, silent %v; want a silent corrupted [023]", r.Outcome, r.Code, r.Told, r.Silent)
	}
	r = run(t, spec(t, q143413, "ras-28.8"))
	if r.Outcome != bench.Delivered || r.Silent || r.Copies != 1 {
		t.Errorf("q143413: %s, silent %v, %d copies; want one delivered", r.Outcome, r.Silent, r.Copies)
	}
}

func TestStockCorruptsOnASlowLinkAndHardlyOnALAN(t *testing.T) {
	n := seeds()
	if got := count(t, spec(t, nt351, "ras-28.8"), n)[bench.Corrupted]; got*10 < n*9 {
		t.Errorf("ras-28.8: %d of %d corrupted, want at least 90 %%", got, n)
	}
	s := spec(t, nt351, "lan10")
	s.Loss = 0
	if got := count(t, s, n)[bench.Corrupted]; got*20 > n {
		t.Errorf("lan10 without loss: %d of %d corrupted, want at most 5 %%", got, n)
	}
}

func TestTheFixNeverCorruptsAndIsNeverSilent(t *testing.T) {
	for _, name := range []string{"lan10", "t1", "isdn-64", "ras-28.8", "x25-9.6"} {
		for _, loss := range []float64{0, 0.01, 0.05} {
			for _, poll := range []time.Duration{5 * time.Second, 5 * time.Minute} {
				s := spec(t, q143413, name)
				s.Loss, s.Poll = loss, poll
				for range seeds() / 5 {
					if r := run(t, s); r.Outcome != bench.Delivered || r.Silent {
						t.Errorf("%s loss %g poll %v seed %d: %s %s, silent %v", name, loss, poll, s.Seed, r.Outcome, r.Code, r.Silent)
					}
					s.Seed++
				}
			}
		}
	}
}

func TestFlushFileBuffersBeforeStep5Cures(t *testing.T) {
	s := spec(t, nt351, "ras-28.8")
	s.FlushBeforeKey = true
	n := seeds()
	if got := count(t, s, n)[bench.Delivered]; got != n {
		t.Errorf("%d of %d delivered", got, n)
	}
}

// Dormant files are no part of the failure: the message file asks for no oplock.
func TestDormancyDoesNotChangeTheVerdict(t *testing.T) {
	for _, lines := range []string{`"CacheFileTimeout"=dword:0`, `"DormantFileLimit"=dword:0`} {
		for _, policy := range []string{nt351, q143413} {
			s := spec(t, policy, "ras-28.8")
			want := run(t, s).Outcome
			s.Policy = policyText(t, policy, lanKey+lines)
			if got := run(t, s).Outcome; got != want {
				t.Errorf("%s with %s: %s, want %s", policy, lines, got, want)
			}
		}
	}
}

// The window shrinks to nothing if a close waits for its file's data.
func TestACloseThatWaitsForItsFlushCures(t *testing.T) {
	s := spec(t, nt351, "ras-28.8")
	s.Policy = policyText(t, nt351, rdrKey+`"NtrdrCloseWaitsForFlush"=dword:1`)
	if r := run(t, s); r.Outcome != bench.Delivered {
		t.Errorf("NtrdrCloseWaitsForFlush=1: %s", r.Outcome)
	}
	s.Policy = policyText(t, nt351, lanKey+`"UseCloseBehind"=dword:0`)
	if r := run(t, s); r.Outcome != bench.Delivered {
		t.Errorf("UseCloseBehind=0: %s", r.Outcome)
	}
}

// Q163401's reading: UseWriteBehind governs write-only handles, so it is no cure for
// a message opened for reading and writing; UtilizeNtCaching=0 is.
func TestUnderTheNarrowScopeOnlyUtilizeNtCachingCures(t *testing.T) {
	s := spec(t, q143413, "ras-28.8")
	strict, ok := registry.LookupEdition("q163401-strict")
	if !ok {
		t.Fatal("no edition q163401-strict")
	}
	s.Policy.Edition = strict
	if r := run(t, s); r.Outcome != bench.Corrupted {
		t.Errorf("q143413: %s, want corrupted", r.Outcome)
	}
	s.Policy = policyText(t, "q163401", "")
	s.Policy.Edition = strict
	if r := run(t, s); r.Outcome != bench.Delivered {
		t.Errorf("q163401: %s, want delivered", r.Outcome)
	}
}

// Path P3: with three 4 KB buffers alone the window is one write at most.
func TestWriteBehindBuffersAloneOpenAWindowOfOneWriteAtMost(t *testing.T) {
	rows := []struct {
		dispatch string
		size     int
		want     int // most WRITEs of the message file after the KEY's CLOSE
	}{
		{"full", 4 << 10, 0},
		{"full", 8 << 10, 0},
		{"full", 32 << 10, 0},
		{"full", 100 << 10, 0},
		{"fourth", 4 << 10, 0},
		{"fourth", 8 << 10, 0},
		{"fourth", 12 << 10, 1},
		{"fourth", 32 << 10, 1},
		{"fourth", 100 << 10, 1},
	}
	for _, r := range rows {
		worst := 0
		for seed := range uint64(20) {
			s := spec(t, nt351, "ras-28.8")
			s.Policy = policyText(t, nt351, rdrKey+fmt.Sprintf("\"NtrdrL2Dispatch\"=%q", r.dispatch))
			s.Path, s.MessageSize, s.Seed, s.KeepEvents = bench.P3, r.size, seed, true
			worst = max(worst, writesAfterKeyClose(run(t, s).Events))
		}
		if worst != r.want {
			t.Errorf("%s, %d bytes: %d WRITEs after the KEY's CLOSE, want %d", r.dispatch, r.size, worst, r.want)
		}
	}
}

// writesAfterKeyClose counts the WRITEs of the message file that the sender's
// workstation sent after the CLOSE of INQUEUE3.KEY.
func writesAfterKeyClose(events []bench.Event) (n int) {
	paths, opens := map[uint16]string{}, map[uint16]string{}
	closed := false
	for _, e := range events {
		if e.Actor != "ws1" {
			continue
		}
		switch {
		case e.Kind == trace.SMBSend && e.Op == "NT_CREATE_ANDX":
			opens[e.MID] = e.Path
		case e.Kind == trace.SMBRecv && e.Op == "NT_CREATE_ANDX":
			paths[e.FID] = opens[e.MID]
		case e.Kind == trace.SMBSend && e.Op == "CLOSE":
			closed = closed || strings.HasSuffix(paths[e.FID], "INQUEUE3.KEY")
		case e.Kind == trace.SMBSend && e.Op == "WRITE_ANDX" && closed && strings.HasSuffix(paths[e.FID], ".MAI"):
			n++
		}
	}
	return n
}

// The same seed gives the same trace; another seed another one.
func TestSameSeedSameTrace(t *testing.T) {
	const n = 300
	trial := func(seed uint64) (string, error) {
		s := spec(t, []string{nt351, q143413}[seed%2], []string{"ras-28.8", "t1", "isdn-64"}[seed%3])
		s.Seed, s.Loss, s.Shuffle = seed, 0.02, seed%4 == 0
		r, err := bench.Run(s)
		return r.Checksum, err
	}
	if distinct := replay(t, n, trial); distinct != n {
		t.Errorf("%d seeds gave %d different traces", n, distinct)
	}
}

// replay runs each seed twice and returns how many different traces there were.
func replay(t *testing.T, n int, trial func(seed uint64) (string, error)) int {
	t.Helper()
	traces := map[string]bool{}
	for seed := range uint64(n) {
		first, err := trial(seed)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := trial(seed); err != nil || again != first {
			t.Fatalf("seed %d: trace %s, then %s (%v)", seed, first, again, err)
		}
		traces[first] = true
	}
	return len(traces)
}

// The check above is worth something: a range over a map into the trace is noticed.
func TestAMapRangeIntoTheTraceIsNoticed(t *testing.T) {
	names := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8}
	traces := map[string]bool{}
	for range 20 {
		s := spec(t, nt351, "t1")
		s.OnWorld = func(w *bench.Sim) {
			for name := range names {
				w.Trace.Actor("careless").Emit(trace.Event{Kind: trace.AppNote, Text: name})
			}
		}
		traces[run(t, s).Checksum] = true
	}
	if len(traces) == 1 {
		t.Error("twenty trials that range over a map gave one trace")
	}
}

// Other orders of ready tasks change nothing that matters.
func TestTheVerdictsHoldInOtherInterleavings(t *testing.T) {
	for policy, want := range map[string]bench.Outcome{nt351: bench.Corrupted, q143413: bench.Delivered} {
		s := spec(t, policy, "ras-28.8")
		s.Shuffle = true
		if got := count(t, s, 50); got[want] != 50 {
			t.Errorf("%s: %v, want 50 %s", policy, got, want)
		}
	}
}

func TestATaskThatPanicsIsTheTrialsError(t *testing.T) {
	s := spec(t, nt351, "t1")
	s.OnCall = func(*bench.World, bench.Call) { panic("boom") }
	_, err := bench.Run(s)
	var p *simrt.TaskPanic
	if !errors.As(err, &p) || p.Value != "boom" || p.Stack == "" || !strings.Contains(err.Error(), "seed=1") {
		t.Errorf("error %v, want the panic with its stack and seed", err)
	}
}

// golden compares text with a file of testdata, or writes it with -rewrite.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
