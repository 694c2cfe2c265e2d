package smb1client

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// fileServer gives out FIDs from 1 and says yes to the rest.
type fileServer struct{ next smbwire.FID }

func (s *fileServer) serve(p *peer, req *smbwire.Message) {
	switch r := req.Chain[0].(type) {
	case *smbwire.NTCreateAndXRequest:
		s.next++
		p.created(req, s.next)
	case *smbwire.WriteAndXRequest:
		p.reply(req, &smbwire.WriteAndXResponse{Count: len(r.Data)})
	case *smbwire.CloseRequest:
		p.reply(req, &smbwire.CloseResponse{})
	case *smbwire.EchoRequest:
		echoes(p, req)
	case *smbwire.LockingAndXRequest:
		if r.Type&smbwire.LockOplockRelease == 0 {
			p.reply(req, &smbwire.LockingAndXResponse{})
		}
	}
}

// A break reaches the owner of the FID, whose handler may use the circuit: it flushes
// and then acknowledges.
func TestBreakToTheOwner(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		s := &fileServer{}
		p, conn := newPeer(t, k, s.serve)
		tree := logon(t, conn, Options{Runtime: k, Circuit: 9})
		defer closeClient(t, tree)
		h := &recorder{onBreak: func(h nt.FileHandle, to nt.OplockLevel) {
			if _, err := tree.WriteAt(h, []byte("dirty"), 0, 0); err != nil {
				t.Error(err)
			}
			if err := tree.AckBreak(h, to); err != nil {
				t.Error(err)
			}
		}}
		tree.SetHandler(h)
		mustCreate(t, tree, `a`)
		mustCreate(t, tree, `b`)
		before := len(p.requests)
		p.breakOplock(2, nt.OplockLevelII)
		k.Sleep(time.Second)
		if diff := cmp.Diff([]string{"9/2 level II"}, h.breaks); diff != "" {
			t.Errorf("breaks (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"WRITE_ANDX", "LOCKING_ANDX"}, p.commands(before)); diff != "" {
			t.Fatalf("requests (-want +got):\n%s", diff)
		}
		ack := p.requests[before+1].Chain[0]
		if diff := cmp.Diff(smbwire.Body(smbwire.OplockBreak(2, nt.OplockLevelII)), ack); diff != "" {
			t.Errorf("acknowledgement (-want +got):\n%s", diff)
		}
	})
}

// The break comes right behind the reply of the create, or even before it, while the
// caller of Create has not run yet.
func TestBreakDuringCreate(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(p *peer, req *smbwire.Message)
	}{
		{"behind the reply", func(p *peer, req *smbwire.Message) {
			p.created(req, 5)
			p.breakOplock(5, nt.OplockNone)
		}},
		{"ahead of the reply", func(p *peer, req *smbwire.Message) {
			p.breakOplock(5, nt.OplockNone)
			p.created(req, 5)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				_, conn := newPeer(t, k, c.serve)
				tree := logon(t, conn, Options{Runtime: k})
				defer closeClient(t, tree)
				returned := false
				h := &recorder{onBreak: func(nt.FileHandle, nt.OplockLevel) {
					if !returned {
						t.Error("the break was run before Create returned")
					}
				}}
				tree.SetHandler(h)
				mustCreate(t, tree, `a`)
				returned = true
				k.Sleep(time.Second)
				if diff := cmp.Diff([]string{"0/5 none"}, h.breaks); diff != "" {
					t.Errorf("breaks (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The breaks of one file stay in order and run one after the other; those of another
// file do not wait for them.
func TestBreaksOfTwoFiles(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, conn := newPeer(t, k, (&fileServer{}).serve)
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		var log []string
		tree.SetHandler(&recorder{onBreak: func(h nt.FileHandle, to nt.OplockLevel) {
			if h.FID == 1 {
				k.Sleep(10 * time.Second)
			}
			log = append(log, fmt.Sprintf("%d %v", h.FID, to))
		}})
		mustCreate(t, tree, `slow`)
		mustCreate(t, tree, `fast`)
		p.breakOplock(1, nt.OplockLevelII)
		p.breakOplock(1, nt.OplockNone)
		k.Sleep(time.Second)
		p.breakOplock(2, nt.OplockNone)
		k.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"2 none", "1 level II", "1 none"}, log); diff != "" {
			t.Errorf("breaks (-want +got):\n%s", diff)
		}
	})
}

// An acknowledgement gets through while every permit is taken: the server may wait for
// it before it answers.
func TestAckBreakNeedsNoPermit(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		var blocked *smbwire.Message
		s := &fileServer{}
		p, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			switch r := req.Chain[0].(type) {
			case *smbwire.EchoRequest:
				blocked = req
				p.breakOplock(1, nt.OplockNone)
			case *smbwire.LockingAndXRequest:
				if r.Type&smbwire.LockOplockRelease != 0 {
					echoes(p, blocked)
				}
			default:
				s.serve(p, req)
			}
		})
		p.welcome.MaxMpxCount = 1
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		mustCreate(t, tree, `a`)
		if err := tree.Session().Client().Echo([]byte("x")); err != nil { // no handler: acknowledged at once
			t.Error(err)
		}
	})
}

