package smbserver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// station is a workstation on a pipe, which sends one request after the other.
type station struct {
	conn link.Conn
	head smbwire.Header
	oops func(format string, args ...any)
}

func (s *station) send(bodies ...smbwire.Body) {
	s.head.MID++
	b, err := (&smbwire.Message{Header: s.head, Chain: bodies}).Append(nil)
	if err == nil {
		err = s.conn.Send(b)
	}
	if err != nil {
		s.oops("send %v: %v", bodies[0].Command(), err)
	}
}

// recv returns the next message that is a reply; breaks are passed over.
func (s *station) recv() *smbwire.Message {
	for {
		b, err := s.conn.Recv()
		if err != nil {
			s.oops("receive: %v", err)
			return nil
		}
		m, err := smbwire.Parse(b)
		if err != nil {
			s.oops("%v", err)
			return nil
		}
		if m.Header.IsReply() {
			return m
		}
	}
}

func (s *station) do(bodies ...smbwire.Body) smbwire.Body {
	s.send(bodies...)
	m := s.recv()
	if m == nil || m.Header.NTStatus() != nt.StatusSuccess || m.Header.MID != s.head.MID {
		s.oops("%v: %+v", bodies[0].Command(), m)
		return nil
	}
	s.head.UID, s.head.TID = m.Header.UID, m.Header.TID
	return m.Chain[len(m.Chain)-1]
}

