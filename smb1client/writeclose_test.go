package smb1client

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// A write and a close go in one message. The handle is gone when the server has come to
// the close, and only then.
func TestWriteAndClose(t *testing.T) {
	for name, row := range map[string]struct {
		reply  []smbwire.Body
		status nt.Status
		closed bool
		err    error
	}{
		"done":                    {[]smbwire.Body{&smbwire.WriteAndXResponse{Count: 5}, &smbwire.CloseResponse{}}, nt.StatusSuccess, true, nil},
		"the write fails":         {[]smbwire.Body{&smbwire.ErrorReply{Cmd: smbwire.CmdWriteAndX}}, nt.StatusFileLockConflict, false, nt.StatusFileLockConflict},
		"the close fails":         {[]smbwire.Body{&smbwire.WriteAndXResponse{Count: 5}, &smbwire.ErrorReply{Cmd: smbwire.CmdClose}}, nt.StatusDiskFull, true, nt.StatusDiskFull},
		"not all is written":      {[]smbwire.Body{&smbwire.WriteAndXResponse{Count: 2}, &smbwire.CloseResponse{}}, nt.StatusSuccess, true, nt.StatusDiskFull},
		"more than was sent":      {[]smbwire.Body{&smbwire.WriteAndXResponse{Count: 6}, &smbwire.CloseResponse{}}, nt.StatusSuccess, false, nt.StatusInvalidNetworkResponse},
		"no word about the close": {[]smbwire.Body{&smbwire.WriteAndXResponse{Count: 5}}, nt.StatusSuccess, false, nt.StatusInvalidNetworkResponse},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
					p.send(&smbwire.Message{Header: req.Header.Reply(row.status), Chain: row.reply})
				})
				before := len(p.requests)
				closed, err := tree.WriteAndClose(h, []byte("hello"), 7, nt.WriteModeThrough, 0)
				if closed != row.closed || !errors.Is(err, row.err) || row.err == nil && err != nil {
					t.Errorf("closed: %v, %v", closed, err)
				}
				var sent [][]smbwire.Command
				for _, m := range p.requests[before:] {
					var chain []smbwire.Command
					for _, b := range m.Chain {
						chain = append(chain, b.Command())
					}
					sent = append(sent, chain)
				}
				if diff := cmp.Diff([][]smbwire.Command{{smbwire.CmdWriteAndX, smbwire.CmdClose}}, sent); diff != "" {
					t.Errorf("requests (-want +got)\n%s", diff)
				}
				if _, err := tree.fid("test", h); (err != nil) != closed {
					t.Errorf("the handle afterwards: %v", err)
				}
				closeClient(t, tree)
			})
		})
	}
}

// What fills the server's buffer leaves no room for the close behind it, which then is a
// request of its own.
func TestWriteAndCloseOfWhatFillsTheBuffer(t *testing.T) {
	for name, row := range map[string]struct {
		less int // than the most that a write carries
		want []int
	}{
		"full":                  {0, []int{1, 1}},
		"a byte too many":       {closeLength - 1, []int{1, 1}},
		"with room for a close": {closeLength, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
					switch b := req.Chain[0].(type) {
					case *smbwire.NTCreateAndXRequest:
						p.created(req, 0x801)
					case *smbwire.CloseRequest:
						p.reply(req, &smbwire.CloseResponse{})
					case *smbwire.WriteAndXRequest:
						done := []smbwire.Body{&smbwire.WriteAndXResponse{Count: len(b.Data)}, &smbwire.CloseResponse{}}
						p.send(&smbwire.Message{Header: req.Header.Reply(nt.StatusSuccess), Chain: done[:len(req.Chain)]})
					}
				})
				p.welcome.MaxBufferSize = 2048
				tree := logon(t, conn, Options{Runtime: k})
				h := mustCreate(t, tree, "F")
				before := len(p.requests)
				closed, err := tree.WriteAndClose(h, make([]byte, tree.Limits().MaxWrite-row.less), 0, nt.WriteModeThrough, 0)
				if !closed || err != nil {
					t.Errorf("closed: %v, %v", closed, err)
				}
				var sent []int
				for _, m := range p.requests[before:] {
					sent = append(sent, len(m.Chain))
				}
				if diff := cmp.Diff(row.want, sent); diff != "" {
					t.Errorf("length of the chains (-want +got)\n%s", diff)
				}
				closeClient(t, tree)
			})
		})
	}
}
