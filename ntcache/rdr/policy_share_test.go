package rdr_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Another workstation opens a file whose writes are queued behind those of another one. The
// server breaks the oplock; before the answer everything of the file has arrived, and what
// comes before it, and the other reads all of it. From then on a write waits.
func TestPoliciesWhenAnOplockIsBroken(t *testing.T) {
	for _, p := range promises() {
		t.Run(string(p.policy), func(t *testing.T) {
			play(t, setting{policy: p.policy}, func(w *world) {
				p.watch(w)
				acked := 0
				w.acks = func(path string) {
					acked++
					if held := w.held(); path != "F" || held > 0 {
						t.Errorf("the break of %s is answered with %d bytes on their way", path, held)
					}
				}
				g, f := w.open("G", denyWrite), w.open("F", denyNone)
				w.must(g.write(0, 9000), f.write(0, 20_000))
				if content := w.readsElsewhere("F"); !bytes.Equal(content, bytes.Repeat([]byte{1}, 20_000)) || acked != 1 {
					t.Errorf("the other has read %d bytes after %d answers", len(content), acked)
				}
				w.must(f.write(20_000, 100))
				if c := w.calls[2]; c.answered != c.n {
					t.Error("a write without an oplock has returned before its answer")
				}
				w.must(f.close(), g.close())
				w.settle()
				p.inTurn(w)
			})
		})
	}
}

// readsElsewhere is what another workstation reads of a file.
func (w *world) readsElsewhere(path string) []byte {
	w.t.Helper()
	f, err := w.MailerFS.Open(path, nt.CreateParams{
		Access: nt.GenericRead, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen,
	})
	if err != nil {
		w.t.Error(err)
		return nil
	}
	p := make([]byte, 100_000)
	n, err := f.ReadAt(p, 0)
	if !errors.Is(err, io.EOF) {
		w.t.Error(err)
	}
	w.must(f.Close())
	return p[:n]
}

// A file with an oplock stays open at the server when it is closed. It is used again without
// an SMB, its writes stay in their turn, and its CLOSE comes in its turn when it is let go.
func TestPoliciesWithADormantFile(t *testing.T) {
	for _, p := range promises() {
		t.Run(string(p.policy), func(t *testing.T) {
			play(t, setting{policy: p.policy}, func(w *world) {
				f := w.open("F", denyNone)
				w.must(f.write(0, 20_000), f.h.Close())
				g := w.open("G", denyWrite)
				w.must(g.write(0, 9000), g.close())
				opened := len(w.opening)
				again := w.open("F", denyNone)
				if len(w.opening) != opened {
					t.Error("the dormant file is opened once more")
				}
				w.must(again.write(20_000, 5000))
				w.must(again.close())
				w.settle()
				if _, opens := w.FileState("F"); opens != 1 {
					t.Errorf("F is open %d times at the server", opens)
				}
				w.RT.Sleep(time.Minute)
				w.settle()
				if size, opens := w.FileState("F"); size != 25_000 || opens != 0 {
					t.Errorf("F has %d bytes and is open %d times at the server", size, opens)
				}
				p.obeys(w)
			})
		})
	}
}

// Two handles on one file: what one has written the other reads, sent or not, and its writes
// come after.
func TestPoliciesWithTwoHandlesOnAFile(t *testing.T) {
	for name, share := range map[string]nt.CreateParams{"deny-none": denyNone, "read beside": denyWrite} { // map order: subtests
		for _, p := range promises() {
			t.Run(string(p.policy)+"/"+name, func(t *testing.T) {
				play(t, setting{policy: p.policy}, func(w *world) {
					p.watch(w)
					one := w.open("F", share)
					w.must(one.write(0, 20_000))
					second := denyNone
					if share == denyWrite {
						second.Access = nt.GenericRead
					}
					two := w.open("F", second)
					got := make([]byte, 20_000)
					if n, err := two.h.ReadAt(got, 0); n != len(got) || err != nil || !bytes.Equal(got, make([]byte, n)) {
						t.Errorf("read %d, %v", n, err)
					}
					for i := range int64(4) {
						w.must(one.write(i*1000, 5000))
						if share == denyNone {
							w.must(two.write(i*1000+500, 5000))
						}
						last := byte(len(w.calls) - 1)
						if _, err := two.h.ReadAt(got[:1], w.calls[last].off); err != nil || got[0] != last {
							t.Errorf("reads call %d, %v, after call %d", got[0], err, last)
						}
					}
					w.must(two.close(), one.close())
					w.settle()
					w.RT.Sleep(time.Minute)
					if n := w.prefix(); n != len(w.calls) {
						t.Errorf("the server has what %d of %d calls did", n, len(w.calls))
					}
				})
			})
		}
	}
}

// The redirector waits for room and holds nothing: another handle reads what is queued, and
// an oplock is broken, while a writer waits.
func TestAWriterThatWaitsForRoomHoldsNothing(t *testing.T) {
	play(t, setting{policy: rdr.PolicyOrdered, link: "ras-28.8", registry: `"NtrdrQueueLimit"=dword:00001000`}, func(w *world) {
		f := w.open("F", denyNone)
		w.must(f.write(0, 4096))
		w.RT.Go("writer", func() { w.must(f.write(4096, 4096)) })
		w.RT.Sleep(10 * time.Millisecond)
		before := w.Kernel.Now()
		got := make([]byte, 1)
		if _, err := f.h.ReadAt(got, 4000); err != nil || w.Kernel.Now() != before {
			t.Errorf("a read of what is queued: %v, after %v", err, w.Kernel.Now().Sub(before))
		}
		if content := w.readsElsewhere("F"); len(content) < 4096 {
			t.Errorf("the other has read %d bytes", len(content))
		}
		w.must(f.close())
		w.settle()
	})
}
