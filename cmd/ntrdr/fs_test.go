package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

func TestFSOnEmbedded(t *testing.T) {
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA", "--user", "mailuser", "--password", "secret")
	fsSession(t, s.url())
}

func TestFSOnSamba(t *testing.T) {
	s := samba.Start(t, samba.Options{})
	fsSession(t, "smb1://"+s.User+":"+s.Password+"@"+s.Addr+"/"+s.Share)
}

// fsSession is what a user does with files, and what the server answers.
func fsSession(t *testing.T, url string) {
	t.Chdir(t.TempDir())
	data := bytes.Repeat([]byte("0123456789abcdef"), 9000) // more than two requests and two blocks
	if err := os.WriteFile("local.dat", data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		line   string // @ is the share's URL
		code   int
		stdout string // a part of it
		stderr string // a part of it
	}{
		{line: "put @/A.DAT local.dat"},
		{line: "put @/A.DAT local.dat"}, // once more: it is overwritten
		{line: "stat @/A.DAT", stdout: " 144000 "},
		{line: "stat --json @/A.DAT", stdout: `"name":"A.DAT","directory":false,"size":144000,`},
		{line: "get @/A.DAT"},
		{line: "mkdir @/SUB"},
		{line: "mkdir @/SUB", code: exitUnmet, stderr: "STATUS_OBJECT_NAME_COLLISION"},
		{line: "ls @", stdout: "A.DAT"},
		{line: "ls @", stdout: "SUB"},
		{line: "mv @/A.DAT SUB/B.DAT"},
		{line: "ls @/SUB/*.DAT", stdout: "B.DAT"},
		{line: "ls @/*.DAT", code: exitUnmet, stderr: "*.DAT"},
		{line: "get @/A.DAT gone.dat", code: exitUnmet, stderr: "A.DAT"},
		{line: "put --policy nt351 @/SUB/C.DAT local.dat"},
		{line: "get --policy nt351 @/SUB/C.DAT c.dat"},
		{line: "lock --range 0:16 --for 1ms @/SUB/C.DAT", stdout: "locked 16 bytes from 0"},
		{line: "rm @/SUB", code: exitUnmet, stderr: "SUB"},
		{line: "rm @/SUB/*", code: exitBadInput, stderr: "rm takes no wildcards"},
		{line: "cat @/SUB/C.DAT", stdout: string(data)},
		{line: "rm @/SUB/C.DAT"},
		{line: "cat @/SUB/C.DAT", code: exitUnmet, stderr: "C.DAT"},
	} {
		got := hereAlone(t.Context(), t, strings.Fields("fs "+strings.ReplaceAll(step.line, "@", url))...)
		if got.Code != step.code || !strings.Contains(got.Stdout, step.stdout) || !strings.Contains(got.Stderr, step.stderr) {
			t.Fatalf("%s: status %d, want %d\nstdout %.200q\nstderr %q", step.line, got.Code, step.code, got.Stdout, got.Stderr)
		}
	}
	for _, name := range []string{"A.DAT", "c.dat"} {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v: not what was sent", name, len(got), err)
		}
	}
	if left, err := filepath.Glob("gone.dat*"); err != nil || len(left) > 0 {
		t.Errorf("a failed get left %q, %v", left, err)
	}
}

