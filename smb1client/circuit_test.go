package smb1client

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// group starts tasks and waits for them.
type group struct {
	rt   rt.Runtime
	n    int
	done rt.Semaphore
}

func newGroup(r rt.Runtime) *group {
	g := &group{rt: r, done: r.NewSemaphore(256)}
	for range 256 {
		g.done.Acquire(0)
	}
	return g
}

func (g *group) start(f func()) {
	g.n++
	g.rt.Go(fmt.Sprintf("worker %d", g.n), func() {
		defer g.done.Release()
		f()
	})
}

func (g *group) wait() {
	for range g.n {
		g.done.Acquire(rt.Forever)
	}
}

// echoes answers ECHO at once.
func echoes(p *peer, req *smbwire.Message) {
	p.reply(req, &smbwire.EchoResponse{SequenceNumber: 1, Data: req.Chain[0].(*smbwire.EchoRequest).Data})
}

// Replies that come in the opposite order still reach those who asked.
func TestRepliesOutOfOrder(t *testing.T) {
	const n = 20
	inSim(t, func(k *simrt.Kernel) {
		var held []*smbwire.Message
		_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			if held = append(held, req); len(held) < n {
				return
			}
			for i := range held {
				echoes(p, held[n-1-i])
			}
		})
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		g := newGroup(k)
		for i := range n {
			g.start(func() {
				if err := tree.Session().Client().Echo(fmt.Append(nil, i)); err != nil {
					t.Errorf("echo %d: %v", i, err)
				}
			})
		}
		g.wait()
	})
}

// No more requests are outstanding than both sides allow, and that many are.
//
// src: KB Q191370
func TestOutstandingRequests(t *testing.T) {
	for _, c := range []struct {
		name          string
		server, owner int
		want          int
	}{
		{"the server's bound", 3, 50, 3},
		{"the client's bound", 50, 5, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				outstanding, most := 0, 0
				p, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
					outstanding++
					most = max(most, outstanding)
					k.AfterFunc(time.Second, func() {
						outstanding--
						echoes(p, req)
					})
				})
				p.welcome.MaxMpxCount = uint16(c.server)
				tree := logon(t, conn, Options{Runtime: k, MaxCmds: c.owner})
				defer closeClient(t, tree)
				g := newGroup(k)
				for range 20 {
					g.start(func() {
						if err := tree.Session().Client().Echo([]byte("x")); err != nil {
							t.Error(err)
						}
					})
				}
				g.wait()
				if most != c.want {
					t.Errorf("at most %d requests were outstanding, want %d", most, c.want)
				}
			})
		})
	}
}

// recorder is a CircuitHandler that notes what it is told.
type recorder struct {
	breaks  []string
	lost    []error
	onBreak func(h nt.FileHandle, to nt.OplockLevel)
	onLost  func()
}

func (r *recorder) OnBreak(h nt.FileHandle, to nt.OplockLevel) {
	r.breaks = append(r.breaks, fmt.Sprintf("%d/%d %v", h.Circuit, h.FID, to))
	if r.onBreak != nil {
		r.onBreak(h, to)
	}
}

func (r *recorder) OnCircuitLost(err error) {
	r.lost = append(r.lost, err)
	if r.onLost != nil {
		r.onLost()
	}
}

