package main

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// examples are the command lines below "Example:" of a help text.
func examples(t *testing.T, help string) (lines []string) {
	t.Helper()
	_, rest, ok := strings.Cut(help, "\nExample:\n")
	if !ok {
		t.Fatalf("no example in %q", help)
	}
	for line := range strings.Lines(rest) {
		text, ok := strings.CutPrefix(line, "  ntrdr ")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	return lines
}

// Every example works when it is pasted. Those that need a server get as far as the
// server.
func TestExamples(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			help := here(t.Context(), c.name, "--help")
			if help.Code != exitOK || help.Stderr != "" {
				t.Fatalf("--help: %+v", help)
			}
			lines := examples(t, help.Stdout)
			if len(lines) == 0 {
				t.Fatal("no example")
			}
			for _, line := range lines {
				paste(t, line)
			}
		})
	}
}

// paste runs an example without a server, or serves for no time at all.
func paste(t *testing.T, line string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	want := exitOK
	switch {
	case strings.HasPrefix(line, "serve "):
		line = strings.ReplaceAll(line, "127.0.0.1:4450", "127.0.0.1:0")
		cancel()
	case strings.HasPrefix(line, "link proxy "):
		line = strings.ReplaceAll(line, "127.0.0.1:4451", "127.0.0.1:0")
		cancel()
	case strings.Contains(line, "127.0.0.1:4450"):
		line = strings.ReplaceAll(line, "127.0.0.1:4450", closedPort(t))
		want = exitPeer
	}
	if got := here(ctx, strings.Fields(line)...); got.Code != want {
		t.Errorf("ntrdr %s: exit status %d, want %d\n%s", line, got.Code, want, got.Stderr)
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// No list of commands goes on a page without all of them.
func TestHelpListsEveryCommand(t *testing.T) {
	help := here(t.Context(), "help").Stdout
	for _, c := range commands() {
		if !strings.Contains(help, "  "+c.name+" ") || !strings.Contains(help, c.summary) {
			t.Errorf("%s is missing", c.name)
		}
	}
}

// A capture holds what another program calls a sound conversation.
func TestTsharkReadsTheCaptures(t *testing.T) {
	t.Chdir(t.TempDir())
	got := here(t.Context(), "repro", "--timeline=none", "--pcap", "p.pcapng")
	if got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	for _, name := range []string{"p-nt351.pcapng", "p-q143413.pcapng"} {
		if bad := samba.Malformed(t, name, int(captureServer.Port())); len(bad) != 0 {
			t.Errorf("%s: %q", name, bad)
		}
	}
}

// A file that cannot be finished leaves nothing behind.
func TestWriteFileIsWholeOrNotThere(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := here(t.Context(), "repro", "--policies", "nt351", "--timeline=none", "--pcap", "p.pcapng", "--server", "smb1://"+closedPort(t)+"/S"); got.Code != exitPeer {
		t.Errorf("%+v", got)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(0, len(entries)); diff != "" {
		t.Errorf("left: %v", entries)
	}
}
