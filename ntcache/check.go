package ntcache

import (
	"math/bits"

	"github.com/ntrdr/ntrdr/internal/invariant"
)

// checkLocked checks what must always hold of a map and of the whole cache: a page is
// in one state, dirty pages lie within valid data, and all counts add up. It costs
// nothing in an ordinary build.
func (m *Manager) checkLocked(s *SharedCacheMap) {
	if !invariant.Enabled {
		return
	}
	invariant.Check(s.validData <= s.fileSize, "ntcache: %s: valid data %d beyond file size %d", s.name, s.validData, s.fileSize)
	dirty := 0
	for i, v := range s.views {
		invariant.Check(i == 0 || s.views[i-1].no < v.no, "ntcache: %s: views out of order at %d", s.name, v.no)
		invariant.Check(v.s == s, "ntcache: %s: view %d belongs to another file", s.name, v.no)
		dirty += v.dirty.len()
		v.check()
	}
	invariant.Check(dirty == s.dirty, "ntcache: %s: %d dirty pages, counted %d", s.name, dirty, s.dirty)
	m.checkTotalsLocked()
}

// check checks one view.
func (v *vacb) check() {
	var resident pageSet
	for i, pg := range v.pages {
		if pg != nil {
			resident |= pageRange(int64(i), int64(i)+1)
		}
	}
	invariant.Check(resident.len() == v.resident, "ntcache: view %d: %d pages, counted %d", v.no, resident.len(), v.resident)
	invariant.Check(v.dirty&v.writing == 0, "ntcache: view %d: pages %x are dirty and being written", v.no, v.dirty&v.writing)
	invariant.Check((v.dirty|v.writing|v.mapped)&^resident == 0, "ntcache: view %d: a page that is not resident has a state", v.no)
	if last := v.dirty | v.mapped; last != 0 {
		top := v.start(int64(63 - bits.LeadingZeros64(uint64(last))))
		invariant.Check(top < v.s.validData, "ntcache: %s: dirty page at %d beyond valid data %d", v.s.name, top, v.s.validData)
	}
	invariant.Check(v.writing == 0 || v.pins > 0, "ntcache: view %d is being written and not in use", v.no)
}

// checkTotalsLocked checks the sums over all files. Promises are in usedPages and
// usedViews but in no view, so these bound the rest.
func (m *Manager) checkTotalsLocked() {
	var pages, views, dirty, writing int
	for v := m.lru.oldest(); !m.lru.end(v); v = v.newer {
		views++
		pages += v.resident
		dirty += v.dirty.len()
		writing += v.writing.len()
	}
	invariant.Check(dirty == m.dirtyPages, "ntcache: %d dirty pages, counted %d", dirty, m.dirtyPages)
	invariant.Check(writing <= m.writingPages, "ntcache: %d pages being written, counted %d", writing, m.writingPages)
	invariant.Check(pages <= m.usedPages && m.usedPages <= m.maxPages, "ntcache: %d pages, %d used, at most %d", pages, m.usedPages, m.maxPages)
	invariant.Check(views <= m.usedViews && m.usedViews <= m.cfg.Views, "ntcache: %d views, %d used, at most %d", views, m.usedViews, m.cfg.Views)
}
