package smbserver

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// requests are well-formed requests of every kind, in an order in which they mean
// something.
func requests(t testing.TB) []smbwire.Body {
	t.Helper()
	fid := firstFID
	list := []smbwire.Body{
		create(`\f`, oplock(nt.OplockBatch)),
		&smbwire.OpenAndXRequest{FileName: "f", AccessMode: smbwire.ShareDenyNone, OpenMode: smbwire.OpenModeOpen},
		&smbwire.OpenRequest{FileName: "f", AccessMode: smbwire.ShareDenyNone},
		&smbwire.CreateRequest{FileName: "g"},
		&smbwire.CreateNewRequest{FileName: "h"},
		&smbwire.WriteAndXRequest{FID: fid, Wide: true, Offset: 5, Data: []byte("data")},
		&smbwire.WriteRequest{FID: fid, Offset: 5, Data: []byte("data")},
		&smbwire.ReadAndXRequest{FID: fid, Wide: true, Offset: 1, MaxCount: 100},
		&smbwire.ReadRequest{FID: fid, Count: 100},
		&smbwire.LockingAndXRequest{FID: fid, Locks: []smbwire.LockRange{{PID: 1, Length: 5}}, Unlocks: []smbwire.LockRange{{PID: 1, Length: 5}}},
		&smbwire.LockAndReadRequest{FID: fid, Count: 4},
		&smbwire.WriteAndUnlockRequest{FID: fid, Data: []byte("data")},
		&smbwire.SeekRequest{FID: fid, Mode: smbwire.SeekEnd},
		&smbwire.FlushRequest{FID: fid},
		&smbwire.QueryInformation2Request{FID: fid},
		&smbwire.SetInformation2Request{FID: fid, Written: 0x12345678},
		&smbwire.QueryInformationRequest{FileName: "f"},
		&smbwire.SetInformationRequest{FileName: "f", FileAttributes: nt.AttrHidden},
		&smbwire.CreateDirectoryRequest{DirectoryName: "d"},
		&smbwire.CheckDirectoryRequest{DirectoryName: "d"},
		&smbwire.RenameRequest{OldFileName: "d", NewFileName: "e"},
		&smbwire.DeleteDirectoryRequest{DirectoryName: "e"},
		&smbwire.DeleteRequest{FileName: "*"},
		&smbwire.QueryInformationDiskRequest{},
		&smbwire.EchoRequest{EchoCount: 2, Data: []byte("x")},
		&smbwire.NTCancelRequest{},
		&smbwire.ProcessExitRequest{},
		&smbwire.CloseRequest{FID: fid},
		&smbwire.FindClose2Request{SID: 1},
		&smbwire.TreeConnectAndXRequest{Path: `\\S\IPC$`, Service: "IPC"},
		&smbwire.LogoffAndXRequest{},
		setupRequest(0),
		&smbwire.Unknown{Cmd: smbwire.CmdIOCTL, Words: make([]byte, 38), Bytes: []byte{1, 2, 3}},
	}
	for _, r := range []trans2{
		&smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindBothDirectory, FileName: "*"},
		&smbwire.FindNext2Request{SID: 1, SearchCount: 1, Level: smbwire.FindBothDirectory, FileName: "f"},
		&smbwire.QueryFSInformationRequest{Level: smbwire.FSSize},
		&smbwire.QueryPathInformationRequest{Level: smbwire.QueryFileAll, FileName: "f"},
		&smbwire.QueryFileInformationRequest{Level: smbwire.QueryFileAll, FID: fid},
		&smbwire.SetFileInformationRequest{Level: smbwire.SetFileEndOfFile, FID: fid, Data: make([]byte, 8)},
		&smbwire.SetPathInformationRequest{Level: smbwire.SetFileBasic, FileName: "f", Data: make([]byte, 40)},
	} {
		out := &smbwire.Transaction2Request{MaxParams: 10, MaxData: 4096}
		if err := r.Encode(out, clientFlags2); err != nil {
			t.Fatal(err)
		}
		list = append(list, out)
	}
	return list
}

// open are the files that anybody has open.
func (w *world) open() map[*fcb]bool {
	all := map[*fcb]bool{}
	for _, sh := range w.core.shares {
		for _, f := range sh.files {
			all[f] = true
		}
	}
	return all
}

// settled checks what no peer may break: the tables agree with each other.
func (w *world) settled() {
	w.t.Helper()
	opens, locks := 0, 0
	for f := range w.open() {
		opens += len(f.opens)
		locks -= len(f.locks)
		if len(f.opens) == 0 || f.share.files[f.key] != f || f.breaking && f.holder() == nil {
			w.t.Fatalf("%+v is inconsistent", f)
		}
	}
	for _, x := range w.core.parked {
		if x.cir.dead {
			w.t.Fatal("a request of a dead circuit is parked")
		}
	}
	for _, cir := range w.core.circuits.all() {
		opens -= cir.files.len() + len(cir.cached)
		locks += cir.locks
	}
	raw := w.core.rawItems
	for _, cir := range w.core.circuits.all() {
		if cir.raw != nil {
			raw--
		}
	}
	if raw != 0 {
		w.t.Fatalf("%d raw work items too many", raw)
	}
	if opens != 0 || locks != 0 || len(w.core.ready) != 0 {
		w.t.Fatalf("%d opens, %d locks too many, %d left ready", opens, locks, len(w.core.ready))
	}
}

