package smb1client

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// What leaves and what arrives is in the trace, with what it is about.
func TestTrace(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, (&fileServer{}).serve)
		rec := trace.NewRecorder(k, nil, true)
		tree := logon(t, conn, Options{Runtime: k, Trace: rec.Actor("ws1")})
		from := len(rec.Events())
		h := mustCreate(t, tree, `KEY\INQUEUE3.KEY`)
		if _, err := tree.WriteAt(h, make([]byte, 560), 100, 0); err != nil {
			t.Error(err)
		}
		if err := tree.Close(h, 0); err != nil {
			t.Error(err)
		}
		closeClient(t, tree)
		var got []string
		for _, e := range rec.Events()[from:] {
			got = append(got, fmt.Sprintf("%d %s mid=%d fid=%d off=%d len=%d %s %s",
				e.Kind, e.Op, e.MID, e.FID, e.Off, e.Len, e.Path, e.Text))
		}
		want := []string{
			`10 NT_CREATE_ANDX mid=4 fid=0 off=0 len=0 \KEY\INQUEUE3.KEY want batch`,
			`11 NT_CREATE_ANDX mid=4 fid=1 off=0 len=0  granted batch`,
			`10 WRITE_ANDX mid=5 fid=1 off=100 len=560  `,
			`11 WRITE_ANDX mid=5 fid=0 off=0 len=560  `,
			`10 CLOSE mid=6 fid=1 off=0 len=0  `,
			`11 CLOSE mid=6 fid=0 off=0 len=0  `,
			fmt.Sprintf("%d  mid=0 fid=0 off=0 len=0  connection closed", trace.CircuitDown),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
