package rdr_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// A change is lost when all calls of the application are over. What then goes on without a
// call tells nobody: the next call does, and it alone, because no handle is left.
func TestAFailureIsToldByACallAndByNothingElse(t *testing.T) {
	for name, goesOn := range map[string]func(w *world) (later func()){ // map order: subtests
		"nothing": func(*world) func() { return func() {} },
		"the end of a mapping": func(w *world) func() {
			f := w.open("F", denyWrite)
			m, err := f.h.Map()
			w.must(err, f.write(0, 100), f.close())
			return func() { m.Unmap() }
		},
		"what was written through a mapping": func(w *world) func() {
			f := w.open("F", denyWrite)
			w.must(f.write(0, 100))
			m, err := f.h.Map()
			w.must(err, f.close())
			_, err = m.WriteAt([]byte("x"), 0)
			w.must(err)
			return func() { m.Unmap() }
		},
		"the end of a dormant file": func(w *world) func() {
			f := w.open("F", denyNone)
			w.must(f.write(0, 100), f.close())
			return func() { w.RT.Sleep(time.Minute) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setting{policy: rdr.PolicyOrdered}, func(w *world) {
				later := goesOn(w)
				g := w.open("G", denyWrite)
				w.settle()
				w.Volume.SetCapacity(100)
				w.must(g.write(0, 10_000), g.close())
				w.settle()
				later()
				w.settle()
				var next [2]string
				for i := range next {
					_, err := w.rdr.Stat("")
					next[i] = outcome(err)
				}
				if next != [2]string{"full", "ok"} {
					t.Errorf("the next calls say %q", next)
				}
				if _, opens := w.FileState("F"); opens != 0 {
					t.Errorf("F is open %d times", opens)
				}
			})
		})
	}
}

// The circuit breaks when nothing that could be lost is under way, and what waits is.
func TestWhatWaitsBehindACloseIsMissed(t *testing.T) {
	play(t, setting{policy: rdr.PolicyOrdered}, func(w *world) {
		f, g := w.open("F", denyWrite), w.open("G", denyWrite)
		w.must(f.close(), g.write(0, 100), g.close())
		w.RT.Sleep(10 * time.Millisecond)
		if len(w.wire) != 1 || w.wire[0].kind != closes {
			t.Errorf("on the wire: %v", w.wire)
		}
		w.Link.Reset()
		w.settle()
		if _, err := w.rdr.Stat(""); err == nil {
			t.Error("nobody is told")
		}
	})
}
