package ntcache_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// disk is a file at the far end: it takes perWrite of virtual time to answer and
// notes what was asked of it.
type disk struct {
	k        *simrt.Kernel
	data     []byte
	perWrite time.Duration
	perRead  time.Duration
	failRead error
	fail     error
	busy     int // paging writes under way
	overlap  bool
	log      []paging
	lost     int64
}

// paging is one paging request, as the file system saw it.
type paging struct {
	At  time.Duration
	Op  string
	Off int64
	Len int
}

func (d *disk) note(op string, off int64, n int) {
	d.log = append(d.log, paging{d.k.Now().Sub(simrt.DefaultStart()), op, off, n})
}

func (d *disk) PageIn(p []byte, off int64) (int, error) {
	d.note("in", off, len(p))
	d.k.Sleep(d.perRead)
	if d.failRead != nil {
		return 0, d.failRead
	}
	if off >= int64(len(d.data)) {
		return 0, io.EOF
	}
	return copy(p, d.data[off:]), nil
}

func (d *disk) PageOut(p []byte, off int64) (int, error) {
	d.note("out", off, len(p))
	d.busy++
	d.overlap = d.overlap || d.busy > 1
	d.k.Sleep(d.perWrite)
	d.busy--
	if d.fail != nil {
		return 0, d.fail
	}
	if need := off + int64(len(p)); need > int64(len(d.data)) {
		d.data = append(d.data, make([]byte, need-int64(len(d.data)))...)
	}
	return copy(d.data[off:], p), nil
}

func (d *disk) resize(n int64) {
	d.data = append(d.data[:min(n, int64(len(d.data)))], make([]byte, max(0, n-int64(len(d.data))))...)
}

func (d *disk) LostData(n int64, _ error)     { d.lost += n }
func (d *disk) AcquireForLazyWrite(bool) bool { return true }
func (d *disk) ReleaseFromLazyWrite()         {}
func (d *disk) AcquireForReadAhead(bool) bool { return true }
func (d *disk) ReleaseFromReadAhead()         {}

// run executes story as a task and then lets the lazy writer finish.
func run(t *testing.T, cfg ntcache.Config, story func(k *simrt.Kernel, m *ntcache.Manager)) {
	t.Helper()
	k := simrt.New(simrt.Options{Name: t.Name()})
	defer k.Close()
	m, err := ntcache.New(k, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.Go("story", func() { story(k, m) })
	out := k.Run()
	if err := out.Err(); err != nil {
		t.Fatal(err)
	}
	if len(out.Parked) > 0 {
		t.Fatalf("tasks parked at the end: %v", out.Parked)
	}
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i/7 + i)
	}
	return p
}

func mustWrite(t *testing.T, s *ntcache.SharedCacheMap, p []byte, off int64) {
	t.Helper()
	if err := s.CopyWrite(p, off); err != nil {
		t.Fatalf("CopyWrite(%d, %d): %v", len(p), off, err)
	}
}

func TestWriteCompletesAtOnceAndIsWrittenBehindAfterThreeSeconds(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, perWrite: 100 * time.Millisecond}
		s := m.NewMap("f", d, 0)
		mustWrite(t, s, pattern(8192), 0)
		if got := s.DirtyBytes(); got != 8192 || len(d.log) != 0 {
			t.Errorf("after the write: %d dirty bytes and requests %v, want 8192 and none", got, d.log)
		}
		k.Sleep(4 * time.Second)
		want := []paging{{3 * time.Second, "out", 0, 8192}}
		if diff := cmp.Diff(want, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
		if m.DirtyPages() != 0 || !bytes.Equal(d.data, pattern(8192)) {
			t.Errorf("%d pages dirty, data equal: %v", m.DirtyPages(), bytes.Equal(d.data, pattern(8192)))
		}
	})
}

