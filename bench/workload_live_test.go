package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// The workloads run against another implementation's server, in real time; the one whose
// reader needs byte-range locks says that go-smb2 has none.
func TestWorkloadsLiveAgainstSamba(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of real time: run it without -short")
	}
	for _, name := range []string{"copy-64k", "log-5", "build-5", "office-1", "isam-5"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(t, q143413, "lan10")
			s.Loss, s.Poll, s.Workload = 0, time.Second, byName(t, name)
			r, err := bench.RunLive(t.Context(), s, peerOf(samba.Start(t, samba.Options{})))
			if strings.HasPrefix(name, "isam") {
				if err == nil || !strings.Contains(err.Error(), "the reader has no byte-range locks") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome != bench.Delivered || r.App == nil || r.Durable == nil || r.Delivered == nil {
				t.Errorf("%s %s %s, app %v, durable %v, delivered %v", r.Outcome, r.Code, r.Reason, r.App, r.Durable, r.Delivered)
			}
		})
	}
}
