package ntcache_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// eighty pages may wait to be written: the threshold of these tests.
func eighty() ntcache.Config {
	c := ntcache.Stock()
	c.DirtyThreshold = 81
	return c
}

// write is one application's write of so many pages at page at: throttled, then copied.
func write(t *testing.T, pm *ntcache.PrivateCacheMap, at, pages int) {
	t.Helper()
	pm.Throttle(pages * 4096)
	if err := pm.CopyWrite(pattern(pages*4096), int64(at)*4096); err != nil {
		t.Error(err)
	}
}

// The writer is held back at the threshold. The lazy writer looks at once and not after
// three seconds; the writer goes on when the answer to the first run is there.
func TestAWriterIsHeldBackAtTheThreshold(t *testing.T) {
	run(t, eighty(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: 10 * time.Second}
		pm := m.NewMap("f", d, 0).NewPrivate(ntcache.HandleFlags{})
		var at []time.Duration
		for i := range 6 {
			write(t, pm, i*16, 16)
			at = append(at, k.Now().Sub(simrt.DefaultStart()))
		}
		want := []time.Duration{0, 0, 0, 0, 0, 10 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" || d.log[0].At != 0 {
			t.Errorf("first paging write at %v; writes returned at (-want +got):\n%s", d.log[0].At, diff)
		}
	})
}

func TestWritersGoOnInTheOrderInWhichTheyCame(t *testing.T) {
	run(t, eighty(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: time.Second}
		full := m.NewMap("full", d, 0).NewPrivate(ntcache.HandleFlags{})
		write(t, full, 0, 60)
		write(t, full, 60, 10)
		var order []string
		for i, pages := range []int{40, 1, 1} { // the small writes would fit sooner
			k.Go("writer", func() {
				pm := m.NewMap("f", &disk{k: k, perWrite: time.Second}, 0).NewPrivate(ntcache.HandleFlags{})
				write(t, pm, 0, pages)
				order = append(order, fmt.Sprint(i))
			})
			k.Sleep(time.Millisecond)
		}
		k.Sleep(30 * time.Second)
		if diff := cmp.Diff([]string{"0", "1", "2"}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestWhoIsNeverHeldBack(t *testing.T) {
	limit := eighty()
	limit.FileDirtyLimit = 10
	rows := []struct {
		name  string
		cfg   ntcache.Config
		dirty int // pages of another file
		mine  int // pages of this one
		flags ntcache.HandleFlags
		pages int
		held  bool
	}{
		{"below the threshold", eighty(), 40, 0, ntcache.HandleFlags{}, 40, false},
		{"one page too many", eighty(), 40, 0, ntcache.HandleFlags{}, 41, true},
		{"write-through", eighty(), 80, 0, ntcache.HandleFlags{WriteThrough: true}, 41, false},
		{"a write that counts for 256 KB at most", eighty(), 16, 0, ntcache.HandleFlags{}, 2000, false},
		{"nothing is dirty: any write", func() ntcache.Config { c := eighty(); c.DirtyThreshold = 2; return c }(), 0, 0, ntcache.HandleFlags{}, 64, false},
		{"a file at its own limit", limit, 0, 9, ntcache.HandleFlags{}, 1, true},
		{"another file is at its own limit", limit, 9, 0, ntcache.HandleFlags{}, 1, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			run(t, r.cfg, func(k *simrt.Kernel, m *ntcache.Manager) {
				other := m.NewMap("other", &disk{k: k, perWrite: time.Second}, 0)
				mustWrite(t, other, pattern(r.dirty*4096), 0)
				d := &disk{k: k, perWrite: time.Second}
				s := m.NewMap("f", d, 0)
				mustWrite(t, s, pattern(r.mine*4096), 0)
				pm := s.NewPrivate(r.flags)
				pm.Throttle(r.pages * 4096)
				if held := k.Now() != simrt.DefaultStart(); held != r.held {
					t.Errorf("held back: %v, want %v", held, r.held)
				}
			})
		})
	}
}

// The circuit breaks: what was dirty is gone, and the writer goes on to learn it.
func TestAHeldBackWriterGoesOnWhenTheDataIsLost(t *testing.T) {
	run(t, eighty(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: time.Hour, fail: errors.New("circuit down")}
		s := m.NewMap("f", d, 0)
		pm := s.NewPrivate(ntcache.HandleFlags{})
		write(t, pm, 0, 60)
		write(t, pm, 60, 20)
		k.Go("the circuit", func() {
			k.Sleep(5 * time.Second)
			s.Discard()
		})
		write(t, pm, 0, 1)
		if at := k.Now().Sub(simrt.DefaultStart()); at != 5*time.Second {
			t.Errorf("the writer went on at %v, want 5 s", at)
		}
	})
}

func TestTemporaryFilesAreWrittenOnlyWhenMemoryIsShort(t *testing.T) {
	run(t, eighty(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: time.Second}
		s := m.NewMap("f.tmp", d, 0)
		pm := s.NewPrivate(ntcache.HandleFlags{Temporary: true})
		write(t, pm, 0, 40)
		mustWrite(t, m.NewMap("an ordinary file", &disk{k: k}, 0), pattern(10), 0) // the lazy writer comes for it
		k.Sleep(time.Hour)
		if len(d.log) != 0 {
			t.Errorf("an hour later: %v", d.log)
		}
		other := m.NewMap("f", &disk{k: k, perWrite: time.Second}, 0).NewPrivate(ntcache.HandleFlags{})
		write(t, other, 0, 41)
		if len(d.log) == 0 {
			t.Error("a writer was held back, and the temporary file was not written")
		}
	})
}

// A second handle that does not call the file temporary makes it one like any other.
func TestAFileIsTemporaryWhileAllItsHandlesSaySo(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k}
		s := m.NewMap("f.tmp", d, 0)
		write(t, s.NewPrivate(ntcache.HandleFlags{Temporary: true}), 0, 1)
		k.Sleep(10 * time.Second)
		s.NewPrivate(ntcache.HandleFlags{})
		k.Sleep(10 * time.Second)
		if diff := cmp.Diff([]paging{{13 * time.Second, "out", 0, 4096}}, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
	})
}
