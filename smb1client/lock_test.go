package smb1client

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// lockRequests returns the LOCKING_ANDX requests that came, without their FIDs.
func (p *peer) lockRequests() []smbwire.LockingAndXRequest {
	var all []smbwire.LockingAndXRequest
	for _, m := range p.requests {
		if r, ok := m.Chain[0].(*smbwire.LockingAndXRequest); ok {
			c := *r
			c.FID = 0
			all = append(all, c)
		}
	}
	return all
}

func TestLockRequests(t *testing.T) {
	const large = smbwire.LockLargeFiles
	at := func(off uint64) []smbwire.LockRange {
		return []smbwire.LockRange{{PID: processID, Offset: off, Length: 2}}
	}
	for name, row := range map[string]struct {
		do   func(t *Tree, h FileHandle) error
		want []smbwire.LockingAndXRequest
	}{
		"at once": {
			func(t *Tree, h FileHandle) error { return t.Lock(h, LockRange{Offset: 1, Length: 2}, 0) },
			[]smbwire.LockingAndXRequest{{Type: large, Locks: at(1)}},
		},
		"shared, with a wait": {
			func(t *Tree, h FileHandle) error {
				return t.Lock(h, LockRange{Offset: 1, Length: 2, Shared: true}, 1500*time.Microsecond)
			},
			[]smbwire.LockingAndXRequest{{Type: large | smbwire.LockShared, Timeout: 2 * time.Millisecond, Locks: at(1)}},
		},
		"for ever": {
			func(t *Tree, h FileHandle) error { return t.Lock(h, LockRange{Offset: 1, Length: 2}, rt.Forever) },
			[]smbwire.LockingAndXRequest{{Type: large, Timeout: -time.Millisecond, Locks: at(1)}},
		},
		"unlock": {
			func(t *Tree, h FileHandle) error { return t.Unlock(h, LockRange{Offset: 1, Length: 2}) },
			[]smbwire.LockingAndXRequest{{Type: large, Unlocks: at(1)}},
		},
		"all: exclusive ones first": {
			func(t *Tree, h FileHandle) error {
				return t.LockAll(h, []LockRange{{Offset: 1, Length: 2, Shared: true}, {Offset: 3, Length: 2}, {Offset: 5, Length: 2}})
			},
			[]smbwire.LockingAndXRequest{
				{Type: large, Locks: append(at(3), at(5)...)},
				{Type: large | smbwire.LockShared, Locks: at(1)},
			},
		},
		"none": {func(t *Tree, h FileHandle) error { return t.LockAll(h, nil) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) { p.reply(req, &smbwire.LockingAndXResponse{}) })
				if err := row.do(tree, h); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(p.lockRequests(), row.want); diff != "" {
					t.Errorf("(-got +want)\n%s", diff)
				}
				closeClient(t, tree)
			})
		})
	}
}

func TestLockAllFillsItsRequests(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) { p.reply(req, &smbwire.LockingAndXResponse{}) })
		ranges := make([]LockRange, 500)
		for i := range ranges {
			ranges[i] = LockRange{Offset: uint64(i), Length: 1}
		}
		if err := tree.LockAll(h, ranges); err != nil {
			t.Error(err)
		}
		var n []int
		for _, r := range p.lockRequests() {
			n = append(n, len(r.Locks))
		}
		// (4356 - 32 - 1 - 16 - 2) / 20
		if want := []int{215, 215, 70}; !cmp.Equal(n, want) {
			t.Errorf("%v ranges a request, want %v", n, want)
		}
		closeClient(t, tree)
	})
}

