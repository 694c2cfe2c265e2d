package conformance

import (
	"net"
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