// A request that is not answered in time ends the circuit for everybody.
//
// src: [MS-CIFS] §3.2.6.1; KB Q102067
func TestRequestTimeout(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, func(*peer, *smbwire.Message) {})
		rec := trace.NewRecorder(k, nil, true)
		perByte := func(bytes int) time.Duration { return time.Duration(bytes)*time.Millisecond + 45*time.Second }
		tree := logon(t, conn, Options{Runtime: k, RequestTimeout: perByte, Trace: rec.Actor("ws1")})
		c := tree.Session().Client()
		h := &recorder{onLost: func() {
			if n := len(c.mux.waiting); n != 0 {
				t.Errorf("OnCircuitLost came before %d waiters had been told", n)
			}
		}}
		tree.SetHandler(h)
		g := newGroup(k)
		var errs [3]error
		began := k.Now()
		for i, size := range []int{300, 10, 200} {
			g.start(func() {
				errs[i] = c.Echo(make([]byte, size))
				if got, want := k.Now().Sub(began), 45*time.Second+(smbwire.HeaderSize+5+10+10)*time.Millisecond; got != want {
					t.Errorf("echo of %d ended after %v, want %v", size, got, want)
				}
			})
		}
		g.wait()
		want := []nt.Status{nt.StatusUnexpectedNetworkError, nt.StatusIOTimeout, nt.StatusUnexpectedNetworkError}
		for i, err := range errs {
			if !errors.Is(err, want[i]) || !errors.Is(err, errTimer{smbwire.CmdEcho}) {
				t.Errorf("waiter %d: got %v, want %v because of the timer", i, err, want[i])
			}
		}
		if err := c.Echo(nil); !errors.Is(err, nt.StatusNetworkNameDeleted) {
			t.Errorf("a later call: got %v, want %v", err, nt.StatusNetworkNameDeleted)
		}
		k.Sleep(time.Second)
		if len(h.lost) != 1 || !errors.Is(h.lost[0], errTimer{smbwire.CmdEcho}) {
			t.Errorf("OnCircuitLost: got %v", h.lost)
		}
		if got := countKinds(rec.Events()); got[trace.TimerFire] != 1 || got[trace.CircuitDown] != 1 || got[trace.CircuitUp] != 1 {
			t.Errorf("events: got %v", got)
		}
	})
}

func countKinds(events []trace.Event) map[trace.Kind]int {
	n := map[trace.Kind]int{}
	for _, e := range events {
		n[e.Kind]++
	}
	return n
}

// The circuit's timer is still set for a request that was answered; it ends the circuit when
// the one sent since has had its own time.
func TestTimerOfALaterRequest(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		silent := false
		_, conn := newPeer(t, k, func(p *peer, m *smbwire.Message) {
			if !silent {
				echoes(p, m)
			}
		})
		tree := logon(t, conn, Options{Runtime: k, RequestTimeout: func(int) time.Duration { return time.Minute }})
		c := tree.Session().Client()
		if err := c.Echo([]byte("x")); err != nil {
			t.Fatal(err)
		}
		k.Sleep(40 * time.Second)
		silent = true
		began := k.Now()
		err := c.Echo([]byte("y"))
		if took := k.Now().Sub(began); !errors.Is(err, nt.StatusIOTimeout) || took != time.Minute {
			t.Errorf("got %v after %v, want %v after a minute", err, took, nt.StatusIOTimeout)
		}
	})
}

// Requests that were answered leave no timer that outlives the circuit.
func TestTimerStops(t *testing.T) {
	out := inSimOnce(t, simrt.Options{}, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, echoes)
		tree := logon(t, conn, Options{Runtime: k, RequestTimeout: func(int) time.Duration { return time.Minute }})
		defer closeClient(t, tree)
		if err := tree.Session().Client().Echo([]byte("x")); err != nil {
			t.Fatal(err)
		}
	})
	if out.Elapsed != 0 {
		t.Errorf("a timer ran for %v", out.Elapsed)
	}
}