func TestLockAndReadWriteAndUnlock(t *testing.T) {
	for name, row := range map[string]struct {
		n, off  int64
		serve   func(p *peer, req *smbwire.Message)
		n1, n2  int
		e1, e2  error
		nothing bool // is sent
	}{
		"done": {5, 7, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdLockAndRead {
				p.reply(req, &smbwire.LockAndReadResponse{Data: []byte("hello")})
				return
			}
			p.reply(req, &smbwire.WriteAndUnlockResponse{Count: 5})
		}, 5, 5, nil, nil, false},
		"at the end of the file": {9, 7, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdLockAndRead {
				p.reply(req, &smbwire.LockAndReadResponse{Data: []byte("hello")})
				return
			}
			p.reply(req, &smbwire.WriteAndUnlockResponse{Count: 2})
		}, 5, 2, io.EOF, nt.StatusDiskFull, false},
		"more than was asked for": {3, 7, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdLockAndRead {
				p.reply(req, &smbwire.LockAndReadResponse{Data: []byte("hello")})
				return
			}
			p.reply(req, &smbwire.WriteAndUnlockResponse{Count: 4})
		}, 0, 0, nt.StatusInvalidNetworkResponse, nt.StatusInvalidNetworkResponse, false},
		"beyond 32 bits": {5, 1<<32 - 2, nil, 0, 0, nt.StatusNotSupported, nt.StatusNotSupported, true},
		"too much":       {4097, 0, nil, 0, 0, nt.StatusInvalidParameter, nt.StatusInvalidParameter, true},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, tree, h := withRaw(t, k, row.serve)
				before := len(p.requests)
				n1, e1 := tree.LockAndRead(h, make([]byte, row.n), row.off)
				n2, e2 := tree.WriteAndUnlock(h, make([]byte, row.n), row.off)
				if n1 != row.n1 || n2 != row.n2 || !errors.Is(e1, row.e1) || !errors.Is(e2, row.e2) {
					t.Errorf("%d, %v and %d, %v", n1, e1, n2, e2)
				}
				if sent := len(p.requests) - before; row.nothing != (sent == 0) {
					t.Errorf("%d requests", sent)
				}
				closeClient(t, tree)
			})
		})
	}
}

// A server that has gone is found although requests without a timer have all permits.
func TestPingNeedsNoPermit(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			switch req.Chain[0].(type) {
			case *smbwire.NTCreateAndXRequest:
				p.created(req, 0x801)
			case *smbwire.EchoRequest:
				echoes(p, req)
			}
		})
		tree := logon(t, conn, Options{Runtime: k, MaxCmds: 2})
		h := mustCreate(t, tree, "D")
		for range 2 {
			k.Go("watch", func() { _, _ = tree.NotifyChange(h, NotifyFileName, false) })
		}
		k.Sleep(time.Second)
		answered := k.NewEvent(rt.Notification)
		k.Go("ping", func() {
			if err := tree.Session().Client().Ping(); err != nil {
				t.Error(err)
			}
			answered.Set()
		})
		if !answered.Wait(time.Minute) {
			t.Error("the ping waits for a watch")
		}
		closeClient(t, tree)
	})
}

func TestNotifyChange(t *testing.T) {
	changes := []nt.Change{{Action: nt.NotifyAdded, Name: "F1"}, {Action: nt.NotifyRemoved, Name: "F2"}}
	params := smbwire.EncodeChanges(changes)
	for name, row := range map[string]struct {
		status nt.Status
		body   smbwire.Body
		want   []nt.Change
		err    error
	}{
		"changes":  {0, &smbwire.NTTransactResponse{TotalParams: uint32(len(params)), Params: params}, changes, nil},
		"too many": {nt.StatusNotifyEnumDir, &smbwire.NTTransactResponse{}, nil, nil},
		"closed":   {nt.StatusNotifyCleanup, &smbwire.ErrorReply{Cmd: smbwire.CmdNTTransact}, nil, nt.StatusNotifyCleanup},
		"nonsense": {0, &smbwire.NTTransactResponse{TotalParams: 5, Params: params[:5]}, nil, nt.StatusInvalidNetworkResponse},
		"a part":   {0, &smbwire.NTTransactResponse{TotalParams: 500, Params: params}, nil, nt.StatusInvalidNetworkResponse},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				_, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
					p.send(&smbwire.Message{Header: req.Header.Reply(row.status), Chain: []smbwire.Body{row.body}})
				})
				got, err := tree.NotifyChange(h, NotifyFileName, true)
				if diff := cmp.Diff(got, row.want); diff != "" || !errors.Is(err, row.err) {
					t.Errorf("%v (-got +want)\n%s", err, diff)
				}
				closeClient(t, tree)
			})
		})
	}
}
