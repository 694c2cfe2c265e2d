package ntcache_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

func mapWrite(t *testing.T, v *ntcache.MappedView, off int64) {
	t.Helper()
	if n, err := v.WriteAt([]byte("mapped"), off); n != 6 || err != nil {
		t.Fatalf("write through the mapping: %d, %v", n, err)
	}
}

func TestAMappingAndAHandleSeeTheSameBytes(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 8192)}
		s := m.NewMap("f", d, 8192)
		v := s.Map()
		mapWrite(t, v, 100)
		wantRead(t, s, string(append(make([]byte, 100), "mapped"...)))
		mustWrite(t, s, []byte("MAP"), 100)
		got := make([]byte, 6)
		if _, err := v.ReadAt(got, 100); err != nil || string(got) != "MAPped" {
			t.Errorf("through the mapping: %q, %v", got, err)
		}
		v.Unmap()
	})
}

// The lazy writer does not see what was written through a mapping; a flush does, and so
// does the end of the mapping.
func TestWhatIsWrittenThroughAMappingIsFoundByAFlushOrAtItsEnd(t *testing.T) {
	for name, find := range map[string]func(*ntcache.SharedCacheMap, *ntcache.MappedView) error{
		"flush":        func(s *ntcache.SharedCacheMap, _ *ntcache.MappedView) error { return s.Flush() },
		"flush behind": func(s *ntcache.SharedCacheMap, _ *ntcache.MappedView) error { return s.FlushBehind() },
		"unmap":        func(_ *ntcache.SharedCacheMap, v *ntcache.MappedView) error { v.Unmap(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
				d := &disk{k: k, data: make([]byte, 8192)}
				s := m.NewMap("f", d, 8192)
				v := s.Map()
				mapWrite(t, v, 4096)
				k.Sleep(time.Hour)
				if m.DirtyPages() != 0 || len(d.log) != 1 {
					t.Errorf("%d dirty pages before anybody looked; %v", m.DirtyPages(), d.log)
				}
				if err := find(s, v); err != nil {
					t.Error(err)
				}
				k.Sleep(5 * time.Second)
				if string(d.data[4096:4102]) != "mapped" {
					t.Errorf("the far end has %q; %v", d.data[4096:4102], d.log)
				}
				v.Unmap()
			})
		})
	}
}

func TestAMappedFileIsNotPurged(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 8192)}
		s := m.NewMap("f", d, 8192)
		v := s.Map()
		mapWrite(t, v, 0)
		if s.Purge() {
			t.Error("the purge of a mapped file succeeded")
		}
		wantRead(t, s, "mapped")
		v.Unmap()
		if !s.Purge() {
			t.Error("the purge failed after the mapping had gone")
		}
		wantRead(t, s, "\x00\x00\x00")
	})
}

func TestAMappingDoesNotExtendTheFile(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		s := m.NewMap("f", &disk{k: k, data: make([]byte, 100)}, 100)
		v := s.Map()
		if _, err := v.WriteAt([]byte("12345"), 96); !errors.Is(err, nt.StatusAccessViolation) {
			t.Errorf("write across the end: %v", err)
		}
		if _, err := v.ReadAt(make([]byte, 1), -1); !errors.Is(err, nt.StatusAccessViolation) {
			t.Errorf("read before the start: %v", err)
		}
		mustWrite(t, s, []byte("more"), 100)
		got := make([]byte, 10)
		if n, err := v.ReadAt(got, 98); n != 2 || !errors.Is(err, io.EOF) {
			t.Errorf("read across the end of the section: %d, %v", n, err)
		}
		v.Unmap()
	})
}

// Pages written through a mapping cannot be taken for others; when memory is short the
// page writer looks for them.
func TestMappedPagesAreFoundWhenMemoryIsShort(t *testing.T) {
	run(t, tiny(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: make([]byte, 16<<18), perWrite: time.Second}
		s := m.NewMap("f", d, 16<<18)
		v := s.Map()
		for view := range int64(4) {
			mapWrite(t, v, view<<18)
		}
		touch(t, s.NewPrivate(ntcache.HandleFlags{}), 4)
		if diff := cmp.Diff("mapped", string(d.data[:6])); diff != "" {
			t.Errorf("the far end (-want +got):\n%s", diff)
		}
		v.Unmap()
	})
}
