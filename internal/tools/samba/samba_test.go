package samba

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestServerServesSMB1 stores a file with smbclient over NT LM 0.12 and finds it
// in the directory behind the share.
func TestServerServesSMB1(t *testing.T) {
	s := Start(t, Options{})
	local := filepath.Join(t.TempDir(), "local.txt")
	want := "stored by another implementation\n"
	if err := os.WriteFile(local, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	Client(t, s.Addr, s.Share, s.User, s.Password, "put "+local+" remote.txt")
	got, err := os.ReadFile(filepath.Join(s.Dir, "remote.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("file behind the share (-got +want):\n%s", diff)
	}
}

func TestServerRefusesWrongPassword(t *testing.T) {
	s := Start(t, Options{})
	if out, err := TryClient(t, s.Addr, s.Share, s.User, "wrong", "ls"); err == nil {
		t.Errorf("logged on with a wrong password: %s", out)
	}
}

// TestServerIsGone checks that a server leaves neither processes, nor a
// listener, nor its directory behind.
func TestServerIsGone(t *testing.T) {
	var s *Server
	var family []int
	t.Run("run", func(t *testing.T) {
		s = Start(t, Options{})
		c, err := net.Dial("tcp", s.Addr) // a connected client has a process of its own
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		pid := s.cmd.Process.Pid
		for deadline := time.Now().Add(startTimeout); len(descendants(pid)) == 0 && time.Now().Before(deadline); {
			time.Sleep(pollPeriod)
		}
		family = append(descendants(pid), pid)
	})
	if s == nil {
		t.Skip("not installed: " + Missing())
	}
	if len(family) < 2 {
		t.Errorf("smbd forked nothing: %v", family)
	}
	if !waitGone(family, time.Second) {
		t.Errorf("processes left of %v", family)
	}
	if c, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
		c.Close()
		t.Errorf("%s still answers", s.Addr)
	}
	if _, err := os.Stat(s.root); !os.IsNotExist(err) {
		t.Errorf("directory %s is left: %v", s.root, err)
	}
}
