package ntcache

import (
	"io"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// CopyRead copies cached bytes to p, paging in what is not resident. It returns
// io.EOF with a short count at the end of the file.
func (s *SharedCacheMap) CopyRead(p []byte, off int64) (int, error) {
	var c claim
	n := 0
	for n < len(p) {
		copied, end := s.copyOut(p[n:], off+int64(n))
		s.release(&c) // what it paged in has been copied
		n += copied
		if end {
			return n, io.EOF
		}
		if n == len(p) {
			break
		}
		from, to := off+int64(n), off+int64(len(p))
		c = s.claimMissing(from, to)
		if _, err := s.pageIn(&c, from, to); err != nil {
			s.release(&c)
			return 0, err
		}
	}
	return n, nil
}

// copyOut copies what is resident from off on, up to the first page that is not; what
// lies beyond valid data reads as zero. It reports whether the file ends before p does.
func (s *SharedCacheMap) copyOut(p []byte, off int64) (n int, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n < len(p) {
		at := off + int64(n)
		v, avail, end := s.pinResident(at, int64(len(p)-n))
		if avail == 0 {
			return n, end
		}
		v.copyOut(p[n:n+int(avail)], at%viewSize, s.pageSize())
		n += int(avail)
		if v != nil {
			s.m.mu.Lock()
			s.unpinLocked(v)
			s.m.mu.Unlock()
		}
	}
	return n, false
}

// pinResident finds how many bytes from off on can be copied out of one view, which it
// pins; nil is a view of zeros. With none there is either a page missing or the end
// of the file.
func (s *SharedCacheMap) pinResident(off, want int64) (v *vacb, avail int64, end bool) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	want = min(want, s.fileSize-off, viewSize-off%viewSize)
	if want <= 0 {
		return nil, 0, true
	}
	v = s.findLocked(off / viewSize)
	ps := s.pageSize()
	for at := off - off%ps; at < off+want; at += ps {
		if v.page(at%viewSize/ps) == nil && at < s.validData {
			break
		}
		avail = min(at+ps-off, want)
	}
	if avail > 0 && v != nil {
		v.pins++
		m.lru.touch(v)
	}
	return v, avail, false
}

// CopyWrite puts p into pages and returns: the data is dirty and will be written
// behind. Only a partial page inside valid data must be read first.
func (s *SharedCacheMap) CopyWrite(p []byte, off int64) error {
	all, from := int64(len(p)), off
	for len(p) > 0 {
		n := min(int64(len(p)), viewSize-off%viewSize)
		if err := s.copyToView(p[:n], off, false); err != nil {
			return err
		}
		p, off = p[n:], off+n
	}
	if all > 0 {
		s.m.tr.Emit(trace.Event{Kind: trace.PageDirty, Path: s.name, Off: from, Len: all})
	}
	return nil
}

// copyToView is the part of a write that lies in one view.
func (s *SharedCacheMap) copyToView(p []byte, off int64, mapped bool) error {
	end := off + int64(len(p))
	for done := false; !done; { // pages may be purged between the two
		c := s.claim(off, end)
		err := s.readEdges(&c, off, end, mapped)
		if err == nil {
			done = s.tryCopyIn(&c, p, off, mapped)
		}
		s.release(&c)
		if err != nil {
			return err
		}
	}
	return nil
}

// readEdges makes the first and last page of a write resident if the write covers
// them only in part. A write through a mapping faults every page in.
func (s *SharedCacheMap) readEdges(c *claim, from, to int64, mapped bool) error {
	ps := s.pageSize()
	if mapped {
		return s.makeResident(c, from, to)
	}
	if from%ps != 0 {
		if err := s.makeResident(c, from, from+1); err != nil {
			return err
		}
	}
	if to%ps != 0 && to < s.Size() {
		return s.makeResident(c, to-1, to)
	}
	return nil
}

// tryCopyIn stores p, extends the sizes and marks the pages dirty. It does nothing if
// pages have been purged since the claim.
func (s *SharedCacheMap) tryCopyIn(c *claim, p []byte, off int64, mapped bool) bool {
	m, end := s.m, off+int64(len(p))
	s.mu.Lock()
	defer s.mu.Unlock()
	m.mu.Lock()
	if !s.edgesKnownLocked(off, end, mapped) || !s.addPagesLocked(c, off, end) {
		m.mu.Unlock()
		return false
	}
	m.mu.Unlock()
	c.v.copyIn(p, off%viewSize, s.pageSize())
	m.mu.Lock()
	s.writtenLocked(c.v, off, end, mapped)
	s.releaseLocked(c)
	m.checkLocked(s)
	m.mu.Unlock()
	return true
}

// edgesKnownLocked reports whether a write of [from, to) would overwrite nothing that
// it does not know.
func (s *SharedCacheMap) edgesKnownLocked(from, to int64, mapped bool) bool {
	if mapped {
		start, end := s.missingLocked(from, to)
		return start == end
	}
	ps := s.pageSize()
	v := s.findLocked(from / viewSize)
	head := from%ps == 0 || from-from%ps >= s.validData || v.page(from%viewSize/ps) != nil
	tail := to%ps == 0 || to >= s.validData || v.page((to-1)%viewSize/ps) != nil
	return head && tail
}

// addPagesLocked makes all pages of [off, end) resident, in buffers of the claim. It
// does nothing if there are too few.
func (s *SharedCacheMap) addPagesLocked(c *claim, off, end int64) bool {
	v, ps := c.v, s.pageSize()
	first, last := off%viewSize/ps, (end-1)%viewSize/ps
	absent := 0
	for i := first; i <= last; i++ {
		if v.page(i) == nil {
			absent++
		}
	}
	if absent > c.pages {
		return false
	}
	c.pages -= absent
	for i := first; absent > 0 && i <= last; i++ {
		if v.page(i) == nil {
			v.addLocked(i, v.start(i) < off || v.start(i)+ps > end)
		}
	}
	s.m.lru.touch(v)
	return true
}

// writtenLocked marks the pages of [off, end) dirty and extends the sizes.
func (s *SharedCacheMap) writtenLocked(v *vacb, off, end int64, mapped bool) {
	ps := s.pageSize()
	pages := pageRange(off%viewSize/ps, (end-1)%viewSize/ps+1)
	if mapped {
		v.mapped |= pages
	} else {
		s.countDirtyLocked((pages &^ v.dirty).len())
		v.dirty |= pages
		v.writing &^= pages
	}
	s.fileSize = max(s.fileSize, end)
	s.validData = max(s.validData, end)
}
