package ntcache

import "math"

// Usage is how much of the cache is in use.
type Usage struct {
	Pages, MaxPages int
	Views, MaxViews int
	Dirty           int // pages that wait to be written
	Writing         int // pages on their way
}

// Usage returns how much of the cache is in use.
func (m *Manager) Usage() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Usage{
		Pages: m.usedPages, MaxPages: m.maxPages, Views: m.usedViews, MaxViews: m.cfg.Views,
		Dirty: m.dirtyPages, Writing: m.writingPages,
	}
}

// promiseLocked sets buffers for so many pages and views aside for the caller, taking
// them from the least recently used views that hold nothing dirty and are not in use.
func (m *Manager) promiseLocked(pages, views int) bool {
	for m.usedPages+pages > m.maxPages || m.usedViews+views > m.cfg.Views {
		if !m.reclaimLocked() {
			return false
		}
	}
	m.usedPages += pages
	m.usedViews += views
	return true
}

// unpromiseLocked gives back buffers that have not been used.
func (m *Manager) unpromiseLocked(pages int) {
	m.usedPages -= pages
	if pages > 0 {
		m.memoryMayBeFreeLocked()
	}
}

func (m *Manager) reclaimLocked() bool {
	for v := m.lru.oldest(); !m.lru.end(v); v = v.newer {
		if v.reusable() {
			v.s.dropViewLocked(v)
			return true
		}
	}
	return false
}

// takePageLocked returns a promised page buffer.
func (m *Manager) takePageLocked(zero bool) []byte {
	pg := m.rt.Bytes(m.cfg.PageSize)
	if zero {
		clear(pg)
	}
	return pg
}

// expectMemoryLocked announces a task that will call awaitMemory.
func (m *Manager) expectMemoryLocked() {
	m.hungry++
	m.room.Reset()
}

// awaitMemory has dirty views written until one may be reused, or until it is time to
// look again. The caller has called expectMemoryLocked since it looked.
func (m *Manager) awaitMemory() {
	m.startPageWriter()
	m.room.Wait(m.cfg.ThrottleRecheck)
	m.mu.Lock()
	m.hungry--
	m.mu.Unlock()
}

// memoryMayBeFreeLocked wakes those who wait for memory.
func (m *Manager) memoryMayBeFreeLocked() {
	if m.hungry > 0 {
		m.room.Set()
	}
}

// startPageWriter starts the mapped page writer unless it is at work.
func (m *Manager) startPageWriter() {
	m.mu.Lock()
	start := !m.pageWriter
	m.pageWriter = true
	m.mu.Unlock()
	if start {
		m.rt.Go("mapped page writer", m.writePagesForMemory)
	}
}

// writePagesForMemory is the mapped page writer: while memory is short it cleans the
// least recently used dirty view, one page at a time.
//
// src: KB Q119870 ("likes to write one page at a time")
func (m *Manager) writePagesForMemory() {
	for {
		s, from := m.oldestDirty()
		if s == nil {
			return
		}
		if !s.backing.AcquireForLazyWrite(true) {
			m.rt.Sleep(m.cfg.ThrottleRecheck) // its file is going away
			continue
		}
		_ = s.writeBehind(span{from, from + viewSize, math.MaxInt, m.cfg.PageSize}) // the file system has been told
		s.backing.ReleaseFromLazyWrite()
	}
}

// oldestDirty returns the least recently used view with dirty pages, looking through
// users' mappings if there is no other. With nothing to do the page writer ends.
func (m *Manager) oldestDirty() (s *SharedCacheMap, from int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for range 2 {
		for v := m.lru.oldest(); m.hungry > 0 && !m.lru.end(v); v = v.newer {
			if v.dirty != 0 {
				return v.s, v.no * viewSize
			}
		}
		m.trimLocked()
	}
	m.pageWriter = false
	return nil, 0
}

// trimLocked finds what users wrote through mappings.
func (m *Manager) trimLocked() {
	for v := m.lru.oldest(); m.hungry > 0 && !m.lru.end(v); v = v.newer {
		v.s.findMappedLocked(v)
	}
}