func newStation(conn link.Conn, oops func(string, ...any)) *station {
	s := &station{conn: conn, oops: oops, head: smbwire.Header{Flags2: clientFlags2, PID: 1}}
	s.do(&smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	s.do(setupRequest(1), &smbwire.TreeConnectAndXRequest{Path: `\\S\DATA`, Service: "A:"})
	return s
}

// rig is a server on a runtime, with one pipe listener.
type rig struct {
	srv *Server
	vol *volume.Mem
	ln  *pipeListener
}

func newRig(t *testing.T, r rt.Runtime, prompt bool, change ...func(*Config)) *rig {
	t.Helper()
	g := &rig{vol: volume.NewMem(r, r.NewMutex(), volume.StockLimits()), ln: newPipeListener(r, prompt)}
	cfg := Stock()
	cfg.Shares = map[string]volume.Volume{"DATA": g.vol}
	for _, f := range change {
		f(&cfg)
	}
	srv, err := New(r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.srv = srv
	r.Go("accept", func() {
		if err := srv.Serve(g.ln, "WS"); !errors.Is(err, link.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return g
}

// inSimulation runs a story as a task on a simulated runtime, and then expects
// nobody to be left waiting; once with links that are a link.Prompt and once without.
func inSimulation(t *testing.T, story func(k *simrt.Kernel, prompt bool)) {
	t.Helper()
	for _, prompt := range []bool{false, true} {
		t.Run(fmt.Sprintf("prompt=%v", prompt), func(t *testing.T) {
			k := simrt.New(simrt.Options{Seed: 1, Shuffle: true})
			defer k.Close()
			k.Go("story", func() { story(k, prompt) })
			out := k.RunFor(time.Hour)
			if out.Err() != nil || out.Unfinished != 0 {
				t.Errorf("%v", out)
			}
		})
	}
}

func fatal(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestServe(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt)
		a, b := newStation(g.ln.dial(endless), fatal), newStation(g.ln.dial(endless), fatal)
		made, ok := a.do(create("f", sharing(nt.ShareNone))).(*smbwire.NTCreateAndXResponse)
		if !ok {
			t.Error("not opened")
			return
		}
		a.do(&smbwire.WriteAndXRequest{FID: made.FID, Data: []byte("hello")})
		if size, opens := g.srv.FileState("DATA", "f"); size != 5 || opens != 1 {
			t.Errorf("size %d, opens %d", size, opens)
		}
		start := k.Now()
		b.send(create("f"))
		if m := b.recv(); m == nil || m.Header.NTStatus() != nt.StatusSharingViolation || k.Now().Sub(start) != time.Second {
			t.Errorf("after %v: %+v", k.Now().Sub(start), m)
		}
		k.Go("close", func() {
			k.Sleep(500 * time.Millisecond)
			if err := a.conn.Close(); err != nil {
				t.Error(err)
			}
		})
		start = k.Now()
		b.do(create("f"))
		if d := k.Now().Sub(start); d != 600*time.Millisecond {
			t.Errorf("opened after %v", d)
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
		if _, err := b.conn.Recv(); err == nil {
			t.Error("the circuit outlives the server")
		}
	})
}

// When the server closes the circuit of a client that does not speak the protocol, others
// are told at once what they waited for on its account.
func TestTheEndOfACircuitAnswersOthers(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt)
		a, b := newStation(g.ln.dial(endless), fatal), newStation(g.ln.dial(endless), fatal)
		lock := func(s *station) *smbwire.LockingAndXRequest {
			made, _ := s.do(create("f")).(*smbwire.NTCreateAndXResponse)
			return &smbwire.LockingAndXRequest{FID: made.FID, Timeout: -time.Millisecond, Locks: []smbwire.LockRange{{Length: 1}}}
		}
		a.do(lock(a))
		b.send(lock(b))
		k.Sleep(time.Second)
		start := k.Now()
		if err := a.conn.Send([]byte("garbage")); err != nil {
			t.Error(err)
		}
		if m := b.recv(); m == nil || m.Header.NTStatus() != nt.StatusSuccess || k.Now() != start {
			t.Errorf("after %v: %+v", k.Now().Sub(start), m)
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// An idle circuit is dropped even though nothing but time passes.
func TestServeDropsIdle(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt)
		a := newStation(g.ln.dial(endless), fatal)
		start := k.Now()
		if _, err := a.conn.Recv(); err == nil || k.Now().Sub(start) != 15*time.Minute {
			t.Errorf("dropped after %v: %v", k.Now().Sub(start), err)
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A client that sends requests but takes no replies is made to wait, and neither
// fills the server's memory nor blocks anybody. It gets all once it does take them.
func TestDeafClient(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt)
		if err := g.vol.WriteFile("f", make([]byte, 1<<20)); err != nil {
			t.Error(err)
		}
		deaf := newStation(g.ln.dialRooms(endless, 4), fatal)
		made, ok := deaf.do(create("f")).(*smbwire.NTCreateAndXResponse)
		if !ok {
			t.Error("not opened")
			return
		}
		k.Go("deaf", func() {
			deaf.oops = func(string, ...any) {} // its link is closed at the end
			for range 1000 {
				deaf.send(&smbwire.ReadAndXRequest{FID: made.FID, MaxCount: 4096})
			}
		})
		k.Sleep(time.Second)
		other := newStation(g.ln.dial(endless), fatal)
		other.do(create("g"))
		for _, e := range g.srv.wires.entries {
			if q := e.v.queued; q > highWater+8192 {
				t.Errorf("%d bytes are queued", q)
			}
		}
		if g.srv.wires.len() != 2 {
			t.Errorf("%d circuits, want 2", g.srv.wires.len())
		}
		for i := range 1000 {
			if deaf.recv() == nil {
				t.Errorf("%d replies when it listens after all", i)
				break
			}
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// What is sent unasked cannot be held back; a client that lets it pile up is dropped.
func TestQueueIsBounded(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt, func(c *Config) { c.Limits.MaxQueue = 1000 })
		deaf := newStation(g.ln.dial(1), fatal)
		deaf.send(&smbwire.EchoRequest{EchoCount: 16, Data: make([]byte, 100)})
		k.Sleep(time.Second)
		if n := g.srv.wires.len(); n != 0 {
			t.Errorf("%d circuits are left", n)
		}
		if n := g.srv.core.circuits.len(); n != 0 {
			t.Errorf("the core still knows %d", n)
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestMaxConns(t *testing.T) {
	inSimulation(t, func(k *simrt.Kernel, prompt bool) {
		g := newRig(t, k, prompt, func(c *Config) { c.Limits.MaxConns = 1 })
		newStation(g.ln.dial(endless), fatal)
		if _, err := g.ln.dial(endless).Recv(); err == nil {
			t.Error("a second circuit was accepted")
		}
		if err := g.srv.Close(); err != nil {
			t.Error(err)
		}
		if err := g.srv.Serve(g.ln, ""); !errors.Is(err, link.ErrClosed) {
			t.Errorf("Serve after Close: %v", err)
		}
	})
}

// Many stations at once on goroutines, for the race detector: each in a file of its
// own and all in one.
func TestServeConcurrently(t *testing.T) {
	for _, prompt := range []bool{false, true} {
		t.Run(fmt.Sprintf("prompt=%v", prompt), func(t *testing.T) { serveConcurrently(t, prompt) })
	}
}

func serveConcurrently(t *testing.T, prompt bool) {
	t.Helper()
	r := wallrt.New(1)
	defer r.Close()
	g := newRig(t, r, prompt)
	const stations = 8
	done := r.NewSemaphore(0)
	for i := range stations {
		r.Go(fmt.Sprint("station ", i), func() {
			defer done.Release()
			work(newStation(g.ln.dial(4), fatal), fmt.Sprintf("file%d", i))
		})
	}
	for range stations {
		if !done.Acquire(30 * time.Second) {
			t.Fatal("a station does not end")
		}
	}
	for i := range stations {
		got, err := g.vol.ReadFile(fmt.Sprintf("file%d", i))
		if err != nil || string(got) != strings.Repeat("0123456789", 50) {
			t.Errorf("file%d holds %d bytes, %v", i, len(got), err)
		}
	}
	if err := g.srv.Close(); err != nil {
		t.Error(err)
	}
}

func work(s *station, path string) {
	for i := range 50 {
		made, ok := s.do(create(path)).(*smbwire.NTCreateAndXResponse)
		if !ok {
			return
		}
		s.do(&smbwire.WriteAndXRequest{FID: made.FID, Offset: int64(i * 10), Data: []byte("0123456789")})
		s.do(create("shared"), &smbwire.WriteAndXRequest{FID: 0xFFFF, Data: []byte(path)}, &smbwire.CloseRequest{})
		s.do(&smbwire.CloseRequest{FID: made.FID})
	}
	if err := s.conn.Close(); err != nil {
		s.oops("%v", err)
	}
}
