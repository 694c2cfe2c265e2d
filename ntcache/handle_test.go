package ntcache_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

func TestWriteThroughAndItsDefect(t *testing.T) {
	rows := []struct {
		name     string
		quirk    bool
		flags    ntcache.HandleFlags
		off, len int
		through  int // bytes at the far end when the write returns
		cached   int // dirty bytes then
	}{
		{"all of it", false, ntcache.HandleFlags{WriteThrough: true}, 0, 5000, 5000, 0},
		{"the defect: the last page stays", true, ntcache.HandleFlags{WriteThrough: true}, 0, 5000, 4096, 904},
		{"the defect, from the middle of a page", true, ntcache.HandleFlags{WriteThrough: true}, 4000, 200, 4096, 104},
		{"the defect: whole pages go", true, ntcache.HandleFlags{WriteThrough: true}, 0, 8192, 8192, 0},
		{"the defect: a write inside one page goes", true, ntcache.HandleFlags{WriteThrough: true}, 0, 900, 900, 0},
		{"the defect is that of the flag", true, ntcache.HandleFlags{}, 0, 5000, 0, 5000},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			cfg := ntcache.Stock()
			cfg.QuirkWriteThroughTailCached = r.quirk
			run(t, cfg, func(k *simrt.Kernel, m *ntcache.Manager) {
				d := &disk{k: k}
				s := m.NewMap("f", d, 0)
				pm := s.NewPrivate(r.flags)
				if err := pm.CopyWrite(pattern(r.len), int64(r.off)); err != nil {
					t.Fatal(err)
				}
				if got := s.DirtyBytes(); len(d.data) != r.through || got != int64(r.cached) {
					t.Errorf("%d bytes at the far end, %d dirty; want %d, %d", len(d.data), got, r.through, r.cached)
				}
				k.Sleep(4 * time.Second) // the lazy writer brings the rest
				if want := append(make([]byte, r.off), pattern(r.len)...); !bytes.Equal(d.data, want) {
					t.Errorf("the far end differs: %v", d.log)
				}
			})
		})
	}
}

