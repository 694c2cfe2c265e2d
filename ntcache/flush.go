package ntcache

import (
	"math"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// span is what one call writes: dirty pages from one offset to another, at most so many
// pages, in runs of at most so many bytes.
type span struct {
	from, to int64
	pages    int
	run      int
}

// everything is all dirty pages of the file, in runs of the usual size.
func (s *SharedCacheMap) everything() span {
	return span{0, math.MaxInt64, math.MaxInt, s.m.cfg.MaxWriteBehind}
}

// Flush writes all dirty pages and returns the first error to the caller; data that
// could not be written is gone.
func (s *SharedCacheMap) Flush() error { return s.flush(s.everything()) }

// FlushRange is Flush for the pages of n bytes at off.
func (s *SharedCacheMap) FlushRange(off, n int64) error {
	what := s.everything()
	what.from, what.to = off, off+n
	return s.flush(what)
}

func (s *SharedCacheMap) flush(what span) error {
	s.findMapped()
	_, err := s.writePages(what, nil)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err == nil {
		err = s.lostErr
	}
	s.lostErr = nil
	return err
}

// FlushBehind is Flush behind an application: the file system is told of lost data,
// because nobody waits for the error.
func (s *SharedCacheMap) FlushBehind() error {
	s.findMapped()
	return s.writeBehind(s.everything())
}

func (s *SharedCacheMap) writeBehind(what span) error {
	lost, err := s.writePages(what, s.keepError)
	if lost > 0 {
		s.backing.LostData(lost, err)
	}
	return err
}

// keepError keeps the error of a write behind the application for its next Flush.
func (s *SharedCacheMap) keepError(err error) {
	s.m.mu.Lock()
	s.lostErr = err
	s.m.mu.Unlock()
}

// writePages writes dirty pages in runs of ascending offset. It returns how many bytes
// were lost and the first error; onLoss, if not nil, is told the error of lost data
// before another can write.
//
// src: KB Q163401 (a page that could not be written counts as clean: its data is lost)
func (s *SharedCacheMap) writePages(what span, onLoss func(error)) (lost int64, first error) {
	s.countFlush(1)
	defer s.countFlush(-1)
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	for what.pages > 0 {
		r, ok := s.takeDirty(what)
		if !ok {
			break
		}
		what.pages -= r.pages.len()
		n, err := s.backing.PageOut(r.bytes, r.off)
		s.m.tr.Emit(trace.Event{Kind: trace.PageClean, Path: s.name, Off: r.off, Len: int64(len(r.bytes)), Status: status(err)})
		if err != nil {
			lost += int64(len(r.bytes) - n)
			if first == nil {
				first = err
			}
		}
		s.answered(r)
	}
	if lost > 0 && onLoss != nil {
		onLoss(first)
	}
	return lost, first
}

func (s *SharedCacheMap) countFlush(n int) {
	s.m.mu.Lock()
	s.flushes += n
	s.m.mu.Unlock()
}

// run is a contiguous run of pages on its way to the file.
type run struct {
	v     *vacb
	pages pageSet
	off   int64
	bytes []byte // a copy, cut at the file's size
}

// takeDirty takes the lowest run of dirty pages that what allows and marks it as being
// written. A page dirtied again while the run is on its way is written again.
func (s *SharedCacheMap) takeDirty(what span) (run, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.markWriting(what)
	if !ok {
		return r, false
	}
	size := min(int64(r.pages.len())*s.pageSize(), s.Size()-r.off)
	r.bytes = s.m.rt.Bytes(int(size))
	r.v.copyOut(r.bytes, r.off%viewSize, s.pageSize())
	return r, true
}

// markWriting finds the run of takeDirty and pins its view.
func (s *SharedCacheMap) markWriting(what span) (r run, ok bool) {
	m, ps := s.m, s.pageSize()
	m.mu.Lock()
	defer m.mu.Unlock()
	v, first := s.firstDirtyLocked(what.from, what.to)
	if v == nil {
		return run{}, false
	}
	n := min(v.dirty.runFrom(first), int64(what.pages), max(1, int64(what.run)/ps), (what.to-v.start(first)-1)/ps+1)
	r = run{v: v, pages: pageRange(first, first+n), off: v.start(first)}
	invariant.Check(r.off < s.validData, "ntcache: %s: dirty page at %d beyond valid data %d", s.name, r.off, s.validData)
	v.dirty &^= r.pages
	v.writing |= r.pages
	v.pins++
	s.countDirtyLocked(-int(n))
	s.inFlight += int(n)
	m.writingPages += int(n)
	return r, true
}

// firstDirtyLocked returns the lowest dirty page that has bytes in [from, to).
func (s *SharedCacheMap) firstDirtyLocked(from, to int64) (*vacb, int64) {
	i, _ := s.searchLocked(from / viewSize)
	for ; i < len(s.views) && s.views[i].no*viewSize < to; i++ {
		v := s.views[i]
		dirty := v.dirty
		if v.no == from/viewSize {
			dirty = dirty.from(from % viewSize / s.pageSize())
		}
		if dirty != 0 && v.start(dirty.first()) < to {
			return v, dirty.first()
		}
	}
	return nil, 0
}

// answered ends what takeDirty began: whatever the answer was, the pages are clean.
func (s *SharedCacheMap) answered(r run) {
	m := s.m
	m.rt.Free(r.bytes)
	m.mu.Lock()
	r.v.writing &^= r.pages
	s.inFlight -= r.pages.len()
	m.writingPages -= r.pages.len()
	s.unpinLocked(r.v)
	s.cleanedLocked()
	m.checkLocked(s)
	m.mu.Unlock()
}
