package ntcache

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// armLazyWriter schedules the next scan. The timer only starts the scan's task.
func (m *Manager) armLazyWriter(after time.Duration) {
	m.rt.AfterFunc(after, func() { m.rt.Go("lazy writer", m.lazyScan) })
}

// lazyScan scans, and looks again a scan period later, until there is nothing to write.
func (m *Manager) lazyScan() {
	if m.scan(true) {
		m.armLazyWriter(m.cfg.LazyScanPeriod)
	}
}

// scanNow starts a scan out of turn, because somebody waits for pages to become clean.
func (m *Manager) scanNow() {
	m.mu.Lock()
	start := !m.scanQueued
	m.scanQueued = true
	m.mu.Unlock()
	if start {
		m.rt.Go("lazy writer, out of turn", func() { m.scan(false) })
	}
}

// scan queues a share of the dirty pages for writing and reports whether there were
// any. A scan in turn that finds none lets the lazy writer go idle.
//
// The target is divided over the files in list order, leaving out a file that a worker
// already writes; a file with few dirty pages is always written whole, and throttled
// writers raise the target to what they need.
func (m *Manager) scan(inTurn bool) bool {
	m.mu.Lock()
	if !inTurn {
		m.scanQueued = false
	}
	dirty := m.lazyDirtyLocked()
	target := m.lazyTargetLocked(dirty)
	m.lazyActive = m.lazyActive && (dirty > 0 || !inTurn)
	left := target
	for _, s := range m.maps {
		if n := s.claimLazyLocked(left); n > 0 {
			m.postLocked(s, "write-behind", func() { s.lazyWrite(n) })
			left = max(left-n, 0)
		}
	}
	m.mu.Unlock()
	if dirty > 0 {
		m.tr.Emit(trace.Event{Kind: trace.LazyScan, Off: int64(dirty), Len: int64(target)})
	}
	return dirty > 0
}

// lazyTargetLocked is how many pages a scan shall have written, small files apart.
func (m *Manager) lazyTargetLocked(dirty int) int {
	wanted := 0
	for _, w := range m.deferred {
		wanted += w.pages
	}
	return max(m.cfg.lazyTarget(dirty), wanted)
}

// lazyDirtyLocked counts the dirty pages that are the lazy writer's business.
func (m *Manager) lazyDirtyLocked() (n int) {
	for _, s := range m.maps {
		if s.isLazyLocked() {
			n += s.dirty
		}
	}
	return n
}

// isLazyLocked reports whether the lazy writer writes this file now: temporary files
// stay in memory while there is enough of it.
//
// src: Windows Internals 4th ed., ch. 11 (temporary files)
func (s *SharedCacheMap) isLazyLocked() bool { return !s.isTemporaryLocked() || s.m.shortLocked() }

// lazyWrite is a lazy worker: it writes a file's part of a scan.
func (s *SharedCacheMap) lazyWrite(pages int) {
	held := s.backing.AcquireForLazyWrite(true)
	if held {
		what := s.everything()
		what.pages = pages
		_ = s.writeBehind(what) // nobody waits: the file system has been told
		s.backing.ReleaseFromLazyWrite()
	}
	s.m.mu.Lock()
	s.lazy = false
	again := held && len(s.m.deferred) > 0
	s.m.mu.Unlock()
	if again {
		s.m.scanNow()
	}
}

// claimLazyLocked marks the map as having a lazy worker and returns how many pages it
// shall write: up to target, or all if the file has few. 0 means that there is a
// worker already or nothing to do.
func (s *SharedCacheMap) claimLazyLocked(target int) int {
	n := s.dirty
	if n > s.m.cfg.LazySmallAllPages {
		n = min(n, target)
	}
	if s.lazy || s.flushes > 0 || n == 0 || !s.isLazyLocked() {
		return 0
	}
	s.lazy = true
	return n
}