// alive checks that another client is served.
func (p *peer) alive() {
	p.w.t.Helper()
	p.inbox = nil
	p.close(p.open(nt.OplockNone, create("of another")))
	p.w.settled()
}

func TestEveryPrefixOfEveryFrame(t *testing.T) {
	w := newWorld(t)
	other := w.logon("WS2")
	p := w.logon("WS1")
	for _, body := range requests(t) {
		frame := p.frame(body)
		for n := range frame {
			if p.hung {
				p = w.logon("WS1")
			}
			w.step(frameInput{conn: p.id, frame: frame[:n:n]})
			if n < smbwire.HeaderSize && !p.hung {
				t.Fatalf("%v: %d bytes were taken for a message", body.Command(), n)
			}
		}
		if p.hung {
			p = w.logon("WS1")
		}
		w.step(frameInput{conn: p.id, frame: frame})
		if p.hung {
			t.Errorf("%v: hung up on a whole frame", body.Command())
		}
		other.alive()
	}
}

func TestGarbage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	w := newWorld(t)
	other, p := w.logon("WS2"), w.logon("WS1")
	list := requests(t)
	for i := range 20_000 {
		if p.hung {
			p = w.logon("WS1")
		}
		frame := p.frame(list[rnd.IntN(len(list))])
		for range 1 + rnd.IntN(4) {
			frame[4+rnd.IntN(len(frame)-4)] ^= byte(1 << rnd.IntN(8))
		}
		w.step(frameInput{conn: p.id, frame: frame})
		if i%1000 == 0 {
			w.sleep(time.Minute)
			other.alive()
		}
	}
	p.hangUp()
	w.settled()
}

func TestNegotiateComesFirstAndOnce(t *testing.T) {
	w := newWorld(t)
	p := w.dial("WS1")
	p.send(&smbwire.EchoRequest{EchoCount: 1})
	if !p.hung {
		t.Error("ECHO before NEGOTIATE was answered")
	}
	p = w.logon("WS1")
	p.send(&smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	if !p.hung {
		t.Error("a second NEGOTIATE was answered")
	}
	p = w.logon("WS1")
	m := &smbwire.Message{Header: smbwire.Header{Flags: smbwire.FlagReply, UID: p.uid}, Chain: []smbwire.Body{&smbwire.FlushResponse{}}}
	frame, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.step(frameInput{conn: p.id, frame: frame})
	if !p.hung {
		t.Error("a reply was taken for a request")
	}
}

func TestWrongIdentifiers(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	b.open(nt.OplockNone, create("mine"))
	b.open(nt.OplockNone, create("mine"))
	if a.open(nt.OplockNone, create("f")) != firstFID {
		t.Fatal("unexpected FID")
	}
	read := &smbwire.ReadAndXRequest{FID: firstFID, MaxCount: 1}
	a.want(nt.StatusSuccess, read)
	a.want(nt.StatusInvalidHandle, &smbwire.ReadAndXRequest{FID: firstFID + 1, MaxCount: 1})
	a.tid++
	a.want(nt.StatusNetworkNameDeleted, read)
	a.tid--
	a.uid++
	a.want(nt.StatusUserSessionDeleted, read)
	a.uid--
	tid := a.tid
	a.want(nt.StatusSuccess, &smbwire.TreeConnectAndXRequest{Path: `\\S\DATA`, Service: "A:"})
	a.want(nt.StatusInvalidHandle, read) // the FID belongs to the other tree
	a.want(nt.StatusSuccess, &smbwire.TreeDisconnectRequest{})
	a.tid = tid
	a.want(nt.StatusSuccess, read)
}

func TestUnknownCommands(t *testing.T) {
	p := newWorld(t).logon("WS1")
	for _, cmd := range []smbwire.Command{smbwire.CmdIOCTL, smbwire.CmdTransaction, smbwire.CmdCopy, 0xD8} {
		p.want(nt.StatusNotImplemented, &smbwire.Unknown{Cmd: cmd})
	}
	p.want(nt.StatusNotImplemented, &smbwire.Transaction2Request{Setup: []uint16{0x77}})
}

func TestLimits(t *testing.T) {
	w := newWorld(t, noRetries, func(c *Config) {
		c.Limits = Limits{
			MaxConns: 9, MaxLogons: 2, MaxAuthFailures: 3, MaxTrees: 2, MaxOpenFiles: 3, MaxSearches: 2, MaxLocks: 2,
			MaxParked: 2, MaxQueue: 1 << 20,
		}
	})
	p, other := w.logon("WS1"), w.logon("WS2")
	for range 3 {
		p.open(nt.OplockNone, create("f"))
	}
	p.want(nt.StatusTooManyOpenedFiles, create("f"))
	for i := range uint32(2) {
		p.want(nt.StatusSuccess, &smbwire.LockByteRangeRequest{FID: firstFID, Offset: i, Count: 1})
	}
	p.want(nt.StatusInsufficientResources, &smbwire.LockByteRangeRequest{FID: firstFID, Offset: 9, Count: 1})
	find := &smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindNames, FileName: "*"}
	p.trans2(t, nt.StatusSuccess, find)
	p.trans2(t, nt.StatusSuccess, find)
	p.trans2(t, nt.StatusInsufficientResources, find)
	tree := &smbwire.TreeConnectAndXRequest{Path: `\\S\DATA`, Service: "A:"}
	p.want(nt.StatusSuccess, tree)
	p.want(nt.StatusInsufficientResources, tree)
	p.want(nt.StatusSuccess, setupRequest(1))
	p.want(nt.StatusTooManyCommands, setupRequest(1))

	held := other.open(nt.OplockBatch, create("g", oplock(nt.OplockBatch)))
	p = w.logon("WS3")
	first, second := p.send(create("g")), p.send(create("g"))
	p.want(nt.StatusInsufficientResources, create("g"))
	other.close(held)
	p.opened(first, nt.OplockNone)
	p.opened(second, nt.OplockNone)
	w.settled()
}