// The MID of an acknowledgement is not used for another request soon: a server that
// answers it, against the rules, is not taken for one that answers something else.
func TestAnsweredAck(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		s := &fileServer{}
		_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			if _, ok := req.Chain[0].(*smbwire.LockingAndXRequest); ok {
				p.reply(req, &smbwire.LockingAndXResponse{})
				return
			}
			s.serve(p, req)
		})
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		h := mustCreate(t, tree, `a`)
		if err := tree.AckBreak(h, nt.OplockNone); err != nil {
			t.Error(err)
		}
		k.Sleep(time.Second)
		if diff := cmp.Diff(Discarded{Late: 1}, tree.Session().Client().Discarded()); diff != "" {
			t.Errorf("discarded (-want +got):\n%s", diff)
		}
	})
}

// A break that crosses the close is void, also when the FID is given out again.
func TestBreakCrossesClose(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		s := &fileServer{}
		_, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
			if r, ok := req.Chain[0].(*smbwire.CloseRequest); ok {
				p.breakOplock(r.FID, nt.OplockNone)
				s.next = r.FID - 1
			}
			s.serve(p, req)
		})
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		h := &recorder{}
		tree.SetHandler(h)
		first := mustCreate(t, tree, `a`)
		if err := tree.Close(first, 0); err != nil {
			t.Fatal(err)
		}
		if second := mustCreate(t, tree, `b`); second != first {
			t.Errorf("got handle %v, want %v again", second, first)
		}
		k.Sleep(time.Second)
		if h.breaks != nil {
			t.Errorf("the handler was told: %v", h.breaks)
		}
	})
}

// A handle of another circuit, or of no open file, does not reach the wire.
func TestForeignHandle(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, conn := newPeer(t, k, (&fileServer{}).serve)
		tree := logon(t, conn, Options{Runtime: k, Circuit: 2})
		defer closeClient(t, tree)
		open := mustCreate(t, tree, `a`)
		before := len(p.requests)
		for _, h := range []FileHandle{{Circuit: 1, FID: open.FID}, {Circuit: 2, FID: open.FID + 1}} {
			_, readErr := tree.ReadAt(h, make([]byte, 1), 0)
			_, writeErr := tree.WriteAt(h, []byte{1}, 0, 0)
			_, queryErr := tree.QueryFile(h)
			for i, err := range []error{
				readErr, writeErr, queryErr, tree.SetSize(h, 0), tree.Flush(h), tree.Close(h, 0),
				tree.Lock(h, LockRange{}, 0), tree.Unlock(h, LockRange{}), tree.AckBreak(h, 0),
			} {
				if !errors.Is(err, nt.StatusFileClosed) {
					t.Errorf("call %d with %v: got %v", i, h, err)
				}
			}
		}
		if got := p.commands(before); got != nil {
			t.Errorf("the server got %v", got)
		}
	})
}
