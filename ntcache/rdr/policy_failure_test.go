package rdr_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// outcome is ok, full or another error of a call.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, nt.StatusDiskFull):
		return "full"
	}
	return err.Error()
}

// The server's disk is full when F grows; G has room already. Who is told, and what does the
// server have of what comes after?
func TestPoliciesOnAFullDisk(t *testing.T) {
	type after struct {
		Grow, Other       string // the write of F, that of G
		Close, CloseOther string
		G                 byte   // what the server has of G: the number of the call
		Next              string // a call when all is over
	}
	for policy, want := range map[rdr.PolicyName]after{ // map order: subtests
		rdr.PolicyWriteThrough: {Grow: "full", Other: "ok", Close: "ok", CloseOther: "ok", G: 3, Next: "ok"},
		rdr.PolicyFlushOnClose: {Grow: "ok", Other: "ok", Close: "full", CloseOther: "ok", G: 3, Next: "ok"},
		// The close comes before the failure is known, and the next call tells of it.
		rdr.PolicyOrdered:        {Grow: "ok", Other: "ok", Close: "ok", CloseOther: "ok", G: 1, Next: "full"},
		rdr.PolicyOrderedDurable: {Grow: "ok", Other: "ok", Close: "full", CloseOther: "full", G: 1, Next: "ok"},
	} {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy}, func(w *world) {
				f, g := w.open("F", denyWrite), w.open("G", denyWrite)
				w.must(f.write(0, 100), g.write(0, 100))
				w.must(f.h.Flush())
				w.Volume.SetCapacity(200)
				var got after
				got.Grow = outcome(f.write(100, 10_000))
				got.Other = outcome(g.write(0, 100))
				got.Close, got.CloseOther = outcome(f.close()), outcome(g.close())
				w.settle()
				_, err := w.rdr.Stat("G")
				got.Next = outcome(err)
				onServer, err := w.Volume.ReadFile("G")
				w.must(err)
				got.G = onServer[0]
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// A write that has failed before the close is told of by the close, unless the write itself
// has.
func TestACloseTellsOfAWriteThatHasFailed(t *testing.T) {
	for policy, want := range map[rdr.PolicyName][]string{ // map order: subtests
		rdr.PolicyWriteThrough:   {"full", "ok"},
		rdr.PolicyFlushOnClose:   {"ok", "full"},
		rdr.PolicyOrdered:        {"ok", "full"},
		rdr.PolicyOrderedDurable: {"ok", "full"},
	} {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy}, func(w *world) {
				f := w.open("F", denyWrite)
				w.Volume.SetCapacity(0)
				got := []string{outcome(f.write(0, 100))}
				w.settle()
				if got = append(got, outcome(f.close())); !cmp.Equal(got, want) {
					t.Errorf("write, close: %q, want %q", got, want)
				}
			})
		})
	}
}

// After a change that was lost behind the application every call fails with its error, until
// the application has been told and its handles of before are closed.
func TestPoliciesThatKeepOrderStopForGood(t *testing.T) {
	for _, policy := range []rdr.PolicyName{rdr.PolicyOrdered, rdr.PolicyOrderedDurable} {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy}, func(w *world) {
				f, g := w.open("F", denyWrite), w.open("G", denyWrite)
				w.must(g.write(0, 100), f.h.Flush())
				w.Volume.SetCapacity(100)
				w.must(f.write(0, 100), g.write(0, 100))
				w.settle()
				before := len(w.wire)
				for range 2 {
					for name, err := range w.everyCall(g) { // map order: none depends on another
						if outcome(err) != "full" {
							t.Errorf("%s: %v", name, err)
						}
					}
				}
				if n := len(w.wire); n != before {
					t.Errorf("it changed the server: %v", w.wire[before:])
				}
				for _, err := range []error{f.close(), g.close()} {
					if outcome(err) != "full" {
						t.Errorf("close: %v", err)
					}
				}
				w.settle()
				w.Volume.SetCapacity(1 << 20)
				again := w.open("F", denyWrite)
				w.must(again.write(0, 10), again.h.Flush(), again.close())
				if content, err := w.Volume.ReadFile("F"); err != nil || len(content) != 10 {
					t.Errorf("F has %d bytes (%v) when all is well again", len(content), err)
				}
			})
		})
	}
}

// A close that tells of the failure itself, and was of the last handle, ends it: the next
// call is one of a new beginning.
func TestACloseThatTellsEndsTheFailure(t *testing.T) {
	play(t, setting{policy: rdr.PolicyOrderedDurable}, func(w *world) {
		f := w.open("F", denyWrite)
		w.Volume.SetCapacity(0)
		w.must(f.write(0, 100))
		if got := outcome(f.close()); got != "full" {
			t.Errorf("close: %s", got)
		}
		w.Volume.SetCapacity(1 << 20)
		again := w.open("F", denyWrite)
		w.must(again.write(0, 100), again.close())
	})
}

