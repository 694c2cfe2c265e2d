package smb1client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// live runs tests against one Samba server.
type live struct {
	rt  *wallrt.Runtime
	srv *samba.Server
}

func (l *live) dial(t *testing.T) link.Conn {
	t.Helper()
	c, err := (&tcplink.Dialer{Addr: l.srv.Addr}).Dial(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l *live) options() Options {
	return Options{Runtime: l.rt, RequestTimeout: func(int) time.Duration { return 20 * time.Second }}
}

func (l *live) cred() Credentials {
	return Credentials{User: l.srv.User, Password: l.srv.Password, Workstation: "WS1"}
}

func (l *live) unc() string { return `\\127.0.0.1\` + l.srv.Share }

// logon gives a tree that is closed with the test.
func (l *live) logon(t *testing.T, opt Options) *Tree {
	t.Helper()
	tree, err := Logon(l.dial(t), opt, l.cred(), l.unc())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeClient(t, tree) })
	return tree
}

func TestSamba(t *testing.T) {
	l := &live{srv: samba.Start(t, samba.Options{}), rt: wallrt.New(uint64(time.Now().UnixNano()))}
	t.Cleanup(l.rt.Close)
	for _, c := range []struct {
		name string
		run  func(l *live, t *testing.T)
	}{
		{"logon", (*live).testLogon},
		{"file", (*live).testFile},
		{"names", (*live).testNames},
		{"find many", (*live).testFindMany},
		{"write and close", (*live).testWriteAndClose},
		{"sharing", (*live).testSharing},
		{"locks", (*live).testLocks},
		{"oplock break", (*live).testOplockBreak},
		{"many requests", (*live).testManyRequests},
		{"raw", (*live).testRaw},
		{"lock and read", (*live).testLockAndRead},
		{"waits", (*live).testWaits},
		{"notify", (*live).testNotify},
		{"share", (*live).testShare},
		{"server stops", (*live).testCut},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := l.rt.Do(c.name, func() { c.run(l, t) }); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func (l *live) testLogon(t *testing.T) {
	classic, oem := l.options(), l.options()
	classic.Classic, oem.OEM = true, true
	for _, c := range []struct {
		name string
		opt  Options
		cred Credentials
		unc  string
		want error
	}{
		{"NTLMSSP", l.options(), l.cred(), l.unc(), nil},
		{"classic", classic, l.cred(), l.unc(), nil},
		{"OEM", oem, l.cred(), l.unc(), nil},
		{"wrong password", l.options(), Credentials{User: l.srv.User, Password: "x"}, l.unc(), nt.StatusLogonFailure},
		{"wrong password, classic", classic, Credentials{User: l.srv.User, Password: "x"}, l.unc(), nt.StatusLogonFailure},
		{"unknown user", l.options(), Credentials{User: "nobody-here", Password: "x"}, l.unc(), nt.StatusLogonFailure},
		{"no such share", l.options(), l.cred(), `\\127.0.0.1\nowhere`, nt.StatusBadNetworkName},
	} {
		tree, err := Logon(l.dial(t), c.opt, c.cred, c.unc)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err != nil {
			continue
		}
		if err := tree.Session().Client().Echo([]byte("hello")); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := errors.Join(tree.Disconnect(), tree.Session().Logoff()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		closeClient(t, tree)
	}
}

func (l *live) testFile(t *testing.T) {
	tree := l.logon(t, l.options())
	data := pattern(20000)
	h, r, err := tree.Create(`new.dat`, CreateParams{Access: ReadData | WriteData, Disposition: FileCreate})
	if err != nil || r.Action != nt.FileCreated {
		t.Fatalf("got %+v, %v", r, err)
	}
	if n, err := tree.WriteAt(h, data, 0, 0); n != len(data) || err != nil {
		t.Fatalf("write: got %d, %v", n, err)
	}
	if err := tree.Flush(h); err != nil {
		t.Error(err)
	}
	got := make([]byte, len(data)+10)
	if n, err := tree.ReadAt(h, got, 0); n != len(data) || err != io.EOF || !bytes.Equal(got[:n], data) { //nolint:errorlint // io.EOF comes bare
		t.Errorf("read: got %d, %v", n, err)
	}
	if err := tree.SetSize(h, 5000); err != nil {
		t.Error(err)
	}
	if i, err := tree.QueryFile(h); err != nil || i.Size != 5000 || i.Name != "new.dat" {
		t.Errorf("query file: got %+v, %v", i, err)
	}
	at := time.Date(1996, 2, 14, 9, 30, 0, 0, time.UTC)
	if err := tree.Close(h, nt.FileTimeOf(at)); err != nil {
		t.Error(err)
	}
	if i, err := tree.QueryPath(`new.dat`); err != nil || i.Size != 5000 || !i.Written.Time().Equal(at) {
		t.Errorf("query path: got %+v written %v, %v", i, i.Written.Time(), err)
	}
	if err := tree.Delete(`new.dat`); err != nil {
		t.Error(err)
	}
	if _, err := tree.QueryPath(`new.dat`); !errors.Is(err, nt.StatusObjectNameNotFound) {
		t.Errorf("after delete: got %v", err)
	}
}

func (l *live) testNames(t *testing.T) {
	tree := l.logon(t, l.options())
	long := `Long näme 漢字.txt`
	if err := tree.Mkdir(`d`); err != nil {
		t.Fatal(err)
	}
	if err := tree.Close(mustCreate(t, tree, `d\a.txt`), 0); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name string
		got  error
		want error
	}{
		{"check", tree.CheckDirectory(`d`), nil},
		{"check a file", tree.CheckDirectory(`d\a.txt`), nt.StatusNotADirectory},
		{"rename", tree.Rename(`d\a.txt`, `d\`+long), nil},
		{"rename what is not there", tree.Rename(`d\a.txt`, `d\b`), nt.StatusObjectNameNotFound},
		{"mkdir again", tree.Mkdir(`d`), nt.StatusObjectNameCollision},
		{"rmdir with files", tree.Rmdir(`d`), nt.StatusDirectoryNotEmpty},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	found, err := tree.Find(`d\*`)
	if err != nil || len(found) != 1 || found[0].Name != long {
		t.Errorf("find: got %+v, %v", found, err)
	}
	if _, err := tree.Find(`d\*.MAI`); !errors.Is(err, nt.StatusNoSuchFile) {
		t.Errorf("find nothing: got %v", err)
	}
	if err := errors.Join(tree.Delete(`d\`+long), tree.Rmdir(`d`)); err != nil {
		t.Error(err)
	}
}

// So many entries need several requests, and replies in several parts.
func (l *live) testFindMany(t *testing.T) {
	tree := l.logon(t, l.options())
	want := map[string]bool{}
	if err := tree.Mkdir(`many`); err != nil {
		t.Fatal(err)
	}
	for i := range 700 {
		name := fmt.Sprintf("%08d.MAI", i)
		want[name] = true
		if err := tree.Close(mustCreate(t, tree, `many\`+name), 0); err != nil {
			t.Fatal(err)
		}
	}
	found, err := tree.Find(`many\*.MAI`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, f := range found {
		got[f.Name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(found) != len(want) {
		t.Errorf("%d entries, (-want +got):\n%s", len(found), diff)
	}
}

// A server that refuses the write does not come to the close behind it.
func (l *live) testWriteAndClose(t *testing.T) {
	tree := l.logon(t, l.options())
	write := CreateParams{Access: nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpenIf}
	read := write
	read.Access = nt.GenericRead
	for _, c := range []struct {
		name   string
		open   CreateParams
		closed bool
		err    error
	}{
		{"both are done", write, true, nil},
		{"the write is refused", read, false, nt.StatusAccessDenied},
	} {
		h, _, err := tree.Create("CHAIN", c.open)
		if err != nil {
			t.Fatal(err)
		}
		closed, err := tree.WriteAndClose(h, []byte("chained"), 0, nt.WriteModeThrough, 0)
		if closed != c.closed || !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s: closed: %v, %v", c.name, closed, err)
		}
		if _, err := tree.request("close", "", &smbwire.CloseRequest{FID: smbwire.FID(h.FID)}); (err == nil) == c.closed {
			t.Errorf("%s: a close afterwards: %v", c.name, err)
		}
		if info, err := tree.QueryPath("CHAIN"); err != nil || info.Size != 7 {
			t.Errorf("%s: %d bytes, %v", c.name, info.Size, err)
		}
	}
}

func (l *live) testSharing(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	p := CreateParams{Access: ReadData | WriteData, Disposition: FileOpenIf, Share: ShareNone}
	h, _, err := first.Create(`key`, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := second.Create(`key`, p); !errors.Is(err, nt.StatusSharingViolation) {
		t.Errorf("got %v, want %v", err, nt.StatusSharingViolation)
	}
	if err := first.Close(h, 0); err != nil {
		t.Error(err)
	}
	if _, _, err := second.Create(`key`, p); err != nil {
		t.Errorf("after the close: %v", err)
	}
}

func (l *live) testLocks(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	p := CreateParams{Access: ReadData | WriteData, Disposition: FileOpenIf, Share: ShareRead | ShareWrite}
	a, _, err := first.Create(`locked`, p)
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := second.Create(`locked`, p)
	if err != nil {
		t.Fatal(err)
	}
	far := LockRange{Offset: 1 << 40, Length: 10}
	if err := first.Lock(a, far, 0); err != nil {
		t.Fatal(err)
	}
	if err := second.Lock(b, far, 0); !errors.Is(err, nt.StatusLockNotGranted) && !errors.Is(err, nt.StatusFileLockConflict) {
		t.Errorf("a second lock: got %v", err)
	}
	if err := errors.Join(first.Unlock(a, far), second.Lock(b, far, 0)); err != nil {
		t.Error(err)
	}
}

// Client 1 holds a batch oplock and has data to flush when client 2 opens the file.
func (l *live) testOplockBreak(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	share := ShareRead | ShareWrite
	h, r, err := first.Create(`oplocked`, CreateParams{
		Access: ReadData | WriteData, Disposition: FileOpenIf, Share: share, Oplock: OplockBatch,
	})
	if err != nil || r.Oplock != OplockBatch {
		t.Fatalf("got %v, %v", r.Oplock, err)
	}
	acked := l.rt.NewEvent(rt.Notification)
	handler := &recorder{onBreak: func(got nt.FileHandle, to nt.OplockLevel) {
		defer acked.Set()
		if got != h {
			t.Errorf("break of %v, want %v", got, h)
		}
		if _, err := first.WriteAt(got, []byte("dirty"), 0, 0); err != nil {
			t.Error(err)
		}
		if err := first.AckBreak(got, to); err != nil {
			t.Error(err)
		}
	}}
	first.SetHandler(handler)
	began := time.Now()
	h2, _, err := second.Create(`oplocked`, CreateParams{Access: ReadData, Disposition: FileOpen, Share: share})
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("the second open took %v: the acknowledgement did not count", d)
	}
	got := make([]byte, 5)
	if _, err := second.ReadAt(h2, got, 0); err != nil || string(got) != "dirty" {
		t.Errorf("the second client read %q, %v", got, err)
	}
	// The server may act on the acknowledgement before AckBreak returns.
	acked.Wait(rt.Forever)
}

// As many requests as both sides allow are in flight at once, and then some.
func (l *live) testManyRequests(t *testing.T) {
	tree := l.logon(t, l.options())
	if got := tree.Limits().MaxMpx; got != 50 {
		t.Errorf("MaxMpx: got %d, want 50", got)
	}
	h := mustCreate(t, tree, `many.dat`)
	g := newGroup(l.rt)
	for i := range 100 {
		g.start(func() {
			p := bytes.Repeat([]byte{byte(i)}, 4096)
			if n, err := tree.WriteAt(h, p, int64(i)*4096, 0); n != len(p) || err != nil {
				t.Errorf("write %d: got %d, %v", i, n, err)
			}
			got := make([]byte, len(p))
			if _, err := tree.ReadAt(h, got, int64(i)*4096); err != nil || !bytes.Equal(got, p) {
				t.Errorf("read %d: %v", i, err)
			}
		})
	}
	g.wait()
}

func (l *live) testShare(t *testing.T) {
	tree := l.logon(t, l.options())
	s, err := tree.Session().Mount(l.srv.Share)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Mkdir("dir", 0o777); err != nil {
		t.Fatal(err)
	}
	data := pattern(9000)
	if err := s.WriteFile("dir/f", data, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ReadFile(`dir\f`); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read: %d bytes, %v", len(got), err)
	}
	if err := s.Rename("dir/f", "dir/g"); err != nil {
		t.Error(err)
	}
	infos, err := s.ReadDir("dir")
	if err != nil || len(infos) != 1 || infos[0].Name() != "g" || infos[0].Size() != 9000 || infos[0].IsDir() {
		t.Errorf("readdir: got %v, %v", infos, err)
	}
	if i, err := s.Stat("dir"); err != nil || !i.IsDir() || i.Name() != "dir" {
		t.Errorf("stat: got %v, %v", i, err)
	}
	if _, err := s.Open("dir/f"); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, nt.StatusObjectNameNotFound) {
		t.Errorf("open what is gone: got %v", err)
	}
	if err := errors.Join(s.Remove("dir/g"), s.Remove("dir"), s.Umount()); err != nil {
		t.Error(err)
	}
}

// testCut ends the server under a client; it comes last.
func (l *live) testCut(t *testing.T) {
	conn := l.dial(t)
	tree, err := Logon(conn, l.options(), l.cred(), l.unc())
	if err != nil {
		t.Fatal(err)
	}
	h := &recorder{}
	tree.SetHandler(h)
	mustCreate(t, tree, `cut`)
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if _, err := tree.QueryPath(`cut`); !errors.Is(err, nt.StatusNetworkNameDeleted) && !errors.Is(err, nt.StatusUnexpectedNetworkError) {
		t.Errorf("got %v", err)
	}
	closeClient(t, tree)
}
