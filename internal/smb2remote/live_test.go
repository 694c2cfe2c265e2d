package smb2remote

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

const testTimeout = 20 * time.Second

// dialSamba connects to a fresh server, below directory PO of its share.
func dialSamba(t *testing.T) (*FS, *samba.Server) {
	t.Helper()
	srv := samba.Start(t, samba.Options{})
	if err := os.Mkdir(filepath.Join(srv.Dir, "PO"), 0o777); err != nil {
		t.Fatal(err)
	}
	fs, err := Dial(Config{
		Addr: srv.Addr, User: srv.User, Password: srv.Password,
		Share: srv.Share, Dir: `\PO`, Timeout: testTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fs.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return fs, srv
}

func readWrite(d nt.Disposition) nt.CreateParams {
	return nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite,
		Disposition: d, Attributes: nt.AttrNormal,
	}
}

// TestLiveFile writes, truncates and reads one file and compares each answer
// with what the server's own disk holds.
func TestLiveFile(t *testing.T) {
	fs, srv := dialSamba(t)
	f, err := fs.Open("INQUEUE3.KEY", readWrite(nt.FileCreate))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("key record"), 4); n != 10 || err != nil {
		t.Fatalf("WriteAt: got %d, %v, want 10", n, err)
	}
	if err := errors.Join(f.Flush(), f.SetSize(8)); err != nil {
		t.Fatal(err)
	}
	if size, err := f.Size(); size != 8 || err != nil {
		t.Errorf("Size: got %d, %v, want 8", size, err)
	}
	buf := make([]byte, 32)
	if n, err := f.ReadAt(buf, 2); !errors.Is(err, io.EOF) || string(buf[:n]) != "\x00\x00key " {
		t.Errorf("ReadAt over the end: got %q, %v, want the rest and EOF", buf[:n], err)
	}
	if n, err := f.ReadAt(buf[:4], 4); err != nil || string(buf[:n]) != "key " {
		t.Errorf("ReadAt: got %q, %v", buf[:n], err)
	}
	if n, err := f.ReadAt(buf, 100); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt behind the end: got %d, %v, want 0, EOF", n, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(srv.Dir, "PO", "INQUEUE3.KEY"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), "\x00\x00\x00\x00key "); diff != "" {
		t.Errorf("on the server (-got +want):\n%s", diff)
	}
}

func TestLiveDirectory(t *testing.T) {
	fs, _ := dialSamba(t)
	for _, dir := range []string{"MAI", `MAI\MA8`} {
		if err := fs.Mkdir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"B.MAI", "A.MAI", "A.TMP"} {
		f, err := fs.Open(`MAI\MA8\`+name, readWrite(nt.FileOpenIf))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(fs.Rename(`MAI\MA8\B.MAI`, `MAI\MA8\C.MAI`), fs.Delete(`MAI\MA8\A.TMP`)); err != nil {
		t.Fatal(err)
	}
	found, err := fs.Find(`MAI\MA8\*.mai`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff(names, []string{"A.MAI", "C.MAI"}); diff != "" {
		t.Errorf("Find (-got +want):\n%s", diff)
	}
	info, err := fs.Stat(`MAI\MA8`)
	if err != nil || !info.IsDir() || info.Name != "MA8" {
		t.Errorf("Stat: got %+v, %v, want the directory MA8", info, err)
	}
	if found, err = fs.Find(`MAI\*.GLB`); len(found) != 0 || err != nil {
		t.Errorf("Find without a match: got %v, %v, want nothing", found, err)
	}
}

// TestLiveErrors names the status of each refusal.
func TestLiveErrors(t *testing.T) {
	fs, _ := dialSamba(t)
	f, err := fs.Open("THERE", readWrite(nt.FileCreate))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), fs.Mkdir("DIR")); err != nil {
		t.Fatal(err)
	}
	open := func(path string, p nt.CreateParams) error {
		_, err := fs.Open(path, p)
		return err
	}
	_, errFind := fs.Find(`NONE\*`)
	_, errStat := fs.Stat("NONE")
	deleteOnClose := readWrite(nt.FileOpen)
	deleteOnClose.Options = nt.DeleteOnClose
	tests := map[string]struct {
		err  error
		want nt.Status
	}{
		"open of a missing file":        {open("NONE", readWrite(nt.FileOpen)), nt.StatusObjectNameNotFound},
		"create of a file that exists":  {open("THERE", readWrite(nt.FileCreate)), nt.StatusObjectNameCollision},
		"supersede is not go-smb2's":    {open("THERE", readWrite(nt.FileSupersede)), nt.StatusNotSupported},
		"delete on close neither":       {open("THERE", deleteOnClose), nt.StatusNotSupported},
		"find in a missing directory":   {errFind, nt.StatusObjectPathNotFound},
		"stat of a missing file":        {errStat, nt.StatusObjectNameNotFound},
		"delete of a missing file":      {fs.Delete("NONE"), nt.StatusObjectNameNotFound},
		"mkdir over a file":             {fs.Mkdir("THERE"), nt.StatusObjectNameCollision},
		"rename onto another directory": {fs.Rename("THERE", "DIR"), nt.StatusObjectNameCollision},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !errors.Is(tt.err, tt.want) {
				t.Errorf("got %v, want %v", tt.err, tt.want)
			}
		})
	}
}

func TestLiveLogonFailure(t *testing.T) {
	srv := samba.Start(t, samba.Options{})
	_, err := Dial(Config{Addr: srv.Addr, User: srv.User, Password: "wrong", Share: srv.Share, Timeout: testTimeout})
	if !errors.Is(err, nt.StatusLogonFailure) {
		t.Errorf("got %v, want %v", err, nt.StatusLogonFailure)
	}
	_, err = Dial(Config{Addr: srv.Addr, User: srv.User, Password: srv.Password, Share: "none", Timeout: testTimeout})
	if !errors.Is(err, nt.StatusBadNetworkName) {
		t.Errorf("got %v, want %v", err, nt.StatusBadNetworkName)
	}
}

// TestSilentServer: a server that accepts and never answers ends in a timeout.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Dial(Config{Addr: l.Addr().String(), User: "u", Share: "s", Timeout: 50 * time.Millisecond})
	if !errors.Is(err, nt.StatusIOTimeout) {
		t.Errorf("got %v, want %v", err, nt.StatusIOTimeout)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Dial(Config{Addr: l.Addr().String(), User: "u", Share: "s", Timeout: testTimeout})
	if !errors.Is(err, nt.StatusConnectionRefused) {
		t.Errorf("got %v, want %v", err, nt.StatusConnectionRefused)
	}
}

func TestServerGoesAway(t *testing.T) {
	var fs *FS
	t.Run("connected", func(t *testing.T) {
		srv := samba.Start(t, samba.Options{})
		var err error
		fs, err = Dial(Config{Addr: srv.Addr, User: srv.User, Password: srv.Password, Share: srv.Share, Timeout: testTimeout})
		if err != nil {
			t.Fatal(err)
		}
	})
	if fs == nil {
		t.Skip("no server: not installed: " + samba.Missing())
	}
	if _, err := fs.Stat("X"); !errors.Is(err, nt.StatusConnectionDisconnected) {
		t.Errorf("got %v, want %v", err, nt.StatusConnectionDisconnected)
	}
	if err := fs.Close(); err == nil {
		t.Error("closing a dead connection reports nothing")
	}
}
