package smbserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// kind is one of the three things that an open can do and deny.
type kind struct {
	access nt.AccessMask
	share  nt.ShareAccess
}

var kinds = [...]kind{
	{nt.FileReadData, nt.ShareRead},
	{nt.FileWriteData, nt.ShareWrite},
	{nt.Delete, nt.ShareDelete},
}

// Each of two opens must share what the other does: all 8 x 8 x 8 x 8 combinations.
// An open that does none of the three is never in the way.
func TestShareModes(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	pick := func(bits int) (nt.AccessMask, nt.ShareAccess) {
		access, share := nt.FileReadAttributes, nt.ShareNone
		for i, k := range kinds {
			if bits>>i&1 != 0 {
				access, share = access|k.access, share|k.share
			}
		}
		return access, share
	}
	n := 0
	for bits := range 1 << 12 {
		doesA, sharesA, doesB, sharesB := bits&7, bits>>3&7, bits>>6&7, bits>>9&7
		want := nt.StatusSuccess
		if doesA != 0 && doesB != 0 && (doesA&^sharesB != 0 || doesB&^sharesA != 0) {
			want = nt.StatusSharingViolation
		}
		accessA, _ := pick(doesA)
		_, shareA := pick(sharesA)
		accessB, _ := pick(doesB)
		_, shareB := pick(sharesB)
		fid := a.open(nt.OplockNone, create("f", access(accessA), sharing(shareA)))
		mid := b.send(create("f", access(accessB), sharing(shareB)))
		m := b.reply(mid)
		if m == nil || m.Header.NTStatus() != want {
			t.Fatalf("%#x %v then %#x %v: got %+v, want %v", accessA, shareA, accessB, shareB, m, want)
		}
		if out, ok := m.Chain[0].(*smbwire.NTCreateAndXResponse); ok {
			n++
			b.close(out.FID)
		}
		a.close(fid)
	}
	if n == 0 || n == 1<<12 {
		t.Errorf("%d of %d went together", n, 1<<12)
	}
}

// To cut a file is to write it, whatever else the open asks for.
func TestCuttingNeedsWriteSharing(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	a.open(nt.OplockNone, create("f", access(nt.GenericRead), sharing(nt.ShareRead)))
	b.want(nt.StatusSharingViolation, create("f", access(nt.GenericRead), disposition(nt.FileOverwrite)))
	b.open(nt.OplockNone, create("f", access(nt.GenericRead)))
}

func TestSharingViolationIsAnsweredAfterRetries(t *testing.T) {
	for _, row := range []struct {
		what    string
		retries int
		delay   time.Duration
		want    time.Duration
	}{
		{"stock", 5, 200 * time.Millisecond, time.Second},
		{"off", 0, 200 * time.Millisecond, 0},
		{"thrice", 3, 10 * time.Millisecond, 30 * time.Millisecond},
		{"without delay", 5, 0, 0},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t, func(c *Config) {
				c.SharingViolationRetries, c.SharingViolationDelay = row.retries, row.delay
			})
			a, b := w.logon("WS1"), w.logon("WS2")
			a.open(nt.OplockNone, create("f", sharing(nt.ShareNone)))
			mid := b.send(create("f"))
			if row.want > 0 {
				w.sleep(row.want - time.Microsecond)
				b.wantNone(mid)
			}
			w.sleep(time.Microsecond)
			b.wantReply(mid, nt.StatusSharingViolation)
		})
	}
}

// What waits for a sharing violation to go away blocks nobody, and succeeds with the
// next try after it has gone.
func TestSharingViolationGoesAway(t *testing.T) {
	for _, row := range []struct {
		what string
		req  smbwire.Body
	}{
		{"open", create("f")},
		{"rename", &smbwire.RenameRequest{OldFileName: "f", NewFileName: "g"}},
		{"delete", &smbwire.DeleteRequest{FileName: "f"}},
		{"delete by wildcard", &smbwire.DeleteRequest{FileName: "?"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.logon("WS1"), w.logon("WS2")
			fid := a.open(nt.OplockNone, create("f", sharing(nt.ShareNone)))
			mid := b.send(row.req)
			w.sleep(300 * time.Millisecond)
			b.close(b.open(nt.OplockNone, create("other")))
			a.close(fid)
			b.wantNone(mid)
			w.sleep(99 * time.Millisecond)
			b.wantNone(mid)
			w.sleep(time.Millisecond)
			b.wantReply(mid, nt.StatusSuccess)
		})
	}
}

