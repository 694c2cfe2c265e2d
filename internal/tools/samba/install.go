package samba

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool is a program of another project that live tests run.
type tool struct {
	name    string
	debian  string // the package that holds it
	present func() bool
}

var (
	smbd      = program("smbd", "samba")
	smbpasswd = program("smbpasswd", "samba-common-bin")
	smbclient = program("smbclient", "smbclient")
	tshark    = program("tshark", "tshark")
)

func program(name, debian string) tool {
	return tool{name: name, debian: debian, present: func() bool { return lookPath(name) != "" }}
}

// lookPath finds a program also in the sbin directories, which are not on an
// ordinary user's PATH; it returns "" if there is none.
func lookPath(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}

// Missing names the programs that Start needs and the machine lacks, each with
// the command that installs it on Debian; it is empty if a server can be started.
func Missing() string { return missing(smbd, smbpasswd) }

// MissingClient is Missing for Client.
func MissingClient() string { return missing(smbclient) }

// MissingTshark is Missing for Malformed.
func MissingTshark() string { return missing(tshark) }

func missing(tools ...tool) string {
	var names []string
	for _, t := range tools {
		if !t.present() {
			names = append(names, t.name+" (apt-get install "+t.debian+")")
		}
	}
	return strings.Join(names, ", ")
}

// require skips the test if what, a list made by missing, is not empty.
func require(tb testing.TB, what string) {
	tb.Helper()
	if what != "" {
		tb.Skip("not installed: " + what)
	}
}
