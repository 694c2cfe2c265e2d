package smb1client

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// FuzzReplies answers each request of a client with the same bytes, made to look like
// a reply to it, as it is or as an oplock break. Whatever they are, every call
// returns, nothing panics and no task is left.
func FuzzReplies(f *testing.F) {
	reply := smbwire.Header{Flags: smbwire.FlagReply, Flags2: smbwire.Flags2Unicode | smbwire.Flags2NTStatus}
	for _, b := range []smbwire.Body{
		&smbwire.NTCreateAndXResponse{FID: 1, Oplock: nt.OplockBatch},
		&smbwire.ReadAndXResponse{Available: math.MaxUint16, Data: []byte("data")},
		&smbwire.WriteAndXResponse{Count: 4},
		&smbwire.Transaction2Response{TotalParams: 10, TotalData: 3, Params: make([]byte, 10), Data: []byte("abc")},
		&smbwire.EchoResponse{Data: []byte("x")},
		&smbwire.CloseResponse{},
		&smbwire.LockAndReadResponse{Data: []byte("data")},
		&smbwire.WriteRawInterimResponse{Available: math.MaxUint16},
		&smbwire.WriteCompleteResponse{Count: 4},
		&smbwire.NTTransactResponse{TotalParams: 14, Params: smbwire.EncodeChanges([]nt.Change{{Action: nt.NotifyAdded, Name: "x"}})},
	} {
		msg, err := (&smbwire.Message{Header: reply, Chain: []smbwire.Body{b}}).Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg, true)
		f.Add(msg, false)
	}
	lock, err := (&smbwire.Message{
		Header: smbwire.Header{MID: smbwire.BreakMID}, Chain: []smbwire.Body{smbwire.OplockBreak(1, nt.OplockNone)},
	}).Append(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lock, false)
	f.Fuzz(func(t *testing.T, msg []byte, patch bool) {
		inSimOnce(t, simrt.Options{MaxSteps: 100_000}, func(k *simrt.Kernel) { abuse(t, k, msg, patch) })
	})
}

func abuse(t *testing.T, k *simrt.Kernel, msg []byte, patch bool) {
	budget := 100 // a peer that plays along for ever is the server of another test
	p, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
		p.nextRaw = true
		if budget--; budget == 0 {
			_ = p.conn.Close()
			return
		}
		if patch && len(msg) >= smbwire.HeaderSize {
			msg[4] = byte(req.Header.Command)
			binary.LittleEndian.PutUint16(msg[30:], uint16(req.Header.MID))
		}
		p.raw(msg)
		if !patch {
			_ = p.conn.Close()
		}
	})
	p.welcome.Capabilities |= smbwire.CapRawMode | smbwire.CapLockAndRead
	p.welcome.MaxRawSize = 65536
	tree := logon(t, conn, Options{Runtime: k})
	tree.SetHandler(&recorder{})
	g := newGroup(k)
	g.start(func() { _, _ = tree.Find(`*`) })
	g.start(func() { _, _ = tree.QueryPath(`f`) })
	g.start(func() { _ = tree.Session().Client().Echo([]byte("x")) })
	g.start(func() {
		h, _, err := tree.Create(`f`, CreateParams{})
		if err != nil {
			return
		}
		_, _ = tree.ReadAt(h, make([]byte, 5000), 0)
		_, _ = tree.WriteAt(h, make([]byte, 5000), 0, 0)
		_, _ = tree.LockAndRead(h, make([]byte, 50), 0)
		_, _ = tree.WriteAndUnlock(h, make([]byte, 50), 0)
		_ = tree.Lock(h, LockRange{Length: 1}, time.Hour)
		_, _ = tree.NotifyChange(h, NotifyFileName, false)
		_, _ = tree.ReadRaw(h, make([]byte, 500), 0)
		_, _ = tree.WriteRaw(h, make([]byte, 500), 0, 0, 100)
		_ = tree.Close(h, 0)
	})
	g.wait()
	h, _, err := tree.Create(`f`, CreateParams{})
	if err == nil {
		_, _ = tree.ReadRaw(h, make([]byte, 500), 0)
		_, _ = tree.WriteRaw(h, make([]byte, 500), 0, 0, 100)
	}
	closeClient(t, tree)
}
