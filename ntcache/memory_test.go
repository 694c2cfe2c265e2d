package ntcache_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// sparse is a file of any size of which only a stamp in each page is ever looked at.
type sparse struct {
	zeros
	t    *testing.T
	k    *simrt.Kernel
	took int64 // bytes written, in order
}

func stamp(p []byte, off int64) {
	for i := 0; i < len(p); i += 4096 {
		binary.LittleEndian.PutUint64(p[i:], uint64(off)+uint64(i)+1)
	}
}

func (d *sparse) check(p []byte, off int64) {
	for i := 0; i < len(p); i += 4096 {
		if got := binary.LittleEndian.Uint64(p[i:]); got != uint64(off)+uint64(i)+1 {
			d.t.Fatalf("the page at %d has stamp %d", off+int64(i), got)
		}
	}
}

func (d *sparse) PageIn(p []byte, off int64) (int, error) {
	stamp(p, off)
	d.k.Sleep(time.Millisecond)
	return len(p), nil
}

func (d *sparse) PageOut(p []byte, off int64) (int, error) {
	d.check(p, off)
	d.k.Sleep(time.Millisecond)
	if off == d.took {
		d.took += int64(len(p))
	}
	return len(p), nil
}

// A file of 10 GB is copied through the cache of a 16 MB machine.
func TestACopyOfAHugeFileStaysWithinTheCache(t *testing.T) {
	size := int64(10 << 30)
	if testing.Short() || invariant.Enabled {
		size >>= 7
	}
	before := heap()
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		from, to := &sparse{t: t, k: k}, &sparse{t: t, k: k}
		in := m.NewMap("from", from, size).NewPrivate(ntcache.HandleFlags{})
		dst := m.NewMap("to", to, 0)
		out := dst.NewPrivate(ntcache.HandleFlags{})
		buf := make([]byte, 64<<10)
		peak := uint64(0)
		for off := int64(0); off < size; off += int64(len(buf)) {
			if _, err := in.CopyRead(buf, off); err != nil {
				t.Fatal(err)
			}
			from.check(buf, off)
			out.Throttle(len(buf))
			if err := out.CopyWrite(buf, off); err != nil {
				t.Fatal(err)
			}
			if u := m.Usage(); u.Pages > u.MaxPages || u.Dirty+u.Writing > ntcache.Stock().DirtyThreshold {
				t.Fatalf("at %d: usage %+v", off, u)
			}
			if off%(size/16) == 0 {
				peak = max(peak, heap())
			}
		}
		if err := dst.Flush(); err != nil || to.took != size {
			t.Errorf("flush: %v; %d bytes written in order, want %d", err, to.took, size)
		}
		if limit := uint64(ntcache.Stock().CacheSize) + 1<<20; peak-before > limit {
			t.Errorf("the copy took %d KB of memory, want at most %d", (peak-before)>>10, limit>>10)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// touch reads one page of view number view.
func touch(t *testing.T, pm *ntcache.PrivateCacheMap, view int64) {
	t.Helper()
	if _, err := pm.CopyRead(make([]byte, 4096), view<<18); err != nil {
		t.Fatal(err)
	}
}

// fetched lists the views that were read from the far end.
func (d *disk) fetched() (views []int64) {
	for _, l := range d.log {
		if l.Op == "in" {
			views = append(views, l.Off>>18)
		}
	}
	return views
}

func TestTheLeastRecentlyUsedCleanViewIsReused(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 16<<18)}
		s := m.NewMap("f", d, 16<<18)
		s.SetReadAhead(0)
		pm := s.NewPrivate(ntcache.HandleFlags{})
		for _, view := range []int64{0, 1, 2, 3, 0, 4, 0, 2, 3, 1, 4} { // 4 takes 1's place, 1 takes 4's
			touch(t, pm, view)
		}
		if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 1, 4}, d.fetched()); diff != "" {
			t.Errorf("views fetched (-want +got):\n%s", diff)
		}
	})
}

// Views that are dirty are not reused: the clean one goes, however recent it is.
func TestADirtyViewIsNotReused(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 16<<18)}
		s := m.NewMap("f", d, 16<<18)
		s.SetReadAhead(0)
		pm := s.NewPrivate(ntcache.HandleFlags{})
		for view := range int64(3) {
			mustWrite(t, s, []byte("new"), view<<18)
		}
		for _, view := range []int64{3, 4, 0, 1, 2, 3} {
			touch(t, pm, view)
		}
		if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 3}, d.fetched()); diff != "" {
			t.Errorf("views fetched (-want +got):\n%s", diff)
		}
	})
}

// When everything is dirty, who needs memory waits for the mapped page writer, which
// writes the least recently used view a page at a time.
func TestWithoutMemoryPagesAreWrittenOneAtATime(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: 100 * time.Millisecond}
		s := m.NewMap("f", d, 0)
		for view := range int64(4) {
			mustWrite(t, s, pattern(16384), view<<18)
		}
		mustWrite(t, s, pattern(4096), 4<<18)
		want := []paging{
			{0, "out", 0, 4096},
			{100 * time.Millisecond, "out", 4096, 4096},
			{200 * time.Millisecond, "out", 8192, 4096},
			{300 * time.Millisecond, "out", 12288, 4096},
		}
		if diff := cmp.Diff(want, d.log[:4]); diff != "" || len(d.log) > 5 {
			t.Errorf("paging requests before the fifth view was there (-want +got):\n%s", diff)
		}
	})
}

