package rdr_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// promise is what a policy says of the wire and of what a call returns for.
type promise struct {
	policy rdr.PolicyName
	// across: the order of all calls, not of those of one file alone.
	across bool
	// awaits: the call returns when the other has been answered, which may be itself.
	awaits func(c, other *call) bool
}

func promises() []promise {
	data := func(c *call) bool { return c.kind == writes || c.kind == sizes }
	return []promise{
		{rdr.PolicyWriteThrough, false, func(c, o *call) bool { return c == o }},
		{rdr.PolicyFlushOnClose, false, func(c, o *call) bool { return c.kind == closes && data(o) && o.path == c.path }},
		{rdr.PolicyOrdered, true, func(_, _ *call) bool { return false }},
		{rdr.PolicyOrderedDurable, true, func(c, o *call) bool { return c.kind == closes && data(o) }},
	}
}

// window is how many writes of one file may be under way.
var window = rdr.StockWindow().Requests

// obeys holds the wire against the calls, which have all succeeded.
func (p promise) obeys(w *world) {
	w.t.Helper()
	p.inTurn(w)
	for i, c := range w.calls {
		if c.answered != c.whole() {
			w.t.Errorf("of call %d, %s %s, the server has acknowledged %d of %d", i, c.kind, c.path, c.answered, c.whole())
		}
	}
}

// inTurn holds the requests against each other and against the order of the calls.
func (p promise) inTurn(w *world) {
	w.t.Helper()
	for i, r := range w.wire {
		p.inOrder(w, i)
		same := 0
		for _, u := range r.under {
			switch {
			case u.path != r.path && !p.across && !u.kind.byName() && !r.kind.byName():
			case u.path != r.path:
				w.t.Errorf("%v is sent while another file's change is under way: %v", r, u)
			case u.kind != writes || r.kind != writes:
				w.t.Errorf("%v is sent while %v is under way", r, u)
			case r.overlaps(u):
				w.t.Errorf("%v is sent while the same bytes are under way: %v", r, u)
			default:
				same++
			}
		}
		if same >= window {
			w.t.Errorf("%v is sent while %d writes of its file are under way", r, same)
		}
	}
}

// inOrder holds the calls that request i carries against the last before it with which its
// policy keeps an order.
func (p promise) inOrder(w *world, i int) {
	w.t.Helper()
	r := w.wire[i]
	last := -1
	for _, o := range w.wire[:i] {
		if p.across || o.path == r.path {
			last = max(last, o.calls[len(o.calls)-1])
		}
	}
	for _, n := range r.calls {
		if n < last {
			w.t.Errorf("%v comes after call %d", r, last)
		}
		last = n
	}
}

// most is how many writes of one file were under way at once.
func (w *world) most() (n int) {
	for _, r := range w.wire {
		n = max(n, len(r.under)+1)
	}
	return n
}

// watch makes the story's calls, but for those that fail, tell at their return what they
// have awaited.
func (p promise) watch(w *world) {
	w.returned = func(c *call) {
		if c.err != nil {
			return
		}
		for i, o := range w.calls {
			if o.kind == closes && w.gone {
				continue // the server has closed the file when its circuit went
			}
			if p.awaits(c, o) && o.answered != o.whole() {
				w.t.Errorf("%s %s has returned, and of call %d, %s %s, %d of %d are acknowledged", c.kind, c.path, i, o.kind, o.path, o.answered, o.whole())
			}
		}
	}
}

// The applications whose changes are watched.
var applications = map[string]func(w *world){
	"a message and its key": func(w *world) {
		m := w.open("M", denyWrite)
		for i := range 6 {
			w.must(m.write(int64(i)*5000, 5000))
		}
		w.must(m.close())
		k := w.open("K", denyWrite)
		w.must(k.write(0, 560), k.close())
	},
	"two files by turns": func(w *world) {
		a, b := w.open("A", denyWrite), w.open("B", denyWrite)
		for i := range int64(8) {
			w.must(a.write(i*9000, 9000), b.write(i*100, 100))
		}
		w.must(b.close(), a.close())
	},
	"the same bytes again and again": func(w *world) {
		f := w.open("F", denyWrite)
		for i := range int64(12) {
			w.must(f.write(i%3*4096, 4096))
		}
		w.must(f.close())
	},
	"a size between writes": func(w *world) {
		f, g := w.open("F", denyWrite), w.open("G", denyWrite)
		w.must(f.write(0, 20_000), g.write(0, 100), f.setSize(5000), f.write(5000, 8000), f.close(), g.close())
	},
	"records under locks": func(w *world) {
		f, log := w.open("F", denyWrite), w.open("LOG", denyWrite)
		for i := range uint64(4) {
			record := nt.LockRange{Offset: i * 4096, Length: 4096}
			w.must(f.h.Lock(record, true), f.write(int64(record.Offset), 4096), log.write(int64(i)*16, 16), f.unlock(record))
		}
		w.must(f.close(), log.close())
	},
	"a safe save": func(w *world) {
		w.must(w.mkdir("D"))
		old := w.open("DOC", denyWrite)
		w.must(old.write(0, 9000), old.close())
		tmp := w.open(`D\TMP`, denyWrite)
		w.must(tmp.write(0, 30_000), tmp.close(), w.delete("DOC"), w.rename(`D\TMP`, "DOC"))
		again := w.open("DOC", denyWrite)
		w.must(again.write(30_000, 5000), again.close())
	},
}

