package conformance

import (
	"net"
	"strings"
	"testing"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// TestLive plays the wire cases on a throwaway Samba. What it does otherwise is
// explained in the case files.
func TestLive(t *testing.T) {
	s := samba.Start(t, samba.Options{})
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	server, err := Probe(machine.Peer{Host: host, Addr: s.Addr, User: s.User, Password: s.Password, Share: s.Share})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a difference", func(t *testing.T) { testDifference(t, server) })
	cases, err := All()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				r := c.run(Live, server)
				if r.Verdict == Skipped {
					t.Skip(r.Reason)
				}
				if r.Unexplained() {
					t.Errorf("%s\n%v", r.Verdict, r.Lines())
				}
			})
		}
	})
}

// testDifference: what a server does otherwise is shown with both sides, and is a
// failure unless the case explains it for this server.
func testDifference(t *testing.T, server Server) {
	const story = `id: differs
title: A file that is not there is opened
source: ntrdr: a test
versions: 3.51
runs on: live
not on model: a test
not on embedded: a test
steps:
  c1 open f NONE access=r -> STATUS_ACCESS_DENIED
    differs SERVER: it tells what is
`
	for name, explained := range map[string]bool{"samba": true, "another": false} {
		r := parsed(t, strings.Replace(story, "SERVER", name, 1)).run(Live, server)
		broken := r.Broken()
		if r.Verdict != Differs || r.Unexplained() == explained || len(broken) != 1 ||
			!strings.HasPrefix(broken[0].Observed, "STATUS_OBJECT_NAME_NOT_FOUND (2)") {
			t.Errorf("explained for %s: %v, unexplained %v, %v", name, r.Verdict, r.Unexplained(), broken)
		}
	}
}
