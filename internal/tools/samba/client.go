package samba

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// toolTimeout bounds one run of smbclient or tshark.
const toolTimeout = time.Minute

// Client runs smbclient's commands, separated by semicolons, on a share of the
// server at addr (host:port) over NT LM 0.12, and returns what smbclient
// printed. It fails the test if smbclient does, and skips it if there is none.
func Client(tb testing.TB, addr, share, user, pass, cmds string) string {
	tb.Helper()
	out, err := TryClient(tb, addr, share, user, pass, cmds)
	if err != nil {
		tb.Fatalf("smbclient -c %q: %v\n%s", cmds, err, out)
	}
	return out
}

// TryClient is Client for commands that may be refused: it returns the error.
// smbclient's exit status is that of its last command.
func TryClient(tb testing.TB, addr, share, user, pass, cmds string) (string, error) {
	tb.Helper()
	require(tb, MissingClient())
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatalf("smbclient: %v", err)
	}
	conf := clientConfig(tb)
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, lookPath("smbclient"), "//"+host+"/"+share,
		"--configfile="+conf, "--port="+port, "--user="+user+"%"+pass, "--command="+cmds)
	cmd.Dir = filepath.Dir(conf)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// clientConfig writes an smb.conf under which smbclient speaks SMB1 and nothing
// else, and keeps its state to itself.
func clientConfig(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	var b strings.Builder
	b.WriteString(`[global]
  workgroup = WORKGROUP
  client min protocol = NT1
  client max protocol = NT1
  disable netbios = yes
  interfaces = lo
  name resolve order = host
`)
	for _, key := range []string{"private dir", "lock directory", "state directory", "cache directory"} {
		fmt.Fprintf(&b, "  %s = %s\n", key, dir)
	}
	conf := filepath.Join(dir, "client.conf")
	if err := os.WriteFile(conf, []byte(b.String()), 0o600); err != nil {
		tb.Fatalf("smbclient: %v", err)
	}
	return conf
}