func TestNamesAreRefused(t *testing.T) {
	p := newWorld(t).logon("WS1")
	for _, name := range []string{`..\x`, `a\..\..\x`, "a/b", "a:b", `a\\b`, "a*", "\x01"} {
		p.want(nt.StatusObjectNameInvalid, create(name))
		p.want(nt.StatusObjectNameInvalid, &smbwire.CreateDirectoryRequest{DirectoryName: name})
		p.want(nt.StatusObjectNameInvalid, &smbwire.RenameRequest{OldFileName: name, NewFileName: "x"})
	}
}

// A peer that goes through thousands of circuits leaves nothing behind.
func TestCircuitsLeaveNothing(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.DropOldCircuits = false })
	for i := range 200 {
		p := w.logon("WS1")
		fid := p.open(nt.OplockNone, create(fmt.Sprint(i), access(nt.GenericAll), options(nt.DeleteOnClose)))
		p.want(nt.StatusSuccess, &smbwire.LockByteRangeRequest{FID: fid, Count: 1})
		p.trans2(t, nt.StatusSuccess, &smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindNames, FileName: "*"})
		p.hangUp()
	}
	if n := w.core.circuits.len() + len(w.open()) + len(w.core.parked) + len(w.vol.Snapshot()); n != 0 {
		t.Errorf("%d things are left", n)
	}
}

// FuzzStep feeds frames, a length byte before each, to a circuit that is logged on.
func FuzzStep(f *testing.F) {
	seed := newWorld(f).logon("WS1")
	for _, body := range requests(f) {
		if frame := seed.frame(body); len(frame) < 256 {
			f.Add(append([]byte{byte(len(frame))}, frame...))
		}
	}
	// The FID is that of the batch oplock below.
	var story []byte
	for _, body := range []smbwire.Body{
		&smbwire.ReadRawRequest{FID: firstFID, MaxCount: 9}, rawRequest(firstFID, 9, nt.WriteModeThrough, "xx"),
		rawRequest(firstFID, 9, 0, ""), lockRequest(firstFID, 1, 0), lockRequest(firstFID, 1, -time.Millisecond),
		create("", directory()), notifyRequest(firstFID+1, nt.NotifyFileName, true), &smbwire.NTCancelRequest{},
		&smbwire.CloseRequest{FID: firstFID}, create("held"),
	} {
		frame := seed.frame(body)
		story = append(append(story, byte(len(frame))), frame...)
		if _, ok := body.(*smbwire.WriteRawRequest); ok {
			story = append(story, 3, 'r', 'a', 'w')
		}
	}
	f.Add(story)
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWorld(t)
		other, p := w.logon("WS2"), w.logon("WS1")
		if err := w.vol.WriteFile("f", []byte("contents")); err != nil {
			t.Fatal(err)
		}
		p.open(nt.OplockBatch, create("held", oplock(nt.OplockBatch)))
		for len(b) > 1 && !p.hung {
			n := min(int(b[0]), len(b)-1)
			w.step(frameInput{conn: p.id, frame: b[1 : 1+n]})
			b = b[1+n:]
		}
		w.sleep(time.Minute)
		other.alive()
		p.hangUp()
		w.settled()
	})
}
