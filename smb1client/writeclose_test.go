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