// A wildcard that waits in the middle goes on where it stood.
func TestWildcardDeleteResumes(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	for i := range 5 {
		a.close(a.open(nt.OplockNone, create(fmt.Sprintf("%d.tmp", i))))
	}
	fid := a.open(nt.OplockNone, create("2.tmp"))
	mid := b.send(&smbwire.DeleteRequest{FileName: "*.tmp"})
	b.wantNone(mid)
	a.close(fid)
	w.sleep(200 * time.Millisecond)
	b.wantReply(mid, nt.StatusSuccess)
	if diff := cmp.Diff(map[string][]byte{}, w.vol.Snapshot()); diff != "" {
		t.Error(diff)
	}
	b.want(nt.StatusNoSuchFile, &smbwire.DeleteRequest{FileName: "*.tmp"})
}

func TestDeletePending(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	shared := func(r *smbwire.NTCreateAndXRequest) {
		r.ShareAccess = shareAll
		r.DesiredAccess |= nt.Delete
	}
	fid := a.open(nt.OplockNone, create("f", shared))
	other := b.open(nt.OplockNone, create("f", shared))
	b.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: "f"})
	b.want(nt.StatusDeletePending, create("F", shared))
	a.trans2(t, nt.StatusDeletePending, &smbwire.QueryPathInformationRequest{FileName: "f", Level: smbwire.QueryFileBasic})
	a.write(fid, 0, "still there")
	a.close(fid)
	b.want(nt.StatusDeletePending, create("f", shared))
	b.close(other)
	b.want(nt.StatusObjectNameNotFound, create("f", disposition(nt.FileOpen)))
}

func TestDeleteOnClose(t *testing.T) {
	w := newWorld(t, noRetries)
	a := w.logon("WS1")
	a.want(nt.StatusInvalidParameter, create("f", options(nt.DeleteOnClose)))
	fid := a.open(nt.OplockNone, create("f", options(nt.DeleteOnClose), access(nt.Delete|nt.FileWriteData)))
	a.write(fid, 0, "x")
	a.hangUp()
	if diff := cmp.Diff(map[string][]byte{}, w.vol.Snapshot()); diff != "" {
		t.Error(diff)
	}
	want := []Closed{{Client: "WS1", Share: "DATA", Path: "f", FID: uint16(fid), Size: 1}}
	if diff := cmp.Diff(want, w.closed); diff != "" {
		t.Error(diff)
	}
}

func TestRenameUnderOpenFiles(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	b.want(nt.StatusSuccess, &smbwire.CreateDirectoryRequest{DirectoryName: `\d`})
	fid := a.open(nt.OplockNone, create(`\d\f`, sharing(shareAll)))
	b.want(nt.StatusAccessDenied, &smbwire.RenameRequest{OldFileName: `\d`, NewFileName: `\e`})
	b.want(nt.StatusSuccess, &smbwire.RenameRequest{OldFileName: `\D\F`, NewFileName: `\d\G`})
	a.write(fid, 0, "new name, same file")
	b.want(nt.StatusObjectNameNotFound, create(`d\f`, disposition(nt.FileOpen)))
	if size, opens := w.core.fileState("data", `d\g`); size != 19 || opens != 1 {
		t.Errorf("size %d, opens %d", size, opens)
	}
	w.settled()
	a.close(fid)
	w.settled()
	if got := w.closed[len(w.closed)-1].Path; got != `d\G` {
		t.Errorf("closed as %q", got)
	}
}
