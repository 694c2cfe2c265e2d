package rdr_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// nonsense makes the next reply to a WRITE_ANDX say that more was written than was sent.
func (w *world) nonsense() {
	const command, count = 4, smbwire.HeaderSize + 5
	w.replies = func(b []byte) {
		if len(b) < count+2 || smbwire.Command(b[command]) != smbwire.CmdWriteAndX {
			return
		}
		binary.LittleEndian.PutUint16(b[count:], 0xffff)
		w.replies = nil
	}
}

// A server that answers a write with nonsense, on a circuit that stays up, has one failure,
// whoever is told of it: the file is closed there, and what comes later is written.
func TestPoliciesAfterAReplyThatMakesNoSense(t *testing.T) {
	for _, policy := range rdr.PolicyNames()[1:] {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy}, func(w *world) {
				f := w.open("F", denyWrite)
				w.nonsense()
				err := errors.Join(f.write(0, 100), f.close())
				w.settle()
				if policy == rdr.PolicyOrdered { // its calls were over before
					_, err = w.rdr.Stat("F")
				}
				if !errors.Is(err, nt.StatusInvalidNetworkResponse) {
					t.Errorf("told: %v", err)
				}
				if _, opens := w.FileState("F"); opens != 0 {
					t.Errorf("the server has it open %d times", opens)
				}
				g := w.open("G", denyWrite)
				w.must(g.write(0, 100), g.h.Flush(), g.close())
			})
		})
	}
}
