package ntcache

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// armLazyWriter schedules the next scan. The timer only starts the scan's task.
func (m *Manager) armLazyWriter(after time.Duration) {
	m.rt.AfterFunc(after, func() { m.rt.Go("lazy writer", m.lazyScan) })
}

// lazyScan queues a share of the dirty pages for writing and looks again a scan
// period later, until nothing is dirty.
func (m *Manager) lazyScan() {
	dirty, work := m.lazyWork()
	if dirty == 0 {
		return
	}
	m.tr.Emit(trace.Event{Kind: trace.LazyScan, Off: int64(dirty), Len: int64(m.cfg.lazyTarget(dirty))})
	for _, w := range work {
		m.queueLazyWrite(w)
	}
	m.armLazyWriter(m.cfg.LazyScanPeriod)
}

// lazyWrite is one file's part of a scan.
type lazyWrite struct {
	s     *SharedCacheMap
	pages int
}

// lazyWork divides the scan's target over the files in list order, leaving out a
// file that a worker already writes; a file with few dirty pages is always written
// whole. With nothing dirty the lazy writer goes idle.
func (m *Manager) lazyWork() (dirty int, work []lazyWrite) {
	m.mu.Lock()
	dirty = m.dirtyPages
	if dirty == 0 {
		m.lazyActive = false
	}
	maps := append([]*SharedCacheMap(nil), m.maps...)
	m.mu.Unlock()
	left := m.cfg.lazyTarget(dirty)
	for _, s := range maps {
		n := s.claimLazy(left)
		if n > 0 {
			work = append(work, lazyWrite{s, n})
			left = max(left-n, 0)
		}
	}
	return dirty, work
}

func (m *Manager) queueLazyWrite(w lazyWrite) {
	m.WriteBehind(w.s, func() {
		defer w.s.releaseLazy()
		if !w.s.backing.AcquireForLazyWrite(true) {
			return
		}
		defer w.s.backing.ReleaseFromLazyWrite()
		_ = w.s.writeBehind(w.pages) // nobody waits: the file system has been told
	})
}

// claimLazy marks the map as having a lazy worker and returns how many pages it
// shall write: up to target, or all if the file has few. 0 means that there is a
// worker already or nothing to do.
func (s *SharedCacheMap) claimLazy(target int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.dirty)
	if n > s.m.cfg.LazySmallAllPages {
		n = min(n, target)
	}
	if s.lazy || s.flushes > 0 || n == 0 {
		return 0
	}
	s.lazy = true
	return n
}

func (s *SharedCacheMap) releaseLazy() {
	s.mu.Lock()
	s.lazy = false
	s.mu.Unlock()
}