// A scan through a big file costs other files their pages, unless it is announced.
//
// src: KB Q191098.
func TestASequentialScanReusesItsOwnViews(t *testing.T) {
	for name, row := range map[string]struct {
		flags ntcache.HandleFlags
		want  int // times that the other file is read
	}{
		"announced":     {ntcache.HandleFlags{Sequential: true}, 1},
		"not announced": {ntcache.HandleFlags{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
				other := &disk{k: k, data: make([]byte, 4096)}
				o := m.NewMap("other", other, 4096).NewPrivate(ntcache.HandleFlags{})
				touch(t, o, 0)
				s := m.NewMap("big", &disk{k: k, data: make([]byte, 8<<20), perRead: time.Millisecond}, 8<<20)
				pm := s.NewPrivate(row.flags)
				for off := int64(0); off < 8<<20; off += 65536 {
					if _, err := pm.CopyRead(make([]byte, 65536), off); err != nil {
						t.Fatal(err)
					}
				}
				touch(t, o, 0)
				if got := len(other.fetched()); got != row.want {
					t.Errorf("the other file was read %d times, want %d", got, row.want)
				}
			})
		})
	}
}

// A page on its way to the file is clean, but its view is in use: read again from the
// file too early it would be old.
func TestAViewThatIsBeingWrittenIsNotReused(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 16<<18), perWrite: time.Second}
		s := m.NewMap("f", d, 16<<18)
		s.SetReadAhead(0)
		pm := s.NewPrivate(ntcache.HandleFlags{})
		mustWrite(t, s, bytes.Repeat([]byte{7}, 4096), 0)
		k.Go("flush", func() { _ = s.Flush() })
		k.Sleep(500 * time.Millisecond)
		for view := range int64(8) {
			touch(t, pm, view+1)
		}
		got := make([]byte, 1)
		if _, err := s.CopyRead(got, 0); err != nil || got[0] != 7 {
			t.Errorf("read %v, %v; want what was written", got, err)
		}
		k.Sleep(time.Second)
	})
}

// Nothing that a page buffer held before shows in the file that uses it next.
func TestUsedMemoryIsCleanMemory(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		a := m.NewMap("secret", &disk{k: k}, 0)
		mustWrite(t, a, bytes.Repeat([]byte("secret"), 10000), 0)
		a.Discard()
		b := m.NewMap("f", &disk{k: k}, 0)
		mustWrite(t, b, []byte("x"), 5000) // the rest of two pages was never written
		mustWrite(t, b, []byte("y"), 20000)
		got := make([]byte, 20000)
		if _, err := b.CopyRead(got, 0); err != nil || bytes.Contains(got, []byte("sec")) {
			t.Errorf("another file's bytes show up: %v", err)
		}
	})
}

func TestALazyCloseGivesMemoryBackOnceAllIsWritten(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: time.Second}
		s := m.NewMap("f", d, 0)
		a, b := s.NewPrivate(ntcache.HandleFlags{}), s.NewPrivate(ntcache.HandleFlags{})
		if err := a.CopyWrite(pattern(8192), 0); err != nil {
			t.Fatal(err)
		}
		flushed := k.NewEvent(rt.Notification)
		a.Uninitialize(nil)
		b.Uninitialize(flushed)
		if u := m.Usage(); u.Pages != 2 || u.Dirty != 2 || len(d.log) != 0 || flushed.Wait(0) {
			t.Errorf("after the last handle: usage %+v, requests %v", u, d.log)
		}
		flushed.Wait(rt.Forever)
		k.Sleep(time.Millisecond)
		if diff := cmp.Diff([]paging{{3 * time.Second, "out", 0, 8192}}, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
		if u := m.Usage(); u.Pages != 0 || u.Views != 0 {
			t.Errorf("usage %+v, want none", u)
		}
		c := s.NewPrivate(ntcache.HandleFlags{}) // the file is opened again
		if _, err := c.CopyRead(make([]byte, 10), 0); err != nil || len(d.fetched()) != 1 {
			t.Errorf("read: %v; %v", err, d.log)
		}
	})
}

func TestAHandleThatComesInTimeKeepsThePages(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k}
		s := m.NewMap("f", d, 0)
		a := s.NewPrivate(ntcache.HandleFlags{})
		if err := a.CopyWrite(pattern(8192), 0); err != nil {
			t.Fatal(err)
		}
		a.Uninitialize(nil)
		s.NewPrivate(ntcache.HandleFlags{})
		k.Sleep(10 * time.Second)
		if u := m.Usage(); u.Pages != 2 || u.Dirty != 0 {
			t.Errorf("usage %+v, want 2 clean pages", u)
		}
	})
}