func TestFlushRangeWritesThePagesOfTheRange(t *testing.T) {
	rows := []struct {
		name   string
		off, n int64
		want   []paging
	}{
		{"a page", 8192, 4096, []paging{{0, "out", 8192, 4096}}},
		{"parts of two pages", 8191, 2, []paging{{0, "out", 4096, 8192}}},
		{"nothing dirty there", 65536, 65536, nil},
		{"across two views", 1<<18 - 1, 4097, []paging{{0, "out", 1<<18 - 4096, 4096}, {0, "out", 1 << 18, 4096}}},
		{"to the end of the file", 1<<18 + 4096, 1 << 20, []paging{{0, "out", 1<<18 + 4096, 904}}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
				d := &disk{k: k}
				s := m.NewMap("f", d, 0)
				mustWrite(t, s, pattern(16384), 0)
				mustWrite(t, s, pattern(8192+904), 1<<18-4096)
				if err := s.FlushRange(r.off, r.n); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(r.want, d.log); diff != "" {
					t.Errorf("paging requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// On Alpha a page has 8 KB: that much is read to change a byte of it, and written.
//
// src: KB Q152348.
func TestPagesOfAnAlpha(t *testing.T) {
	cfg := ntcache.Stock()
	cfg.PageSize = 8192
	run(t, cfg.WithMemory(ntcache.StockMemory), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(20000)}
		s := m.NewMap("f", d, 20000)
		mustWrite(t, s, []byte("x"), 9000)
		if err := s.Flush(); err != nil {
			t.Error(err)
		}
		want := []paging{{0, "in", 8192, 8192}, {0, "out", 8192, 8192}}
		if diff := cmp.Diff(want, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
	})
}

// An extension is not valid data: it reads as zero, and nothing is fetched for it.
func TestBytesBeyondValidDataAreZeroAndNotFetched(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(100)}
		s := m.NewMap("f", d, 100)
		s.SetFileSize(1 << 40)
		if diff := cmp.Diff(ntcache.FileSizes{File: 1 << 40, ValidData: 100}, s.Sizes()); diff != "" {
			t.Errorf("sizes (-want +got):\n%s", diff)
		}
		got := make([]byte, 8192)
		if _, err := s.CopyRead(got, 1<<39); err != nil || !bytes.Equal(got, make([]byte, 8192)) || len(d.log) > 0 {
			t.Errorf("read: %v; paging requests %v", err, d.log)
		}
		mustWrite(t, s, []byte("far"), 1<<38)
		if got := s.Sizes().ValidData; got != 1<<38+3 {
			t.Errorf("valid data length %d", got)
		}
		s.Discard() // no disk has that much
	})
}

func TestMemoryDecidesTheSizesOfTheCache(t *testing.T) {
	type sizes struct {
		CacheSize      int64
		DirtyThreshold int
	}
	got := map[int64]sizes{}
	for _, mb := range []int64{4, 8, 16, 32, 64} {
		c := ntcache.Stock().WithMemory(mb << 20)
		got[mb] = sizes{c.CacheSize, c.DirtyThreshold}
	}
	want := map[int64]sizes{
		4:  {2 << 20, 128},   // small: an eighth
		8:  {4 << 20, 256},   // small
		16: {8 << 20, 1024},  // medium: a quarter
		32: {16 << 20, 3072}, // large: three eighths
		64: {32 << 20, 6144}, // large
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sizes by memory (-want +got):\n%s", diff)
	}
}

// parallelDisk is a disk for tasks that run in parallel.
type parallelDisk struct {
	*disk
	r  rt.Runtime
	mu rt.Mutex
}

func (d *parallelDisk) PageIn(p []byte, off int64) (int, error) {
	d.r.Sleep(50 * time.Microsecond)
	d.mu.Lock()
	defer d.mu.Unlock()
	if off >= int64(len(d.data)) {
		return 0, nil
	}
	return copy(p, d.data[off:]), nil
}

func (d *parallelDisk) PageOut(p []byte, off int64) (int, error) {
	d.r.Sleep(100 * time.Microsecond)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resize(max(int64(len(d.data)), off+int64(len(p))))
	return copy(d.data[off:], p), nil
}

// On this machine's processors: applications write and read back stripes of their own of
// three files, through a cache that holds a third of them.
func TestParallelApplicationsOnATinyCache(t *testing.T) {
	cfg := tiny()
	cfg.LazyFirstDelay, cfg.LazyScanPeriod, cfg.ThrottleRecheck = 3*time.Millisecond, time.Millisecond, time.Millisecond
	r := wallrt.New(1)
	defer r.Close()
	m, err := ntcache.New(r, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		d := &parallelDisk{&disk{}, r, r.NewMutex()}
		s := m.NewMap("f", d, 0)
		for stripe := range 3 {
			r.Go("application", func() { stripes(t, s, rand.New(rand.NewPCG(uint64(i), uint64(stripe))), stripe) })
		}
	}
	if left := r.Wait(time.Minute); len(left) > 0 {
		t.Errorf("tasks left: %v", left)
	}
	if u := m.Usage(); u.Dirty != 0 || u.Writing != 0 {
		t.Errorf("usage %+v, want nothing dirty", u)
	}
}

// stripes uses one block in three of a file.
func stripes(t *testing.T, s *ntcache.SharedCacheMap, rnd *rand.Rand, stripe int) {
	const block, blocks = 3000, 100
	pm := s.NewPrivate(ntcache.HandleFlags{Sequential: stripe == 0})
	plain := map[int64][]byte{}
	for range 300 {
		off := (rnd.Int64N(blocks)*3 + int64(stripe)) * block
		if rnd.IntN(2) == 0 {
			p := bytes.Repeat([]byte{byte(rnd.Uint32())}, block)
			pm.Throttle(block)
			if err := pm.CopyWrite(p, off); err != nil {
				t.Error(err)
			}
			plain[off] = p
			continue
		}
		got := make([]byte, block)
		n, err := pm.CopyRead(got, off)
		if want := plain[off]; want != nil && !bytes.Equal(got[:n], want) {
			t.Errorf("block at %d differs: %v", off, err)
		}
		if rnd.IntN(50) == 0 {
			if err := s.Flush(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	pm.Uninitialize(nil)
}
