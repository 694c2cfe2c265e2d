package smbserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// wantF checks what the file f holds.
func wantF(t *testing.T, w *world, want string) {
	t.Helper()
	got, err := w.vol.ReadFile("f")
	if err != nil || string(got) != want {
		t.Errorf("f holds %q, %v; want %q", got, err, want)
	}
}

func TestWritesFillGapsWithZeros(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("f"))
	p.write(fid, 4, "tail")
	wantF(t, w, "\x00\x00\x00\x00tail")
	p.want(nt.StatusSuccess, &smbwire.WriteRequest{FID: fid, Offset: 10, Data: []byte("!")})
	wantF(t, w, "\x00\x00\x00\x00tail\x00\x00!")
	p.want(nt.StatusSuccess, &smbwire.WriteRequest{FID: fid, Offset: 6})
	wantF(t, w, "\x00\x00\x00\x00ta")
	p.want(nt.StatusSuccess, &smbwire.WriteRequest{FID: fid, Offset: 8})
	wantF(t, w, "\x00\x00\x00\x00ta\x00\x00")
	if got := p.read(fid, 2, 100); got != "\x00\x00ta\x00\x00" {
		t.Errorf("read %q", got)
	}
	if got := p.read(fid, 8, 100); got != "" {
		t.Errorf("read %q beyond the end", got)
	}
}

func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	w.core.shares["DATA"].vol = volume.NewMem(w, nil, volume.Limits{Capacity: 10, FileSize: 10, Entries: 10})
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("f"))
	p.write(fid, 0, "0123456789")
	p.want(nt.StatusDiskFull, &smbwire.WriteAndXRequest{FID: fid, Offset: 10, Data: []byte("x")})
	p.want(nt.StatusDiskFull, &smbwire.WriteAndXRequest{FID: fid, Wide: true, Offset: 1 << 40, Data: []byte("x")})
	p.want(nt.StatusDiskFull, &smbwire.WriteRequest{FID: fid, Offset: 11})
}

// A read never returns more than the client's buffer holds.
func TestReadsFitTheClient(t *testing.T) {
	w := newWorld(t)
	if err := w.vol.WriteFile("f", make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("f"))
	for _, body := range []smbwire.Body{
		&smbwire.ReadAndXRequest{FID: fid, MaxCount: 65535},
		&smbwire.ReadRequest{FID: fid, Count: 65535},
		&smbwire.LockAndReadRequest{FID: fid, Count: 65535},
	} {
		m := p.replyTo(body)
		b, err := m.Append(nil)
		if err != nil || len(b) > 4356 || len(b) < 4300 {
			t.Errorf("%v: a reply of %d bytes, %v", body.Command(), len(b), err)
		}
	}
	if got := p.read(fid, 0, 4096); len(got) != 4096 {
		t.Errorf("a core unit of 4096 became %d", len(got))
	}
}

func TestAccessIsChecked(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	p.close(p.open(nt.OplockNone, create("f")))
	reader := p.open(nt.OplockNone, create("f", access(nt.GenericRead)))
	writer := p.open(nt.OplockNone, create("f", access(nt.GenericWrite)))
	p.want(nt.StatusAccessDenied, &smbwire.WriteAndXRequest{FID: reader, Data: []byte("x")})
	p.want(nt.StatusAccessDenied, &smbwire.WriteRequest{FID: reader})
	p.want(nt.StatusAccessDenied, &smbwire.ReadAndXRequest{FID: writer, MaxCount: 1})
	p.want(nt.StatusSuccess, &smbwire.SetInformationRequest{FileName: "f", FileAttributes: nt.AttrReadOnly})
	p.close(writer)
	p.want(nt.StatusAccessDenied, create("f"))
	p.want(nt.StatusAccessDenied, create("f", access(nt.GenericRead), disposition(nt.FileOverwrite)))
	p.open(nt.OplockNone, create("f", access(nt.GenericRead)))
}

