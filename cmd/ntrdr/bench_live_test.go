package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// A live bench has the files and the screen of a simulated one.
func TestBenchLive(t *testing.T) {
	t.Parallel()
	s := samba.Start(t, samba.Options{})
	out := t.TempDir()
	got := here(t.Context(), "bench", "--server", "smb1://"+s.User+":"+s.Password+"@"+s.Addr+"/"+s.Share,
		"--policies", "nt351,smb2", "--links", "lan10", "--loss", "0", "--trials", "2", "--poll", "1s", "--message-size", "8KB", "--out", out)
	if got.Code != exitOK || !strings.Contains(got.Stdout, "4 trials of mail-8k: 2 policies") {
		t.Errorf("%+v", got)
	}
	if n := strings.Count(got.Stderr, " of 4  "); n != 4 {
		t.Errorf("%d lines of progress in %q", n, got.Stderr)
	}
}

// A server that is not there is the failure of a peer; flags for one need one.
func TestBenchLiveRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code int
		args []string
	}{
		{exitPeer, []string{"--server", "smb1://" + closedPort(t) + "/S"}},
		{exitBadInput, []string{"--server", "http://host/S"}},
		{exitBadInput, []string{"--direct", "host:445"}},
		{exitBadInput, []string{"--unshaped"}},
		{exitBadInput, []string{"--policies", "nt351,smb2"}},
	} {
		got := here(t.Context(), append([]string{"bench", "--trials", "1", "--out", t.TempDir()}, tt.args...)...)
		if got.Code != tt.code {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}

// smb2 is a policy of live benches alone, and no other has its name.
func TestSMB2IsLiveOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "smb2.reg")
	if err := os.WriteFile(file, []byte("REGEDIT4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"smb2 is live only", []string{"bench", "--policies", "smb2"}},
		{"smb2 is live only", []string{"repro", "--policies", "nt351,smb2"}},
		{"smb2 is live only", []string{"explore", "--policies", "smb2"}},
		{"the name smb2 is taken", []string{"bench", "--policy", file}},
	} {
		got := here(t.Context(), tt.args...)
		if got.Code != exitBadInput || !strings.Contains(got.Stderr, tt.want) {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}