func TestLazyScanWritesAnEighthInRunsOf64KB(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k}
		s := m.NewMap("f", d, 0)
		mustWrite(t, s, pattern(256*4096), 0) // 256 pages
		k.Sleep(4500 * time.Millisecond)
		want := []paging{
			{3 * time.Second, "out", 0, 65536}, {3 * time.Second, "out", 65536, 65536}, // 32 pages
			{4 * time.Second, "out", 131072, 65536}, {4 * time.Second, "out", 196608, 12 * 4096}, // 28 of 224
		}
		if diff := cmp.Diff(want, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
	})
}

func TestOneWriterAFileAndSeveralFilesAtOnce(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		big, small := &disk{k: k, perWrite: 10 * time.Second}, &disk{k: k, perWrite: time.Second}
		b, s := m.NewMap("MAI", big, 0), m.NewMap("KEY", small, 0)
		mustWrite(t, b, pattern(32768), 0)
		mustWrite(t, s, pattern(560), 0)
		k.Sleep(5 * time.Second)
		mustWrite(t, b, pattern(100), 0) // dirty again while its run is on the way
		k.Sleep(30 * time.Second)
		if small.log[0].At != 3*time.Second || len(small.data) != 560 {
			t.Errorf("the small file waited for the big one: %v", small.log)
		}
		if big.overlap {
			t.Error("two paging writes of one file were under way at once")
		}
		want := []paging{{3 * time.Second, "out", 0, 32768}, {13 * time.Second, "out", 0, 4096}}
		if diff := cmp.Diff(want, big.log); diff != "" {
			t.Errorf("paging requests of the big file (-want +got):\n%s", diff)
		}
	})
}

func TestOnlyAPartialPageInsideValidDataIsReadFirst(t *testing.T) {
	rows := []struct {
		name     string
		size     int // valid data on the server
		off, len int
		want     []paging
	}{
		{"whole page", 8192, 4096, 4096, nil},
		{"start of a page inside valid data", 8192, 4096, 116, []paging{{0, "in", 4096, 4096}}},
		{"end of a page", 8192, 100, 3996, []paging{{0, "in", 0, 4096}}},
		{"both edges", 16384, 100, 8192, []paging{{0, "in", 0, 4096}, {0, "in", 8192, 4096}}},
		{"append in the last page", 100, 100, 50, []paging{{0, "in", 0, 4096}}},
		{"beyond valid data in another page", 100, 8192, 50, nil},
		{"whole short file", 560, 0, 560, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
				d := &disk{k: k, data: pattern(r.size)}
				s := m.NewMap("f", d, int64(r.size))
				mustWrite(t, s, bytes.Repeat([]byte{0xEE}, r.len), int64(r.off))
				if diff := cmp.Diff(r.want, d.log); diff != "" {
					t.Errorf("paging requests (-want +got):\n%s", diff)
				}
				want := pattern(r.size)
				want = append(want, make([]byte, max(0, r.off+r.len-r.size))...)
				copy(want[r.off:], bytes.Repeat([]byte{0xEE}, r.len))
				if err := s.Flush(); err != nil || !bytes.Equal(d.data, want) {
					t.Errorf("flush: %v; the server's bytes are right: %v", err, bytes.Equal(d.data, want))
				}
			})
		})
	}
}

func TestFlushTellsItsCallerAndTheLazyWriterOnlyTheFileSystem(t *testing.T) {
	down := errors.New("circuit down")
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, fail: down}
		s := m.NewMap("f", d, 0)
		mustWrite(t, s, pattern(100), 0)
		if err := s.Flush(); !errors.Is(err, down) || d.lost != 0 {
			t.Errorf("flush: %v, lost %d; want the error and no report", err, d.lost)
		}
		mustWrite(t, s, pattern(100), 0)
		k.Sleep(4 * time.Second)
		if d.lost != 100 || m.DirtyPages() != 0 {
			t.Errorf("after a failed lazy write: lost %d, dirty pages %d; want 100, 0", d.lost, m.DirtyPages())
		}
	})
}

