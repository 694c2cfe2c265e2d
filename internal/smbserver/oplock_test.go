package smbserver

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

func TestOplockIsForWhoIsAlone(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockNone, create("f"))
	second := b.open(nt.OplockLevelII, create("f", oplock(nt.OplockBatch)))
	a.close(fid)
	b.close(second)
	b.close(b.open(nt.OplockExclusive, create("f", oplock(nt.OplockExclusive))))
	b.close(b.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch))))
	b.open(nt.OplockNone, create("f", oplock(nt.OplockBatch), access(nt.FileReadAttributes)))
}

func TestOplocksCanBeDisabled(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.EnableOplocks = false })
	w.logon("WS1").open(nt.OplockNone, create("f", oplock(nt.OplockBatch)))
}

// The second open waits until the holder has answered, and what it gets depends on
// the answer.
func TestSecondOpenWaitsForTheBreak(t *testing.T) {
	for _, row := range []struct {
		what    string
		level   nt.OplockLevel
		write   bool
		second  *smbwire.NTCreateAndXRequest
		breakTo nt.OplockLevel
		ack     nt.OplockLevel
		granted nt.OplockLevel
	}{
		{"batch, not written", nt.OplockBatch, false, create("f", oplock(nt.OplockBatch)), nt.OplockLevelII, nt.OplockLevelII, nt.OplockLevelII},
		{"batch, holder wants none", nt.OplockBatch, false, create("f"), nt.OplockLevelII, nt.OplockNone, nt.OplockNone},
		{"batch, written", nt.OplockBatch, true, create("f"), nt.OplockNone, nt.OplockNone, nt.OplockNone},
		{"exclusive, not written", nt.OplockExclusive, false, create("f"), nt.OplockLevelII, nt.OplockLevelII, nt.OplockNone},
		{"exclusive, written", nt.OplockExclusive, true, create("f"), nt.OplockNone, nt.OplockNone, nt.OplockNone},
		{"an open that cuts", nt.OplockBatch, false, create("f", disposition(nt.FileOverwrite)), nt.OplockNone, nt.OplockNone, nt.OplockNone},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.logon("WS1"), w.logon("WS2")
			fid := a.open(row.level, create("f", oplock(row.level)))
			if row.write {
				a.write(fid, 0, "x")
			}
			mid := b.send(row.second)
			a.wantBreak(fid, row.breakTo)
			w.sleep(time.Second)
			b.wantNone(mid)
			a.write(fid, 0, "flushed")
			a.ack(fid, row.ack)
			a.wantQuiet()
			b.opened(mid, row.granted)
		})
	}
}

// A holder that was left nothing keeps nothing, whatever it answers.
func TestHolderCannotKeepMore(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	a.write(fid, 0, "x")
	mid := b.send(create("f"))
	a.wantBreak(fid, nt.OplockNone)
	a.ack(fid, nt.OplockLevelII)
	b.write(b.opened(mid, nt.OplockNone), 0, "y")
	a.wantQuiet()
	a.ack(fid, nt.OplockNone) // an answer to no break
	w.settled()
}

// The break of a batch oplock comes before the share modes; that of an exclusive one
// comes after.
func TestBatchIsBrokenBeforeSharingIsChecked(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch), sharing(nt.ShareNone)))
	mid := b.send(create("f"))
	a.wantBreak(fid, nt.OplockLevelII)
	a.close(fid) // the application had closed it long ago
	fid = b.opened(mid, nt.OplockNone)
	b.close(fid)

	fid = a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch), sharing(nt.ShareNone)))
	mid = b.send(create("f"))
	a.wantBreak(fid, nt.OplockLevelII)
	a.ack(fid, nt.OplockLevelII)
	b.wantReply(mid, nt.StatusSharingViolation)
	a.close(fid)

	a.open(nt.OplockExclusive, create("f", oplock(nt.OplockExclusive), sharing(nt.ShareNone)))
	b.want(nt.StatusSharingViolation, create("f"))
	a.wantQuiet()
}

