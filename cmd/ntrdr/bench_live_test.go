package main

import (
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
		"--policies", "nt351,q143413", "--links", "lan10", "--loss", "0", "--trials", "2", "--poll", "1s", "--message-size", "8KB", "--out", out)
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
	} {
		got := here(t.Context(), append([]string{"bench", "--trials", "1", "--out", t.TempDir()}, tt.args...)...)
		if got.Code != tt.code {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}
