package bench_test

import (
	"bytes"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/capture"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// verdict is what a live trial must agree on with the simulated one.
type verdict struct {
	Outcome  bench.Outcome
	Told     string
	Silent   bool
	Code     string
	Attempts int
	Copies   int
}

func verdictOf(r bench.Result) verdict {
	return verdict{r.Outcome, r.Told, r.Silent, r.Code, r.Attempts, r.Copies}
}

// Against another implementation's server, over a slow line in real time; run it without -short, the message
// fares as it does in simulation; and what was sent is sound.
func TestLiveAgainstSamba(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 25 s: a slow line in real time; run it without -short")
	}
	for _, tt := range []struct {
		policy   string
		keyFirst bool // the KEY's CLOSE is answered before the last WRITE of the message
	}{{nt351, true}, {q143413, false}} {
		t.Run(tt.policy, func(t *testing.T) {
			t.Parallel()
			s := spec(t, tt.policy, "ras-28.8")
			want := verdictOf(run(t, s))
			server := samba.Start(t, samba.Options{})
			got, pcap := live(t, s, server)
			if diff := cmp.Diff(want, verdictOf(got)); diff != "" {
				t.Errorf("verdict (-simulated +live):\n%s", diff)
			}
			key, write := keyAndLastWrite(t, got.Events)
			if keyFirst := key < write; keyFirst != tt.keyFirst {
				t.Errorf("INQUEUE3.KEY closed at %v, last WRITE of the message sent at %v", key, write)
			}
			if bad := samba.Malformed(t, pcap, capture.Port); len(bad) != 0 {
				t.Errorf("capture: %q", bad)
			}
			if got.Durable == nil || *got.Durable < 5 || got.LinkBytes < int64(s.MessageSize) {
				t.Errorf("it took %v s and %d bytes on the link: not a slow one", got.Durable, got.LinkBytes)
			}
		})
	}
}

// live plays a trial against a server, captured to a file, and checks that its runtime
// has no task left.
func live(t *testing.T, s bench.Spec, server *samba.Server) (r bench.Result, pcap string) {
	t.Helper()
	var (
		file    bytes.Buffer
		writer  *capture.Writer
		runtime *wallrt.Runtime
	)
	s.KeepEvents = true
	s.Wrap = func(r rt.Runtime, d link.Dialer) link.Dialer {
		runtime = r.(*wallrt.Runtime)
		var err error
		if writer, err = capture.NewWriter(&file, r, new(sync.Mutex)); err != nil {
			t.Fatal(err)
		}
		return writer.Dialer(d, netip.MustParseAddr("192.0.2.1"), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), capture.Port))
	}
	r, err := bench.RunLive(t.Context(), s, peerOf(server))
	if err != nil {
		t.Fatal(err)
	}
	if left := runtime.Wait(5 * time.Second); len(left) > 0 {
		t.Errorf("tasks left: %v", left)
	}
	if err := writer.Close(); err != nil {
		t.Errorf("capture: %v", err)
	}
	pcap = filepath.Join(t.TempDir(), "live.pcapng")
	if err := os.WriteFile(pcap, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return r, pcap
}

func peerOf(s *samba.Server) bench.Peer {
	return bench.Peer{Host: "127.0.0.1", Addr: s.Addr, User: s.User, Password: s.Password, Share: s.Share}
}

// keyAndLastWrite finds in the trace of the sender's redirector when the CLOSE of
// INQUEUE3.KEY was answered and when the last WRITE of the message file was sent.
func keyAndLastWrite(t *testing.T, events []bench.Event) (key, write time.Duration) {
	t.Helper()
	paths, byMID := map[uint16]string{}, map[uint16]string{} // by FID; by MID of what waits for an answer
	for _, e := range events {
		if e.Actor != machine.ActorSenderHost {
			continue
		}
		switch {
		case e.Kind == trace.SMBSend && e.Op == "NT_CREATE_ANDX":
			byMID[e.MID] = strings.ToUpper(e.Path)
		case e.Kind == trace.SMBRecv && e.Op == "NT_CREATE_ANDX":
			paths[e.FID] = byMID[e.MID]
		case e.Kind == trace.SMBSend && e.Op == "CLOSE":
			byMID[e.MID] = paths[e.FID]
		case e.Kind == trace.SMBRecv && e.Op == "CLOSE" && strings.HasSuffix(byMID[e.MID], `\INQUEUE3.KEY`):
			key = e.At
		case e.Kind == trace.SMBSend && strings.HasPrefix(e.Op, "WRITE_") && strings.HasSuffix(paths[e.FID], ".MAI"):
			write = e.At // raw, if no other request happened to be pending
		}
	}
	if key == 0 || write == 0 {
		t.Fatalf("no close of INQUEUE3.KEY (%v) or no WRITE of the message (%v) in %d events", key, write, len(events))
	}
	return key, write
}

// The times of a live trial count from the application's first call, as those of a
// simulated one; and the phase of the Mailer's looks counts from before the connect, which
// both have in their way.
func TestLiveTimesAreTheApplications(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	s := spec(t, nt351, "lan10")
	s.Poll, s.MessageSize, s.KeepEvents = 100*time.Millisecond, 8<<10, true
	r, err := bench.RunLive(t.Context(), s, peerOf(server))
	if err != nil {
		t.Fatal(err)
	}
	begun := slices.IndexFunc(r.Events, func(e bench.Event) bool { return e.Kind == trace.AppNote && strings.HasPrefix(e.Text, "step 3") })
	key, _ := keyAndLastWrite(t, r.Events)
	want := (key - r.Events[begun].At).Seconds()
	if got := *r.KeyVisible; math.Abs(got-want) > 0.001 {
		t.Errorf("the KEY is visible after %v s, by the trace %v", got, want)
	}
	if low := 4 * s.Link.RTT.Seconds(); *r.AppStart < low { // SYN, negotiate, logon, tree
		t.Errorf("the application began after %v s, before a connect could be", *r.AppStart)
	}
}

// A peer that does not let us in is an error that says so, and leaves no task.
func TestLiveRefused(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	s := spec(t, nt351, "lan10")
	for _, tt := range []struct {
		change func(*bench.Peer)
		want   string
	}{
		{func(p *bench.Peer) { p.Password = "wrong" }, "STATUS_LOGON_FAILURE"},
		{func(p *bench.Peer) { p.Share = "other" }, "STATUS_BAD_NETWORK_NAME"},
		{func(p *bench.Peer) { p.Addr = "127.0.0.1:1" }, "STATUS_CONNECTION_REFUSED"},
	} {
		peer := peerOf(server)
		tt.change(&peer)
		if _, err := bench.RunLive(t.Context(), s, peer); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
