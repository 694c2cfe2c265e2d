package ntcache

import (
	"math/bits"
	"slices"
)

// pageSet is a set of pages of one view, by their index in it.
type pageSet uint64

// pageRange is the set of the pages from index from up to, not including, to.
func pageRange(from, to int64) pageSet {
	return pageSet(1)<<uint(to) - pageSet(1)<<uint(from) // to == 64 shifts out: 0 - 1<<from
}

func (p pageSet) len() int             { return bits.OnesCount64(uint64(p)) }
func (p pageSet) first() int64         { return int64(bits.TrailingZeros64(uint64(p))) }
func (p pageSet) has(i int64) bool     { return p>>uint(i)&1 != 0 }
func (p pageSet) from(i int64) pageSet { return p &^ pageRange(0, i) }

// runFrom is how many pages in a row are in the set, from index i.
func (p pageSet) runFrom(i int64) int64 {
	return int64(bits.TrailingZeros64(^(uint64(p) >> uint(i))))
}

// vacb describes one view: an aligned 256 KB piece of a file, of which some pages are
// resident. A resident page is clean, dirty, or being written; the views of a machine
// are reused in the order of their last use.
//
// Manager.mu guards everything but the bytes in pages, which SharedCacheMap.mu does.
// The slice pages changes only with Manager.mu held and either the map's mu held too
// or pins at 0: a pinned view may be read and written without Manager.mu.
type vacb struct {
	s  *SharedCacheMap
	no int64 // offset in the file / viewSize

	pages    [][]byte  // by index; nil is not resident
	few      [8][]byte // the room of pages, for most
	resident int
	dirty    pageSet
	writing  pageSet // on the way to the file, and not dirty again
	mapped   pageSet // written through a user's mapping, and not found yet
	pins     int     // copies, paging reads and paging writes under way

	newer, older *vacb // in Manager.lru
}

// start is the file offset of page i.
func (v *vacb) start(i int64) int64 { return v.no*viewSize + i*v.s.pageSize() }

func (v *vacb) page(i int64) []byte {
	if v == nil || i >= int64(len(v.pages)) {
		return nil
	}
	return v.pages[i]
}

// reusable reports whether all that the view holds can be read from the file again.
func (v *vacb) reusable() bool { return v.pins == 0 && v.dirty|v.writing|v.mapped == 0 }

// addLocked makes page i resident in a promised buffer, zeroed if asked.
func (v *vacb) addLocked(i int64, zero bool) {
	for int64(len(v.pages)) <= i {
		v.pages = append(v.pages, nil)
	}
	v.pages[i] = v.s.m.takePageLocked(zero)
	v.resident++
}

// dropPageLocked gives page i's memory back and returns 1 if it was dirty.
func (v *vacb) dropPageLocked(i int64) (dirty int) {
	if v.page(i) == nil {
		return 0
	}
	m := v.s.m
	m.rt.Free(v.pages[i])
	m.usedPages--
	v.pages[i] = nil
	v.resident--
	if v.dirty.has(i) {
		dirty = 1
	}
	gone := ^pageRange(i, i+1)
	v.dirty &= gone
	v.writing &= gone
	v.mapped &= gone
	return dirty
}

// copyOut copies from pinned pages, whose bytes the caller has locked, and zeros for
// pages that are not resident.
func (v *vacb) copyOut(p []byte, in, ps int64) {
	for len(p) > 0 {
		n := min(int64(len(p)), ps-in%ps)
		if pg := v.page(in / ps); pg != nil {
			copy(p[:n], pg[in%ps:])
		} else {
			clear(p[:n])
		}
		p, in = p[n:], in+n
	}
}

// copyIn copies to pinned pages, whose bytes the caller has locked.
func (v *vacb) copyIn(p []byte, in, ps int64) {
	for len(p) > 0 {
		n := copy(v.pages[in/ps][in%ps:], p)
		p, in = p[n:], in+int64(n)
	}
}

// findLocked returns the map's view number no, nil if it has none.
func (s *SharedCacheMap) findLocked(no int64) *vacb {
	if s.recent != nil && s.recent.no == no {
		return s.recent
	}
	if i, found := s.searchLocked(no); found {
		s.recent = s.views[i]
		return s.recent
	}
	return nil
}

// searchLocked is where view number no is in s.views, or would be.
func (s *SharedCacheMap) searchLocked(no int64) (i int, found bool) {
	if n := len(s.views); n == 0 || s.views[n-1].no < no {
		return n, false
	}
	return slices.BinarySearchFunc(s.views, no, func(v *vacb, no int64) int { return int(v.no - no) })
}

// addViewLocked makes the map's view number no, which has been promised.
func (s *SharedCacheMap) addViewLocked(no int64) (v *vacb) {
	m := s.m
	if v = m.spare; v != nil {
		m.spare, v.older = v.older, nil
	} else {
		v = m.slabs.views.Next()
		v.pages = v.few[:0]
	}
	v.s, v.no = s, no
	i, _ := s.searchLocked(no)
	if s.views == nil {
		s.views = s.firstView[:0]
	}
	s.views = slices.Insert(s.views, i, v)
	s.recent = v
	m.lru.pushNewest(v)
	return v
}

// dropViewLocked gives back a view with all its memory, and returns how many of its
// pages were dirty. A pinned view stays, empty.
func (s *SharedCacheMap) dropViewLocked(v *vacb) (dirty int) {
	for i := range int64(len(v.pages)) {
		dirty += v.dropPageLocked(i)
	}
	s.dropIfEmptyLocked(v)
	return dirty
}

// dropIfEmptyLocked gives back a view that holds nothing and is not in use.
func (s *SharedCacheMap) dropIfEmptyLocked(v *vacb) {
	if v.resident > 0 || v.pins > 0 {
		return
	}
	if i, found := s.searchLocked(v.no); found {
		s.views = slices.Delete(s.views, i, i+1)
	}
	s.recent = nil
	m := s.m
	m.lru.remove(v)
	*v = vacb{pages: v.pages[:0], older: m.spare}
	m.spare = v
	m.usedViews--
}

// unpinLocked ends a use of the view.
func (s *SharedCacheMap) unpinLocked(v *vacb) {
	v.pins--
	s.dropIfEmptyLocked(v)
	s.m.memoryMayBeFreeLocked()
}

// lruList orders the views of a machine by their last use.
type lruList struct{ root vacb }

func (l *lruList) init() { l.root.newer, l.root.older = &l.root, &l.root }

// oldest is the least recently used view; with next it walks towards the newest.
func (l *lruList) oldest() *vacb { return l.root.newer }

func (l *lruList) end(v *vacb) bool { return v == &l.root }

func (l *lruList) remove(v *vacb) { v.newer.older, v.older.newer = v.older, v.newer }

func (l *lruList) insertAfter(v, at *vacb) {
	v.older, v.newer = at, at.newer
	at.newer.older, at.newer = v, v
}

func (l *lruList) pushNewest(v *vacb) { l.insertAfter(v, l.root.older) }

// touch makes v the most recently used view.
func (l *lruList) touch(v *vacb) {
	if l.root.older != v {
		l.remove(v)
		l.pushNewest(v)
	}
}

// retire makes v the first to be reused.
func (l *lruList) retire(v *vacb) {
	l.remove(v)
	l.insertAfter(v, &l.root)
}
