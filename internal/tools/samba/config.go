package samba

import (
	"fmt"
	"path/filepath"
	"strings"
)

// stateDirs are the directories below a server's root.
var stateDirs = []string{"private", "lock", "state", "cache", "pid", "ncalrpc", "log", "usershares", shareName}

// config returns the smb.conf of a server below root.
//
// Samba 4.17 refuses SMB1, plain NTLM and LM by default; kernel oplocks would
// let local processes break the oplocks that tests watch.
func config(root, port, account string, opt Options) string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "  %s = %s\n", key, value) }
	b.WriteString("[global]\n")
	for _, kv := range [][2]string{
		{"netbios name", "PEERSMB"},
		{"workgroup", "WORKGROUP"},
		{"server role", "standalone server"},
		{"interfaces", "lo"}, // an address of 127/8 other than .1 makes smbd abort
		{"bind interfaces only", yesNo(opt.Inside == nil)},
		{"smb ports", port},
		{"private dir", filepath.Join(root, "private")},
		{"lock directory", filepath.Join(root, "lock")},
		{"state directory", filepath.Join(root, "state")},
		{"cache directory", filepath.Join(root, "cache")},
		{"pid directory", filepath.Join(root, "pid")},
		{"ncalrpc dir", filepath.Join(root, "ncalrpc")},
		{"usershare path", filepath.Join(root, "usershares")},
		{"usershare max shares", "0"},
		{"log file", filepath.Join(root, "log", "log.%m")},
		{"log level", "0"},
		{"max log size", "0"},
		{"passdb backend", "smbpasswd:" + filepath.Join(root, "private", "smbpasswd")},
		{"username map", filepath.Join(root, "usermap")},
		{"server min protocol", orDefault(opt.MinProtocol, "NT1")},
		{"server max protocol", orDefault(opt.MaxProtocol, "SMB3")},
		{"lanman auth", "yes"},
		{"ntlm auth", "yes"},
		{"raw NTLMv2 auth", "yes"},
		{"map to guest", "never"},
		{"guest account", account},
		{"unix extensions", "no"},
		{"oplocks", "yes"},
		{"level2 oplocks", "yes"},
		{"kernel oplocks", "no"},
		{"ea support", "yes"},
		{"store dos attributes", "yes"},
		{"disable spoolss", "yes"},
		{"load printers", "no"},
		{"printing", "bsd"},
		{"printcap name", "/dev/null"},
		{"disable netbios", "yes"},
		{"dns proxy", "no"},
	} {
		line(kv[0], kv[1])
	}
	for _, g := range opt.Global {
		b.WriteString("  " + g + "\n")
	}
	fmt.Fprintf(&b, "\n[%s]\n", shareName)
	line("path", filepath.Join(root, shareName))
	line("read only", "no")
	line("create mask", "0777")
	line("directory mask", "0777")
	return b.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orDefault(value, def string) string {
	if value == "" {
		return def
	}
	return value
}