func TestStatOpenBreaksNothing(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	b.open(nt.OplockNone, create("f", access(nt.FileReadAttributes|nt.Synchronize)))
	a.wantQuiet()
}

func TestBreakIsNotAnswered(t *testing.T) {
	t.Run("the open fails", func(t *testing.T) {
		w := newWorld(t)
		a, b := w.logon("WS1"), w.logon("WS2")
		fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
		mid := b.send(create("f"))
		a.wantBreak(fid, nt.OplockLevelII)
		w.sleep(35*time.Second - time.Microsecond)
		b.wantNone(mid)
		w.sleep(time.Microsecond)
		b.wantReply(mid, nt.StatusSharingViolation)
		a.write(fid, 0, "late, but its FID lives")
		mid = b.send(create("f"))
		a.wantQuiet() // it has been told
		a.ack(fid, nt.OplockNone)
		b.opened(mid, nt.OplockNone)
	})
	t.Run("the holder loses its FID", func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.EnableOplockForceClose = true })
		a, b, c := w.logon("WS1"), w.logon("WS2"), w.logon("WS3")
		fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
		first := b.send(create("f"))
		w.sleep(5 * time.Second)
		second := c.send(create("f"))
		w.sleep(30 * time.Second)
		b.opened(first, nt.OplockNone)
		c.opened(second, nt.OplockNone)
		a.wantBreak(fid, nt.OplockLevelII)
		a.wantQuiet()
		a.want(nt.StatusInvalidHandle, &smbwire.WriteAndXRequest{FID: fid, Data: []byte("lost")})
	})
}

func TestHolderHangsUpDuringTheBreak(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	mid := b.send(create("f", oplock(nt.OplockBatch)))
	a.hangUp()
	b.opened(mid, nt.OplockBatch)
}

func TestWaiterHangsUpDuringTheBreak(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	b.send(create("f"))
	b.hangUp()
	w.settled()
	a.wantBreak(fid, nt.OplockLevelII)
	a.ack(fid, nt.OplockLevelII)
	if _, opens := w.core.fileState("DATA", "f"); opens != 1 {
		t.Errorf("%d opens, want the holder's", opens)
	}
}

// The same client is treated as any other: its second open breaks its own oplock.
func TestOwnSecondOpenBreaksToo(t *testing.T) {
	w := newWorld(t)
	a := w.logon("WS1")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	mid := a.send(create("f"))
	a.wantBreak(fid, nt.OplockLevelII)
	a.wantNone(mid)
	a.close(fid)
	a.opened(mid, nt.OplockNone)
}

func TestOthersWriteEndsLevelII(t *testing.T) {
	for _, row := range []struct {
		what string
		do   func(p *peer, fid smbwire.FID)
	}{
		{"WRITE_ANDX", func(p *peer, fid smbwire.FID) { p.write(fid, 0, "x") }},
		{"WRITE", func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusSuccess, &smbwire.WriteRequest{FID: fid, Data: []byte("x")})
		}},
		{"set size", func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusSuccess, &smbwire.WriteRequest{FID: fid, Offset: 7})
		}},
		{"lock", func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusSuccess, &smbwire.LockByteRangeRequest{FID: fid, Count: 1})
		}},
		{"an open that cuts", func(p *peer, _ smbwire.FID) {
			p.want(nt.StatusSuccess, create("f", disposition(nt.FileOverwrite)))
		}},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.logon("WS1"), w.logon("WS2")
			fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
			mid := b.send(create("f"))
			a.wantBreak(fid, nt.OplockLevelII)
			a.ack(fid, nt.OplockLevelII)
			own := b.opened(mid, nt.OplockNone)
			b.want(nt.StatusSuccess, &smbwire.ReadAndXRequest{FID: own, MaxCount: 1})
			a.wantQuiet()
			row.do(b, own) // is answered at once: nobody waits for the end of a read cache
			a.wantBreak(fid, nt.OplockNone)
			a.wantQuiet()
		})
	}
}

