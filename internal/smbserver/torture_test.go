package smbserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// Suites of smbtorture, whose default is what Windows does, that this server passes.
func TestSmbtorture(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds: run it without -short")
	}
	exe, err := exec.LookPath("smbtorture")
	if err != nil {
		t.Skip("not installed: smbtorture (apt-get install samba-testsuite)")
	}
	r := wallrt.New(1)
	t.Cleanup(r.Close)
	port := liveServer(t, volume.NewMem(r, r.NewMutex(), volume.StockLimits()), map[string]string{"smbuser": "Passw0rd"})
	for _, suite := range []string{
		"base.lock", "base.rw1",
		"raw.lock.multilock", "raw.lock.multilock4", "raw.lock.multiple_unlock", "raw.lock.stacking",
		"raw.lock.pidhigh", "raw.lock.zerobyteread",
		"raw.notify.alignment", "raw.notify.basedir", "raw.notify.double", "raw.notify.exit", "raw.notify.file",
		"raw.notify.tcon", "raw.notify.tcp_dis", "raw.notify.tdis", "raw.notify.ulogoff",
		"raw.read.readbraw",
	} {
		t.Run(suite, func(t *testing.T) {
			out := smbtorture(t, exe, port, suite)
			if !strings.Contains(out, "\nsuccess: ") || strings.Contains(out, "\nfailure: ") || strings.Contains(out, "\nerror: ") {
				t.Error(out)
			}
		})
	}
}

func smbtorture(t *testing.T, exe string, port int, suite string) string {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "smb.conf")
	text := "[global]\n workgroup = WORKGROUP\n client min protocol = NT1\n client max protocol = NT1\n disable netbios = yes\n" +
		" lock directory = " + dir + "\n state directory = " + dir + "\n cache directory = " + dir + "\n private dir = " + dir + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "//127.0.0.1/share", "-p", strconv.Itoa(port), "-U", "smbuser%Passw0rd",
		"-W", "WORKGROUP", "--configfile="+conf, "--option=torture:progress=no", suite)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "\nerror: " + err.Error() + "\n" + string(out)
	}
	return string(out)
}