// The close of a handle that is mapped awaits what one that is not awaits, though its CLOSE
// follows the end of the mapping.
func TestTheCloseOfAMappedHandle(t *testing.T) {
	for policy, want := range map[rdr.PolicyName]string{ // map order: subtests
		rdr.PolicyFlushOnClose: "full", rdr.PolicyOrdered: "ok", rdr.PolicyOrderedDurable: "full",
	} {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy}, func(w *world) {
				f := w.open("F", denyWrite)
				m, err := f.h.Map()
				w.must(err)
				w.Volume.SetCapacity(0)
				w.must(f.write(0, 100))
				if got := outcome(f.close()); got != want {
					t.Errorf("close: %s, want %s", got, want)
				}
				m.Unmap()
				w.settle()
				if _, opens := w.FileState("F"); opens != 0 {
					t.Errorf("it is open %d times when all is over", opens)
				}
			})
		})
	}
}

// A file that goes with its handle goes though a change before it was lost: the server would
// delete it at the end of the circuit, too, and until then nobody could open it.
func TestAFileThatIsDeletedOnCloseIsClosedAfterAFailure(t *testing.T) {
	doomed := nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite | nt.Delete, Share: nt.ShareRead,
		Disposition: nt.FileOpenIf, Options: nt.DeleteOnClose,
	}
	for name, writes := range map[string]func(f, tmp *file) error{ // map order: subtests
		"after its own write": func(_, tmp *file) error { return tmp.write(0, 100) },
		"after another's":     func(f, _ *file) error { return f.write(0, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setting{policy: rdr.PolicyOrdered}, func(w *world) {
				f, tmp := w.open("F", denyWrite), w.open("TMP", doomed)
				w.Volume.SetCapacity(0)
				w.must(writes(f, tmp), tmp.close())
				w.settle()
				if _, opens := w.FileState("TMP"); opens != 0 {
					t.Errorf("it is open %d times", opens)
				}
			})
		})
	}
}

// everyCall makes each call that a stopped policy refuses.
func (w *world) everyCall(f *file) map[string]error {
	_, open := w.rdr.Open("H", denyWrite)
	_, stat := w.rdr.Stat("G")
	_, find := w.rdr.Find("*")
	return map[string]error{
		"open": open, "stat": stat, "find": find, "write": f.write(0, 10), "set size": f.setSize(50),
		"delete": w.delete("G"), "rename": w.rename("G", "H"), "mkdir": w.mkdir("D"),
	}
}

// A writer waits while NtrdrQueueLimit bytes have not been acknowledged, 8 MB as installed,
// and not before.
func TestPoliciesBoundWhatIsQueued(t *testing.T) {
	for name, row := range map[string]struct {
		registry     string
		limit, write int
		calls        int
	}{ // map order: subtests
		"8 MB":                    {"", 8 << 20, 64 << 10, 136},
		"16 KB":                   {`"NtrdrQueueLimit"=dword:00004000`, 16 << 10, 3000, 30},
		"less than a write":       {`"NtrdrQueueLimit"=dword:00001000`, 4 << 10, 10_000, 5},
		"what is no whole number": {`"NtrdrQueueLimit"=dword:00001000`, 4 << 10, 4095, 9},
	} {
		for _, policy := range []rdr.PolicyName{rdr.PolicyFlushOnClose, rdr.PolicyOrdered, rdr.PolicyOrderedDurable} {
			t.Run(fmt.Sprintf("%s/%s", policy, name), func(t *testing.T) {
				play(t, setting{policy: policy, link: "lan10", registry: row.registry}, func(w *world) {
					f := w.open("F", denyWrite)
					for i := range row.calls {
						held := w.held()
						room := held == 0 || held+row.write <= row.limit
						w.must(f.write(int64(i*row.write), row.write))
						if took := w.calls[i].took; (took == 0) != room {
							t.Errorf("write %d took %v when %d bytes were queued", i, took, held)
						}
						if held := w.held(); held > max(row.limit, row.write) {
							t.Errorf("%d bytes are queued after write %d", held, i)
						}
					}
					w.must(f.close())
					w.settle()
					if size, _ := w.FileState("F"); size != int64(row.calls*row.write) {
						t.Errorf("the server has %d bytes", size)
					}
				})
			})
		}
	}
}

// held is how many bytes the application has written and the server not acknowledged.
func (w *world) held() (n int) {
	for _, c := range w.calls {
		if c.kind == writes {
			n += c.n - c.answered
		}
	}
	return n
}

// A writer that waits for room is told when the circuit breaks.
func TestAWriterThatWaitsForRoomIsToldOfTheEndOfTheCircuit(t *testing.T) {
	for _, policy := range []rdr.PolicyName{rdr.PolicyFlushOnClose, rdr.PolicyOrdered, rdr.PolicyOrderedDurable} {
		t.Run(string(policy), func(t *testing.T) {
			play(t, setting{policy: policy, link: "ras-28.8", registry: `"NtrdrQueueLimit"=dword:00001000`}, func(w *world) {
				f := w.open("F", denyWrite)
				w.must(f.write(0, 4096))
				w.Kernel.AfterFunc(time.Second, w.Link.Reset)
				if err := f.write(4096, 4096); err == nil {
					t.Error("the write that waited says nothing")
				}
				if c := w.calls[1]; c.took != time.Second {
					t.Errorf("it waited %v", c.took)
				}
			})
		})
	}
}