// Two processes of one machine are clients of their own: the second does not end the
// first one's circuit, and its lock is refused.
func TestFSLocksExclude(t *testing.T) {
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA", "--user", "mailuser", "--password", "secret")
	file := s.url() + "/F"
	t.Chdir(t.TempDir())
	if err := os.WriteFile("x", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := here(t.Context(), "fs", "put", file, "x"); got.Code != exitOK {
		t.Fatal(got.Stderr)
	}
	holder := startLock(t, "--range", "0:10", file)
	if got := here(t.Context(), "fs", "lock", "--range", "5:10", "--for", "1ms", file); got.Code != exitUnmet || !strings.Contains(got.Stderr, "LOCK") {
		t.Errorf("the second lock: %+v", got)
	}
	if got := here(t.Context(), "fs", "lock", "--range", "10:10", "--for", "1ms", file); got.Code != exitOK {
		t.Errorf("a lock beside it: %+v", got)
	}
	if got := holder(); got.Code != exitOK {
		t.Errorf("the first lock after an interrupt: %+v", got)
	}
}

// startLock runs `fs lock` until end interrupts it, and returns once it has the lock.
func startLock(t *testing.T, args ...string) (end func() outcome) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"fs", "lock"}, args...), w, &stderr, false)
		w.Close()
	}()
	if line, err := bufio.NewReader(r).ReadString('\n'); !strings.HasPrefix(line, "locked ") {
		t.Fatalf("%q, %v: %s", line, err, stderr.String())
	}
	return func() outcome {
		cancel()
		return outcome{Code: <-code, Stderr: stderr.String()}
	}
}

func TestFSRefusesBadInput(t *testing.T) {
	for _, tt := range []struct{ line, stderr string }{
		{"ls", "say what to do and where"},
		{"dir smb1://h/s", `"dir" is none of ls`},
		{"ls smb2://h/s", "is not smb1://"},
		{"rm smb1://h/s", "names no file"},
		{"get smb1://h/s/*.DAT", "takes no wildcards"},
		{"put smb1://h/s/f", "put takes 1 argument after the URL, not 0"},
		{"lock --range 5 smb1://h/s/f", `--range: "5" is not OFFSET:LENGTH`},
		{"lock --range 5:0 smb1://h/s/f", `--range: "5:0"`},
		{"lock --range 0:1x smb1://h/s/f", `--range: "0:1x"`},
		{"lock --for -1s smb1://h/s/f", "--for: -1s is negative"},
		{"mv smb1://h/s/f smb1://h/s/g *", `unexpected argument "*"`},
	} {
		if got := here(t.Context(), strings.Fields("fs "+tt.line)...); got.Code != exitBadInput || !strings.Contains(got.Stderr, tt.stderr) {
			t.Errorf("fs %s: %+v, want %q", tt.line, got, tt.stderr)
		}
	}
}

// A peer that hangs up at once is the peer's failure, and leaves nothing behind.
func TestFSPeerHangsUp(t *testing.T) {
	addr := peer(t, func(c net.Conn) { c.Close() })
	if got := hereAlone(t.Context(), t, "fs", "ls", "smb1://u:p@"+addr+"/S"); got.Code != exitPeer || got.Stderr == "" {
		t.Errorf("%+v", got)
	}
}

// What was told "written" and cannot be written is a failure of put, which says so.
func TestFSPutLosesWhatWasWrittenBehind(t *testing.T) {
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA", "--user", "mailuser", "--password", "secret")
	url, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	server := url.Host
	url.Host = peer(t, func(c net.Conn) { // ends with the first bytes of the WRITE
		defer c.Close()
		up, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer up.Close()
		go func() { _, _ = io.Copy(c, up) }()
		_, _ = io.CopyN(up, c, 2500)
	})
	t.Chdir(t.TempDir())
	if err := os.WriteFile("x", make([]byte, 4000), 0o600); err != nil {
		t.Fatal(err)
	}
	got := hereAlone(t.Context(), t, "fs", "put", "--policy", "nt351", url.String()+"/F", "x")
	if got.Code != exitPeer || !strings.Contains(got.Stderr, "F: STATUS_LOST_WRITEBEHIND_DATA") {
		t.Errorf("%+v", got)
	}
}

func TestPrintable(t *testing.T) {
	for name, want := range map[string]string{"A b.TXT": "A b.TXT", "Ä": "Ä", "a\x1b[2J": `"a\x1b[2J"`, "a\nb": `"a\nb"`} {
		if got := printable(name); got != want {
			t.Errorf("printable(%q) = %s, want %s", name, got, want)
		}
	}
}
