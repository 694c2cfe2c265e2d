package smb1client

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// The same code on goroutines, for the race detector: many tasks use one circuit while
// oplocks are broken, until a timer ends it.
func TestOnGoroutines(t *testing.T) {
	r := wallrt.New(1)
	defer r.Close()
	err := r.Do("test", func() {
		s := &fileServer{}
		_, conn := newPeer(t, r, func(p *peer, req *smbwire.Message) {
			if e, ok := req.Chain[0].(*smbwire.EchoRequest); ok && string(e.Data) == "silence" {
				return
			}
			s.serve(p, req)
			p.breakOplock(s.next, nt.OplockNone)
		})
		tree := logon(t, conn, Options{
			Runtime: r, MaxCmds: 8, RequestTimeout: func(int) time.Duration { return 2 * time.Second },
		})
		tree.SetHandler(&ackingHandler{tree})
		g := newGroup(r)
		for i := range 20 {
			g.start(func() { useFile(t, tree, fmt.Sprint(i)) })
		}
		g.wait()
		if err := tree.Session().Client().Echo([]byte("silence")); !errors.Is(err, nt.StatusIOTimeout) {
			t.Errorf("got %v, want %v", err, nt.StatusIOTimeout)
		}
		closeClient(t, tree)
	})
	if err != nil {
		t.Fatal(err)
	}
}

type ackingHandler struct{ tree *Tree }

// OnBreak acknowledges; the file may have been closed meanwhile.
func (a *ackingHandler) OnBreak(h nt.FileHandle, to nt.OplockLevel) { _ = a.tree.AckBreak(h, to) }

func (a *ackingHandler) OnCircuitLost(error) {}

func useFile(t *testing.T, tree *Tree, name string) {
	h, _, err := tree.Create(name, CreateParams{})
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := tree.WriteAt(h, make([]byte, 10000), 0, 0); err != nil {
		t.Error(err)
	}
	if err := tree.Close(h, 0); err != nil {
		t.Error(err)
	}
}
