package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// server is a running `ntrdr serve`.
type server struct {
	addr string
	stop func() outcome // interrupts it; may be called again
}

// url is where its share MAILDATA is.
func (s server) url() string { return "smb1://mailuser:secret@" + s.addr + "/MAILDATA" }

// servingLabel marks the goroutines of the servers that a test has started.
func servingLabel(t *testing.T) string { return "serving " + t.Name() }

// serving runs serve in this process until the test ends.
func serving(t *testing.T, args ...string) server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r, w := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go pprof.Do(ctx, pprof.Labels("command", servingLabel(t)), func(ctx context.Context) {
		code <- run(ctx, args, w, &stderr, false)
		w.Close()
	})
	s := server{addr: listening(t, r)}
	s.stop = sync.OnceValue(func() outcome {
		cancel()
		return outcome{Code: <-code, Stderr: stderr.String()}
	})
	t.Cleanup(func() { s.stop() })
	return s
}

// servingProcess is serving in a process of its own, stopped as a user would.
func servingProcess(t *testing.T, args ...string) server {
	t.Helper()
	cmd := exec.Command("ntrdr", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var s server
	s.stop = sync.OnceValue(func() outcome {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // its status is in the outcome
		return outcome{Code: cmd.ProcessState.ExitCode(), Stderr: stderr.String()}
	})
	t.Cleanup(func() { s.stop() })
	s.addr = listening(t, stdout)
	return s
}

// listening reads where a server listens.
func listening(t *testing.T, r io.Reader) string {
	t.Helper()
	line, err := bufio.NewReader(r).ReadString('\n')
	addr, ok := strings.CutPrefix(line, "listening on ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSpace(addr)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The article's story with every part in a process of its own: a server, a Mailer, and
// a sender behind a slow line.
func TestServeMailerSend(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 25 s: a slow line in real time; run it without -short")
	}
	tests := []struct{ policy, says string }{
		{"nt351", "[023] Message was not delivered: message file was corrupted. TRUNCATED ("},
		{"q143413", `delivered "Quarterly figures <BRANCH.00000001>" to [NET/HQ/BOB]` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			t.Parallel()
			s := servingProcess(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA", "--user", "mailuser", "--password", "secret")
			if got := process(t, "po", "init", s.url()); got.Code != exitOK {
				t.Fatalf("po init: %+v", got)
			}
			mailed := make(chan outcome, 1)
			go func() { mailed <- process(t, "mailer", "--count", "1", s.url()) }()
			sent := process(t, "send", "--policies", tt.policy, s.url())
			if sent.Code != exitOK || sent.Stdout != "told success after 1 attempt\n" {
				t.Errorf("send: %+v", sent)
			}
			if got := <-mailed; got.Code != exitOK || !strings.HasPrefix(got.Stdout, tt.says) {
				t.Errorf("mailer: %+v; want %q", got, tt.says)
			}
			if got := s.stop(); got.Code != exitOK || got.Stderr != "" {
				t.Errorf("serve: %+v", got)
			}
		})
	}
}

// A directory that is served holds what was sent to it, for other programs, too, and
// `po check` names the damage done to it.
func TestServeADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := servingProcess(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA="+dir)
	for _, args := range [][]string{
		{"po", "init"}, {"send", "--link", "none"}, {"po", "check"}, {"mailer", "--count", "1", "--poll", "100ms"}, {"read"}, {"po", "check"},
	} {
		if got := process(t, append(args, s.url())...); got.Code != exitOK {
			t.Errorf("%v: %+v", args, got)
		}
	}
	t.Run("smbclient", func(t *testing.T) { comparedBySmbclient(t, s, dir) })
	if got := s.stop(); got.Code != exitOK {
		t.Errorf("serve: %+v", got)
	}
	if got := process(t, "po", "check", dir); got.Code != exitOK || got.Stdout != "nothing wrong\n" {
		t.Errorf("po check: %+v", got)
	}
	if err := os.Truncate(filepath.Join(dir, "MAI", "MA1", "00000001.MAI"), 8192); err != nil {
		t.Fatal(err)
	}
	if got := process(t, "po", "check", dir); got.Code != exitUnmet || !strings.Contains(got.Stdout, "[023]") {
		t.Errorf("po check of a truncated message: %+v", got)
	}
}

// comparedBySmbclient lists and gets all that is served.
func comparedBySmbclient(t *testing.T, s server, dir string) {
	t.Helper()
	if what := samba.MissingClient(); what != "" {
		t.Skip("not installed: " + what)
	}
	list := samba.Client(t, s.addr, "MAILDATA", "mailuser", "secret", `ls MAI\MA1\*`)
	if !strings.Contains(list, "00000001.MAI") || !strings.Contains(list, " 32768 ") {
		t.Errorf("listed:\n%s", list)
	}
	copied := t.TempDir()
	samba.Client(t, s.addr, "MAILDATA", "mailuser", "secret", "lcd "+copied+"; recurse ON; prompt OFF; mget *")
	want, got := tree(t, dir), tree(t, copied)
	if len(want) < 8 || len(want[filepath.Join("MAI", "MA1", "00000001.MAI")]) != 32768 {
		t.Errorf("the share has only %d files", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-served +got):\n%.2000s", diff)
	}
}

// tree is every file below dir, by its path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A port that is taken, an account that is not let in, a share that is not there.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--user", "mailuser", "--password", "secret")
	if got := here(t.Context(), "serve", "--addr", s.addr); got.Code != exitBadInput || !strings.Contains(got.Stderr, "address already in use") {
		t.Errorf("a port twice: %+v", got)
	}
	tests := []struct{ user, share, want string }{
		{"mailuser:wrong", "MAILDATA", "STATUS_LOGON_FAILURE"},
		{"nobody:secret", "MAILDATA", "STATUS_LOGON_FAILURE"},
		{"mailuser:secret", "OTHER", "STATUS_BAD_NETWORK_NAME"},
	}
	for _, tt := range tests {
		got := here(t.Context(), "po", "check", "smb1://"+tt.user+"@"+s.addr+"/"+tt.share)
		if got.Code != exitPeer || !strings.Contains(got.Stderr, tt.want) || strings.Contains(got.Stderr, "secret") {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

// A server that is not there is told at once.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	url := "smb1://mailuser:secret@" + closedPort(t) + "/MAILDATA"
	for _, args := range [][]string{{"send"}, {"mailer"}, {"read"}, {"po", "init"}, {"po", "check"}, {"repro", "--server"}} {
		got := hereAlone(t.Context(), t, append(args, url)...)
		if got.Code != exitPeer || !strings.Contains(got.Stderr, "connection refused") || strings.Contains(got.Stderr, "secret") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
