package ntcache_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// slowReply is a disk that reads at once but whose reply takes perRead to arrive: the
// bytes may be old by then.
type slowReply struct {
	*disk
	perRead time.Duration
}

func (d slowReply) PageIn(p []byte, off int64) (int, error) {
	if off >= int64(len(d.data)) {
		return 0, io.EOF
	}
	n := copy(p, d.data[off:])
	d.k.Sleep(d.perRead)
	return n, nil
}

// handOver is a runtime on which the first task that releases a resource is
// overtaken by the one that waited for it, as can happen on two processors.
type handOver struct {
	rt.Runtime
	done *bool
}

type handedOver struct {
	rt.Resource
	handOver
}

func (r handOver) NewResource() rt.Resource { return handedOver{r.Runtime.NewResource(), r} }

func (h handedOver) Release() {
	h.Resource.Release()
	if !*h.done {
		*h.done = true
		h.Sleep(time.Millisecond)
	}
}

// A lazy write that fails while FlushFileBuffers waits for it leaves nothing to
// flush. The application is told all the same, and once.
func TestAFlushTellsTheErrorOfTheLazyWriteThatItWaitedFor(t *testing.T) {
	full := errors.New("disk full")
	for name, on := range map[string]func(*simrt.Kernel) rt.Runtime{
		"the lazy writer goes on first": func(k *simrt.Kernel) rt.Runtime { return k },
		"the flush goes on first":       func(k *simrt.Kernel) rt.Runtime { return handOver{k, new(bool)} },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, ntcache.Stock(), func(k *simrt.Kernel, _ *ntcache.Manager) {
				m, err := ntcache.New(on(k), ntcache.Stock(), nil)
				if err != nil {
					t.Fatal(err)
				}
				d := &disk{k: k, fail: full, perWrite: 5 * time.Second}
				s := m.NewMap("f", d, 0)
				mustWrite(t, s, pattern(100), 0)
				k.Sleep(4 * time.Second)
				if len(d.log) != 1 || s.DirtyBytes() != 0 {
					t.Fatalf("no lazy write is under way: %v", d.log)
				}
				if err := s.Flush(); !errors.Is(err, full) {
					t.Errorf("flush: %v, want %v", err, full)
				}
				k.Sleep(time.Second)
				if err := s.Flush(); err != nil || d.lost != 100 {
					t.Errorf("second flush: %v, lost %d; want no error, 100", err, d.lost)
				}
			})
		})
	}
}

// fetchSlowly makes a map of 64 KB of "o", of which a reader fetches the first run,
// and calls change while the bytes are on their way.
func fetchSlowly(t *testing.T, k *simrt.Kernel, m *ntcache.Manager, change func(d *disk, s *ntcache.SharedCacheMap)) *ntcache.SharedCacheMap {
	t.Helper()
	d := slowReply{&disk{k: k, data: bytes.Repeat([]byte("o"), 65536)}, time.Second}
	s := m.NewMap("f", d, 65536)
	k.Go("reader", func() {
		if _, err := s.CopyRead(make([]byte, 65536), 0); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("reader: %v", err)
		}
	})
	k.Sleep(500 * time.Millisecond)
	change(d.disk, s)
	k.Sleep(5 * time.Second)
	return s
}

func wantRead(t *testing.T, s *ntcache.SharedCacheMap, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := s.CopyRead(got, 0); err != nil || string(got) != want {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

func TestBytesFetchedBeforeAWriteThroughDoNotReplaceIt(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		s := fetchSlowly(t, k, m, func(_ *disk, s *ntcache.SharedCacheMap) {
			if err := s.WriteThrough([]byte("new"), 0); err != nil {
				t.Error(err)
			}
		})
		wantRead(t, s, "newoo")
	})
}

func TestBytesFetchedBeforeATruncationDoNotComeBack(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		s := fetchSlowly(t, k, m, func(d *disk, s *ntcache.SharedCacheMap) {
			d.data = d.data[:0]
			s.SetFileSize(0)
		})
		s.SetFileSize(10)
		wantRead(t, s, "\x00\x00\x00\x00\x00")
	})
}

func TestBytesFetchedBeforeAPurgeAreFetchedAgain(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		s := fetchSlowly(t, k, m, func(d *disk, s *ntcache.SharedCacheMap) {
			copy(d.data, "new")
			s.Purge()
		})
		wantRead(t, s, "newoo")
	})
}

// MAI and ATT are being flushed by their closes and hold two of the four slots.
// They are still dirty, but a lazy worker for them could only wait, in a slot that
// the KEY needs.
func TestFilesThatAreBeingFlushedTakeNoSlotForALazyWorker(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		for _, name := range []string{"MAI", "ATT"} {
			s := m.NewMap(name, &disk{k: k, perWrite: 10 * time.Second}, 0)
			mustWrite(t, s, pattern(256<<10), 0)
			m.WriteBehind(s, func() {
				if err := s.FlushBehind(); err != nil {
					t.Error(err)
				}
			})
		}
		k.Sleep(5 * time.Second)
		d := &disk{k: k, perWrite: time.Second}
		s := m.NewMap("KEY", d, 0)
		mustWrite(t, s, pattern(560), 0)
		m.WriteBehind(s, func() {
			if err := s.FlushBehind(); err != nil {
				t.Error(err)
			}
		})
		k.Sleep(1100 * time.Millisecond)
		if !bytes.Equal(d.data, pattern(560)) {
			t.Errorf("the KEY has not been written: %v", d.log)
		}
	})
}

// Four handles of one file are closed at once, each with data. They write it in turn,
// and the slots that they do not need are the KEY's.
func TestAFileHasOneFlushSlotHoweverManyCloseIt(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		mai := m.NewMap("MAI", &disk{k: k, perWrite: 10 * time.Second}, 0)
		flush := func(s *ntcache.SharedCacheMap) func() {
			return func() {
				if err := s.FlushBehind(); err != nil {
					t.Error(err)
				}
			}
		}
		mustWrite(t, mai, pattern(256<<10), 0)
		for range 4 {
			m.WriteBehind(mai, flush(mai))
		}
		d := &disk{k: k, perWrite: time.Second}
		key := m.NewMap("KEY", d, 0)
		mustWrite(t, key, pattern(560), 0)
		m.WriteBehind(key, flush(key))
		k.Sleep(1100 * time.Millisecond)
		if !bytes.Equal(d.data, pattern(560)) {
			t.Errorf("the KEY has not been written: %v", d.log)
		}
	})
}

// Resizing costs what is resident, not what the file could hold.
func TestResizingAHugeSparseFileTakesNoTime(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		s := m.NewMap("f", &disk{k: k}, 0)
		s.SetFileSize(1 << 50)
		mustWrite(t, s, []byte("end"), 1<<49)
		s.SetFileSize(3)
		if m.DirtyPages() != 0 || s.Size() != 3 {
			t.Errorf("%d pages dirty, size %d; want 0, 3", m.DirtyPages(), s.Size())
		}
		wantRead(t, s, "\x00\x00\x00")
	})
}
