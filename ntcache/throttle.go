package ntcache

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// deferredWrite is a writer that the dirty-page threshold holds back.
type deferredWrite struct {
	s     *SharedCacheMap
	pages int
	goOn  rt.Event // Notification
}

// Throttle blocks a writer of n bytes while too many pages wait to be written: a file
// system calls it before CopyWrite, holding nothing. Writers go on in the order in
// which they came; the lazy writer looks at once. Write-through handles do not ask.
//
// src: KB Q259928 (a remote file is written at a good rate up to a quarter of the
// memory, then in spurts); Windows Internals 4th ed., ch. 11 (write throttling).
func (s *SharedCacheMap) Throttle(n int) {
	m := s.m
	ps := m.cfg.PageSize
	pages := (min(n, throttleCap) + ps - 1) / ps
	m.mu.Lock()
	if len(m.deferred) == 0 && s.mayDirtyLocked(pages, 0) {
		m.mu.Unlock()
		return
	}
	w := &deferredWrite{s, pages, m.rt.NewEvent(rt.Notification)}
	m.deferred = append(m.deferred, w)
	m.mu.Unlock()
	m.tr.Emit(trace.Event{Kind: trace.WriteThrottled, Path: s.name, Len: int64(n), Text: "blocked"})
	for {
		m.scanNow()
		if w.goOn.Wait(m.cfg.ThrottleRecheck) {
			break
		}
		m.mu.Lock()
		m.admitLocked()
		m.mu.Unlock()
	}
	m.tr.Emit(trace.Event{Kind: trace.WriteThrottled, Path: s.name, Len: int64(n), Text: "resumed"})
}

// mayDirtyLocked reports whether so many more pages may become dirty, beside others
// that are about to. Pages count until their write has been answered.
func (s *SharedCacheMap) mayDirtyLocked(pages, others int) bool {
	m := s.m
	total := m.dirtyPages + m.writingPages + others
	mine := s.dirty + s.inFlight
	if limit := m.cfg.FileDirtyLimit; limit > 0 && mine > 0 && mine+pages >= limit {
		return false
	}
	return total == 0 || total+pages < m.cfg.DirtyThreshold
}

// admitLocked lets throttled writers go on, oldest first.
func (m *Manager) admitLocked() {
	n, others := 0, 0
	for _, w := range m.deferred {
		if !w.s.mayDirtyLocked(w.pages, others) {
			break
		}
		others += w.pages
		w.goOn.Set()
		n++
	}
	m.deferred = slices.Delete(m.deferred, 0, n)
}