// What an application does reaches the server in its order, pipelined within a file, and
// calls return for what the policy promises.
func TestPoliciesKeepTheirOrder(t *testing.T) {
	for _, p := range promises() {
		for name, app := range applications { // map order: subtests
			for _, link := range []string{"t1", "ras-28.8", "vsat-geo"} {
				t.Run(fmt.Sprintf("%s/%s/%s", p.policy, name, link), func(t *testing.T) {
					play(t, setting{policy: p.policy, link: link, loss: 0.01}, func(w *world) {
						p.watch(w)
						app(w)
						w.settle()
						p.obeys(w)
					})
				})
			}
		}
	}
}

// Random applications over three files.
func TestPoliciesKeepTheirOrderWhateverIsDone(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 5
	}
	for _, p := range promises() {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s/%d", p.policy, seed), func(t *testing.T) {
				play(t, setting{policy: p.policy, seed: seed, loss: 0.02}, func(w *world) {
					p.watch(w)
					w.improvise(rand.New(rand.NewPCG(seed, 0)), 120)
					w.settle()
					p.obeys(w)
				})
			})
		}
	}
}

// improvise makes n calls on three files, and then closes what is open.
func (w *world) improvise(r *rand.Rand, n int) {
	names := []string{"A", "B", "C"}
	open := map[string]*file{} // looked up, never ranged over
	for range n {
		name := names[r.IntN(len(names))]
		f := open[name]
		switch what := r.IntN(10); {
		case f == nil:
			open[name] = w.open(name, denyWrite)
		case what < 7:
			w.must(f.write(int64(r.IntN(30_000)), 1+r.IntN(10_000)))
		case what < 8:
			w.must(f.setSize(int64(r.IntN(30_000))))
		default:
			w.must(f.close())
			delete(open, name)
			if what == 9 {
				w.must(w.delete(name))
			}
		}
	}
	for _, name := range names {
		if f := open[name]; f != nil {
			w.must(f.close())
		}
	}
}

// A write that is longer than a request is pipelined whatever the policy.
func TestPoliciesPipelineTheWritesOfAFile(t *testing.T) {
	for _, p := range promises() {
		t.Run(string(p.policy), func(t *testing.T) {
			w := play(t, setting{policy: p.policy, link: "vsat-geo"}, func(w *world) {
				f := w.open("F", denyWrite)
				w.must(f.write(0, 40_000), f.close())
				w.settle()
			})
			if n := w.most(); n < 2 || n > window {
				t.Errorf("at most %d writes were under way at once, want 2 to %d", n, window)
			}
		})
	}
}

// A file that is written in small pieces goes in the requests of a long write, as long as
// much of it is queued.
func TestSmallWritesAreOneLongOne(t *testing.T) {
	w := play(t, setting{policy: rdr.PolicyOrdered}, func(w *world) {
		f := w.open("F", denyWrite)
		for i := range 40 {
			w.must(f.write(int64(i)*1000, 1000))
		}
		w.settle()
		if n := w.rdr.DirtyBytes(); n != 0 {
			t.Errorf("%d bytes are queued when all is over", n)
		}
		w.must(f.write(40_000, 4096), f.close())
		w.settle()
	})
	segments, last := 0, 0 // that a request fills, with its headers; of the last write
	for _, r := range w.wire {
		if len(r.data) == 1392 {
			segments++
		}
		if r.kind == writes {
			last = len(r.data)
		}
	}
	if segments < 10 || last != 4096 {
		t.Errorf("%d of %d requests fill a segment; the last write has %d bytes", segments, len(w.wire), last)
	}
}
