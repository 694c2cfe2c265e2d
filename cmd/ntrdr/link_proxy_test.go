package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// A whole session of our client with our server passes the proxy, and the proxy tells
// what it carried.
func TestLinkProxyCarriesASession(t *testing.T) {
	t.Parallel()
	s := serving(t, "serve", "--addr", "127.0.0.1:0", "--share", "MAILDATA", "--user", "mailuser", "--password", "secret")
	proxy := serving(t, "link", "proxy", "--listen", "127.0.0.1:0", "--to", s.addr, "--profile", "lan10", "--loss", "5%")
	through := "smb1://mailuser:secret@" + proxy.addr + "/MAILDATA"
	begun := time.Now()
	if got := here(t.Context(), "po", "init", through); got.Code != exitOK {
		t.Fatalf("po init through the proxy: %+v", got)
	}
	if took := time.Since(begun); took < 20*time.Millisecond {
		t.Errorf("po init took %v through a link of 1 ms: its dozens of round trips have not passed it", took)
	}
	if got := here(t.Context(), "po", "check", s.url()); got.Code != exitOK {
		t.Errorf("po check past the proxy: %+v", got)
	}
	end := proxy.stop()
	if end.Code != exitOK || !strings.Contains(end.Stderr, "connection 1 from 127.0.0.1:") || !strings.Contains(end.Stderr, "connection 1 ended: ") {
		t.Errorf("the proxy ended with %+v", end)
	}
}

// Strangers pass it as well.
func TestLinkProxyBetweenSmbclientAndSamba(t *testing.T) {
	t.Parallel()
	server := samba.Start(t, samba.Options{})
	proxy := serving(t, "link", "proxy", "--listen", "127.0.0.1:0", "--to", server.Addr, "--profile", "t1")
	begun := time.Now()
	out := samba.Client(t, proxy.addr, server.Share, server.User, server.Password, "mkdir sub; ls")
	if !strings.Contains(out, "sub") {
		t.Errorf("smbclient printed %q", out)
	}
	if took := time.Since(begun); took < 6*40*time.Millisecond {
		t.Errorf("a session took %v on a link of 40 ms", took)
	}
}

// Statistics are for programs, too; a link that cannot be is bad input.
func TestLinkProxyReportsAndRefuses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := here(ctx, "link", "proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--profile", "t1", "--loss", "1", "--json")
	var report proxyReport
	if err := json.Unmarshal([]byte(got.Stdout), &report); err != nil || got.Code != exitOK {
		t.Fatalf("%+v: %v", got, err)
	}
	if report.Link != "t1" || report.Loss != 0.01 || report.Connections != 0 {
		t.Errorf("%+v", report)
	}
	for _, args := range [][]string{
		{"link"},
		{"link", "other"},
		{"link", "proxy"},
		{"link", "proxy", "--to", "h:1", "--profile", "none"},
		{"link", "proxy", "--to", "h:1", "--loss", "101"},
		{"link", "proxy", "--to", "h:1", "--listen", "nowhere"},
	} {
		if got := here(t.Context(), args...); got.Code != exitBadInput || got.Stdout != "" {
			t.Errorf("ntrdr %v: %+v", args, got)
		}
	}
}