func TestDispositions(t *testing.T) {
	const old, fresh = "old", ""
	for _, row := range []struct {
		d       nt.Disposition
		exists  bool
		want    nt.Status
		action  nt.CreateAction
		content string
	}{
		{nt.FileSupersede, true, nt.StatusSuccess, nt.FileSuperseded, fresh},
		{nt.FileSupersede, false, nt.StatusSuccess, nt.FileCreated, fresh},
		{nt.FileOpen, true, nt.StatusSuccess, nt.FileOpened, old},
		{nt.FileOpen, false, nt.StatusObjectNameNotFound, 0, ""},
		{nt.FileCreate, true, nt.StatusObjectNameCollision, 0, old},
		{nt.FileCreate, false, nt.StatusSuccess, nt.FileCreated, fresh},
		{nt.FileOpenIf, true, nt.StatusSuccess, nt.FileOpened, old},
		{nt.FileOpenIf, false, nt.StatusSuccess, nt.FileCreated, fresh},
		{nt.FileOverwrite, true, nt.StatusSuccess, nt.FileOverwritten, fresh},
		{nt.FileOverwrite, false, nt.StatusObjectNameNotFound, 0, ""},
		{nt.FileOverwriteIf, true, nt.StatusSuccess, nt.FileOverwritten, fresh},
		{nt.FileOverwriteIf, false, nt.StatusSuccess, nt.FileCreated, fresh},
		{6, true, nt.StatusInvalidParameter, 0, old},
	} {
		w := newWorld(t)
		if row.exists {
			if err := w.vol.WriteFile("f", []byte(old)); err != nil {
				t.Fatal(err)
			}
		}
		m := w.logon("WS1").replyTo(create("f", disposition(row.d)))
		if st := m.Header.NTStatus(); st != row.want {
			t.Errorf("%v, exists %v: %v, want %v", row.d, row.exists, st, row.want)
		}
		if out, ok := m.Chain[0].(*smbwire.NTCreateAndXResponse); ok && out.Action != row.action {
			t.Errorf("%v, exists %v: action %v, want %v", row.d, row.exists, out.Action, row.action)
		}
		if row.exists || row.want == nt.StatusSuccess {
			wantF(t, w, row.content)
		}
	}
}

func TestLocks(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	af, bf := a.open(nt.OplockNone, create("f")), b.open(nt.OplockNone, create("f"))
	a.write(af, 0, strings.Repeat("x", 100))
	lock := func(fid smbwire.FID, kind smbwire.LockType, off, n uint64) smbwire.Body {
		return &smbwire.LockingAndXRequest{
			FID: fid, Type: kind | smbwire.LockLargeFiles, Locks: []smbwire.LockRange{{PID: 1, Offset: off, Length: n}},
		}
	}
	unlock := func(fid smbwire.FID, off, n uint64) smbwire.Body {
		return &smbwire.LockingAndXRequest{
			FID: fid, Type: smbwire.LockLargeFiles, Unlocks: []smbwire.LockRange{{PID: 1, Offset: off, Length: n}},
		}
	}
	a.pid, b.pid = 1, 1
	for _, step := range []struct {
		what string
		p    *peer
		req  smbwire.Body
		want nt.Status
	}{
		{"a locks", a, lock(af, 0, 10, 10), nt.StatusSuccess},
		{"b cannot lock over it", b, lock(bf, 0, 19, 5), nt.StatusLockNotGranted},
		{"nor share it", b, lock(bf, smbwire.LockShared, 5, 6), nt.StatusLockNotGranted},
		{"but beside it", b, lock(bf, 0, 20, 5), nt.StatusSuccess},
		{"a cannot lock its own again", a, lock(af, 0, 12, 1), nt.StatusLockNotGranted},
		{"but may share it", a, lock(af, smbwire.LockShared, 12, 1), nt.StatusSuccess},
		{"and unlock that", a, unlock(af, 12, 1), nt.StatusSuccess},
		{"b cannot read it", b, &smbwire.ReadAndXRequest{FID: bf, Offset: 15, MaxCount: 1}, nt.StatusFileLockConflict},
		{"nor write it", b, &smbwire.WriteAndXRequest{FID: bf, Offset: 9, Data: []byte("xx")}, nt.StatusFileLockConflict},
		{"a can do both", a, &smbwire.WriteAndXRequest{FID: af, Offset: 15, Data: []byte("xx")}, nt.StatusSuccess},
		{"and read", a, &smbwire.ReadAndXRequest{FID: af, Offset: 15, MaxCount: 1}, nt.StatusSuccess},
		{"unlock of another range", a, unlock(af, 10, 9), nt.StatusRangeNotLocked},
		{"unlock of another's", b, unlock(bf, 10, 10), nt.StatusRangeNotLocked},
		{"a unlocks", a, unlock(af, 10, 10), nt.StatusSuccess},
		{"b shares", b, lock(bf, smbwire.LockShared, 10, 10), nt.StatusSuccess},
		{"a shares", a, lock(af, smbwire.LockShared, 0, 100), nt.StatusLockNotGranted}, // b holds 20 to 24
		{"a shares beside that", a, lock(af, smbwire.LockShared, 0, 20), nt.StatusSuccess},
		{"nobody writes", b, &smbwire.WriteAndXRequest{FID: bf, Offset: 10, Data: []byte("x")}, nt.StatusFileLockConflict},
		{"all read", a, &smbwire.ReadAndXRequest{FID: af, Offset: 10, MaxCount: 1}, nt.StatusSuccess},
		{"b locks to the end of time", b, lock(bf, 0, 1<<63, 1<<63), nt.StatusSuccess},
		{"a locks the last byte", a, lock(af, 0, 1<<64-1, 1), nt.StatusLockNotGranted},
		{"a locks beyond the end of time", a, lock(af, 0, 200, 1<<64-1), nt.StatusLockNotGranted},
		{"b closes", b, &smbwire.CloseRequest{FID: bf}, nt.StatusSuccess},
		{"a locks the last byte", a, lock(af, 0, 1<<64-1, 1), nt.StatusSuccess},
		{"one of two fails", a, &smbwire.LockingAndXRequest{FID: af, Locks: []smbwire.LockRange{{PID: 1, Offset: 50, Length: 1}, {PID: 1, Length: 1}}}, nt.StatusLockNotGranted},
		{"so neither is held", a, unlock(af, 50, 1), nt.StatusRangeNotLocked},
		{"lock and read", a, &smbwire.LockAndReadRequest{FID: af, Offset: 60, Count: 4}, nt.StatusSuccess},
		{"write and unlock", a, &smbwire.WriteAndUnlockRequest{FID: af, Offset: 60, Data: []byte("abcd")}, nt.StatusSuccess},
		{"is unlocked", a, &smbwire.UnlockByteRangeRequest{FID: af, Offset: 60, Count: 4}, nt.StatusRangeNotLocked},
	} {
		if got := step.p.replyTo(step.req).Header.NTStatus(); got != step.want {
			t.Fatalf("%s: got %v, want %v", step.what, got, step.want)
		}
	}
	a.close(af)
	if w.peers[1].w.core.circuits.entries[0].v.locks != 0 {
		t.Error("locks are still counted")
	}
}

