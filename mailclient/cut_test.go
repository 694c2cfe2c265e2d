package mailclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// TestCutAfterEachRemoteCall breaks the circuit after each remote call of a synchronous
// sender in turn, and names the outcome. Before the KEY is written a retry costs orphans
// and nothing else; between the KEY's write and its close it costs a duplicate; after that
// nothing.
func TestCutAfterEachRemoteCall(t *testing.T) {
	for _, variant := range []POClose{CloseBeforeKey, CloseAfterKey} {
		var table strings.Builder
		for n, more := 1, true; more; n++ {
			inWorld(t, func(w *world) {
				w.sendCfg.POClose = variant
				var line string
				line, more = cutAfter(w, n)
				table.WriteString(line)
			})
		}
		golden(t, "cuts-"+variant.String()+".txt", table.String())
	}
}

// cutAfter cuts after the n-th call of the first attempt; more is false if there was none.
func cutAfter(w *world, n int) (line string, more bool) {
	calls, where := 0, "no cut"
	w.sendCfg.OnCall = func(step, op, path string, _ error) {
		if calls++; calls == n {
			where = fmt.Sprintf("%s %s %s", step, op, path)
			w.wire.cut()
		}
	}
	r := w.send(w.message())
	w.mailCfg.SendNDR = false
	for range 2 {
		w.cycle()
		w.k.Sleep(5 * time.Minute)
	}
	whole, corrupt := w.inbox(w.remote, "BOB").Copies(r.Token)
	line = fmt.Sprintf("%-32s told=%v attempts=%d copies=%d corrupt=%d verdicts=%v orphans=%d\n",
		where, r.Told, r.Attempts, whole, corrupt, w.codes(), len(w.findings(w.remote)))
	if r.Told != ToldSuccess || whole == 0 || corrupt > 0 {
		w.t.Errorf("not delivered: %s", line)
	}
	return line, calls >= n
}

// An outage during the close of the KEY is told as an error and retried; the record may
// be there already.
func TestErrorOnKeyCloseIsRetried(t *testing.T) {
	inWorld(t, func(w *world) {
		failed := false
		w.wire.before = func(op, path string) error {
			if op == "close" && path == KeyPath(Inqueue) && !failed {
				failed = true
				w.wire.cut()
				return errCircuit
			}
			return nil
		}
		r := w.send(w.message())
		w.cycle()
		w.wantCopies(r.Token, 2, 0)
		if r.Told != ToldSuccess || r.Attempts != 2 {
			t.Errorf("result %+v", r)
		}
	})
}

// An error of the local update does not send the message again within the run.
func TestErrorInLocalUpdate(t *testing.T) {
	inWorld(t, func(w *world) {
		way := &wire{fs: w.local, rt: w.k}
		w.sendCfg.Local = way
		w.sendCfg.OnStep = func(n int, _ string) {
			if n == 6 {
				way.before = func(string, string) error { return fail("disk", "", nt.StatusDiskFull) }
			}
		}
		if r := w.send(w.message()); r.Told != ToldSuccess || r.Attempts != 1 {
			t.Errorf("result %+v", r)
		}
	})
}

// An error after the KEY was closed never fails the message.
func TestErrorAfterAnnouncement(t *testing.T) {
	for _, at := range []string{"close " + MAIPath(1), "close " + LockPath(Inqueue), "delete " + LockPath(Inqueue)} {
		t.Run(at, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.sendCfg.POClose = CloseAfterKey
				hit := false
				w.wire.before = func(op, path string) error {
					if op+" "+path != at {
						return nil
					}
					hit = true
					w.wire.cut()
					return errCircuit
				}
				r := w.send(w.message())
				w.wire.before = nil
				w.cycle()
				w.wantCopies(r.Token, 1, 0)
				if r.Told != ToldSuccess || r.Attempts != 1 || !hit {
					t.Errorf("result %+v, error met: %v", r, hit)
				}
			})
		})
	}
}