// Whatever a hostile peer sends, everybody who waits is told and nothing is left.
func TestNonsense(t *testing.T) {
	valid := func(p *peer, req *smbwire.Message) []byte {
		b, err := (&smbwire.Message{
			Header: req.Header.Reply(nt.StatusSuccess),
			Chain:  []smbwire.Body{&smbwire.EchoResponse{SequenceNumber: 1, Data: []byte("x")}},
		}).Append(nil)
		if err != nil {
			p.t.Error(err)
		}
		return b
	}
	for _, c := range []struct {
		name  string
		serve func(p *peer, req *smbwire.Message)
		want  nt.Status
	}{
		{"garbage", func(p *peer, _ *smbwire.Message) { p.raw([]byte("GET / HTTP/1.0\r\n\r\n")) }, nt.StatusInvalidNetworkResponse},
		{"an empty message", func(p *peer, _ *smbwire.Message) { p.raw([]byte{}) }, nt.StatusInvalidNetworkResponse},
		{
			"a truncated reply", func(p *peer, req *smbwire.Message) {
				b := valid(p, req)
				p.raw(b[:len(b)-1])
			}, nt.StatusInvalidNetworkResponse,
		},
		{"a reply of another command", func(p *peer, req *smbwire.Message) {
			p.reply(req, &smbwire.FlushResponse{})
		}, nt.StatusInvalidNetworkResponse},
		{"a request that is no break", func(p *peer, req *smbwire.Message) {
			p.send(&smbwire.Message{Header: req.Header, Chain: req.Chain})
		}, nt.StatusInvalidNetworkResponse},
		{"end of the connection", func(p *peer, _ *smbwire.Message) { _ = p.conn.Close() }, nt.StatusUnexpectedNetworkError},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				n := 0
				_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
					if n++; n == 4 {
						c.serve(p, req)
					}
				})
				tree := logon(t, conn, Options{Runtime: k, MaxCmds: 4})
				h := &recorder{}
				tree.SetHandler(h)
				g := newGroup(k)
				later := 0
				for range 6 { // two of them wait for a permit
					g.start(func() {
						switch err := tree.Session().Client().Echo([]byte("x")); {
						case errors.Is(err, nt.StatusNetworkNameDeleted):
							later++
						case !errors.Is(err, c.want):
							t.Errorf("got %v, want %v", err, c.want)
						}
					})
				}
				g.wait()
				k.Sleep(time.Second)
				if later != 2 || len(h.lost) != 1 {
					t.Errorf("%d calls came too late, %d losses were told", later, len(h.lost))
				}
			})
		})
	}
}

// Replies to no request are dropped and counted.
//
// src: [MS-CIFS] §3.2.5.1
func TestUnknownMID(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			stray := *req
			stray.Header.MID += 1000
			echoes(p, &stray)
			echoes(p, req)
			echoes(p, req)
			p.breakOplock(77, nt.OplockNone)
		})
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		if err := tree.Session().Client().Echo([]byte("x")); err != nil {
			t.Error(err)
		}
		k.Sleep(time.Second)
		want := Discarded{UnknownMID: 2, Breaks: 1}
		if diff := cmp.Diff(want, tree.Session().Client().Discarded()); diff != "" {
			t.Errorf("discarded (-want +got):\n%s", diff)
		}
	})
}

// Close fails who waits, tells no handler, and may be called again.
func TestClose(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, func(*peer, *smbwire.Message) {})
		tree := logon(t, conn, Options{Runtime: k})
		h := &recorder{}
		tree.SetHandler(h)
		g := newGroup(k)
		g.start(func() {
			if err := tree.Session().Client().Echo(nil); !errors.Is(err, nt.StatusConnectionDisconnected) {
				t.Errorf("got %v, want %v", err, nt.StatusConnectionDisconnected)
			}
		})
		k.Sleep(time.Second)
		closeClient(t, tree)
		closeClient(t, tree)
		g.wait()
		if err := tree.Delete("x"); !errors.Is(err, nt.StatusConnectionDisconnected) {
			t.Errorf("a later call: got %v", err)
		}
		if len(h.lost) != 0 {
			t.Errorf("OnCircuitLost was called: %v", h.lost)
		}
	})
}

// Requests leave in the order of the calls.
func TestOrderOfSending(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, conn := newPeer(t, k, func(*peer, *smbwire.Message) {})
		tree := logon(t, conn, Options{Runtime: k})
		logonRequests := len(p.requests)
		g := newGroup(k)
		for i := range 10 {
			k.Sleep(time.Millisecond)
			g.start(func() { _ = tree.Session().Client().Echo(fmt.Append(nil, i)) })
		}
		k.Sleep(time.Second)
		for i, r := range p.requests[logonRequests:] {
			if got, want := string(r.Chain[0].(*smbwire.EchoRequest).Data), fmt.Sprint(i); got != want {
				t.Errorf("place %d: got request %s", i, got)
			}
		}
		if n := len(p.requests) - logonRequests; n != 10 {
			t.Errorf("%d requests arrived", n)
		}
		closeClient(t, tree)
		g.wait()
	})
}
