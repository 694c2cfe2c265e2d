package ntcache_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
	"github.com/ntrdr/ntrdr/ntcache"
)

// tiny is a machine whose cache is as small as it may be: four views for files of more,
// and writers that are held back after a few pages.
func tiny() ntcache.Config {
	c := ntcache.Stock()
	c.CacheSize = 1 << 20
	c.Views = 4
	c.DirtyThreshold = 24
	c.ReadAheadGranularity = 32768
	return c
}

const (
	modelFiles = 3
	modelSize  = 700 << 10 // three views
)

// modelFile is a cached file beside the plain bytes that it should have.
type modelFile struct {
	d     *disk
	s     *ntcache.SharedCacheMap
	plain []byte
	pms   []*ntcache.PrivateCacheMap
	view  *ntcache.MappedView
	size  int64 // of the section of view
}

// Whatever is written, read, mapped, flushed, purged and truncated through several
// handles of several files that compete for a tiny cache: each file equals a plain byte
// slice, here and at the far end.
func TestRandomOperationsOnATinyCacheLeaveTheBytesOfPlainFiles(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		k := simrt.New(simrt.Options{Name: t.Name(), Seed: seed, Shuffle: seed%2 == 1})
		r := rt.Runtime(k)
		if seed%4 == 3 {
			r = simtest.Restless(k)
		}
		m, err := ntcache.New(r, tiny(), nil)
		if err != nil {
			t.Fatal(err)
		}
		k.Go("story", func() { competingFiles(t, k, m) })
		out := k.Run()
		if err := out.Err(); err != nil {
			t.Fatal(err)
		}
		if len(out.Parked) > 0 {
			t.Fatalf("seed %d: tasks parked at the end: %v", seed, out.Parked)
		}
		k.Close()
	}
}

func competingFiles(t *testing.T, k *simrt.Kernel, m *ntcache.Manager) {
	var ended []rt.Event
	for i := range modelFiles {
		rnd := rand.New(rand.NewPCG(k.Rand("files").Uint64(), uint64(i)))
		f := &modelFile{plain: pattern(rnd.IntN(modelSize))}
		f.d = &disk{k: k, data: bytes.Clone(f.plain), perWrite: time.Duration(rnd.IntN(300)) * time.Millisecond, perRead: time.Duration(rnd.IntN(20)+1) * time.Millisecond}
		f.s = m.NewMap("f", f.d, int64(len(f.plain)))
		for range 3 {
			f.pms = append(f.pms, f.s.NewPrivate(ntcache.HandleFlags{
				Sequential: rnd.IntN(3) == 0, Random: rnd.IntN(4) == 0, WriteThrough: rnd.IntN(6) == 0, Temporary: rnd.IntN(3) == 0,
			}))
		}
		e := k.NewEvent(rt.Notification)
		ended = append(ended, e)
		k.Go("application", func() {
			defer e.Set()
			for range 80 {
				f.step(t, k, rnd)
				if u := m.Usage(); u.Pages > u.MaxPages || u.Views > u.MaxViews {
					t.Errorf("usage %+v", u)
				}
			}
			f.finish(t, k)
		})
	}
	for _, e := range ended {
		e.Wait(rt.Forever)
	}
}

// step does one random operation. Operations of one file follow each other, as the
// plain file's do; what goes on behind it, and the other files, run beside them.
func (f *modelFile) step(t *testing.T, k *simrt.Kernel, rnd *rand.Rand) {
	pm := f.pms[rnd.IntN(len(f.pms))]
	off, n := rnd.Int64N(modelSize), rnd.IntN(90000)+1
	if rnd.IntN(2) == 0 {
		off, n = off/4096*4096, (n+4095)/4096*4096
	}
	switch rnd.IntN(12) {
	case 0, 1, 2:
		p := pattern(n + int(off%251))[off%251:]
		pm.Throttle(len(p))
		if err := pm.CopyWrite(p, off); err != nil {
			t.Error(err)
		}
		f.plain = put(f.plain, p, int(off))
	case 3, 4, 5:
		f.read(t, pm.CopyRead, off, n)
	case 6: // a pattern
		for i := range int64(6) {
			f.read(t, pm.CopyRead, off+i*int64(n)%modelSize, n)
		}
	case 7:
		k.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond)
	case 8:
		f.resize(t, rnd)
	case 9:
		f.mapping(t, rnd, off, n)
	case 10:
		if err := f.s.FlushRange(off, int64(n)); err != nil {
			t.Error(err)
		}
	case 11:
		if err := f.s.Flush(); err != nil {
			t.Error(err)
		}
		if !f.s.Purge() && f.view == nil {
			t.Error("a file that nobody has mapped cannot be purged")
		}
	}
}

func (f *modelFile) read(t *testing.T, read func([]byte, int64) (int, error), off int64, n int) {
	t.Helper()
	got := make([]byte, n)
	n, err := read(got, off)
	want := f.plain[min(int(off), len(f.plain)):min(int(off)+len(got), len(f.plain))]
	if err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got[:n], want) {
		t.Errorf("read %d at %d: %d, %v; differs from the plain file", len(got), off, n, err)
	}
}

// resize truncates or extends, at the far end too, as a file system does it.
func (f *modelFile) resize(t *testing.T, rnd *rand.Rand) {
	size := rnd.Int64N(modelSize)
	if f.view != nil || f.s.Flush() != nil {
		return // a mapped file keeps its size
	}
	f.d.resize(size)
	f.s.SetFileSize(size)
	f.plain = append(f.plain[:min(int(size), len(f.plain))], make([]byte, max(0, int(size)-len(f.plain)))...)
	if f.s.Size() != size {
		t.Errorf("size %d, want %d", f.s.Size(), size)
	}
}

// mapping maps the file, or writes or reads through the mapping, or unmaps it.
func (f *modelFile) mapping(t *testing.T, rnd *rand.Rand, off int64, n int) {
	switch {
	case f.view == nil:
		f.view, f.size = f.s.Map(), int64(len(f.plain))
	case rnd.IntN(4) == 0:
		f.view.Unmap()
		f.view = nil
	case off+int64(n) <= f.size:
		p := pattern(n + 7)[7:]
		if _, err := f.view.WriteAt(p, off); err != nil {
			t.Error(err)
		}
		f.plain = put(f.plain, p, int(off))
		f.read(t, f.view.ReadAt, off, n)
	}
}

func (f *modelFile) finish(t *testing.T, k *simrt.Kernel) {
	if f.view != nil {
		f.view.Unmap()
	}
	flushed := k.NewEvent(rt.Notification)
	for _, pm := range f.pms {
		pm.Uninitialize(flushed)
	}
	flushed.Wait(rt.Forever)
	if f.d.resize(max(int64(len(f.plain)), int64(len(f.d.data)))); !bytes.Equal(f.d.data, f.plain) {
		t.Errorf("the far end differs from the plain file of %d bytes", len(f.plain))
	}
	if f.d.overlap || f.d.lost > 0 {
		t.Errorf("two writers at once: %v; %d bytes lost", f.d.overlap, f.d.lost)
	}
}