func TestCloseSetsTheTime(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	at := time.Date(1995, 5, 5, 5, 5, 5, 0, time.UTC)
	fid := p.open(nt.OplockNone, create("f"))
	p.write(fid, 0, "x")
	p.want(nt.StatusSuccess, &smbwire.CloseRequest{FID: fid, LastModified: smbwire.UTimeOf(at)})
	info, err := w.vol.Stat("f")
	if err != nil || !info.Written.Time().Equal(at) {
		t.Errorf("written %v, %v", info.Written.Time(), err)
	}
	p.close(p.open(nt.OplockNone, create("f")))
	if info, _ = w.vol.Stat("f"); !info.Written.Time().Equal(at) {
		t.Errorf("a close without a time has set %v", info.Written.Time())
	}
}

func TestOtherFileCommands(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	made, ok := p.want(nt.StatusSuccess, &smbwire.CreateNewRequest{FileName: "f"}).(*smbwire.CreateNewResponse)
	if !ok {
		t.Fatal("no CREATE_NEW response")
	}
	p.want(nt.StatusObjectNameCollision, &smbwire.CreateNewRequest{FileName: "f"})
	p.write(made.FID, 0, "0123456789")
	for _, row := range []struct {
		mode uint16
		off  int32
		want uint32
	}{{smbwire.SeekEnd, -2, 8}, {smbwire.SeekStart, 3, 3}, {smbwire.SeekCurrent, 2, 2 + 3}, {smbwire.SeekCurrent, -99, 0}} {
		got := p.want(nt.StatusSuccess, &smbwire.SeekRequest{FID: made.FID, Mode: row.mode, Offset: row.off})
		if diff := cmp.Diff(&smbwire.SeekResponse{Offset: row.want}, got); diff != "" {
			t.Error(diff)
		}
	}
	p.want(nt.StatusSuccess, &smbwire.FlushRequest{FID: made.FID})
	p.want(nt.StatusSuccess, &smbwire.FlushRequest{FID: smbwire.NoFID})
	p.want(nt.StatusSuccess, &smbwire.WriteAndCloseRequest{FID: made.FID, Offset: 10, Data: []byte("end")})
	p.want(nt.StatusInvalidHandle, &smbwire.FlushRequest{FID: made.FID})
	wantF(t, w, "0123456789end")
	p.want(nt.StatusSuccess, &smbwire.CheckDirectoryRequest{DirectoryName: `\`})
	p.want(nt.StatusNotADirectory, &smbwire.CheckDirectoryRequest{DirectoryName: `\f`})
	p.want(nt.StatusObjectPathNotFound, &smbwire.CheckDirectoryRequest{DirectoryName: `\nope`})
	p.want(nt.StatusSuccess, &smbwire.CreateDirectoryRequest{DirectoryName: `\d`})
	p.want(nt.StatusObjectNameCollision, &smbwire.CreateDirectoryRequest{DirectoryName: `\D`})
	p.want(nt.StatusSuccess, &smbwire.RenameRequest{OldFileName: "f", NewFileName: `d\f`})
	p.want(nt.StatusDirectoryNotEmpty, &smbwire.DeleteDirectoryRequest{DirectoryName: `\d`})
	p.want(nt.StatusFileIsADirectory, &smbwire.DeleteRequest{FileName: "d"})
	p.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: `d\*.*`})
	p.want(nt.StatusSuccess, &smbwire.DeleteDirectoryRequest{DirectoryName: `\d`})
	got := p.want(nt.StatusSuccess, &smbwire.QueryInformationDiskRequest{})
	want := &smbwire.QueryInformationDiskResponse{TotalUnits: 32768, BlocksPerUnit: 64, BlockSize: 512, FreeUnits: 32768}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