// A file that a workstation has closed but keeps dormant is deleted or renamed by
// another once the break has made the first one close it.
func TestDormantFileIsDeletedAndRenamed(t *testing.T) {
	for _, row := range []struct {
		what string
		req  smbwire.Body
	}{
		{"delete", &smbwire.DeleteRequest{FileName: "f"}},
		{"rename", &smbwire.RenameRequest{OldFileName: "f", NewFileName: "g"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.logon("WS1"), w.logon("WS2")
			fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
			mid := b.send(row.req)
			a.wantBreak(fid, nt.OplockLevelII)
			b.wantNone(mid)
			a.close(fid)
			b.wantReply(mid, nt.StatusSuccess)
			if _, err := w.vol.Stat("f"); err == nil {
				t.Error("f is still there")
			}
		})
	}
}

// A client that does not know level II has its oplock broken to none.
func TestBreakRespectsTheClient(t *testing.T) {
	w := newWorld(t)
	a := w.dial("WS1")
	setup := setupRequest(0)
	setup.Capabilities &^= smbwire.CapLevelIIOplocks
	a.want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	a.want(nt.StatusSuccess, setup, &smbwire.TreeConnectAndXRequest{Path: `\\S\data`, Service: "A:"})
	b := w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	b.send(create("f"))
	a.wantBreak(fid, nt.OplockNone)
}

func TestOpenAndXOplock(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	req := &smbwire.OpenAndXRequest{
		Flags: smbwire.OpenWantOplock | smbwire.OpenWantBatch, FileName: "f",
		AccessMode: smbwire.AccessReadWrite | smbwire.ShareDenyNone, OpenMode: smbwire.OpenModeOpen | smbwire.OpenModeCreate,
	}
	out, ok := a.want(nt.StatusSuccess, req).(*smbwire.OpenAndXResponse)
	if !ok || out.OpenResults != 2|smbwire.OpenOplockGranted {
		t.Fatalf("got %+v", out)
	}
	b.send(create("f"))
	a.wantBreak(out.FID, nt.OplockNone) // level II is for NT_CREATE_ANDX
}

func TestOplocksAreTraced(t *testing.T) {
	w := newWorld(t)
	rec := trace.NewRecorder(w, nil, true)
	w.core.cfg.Trace = rec.Actor("PO")
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	b.send(create("f"))
	w.sleep(time.Second)
	a.ack(fid, nt.OplockLevelII)
	a.write(fid, 0, "abc")
	a.close(fid)
	b.hangUp()
	at := func(s time.Duration, k trace.Kind, path string, fid smbwire.FID, off int64, text string) trace.Event {
		return trace.Event{At: s, Kind: k, Actor: "PO", Path: path, FID: uint16(fid), Off: off, Text: text}
	}
	want := []trace.Event{
		at(0, trace.CircuitUp, "", 0, 0, "WS1"),
		at(0, trace.CircuitUp, "", 0, 0, "WS2"),
		at(0, trace.OplockGrant, "f", fid, 0, "batch"),
		at(0, trace.OplockBreak, "f", fid, 0, "level II"),
		at(time.Second, trace.OplockAck, "f", fid, 0, "level II"),
		at(time.Second, trace.FileClosed, "f", fid, 3, "WS1"),
		at(time.Second, trace.FileClosed, "f", firstFID, 3, "WS2"),
		at(time.Second, trace.CircuitDown, "WS2", 0, 0, "the test hangs up"),
	}
	if diff := cmp.Diff(want, rec.Events()); diff != "" {
		t.Error(diff)
	}
	if got, _ := w.vol.ReadFile("f"); !bytes.Equal(got, []byte("abc")) {
		t.Errorf("f holds %q", got)
	}
}
