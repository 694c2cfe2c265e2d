package bench_test

import (
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// smb2Spec is a trial whose sender is go-smb2, on a link and with a poll that end soon.
func smb2Spec(t *testing.T, link string) bench.Spec {
	t.Helper()
	s := spec(t, nt351, link)
	s.Policy = bench.SMB2On(s.Policy.Edition)
	s.Loss, s.Poll, s.MessageSize, s.KeepEvents = 0, time.Second, 8<<10, true
	return s
}

// A message that go-smb2 sends is delivered. Nothing is left to be done when the sender
// is told so: what is durable is what was told.
func TestSMB2LiveDelivers(t *testing.T) {
	t.Parallel()
	r, err := bench.RunLive(t.Context(), smb2Spec(t, "t1"), peerOf(samba.Start(t, samba.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if r.Policy != bench.SMB2 || r.Outcome != bench.Delivered || r.Told != "success" || r.Copies != 1 || r.Attempts != 1 {
		t.Errorf("%s: %s, told %s, %d copies after %d attempts", r.Policy, r.Outcome, r.Told, r.Copies, r.Attempts)
	}
	if r.App == nil || r.Durable == nil || *r.Durable > *r.App {
		t.Fatalf("application %v s, durable %v s", r.App, r.Durable)
	}
	if want := keyClosed(t, r.Events).Seconds(); math.Abs(*r.Durable-want) > 0.01 {
		t.Errorf("durable after %.3f s; the KEY's close was answered %.3f s after the first call", *r.Durable, want)
	}
	if r.LinkBytes < int64(r.Bytes) {
		t.Errorf("the link has carried %d bytes of a message of %d", r.LinkBytes, r.Bytes)
	}
	for _, e := range r.Events {
		if e.Actor == machine.ActorSenderHost && e.Kind == trace.SMBSend && !strings.HasPrefix(e.Op, "SMB2_") {
			t.Errorf("the sender's machine sends %v", e)
		}
	}
}

// keyClosed is when the close of INQUEUE3.KEY was answered, from the sender's first call.
func keyClosed(t *testing.T, events []bench.Event) time.Duration {
	t.Helper()
	var begun time.Duration
	for _, e := range events {
		switch {
		case e.Actor == machine.ActorSender && e.Kind == trace.AppCall && begun == 0:
			begun = e.At
		case e.Kind == trace.SMBRecv && e.Op == machine.SMB2Close && strings.HasSuffix(e.Path, "INQUEUE3.KEY"):
			return e.At - begun
		}
	}
	t.Fatal("INQUEUE3.KEY was not closed")
	return 0
}

// The connection is cut in the middle of a file: the application is told, and the file
// is not whole.
func TestSMB2LiveCutIsAnError(t *testing.T) {
	t.Parallel()
	peer, way := cuttable(t)
	s := smb2Spec(t, "lan10")
	s.Workload = byName(t, "copy-256k")
	s.OnCall = func(_ *bench.World, call bench.Call) {
		if call.Op == "write" && call.Err == nil {
			way.cut()
		}
	}
	r, err := bench.RunLive(t.Context(), s, peer)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != bench.Failed || r.Told != "error" || r.Durable != nil {
		t.Errorf("%s, told %s, durable %v", r.Outcome, r.Told, r.Durable)
	}
	down := 0
	for _, e := range r.Events {
		if e.Actor == machine.ActorSenderHost && e.Kind == trace.CircuitDown {
			down++
		}
	}
	if down != 1 {
		t.Errorf("%d circuits died", down)
	}
}

// After a cut the sender's next attempt has a connection of its own, and the message is
// delivered once.
func TestSMB2LiveConnectsAgain(t *testing.T) {
	t.Parallel()
	peer, way := cuttable(t)
	s := smb2Spec(t, "lan10")
	s.Sender = func(c *mailclient.SenderConfig) { c.Cycle = 100 * time.Millisecond }
	first := true
	s.OnCall = func(_ *bench.World, call bench.Call) {
		if first && call.Op == "write" && strings.HasSuffix(call.Path, ".MAI") {
			first = false
			way.cut()
		}
	}
	r, err := bench.RunLive(t.Context(), s, peer)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != bench.Delivered || r.Told != "success" || r.Copies != 1 || r.Attempts != 2 || r.Durable == nil {
		t.Errorf("%s, told %s, %d copies after %d attempts, durable %v", r.Outcome, r.Told, r.Copies, r.Attempts, r.Durable)
	}
}

// What go-smb2 does not have is no outcome of a trial.
func TestSMB2LiveHasNoLocks(t *testing.T) {
	t.Parallel()
	s := smb2Spec(t, "lan10")
	s.Workload = byName(t, "isam-5")
	_, err := bench.RunLive(t.Context(), s, peerOf(samba.Start(t, samba.Options{})))
	if err == nil || !strings.Contains(err.Error(), "go-smb2 does not have what the workload does: lock") {
		t.Errorf("error %v", err)
	}
}

// Simulated trials have no go-smb2.
func TestSMB2IsLiveOnly(t *testing.T) {
	s := smb2Spec(t, "lan10")
	if _, err := bench.Run(s); err == nil || !strings.Contains(err.Error(), "smb2 is live only") {
		t.Errorf("error %v", err)
	}
}

// cuttable is a server behind a way of its own.
func cuttable(t *testing.T) (bench.Peer, *way) {
	t.Helper()
	server := samba.Start(t, samba.Options{})
	way, peer := newWay(t, server.Addr), peerOf(server)
	peer.Addr, peer.Direct = way.addr(), server.Addr
	return peer, way
}

// way is a TCP proxy whose connections can be cut.
type way struct {
	ln    net.Listener
	to    string
	mu    sync.Mutex
	conns []net.Conn
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{ln: ln, to: to}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		w.cut()
		all.Wait()
	})
	return w
}

func (w *way) addr() string { return w.ln.Addr().String() }

// carry joins a client to the server until either hangs up.
func (w *way) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer server.Close()
	w.mu.Lock()
	w.conns = append(w.conns, client, server)
	w.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, client)
	_ = server.Close()
	<-done
}

// cut ends what is connected now.
func (w *way) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}
