package ntcache

import (
	"io"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// CopyRead copies cached bytes to p, paging in what is not resident. It returns
// io.EOF with a short count at the end of the file.
func (s *SharedCacheMap) CopyRead(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		copied, end := s.copyOut(p[n:], off+int64(n))
		n += copied
		if end {
			return n, io.EOF
		}
		if n < len(p) {
			if _, err := s.pageIn(off+int64(n), off+int64(len(p))); err != nil {
				return 0, err
			}
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
	for {
		if err := s.readEdges(off, off+int64(len(p)), mapped); err != nil {
			return err
		}
		done, short := s.tryCopyIn(p, off, mapped)
		if done {
			return nil
		}
		if short {
			s.m.awaitMemory()
		}
	}
}

// readEdges makes the first and last page of a write resident if the write covers
// them only in part. A write through a mapping faults every page in.
func (s *SharedCacheMap) readEdges(from, to int64, mapped bool) error {
	ps := s.pageSize()
	if mapped {
		return s.makeResident(from, to)
	}
	if from%ps != 0 {
		if err := s.makeResident(from, from+1); err != nil {
			return err
		}
	}
	if to%ps != 0 && to < s.Size() {
		return s.makeResident(to-1, to)
	}
	return nil
}

// tryCopyIn stores p, extends the sizes and marks the pages dirty. It does nothing if
// an edge has been purged meanwhile, or if memory is short: then the caller awaits it.
func (s *SharedCacheMap) tryCopyIn(p []byte, off int64, mapped bool) (done, short bool) {
	m, end := s.m, off+int64(len(p))
	s.mu.Lock()
	defer s.mu.Unlock()
	m.mu.Lock()
	if !s.edgesKnownLocked(off, end, mapped) {
		m.mu.Unlock()
		return false, false
	}
	v := s.pinForWriteLocked(off, end)
	if v == nil {
		m.expectMemoryLocked()
		m.mu.Unlock()
		return false, true
	}
	m.mu.Unlock()
	v.copyIn(p, off%viewSize, s.pageSize())
	m.mu.Lock()
	s.writtenLocked(v, off, end, mapped)
	s.unpinLocked(v)
	m.checkLocked(s)
	m.mu.Unlock()
	return true, false
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

// pinForWriteLocked pins the view of [off, end) with all those pages resident; nil if
// there is no memory for it.
func (s *SharedCacheMap) pinForWriteLocked(off, end int64) *vacb {
	m, ps := s.m, s.pageSize()
	v := s.findLocked(off / viewSize)
	first, last := off%viewSize/ps, (end-1)%viewSize/ps
	absent := 0
	for i := first; i <= last; i++ {
		if v.page(i) == nil {
			absent++
		}
	}
	if v != nil {
		v.pins++ // so that the promise does not take it
	}
	if v == nil || absent > 0 {
		ok := m.promiseLocked(absent)
		switch {
		case !ok && v != nil:
			v.pins-- // without waking those who wait for memory: none has become free
			return nil
		case !ok:
			return nil
		case v == nil:
			v, _ = s.viewLocked(off / viewSize)
			v.pins++
		default:
			m.unpromiseLocked(0, true)
		}
	}
	for i := first; absent > 0 && i <= last; i++ {
		if v.page(i) == nil {
			v.addLocked(i, v.start(i) < off || v.start(i)+ps > end)
		}
	}
	m.lru.touch(v)
	return v
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
