package smbserver

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// liveServer serves a volume on a loopback port until the test ends.
func liveServer(t *testing.T, v volume.Volume, users map[string]string) (port int) {
	t.Helper()
	r := wallrt.New(1)
	cfg := Stock()
	cfg.Users, cfg.Shares = users, map[string]volume.Volume{"share": v}
	srv, err := New(r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tcplink.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Go("serve", func() { _ = srv.Serve(ln, "") })
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		r.Close()
	})
	return ln.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it listens on TCP
}

// smbclient runs commands in a real SMB1 client and returns what it said.
func smbclient(t *testing.T, port int, user, commands string) (string, error) {
	t.Helper()
	exe, err := exec.LookPath("smbclient")
	if err != nil {
		t.Skip("not installed: smbclient (apt-get install smbclient)")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "smb.conf")
	text := "[global]\n client min protocol = NT1\n client max protocol = NT1\n disable netbios = yes\n" +
		" lock directory = " + dir + "\n state directory = " + dir + "\n cache directory = " + dir +
		"\n private dir = " + dir + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "//127.0.0.1/share", "-p", strconv.Itoa(port),
		"--configfile="+conf, "-m", "NT1", "-U", user, "-c", commands)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSmbclient(t *testing.T) {
	host := t.TempDir()
	onDisk, err := volume.OpenDir(host)
	if err != nil {
		t.Fatal(err)
	}
	mem := volume.NewMem(wallrt.New(1), wallrt.New(1).NewMutex(), volume.StockLimits())
	for name, v := range map[string]volume.Volume{"memory": mem, "directory": onDisk} {
		t.Run(name, func(t *testing.T) {
			port := liveServer(t, v, map[string]string{"smbuser": "Passw0rd"})
			sent := make([]byte, 300_000)
			rnd := rand.New(rand.NewPCG(1, 2))
			for i := range sent {
				sent[i] = byte(rnd.Uint32())
			}
			local := filepath.Join(t.TempDir(), "local")
			back := filepath.Join(t.TempDir(), "back")
			if err := os.WriteFile(local, sent, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := smbclient(t, port, "smbuser%Passw0rd", strings.Join([]string{
				`mkdir dir`, `put ` + local + ` dir\file.bin`, `ls dir\*`, `rename dir\file.bin dir\Füße.bin`,
				`get dir\füsse.bin nope`, `get DIR\FÜßE.BIN ` + back, `allinfo dir\Füße.bin`, `du`, `cd dir`, `ls`,
				`mkdir sub`, `rmdir sub`, `rm Füße.bin`, `cd ..`, `rmdir dir`, `ls`,
			}, ";"))
			t.Log(out)
			if err != nil {
				t.Error(err) // the last command succeeds
			}
			if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes came back, %v; want the %d sent", len(got), err, len(sent))
			}
			var complaints []string
			for line := range strings.Lines(out) {
				if strings.Contains(line, "NT_STATUS") {
					complaints = append(complaints, strings.TrimSpace(line))
				}
			}
			want := []string{
				`NT_STATUS_OBJECT_NAME_NOT_FOUND opening remote file \dir\füsse.bin`,
				`NT_STATUS_INVALID_INFO_CLASS getting streams for \dir\Füße.bin`, // a pass-through level, which was not offered
			}
			if diff := cmp.Diff(want, complaints); diff != "" {
				t.Error(diff)
			}
			if list, err := v.List("", "*", "", 9); err != nil || len(list) != 0 {
				t.Errorf("%v is left, %v", list, err)
			}
		})
	}
}

func TestSmbclientLogon(t *testing.T) {
	for _, row := range []struct {
		what, user string
		users      map[string]string
		ok         bool
	}{
		{"right password", "smbuser%Passw0rd", map[string]string{"smbuser": "Passw0rd"}, true},
		{"wrong password", "smbuser%nope", map[string]string{"smbuser": "Passw0rd"}, false},
		{"anonymous refused", "%", map[string]string{"smbuser": "Passw0rd"}, false},
		{"guest", "whoever%whatever", nil, true},
		{"anonymous", "%", nil, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			mem := volume.NewMem(wallrt.New(1), nil, volume.StockLimits())
			port := liveServer(t, mem, row.users)
			if out, err := smbclient(t, port, row.user, "ls"); (err == nil) != row.ok {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
