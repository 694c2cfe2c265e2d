package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
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

// A URL whose directory is not on the share ends each command at once and says so.
func TestTheURLsDirectoryMustBeThere(t *testing.T) {
	t.Parallel()
	s := samba.Start(t, samba.Options{})
	url := "smb1://" + s.User + ":" + s.Password + "@" + s.Addr + "/" + s.Share + "/none"
	for _, args := range [][]string{
		{"repro", "--server", url},
		{"bench", "--server", url, "--trials", "1", "--out", t.TempDir()},
		{"conformance", "--server", url},
		{"po", "init", url},
	} {
		got := here(t.Context(), args...)
		if got.Code != exitPeer || !strings.Contains(got.Stderr, "the directory none must be on the share already") {
			t.Errorf("%s: %+v", args[0], got)
		}
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

// What was played live is merged without the server, and goes on only as what it is.
func TestBenchLiveShards(t *testing.T) {
	t.Parallel()
	s := samba.Start(t, samba.Options{})
	out := t.TempDir()
	server := "smb1://" + s.User + ":" + s.Password + "@" + s.Addr + "/" + s.Share
	live := []string{
		"bench", "--server", server, "--policies", "smb2,nt351", "--links", "lan10", "--loss", "0", "--trials", "2",
		"--poll", "1s", "--message-size", "8KB", "--out", out,
	}
	for _, shard := range []string{"0/2", "1/2"} {
		if got := here(t.Context(), append(live, "--shard", shard)...); got.Code != exitOK {
			t.Fatalf("%+v", got)
		}
	}
	if got := here(t.Context(), "merge", "--out", out, out); got.Code != exitOK || !strings.Contains(got.Stdout, "4 trials of mail-8k: 2 policies") {
		t.Errorf("merged: %+v", got)
	}
	journal, err := os.ReadFile(filepath.Join(out, "shard-0-of-2.journal"))
	if err != nil || bytes.Contains(journal, []byte(s.Password)) {
		t.Errorf("the journal holds the password, or there is none: %v", err)
	}
	got := here(t.Context(), "bench", "--policies", "nt351", "--links", "lan10", "--loss", "0", "--trials", "2",
		"--poll", "1s", "--message-size", "8KB", "--out", out)
	if got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	got = here(t.Context(), "bench", "--server", server, "--policies", "nt351", "--links", "lan10", "--loss", "0", "--trials", "2",
		"--poll", "1s", "--message-size", "8KB", "--out", out, "--resume")
	if got.Code != exitBadInput || !strings.Contains(got.Stderr, `where: "simulated" there, "live" here`) {
		t.Errorf("a simulated run goes on live: %+v", got)
	}
}

// An unfinished run is put aside as often as another begins in its place, and nothing
// takes the place of one that was put aside.
func TestBenchPutsUnfinishedRunsAside(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	begin := func(trials string, more ...string) outcome {
		return here(t.Context(), append([]string{"bench", "--policies", "nt351", "--links", "lan10", "--loss", "0", "--trials", trials, "--out", out}, more...)...)
	}
	if got := begin("2"); got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	nobody := []string{"--server", "smb1://u:p@" + closedPort(t) + "/S"}
	for range 3 { // the first finds an unfinished run of 2 trials, the others find nothing to keep
		if got := begin("3", nobody...); got.Code != exitPeer {
			t.Errorf("%+v", got)
		}
	}
	if got := begin("2"); got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	if got := begin("3", nobody...); got.Code != exitPeer || !strings.Contains(got.Stderr, "run.journal.old2") {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"run.journal.old", "run.journal.old2"} {
		r, err := bench.ReadJournal(filepath.Join(out, name))
		if err != nil || r.Done() != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