func TestWriteThroughChangesNothingWhenItFails(t *testing.T) {
	down := errors.New("circuit down")
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k}
		s := m.NewMap("f", d, 0)
		if err := s.WriteThrough([]byte("first"), 0); err != nil {
			t.Fatal(err)
		}
		d.fail = down
		if err := s.WriteThrough([]byte("second"), 0); !errors.Is(err, down) {
			t.Errorf("error %v, want %v", err, down)
		}
		got := make([]byte, 10)
		n, err := s.CopyRead(got, 0)
		if string(got[:n]) != "first" || !errors.Is(err, io.EOF) || m.DirtyPages() != 0 {
			t.Errorf("read %q, %v, %d dirty pages; want \"first\", EOF, 0", got[:n], err, m.DirtyPages())
		}
	})
}

func TestTruncationDropsDirtyPagesAndZeroesTheTail(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k}
		s := m.NewMap("f", d, 0)
		mustWrite(t, s, pattern(12288), 0)
		s.SetFileSize(100)
		s.SetFileSize(5000)
		got := make([]byte, 5000)
		if n, err := s.CopyRead(got, 0); n != 5000 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
		want := append(pattern(100), make([]byte, 4900)...)
		if !bytes.Equal(got, want) || m.DirtyPages() != 1 {
			t.Errorf("bytes right: %v; %d dirty pages, want 1", bytes.Equal(got, want), m.DirtyPages())
		}
	})
}

// Whatever is written, read, flushed and truncated: the file equals a plain byte
// slice, here and at the far end.
func TestRandomOperationsLeaveTheBytesOfAPlainFile(t *testing.T) {
	for seed := range uint64(40) {
		k := simrt.New(simrt.Options{Name: t.Name(), Seed: seed})
		m, err := ntcache.New(k, ntcache.Stock(), nil)
		if err != nil {
			t.Fatal(err)
		}
		k.Go("story", func() { randomStory(t, k, m) })
		if err := k.Run().Err(); err != nil {
			t.Fatal(err)
		}
		k.Close()
	}
}

func randomStory(t *testing.T, k *simrt.Kernel, m *ntcache.Manager) {
	rnd := k.Rand("story")
	model := pattern(rnd.IntN(20000))
	d := &disk{k: k, data: bytes.Clone(model), perWrite: 300 * time.Millisecond}
	s := m.NewMap("f", d, int64(len(model)))
	for range 60 {
		off, p := rnd.IntN(30000), pattern(rnd.IntN(9000)+1)
		switch rnd.IntN(5) {
		case 0, 1:
			mustWrite(t, s, p, int64(off))
			model = put(model, p, off)
		case 2:
			if err := s.WriteThrough(p, int64(off)); err != nil {
				t.Error(err)
			}
			model = put(model, p, off)
		case 3:
			k.Sleep(time.Duration(rnd.IntN(2000)) * time.Millisecond)
		case 4:
			got := make([]byte, len(p))
			n, _ := s.CopyRead(got, int64(off))
			want := model[min(off, len(model)):min(off+len(p), len(model))]
			if !bytes.Equal(got[:n], want) {
				t.Errorf("read %d at %d differs from the model", len(p), off)
			}
		}
	}
	if err := s.Flush(); err != nil || !bytes.Equal(d.data, model) {
		t.Errorf("flush: %v; far end equals the model: %v", err, bytes.Equal(d.data, model))
	}
}

func put(model, p []byte, off int) []byte {
	if need := off + len(p); need > len(model) {
		model = append(model, make([]byte, need-len(model))...)
	}
	copy(model[off:], p)
	return model
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*ntcache.Config){
		"page size":   func(c *ntcache.Config) { c.PageSize = 1000 },
		"delay":       func(c *ntcache.Config) { c.LazyFirstDelay = 0 },
		"fraction":    func(c *ntcache.Config) { c.LazyFraction = 0 },
		"run":         func(c *ntcache.Config) { c.MaxWriteBehind = 100 },
		"concurrency": func(c *ntcache.Config) { c.ConcurrentFileFlushes = 0 },
	} {
		cfg := ntcache.Stock()
		change(&cfg)
		if _, err := ntcache.New(rt.Runtime(nil), cfg, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
