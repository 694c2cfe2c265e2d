package ntcache

import (
	"errors"
	"io"
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// fetch is one paging read under way: pages of one view, which it pins. None of its
// pages is read a second time meanwhile.
type fetch struct {
	v        *vacb
	from, to int64    // in the file; whole pages
	promised int      // page buffers: what is left goes back to the claim
	stale    bool     // what arrives is no longer true
	done     rt.Event // Notification; nil: nobody waits
}

// staleLocked makes the paging reads under way in [from, to) come to nothing.
func (s *SharedCacheMap) staleLocked(from, to int64) {
	for _, f := range s.fetches {
		if f.from < to && from < f.to {
			f.stale = true
		}
	}
}

// makeResident pages in what [from, to) needs of valid data that is not resident, as far
// as the claim goes.
func (s *SharedCacheMap) makeResident(c *claim, from, to int64) error {
	for {
		if more, err := s.pageIn(c, from, to); !more || err != nil {
			return err
		}
	}
}

// pageIn pages in the first run of [from, to) that is not resident, or waits for the
// paging read that does so already. It reports whether it did either: not if nothing
// is missing, or more than has been claimed.
func (s *SharedCacheMap) pageIn(c *claim, from, to int64) (more bool, err error) {
	m := s.m
	m.mu.Lock()
	start, end := s.missingLocked(from, to)
	if start == end {
		m.mu.Unlock()
		return false, nil
	}
	if f := s.fetchOfLocked(start); f != nil {
		if f.done == nil {
			f.done = m.rt.NewEvent(rt.Notification)
		}
		done := f.done
		m.mu.Unlock()
		done.Wait(rt.Forever)
		return true, nil
	}
	f := s.startFetchLocked(c, start, end)
	m.mu.Unlock()
	if f == nil {
		return false, nil
	}
	err = s.finish(f)
	c.pages += f.promised
	return true, err
}

// missingLocked returns the first run of absent pages within valid data in [from, to),
// in whole pages of one view and at most MaxWriteBehind bytes. It ends before pages
// that are being read, unless it begins there; start == end if there is none.
func (s *SharedCacheMap) missingLocked(from, to int64) (start, end int64) {
	ps := s.pageSize()
	to = min(to, s.validData)
	for start = from / ps * ps; start < to; start += ps {
		v := s.findLocked(start / viewSize)
		if v.page(start%viewSize/ps) != nil {
			continue
		}
		limit := min((start/viewSize+1)*viewSize, start+max(ps, int64(s.m.cfg.MaxWriteBehind)/ps*ps))
		for end = start + ps; end < min(to, limit); end += ps {
			if v.page(end%viewSize/ps) != nil || s.fetchOfLocked(end) != nil {
				break
			}
		}
		return start, end
	}
	return 0, 0
}

// fetchOfLocked returns the paging read under way of the page at off, if any.
func (s *SharedCacheMap) fetchOfLocked(off int64) *fetch {
	for _, f := range s.fetches {
		if f.from <= off && off < f.to {
			return f
		}
	}
	return nil
}

// startFetchLocked begins a paging read with buffers of the claim; nil if there are too
// few.
func (s *SharedCacheMap) startFetchLocked(c *claim, start, end int64) *fetch {
	pages := int((end - start) / s.pageSize())
	if c.v == nil || pages > c.pages {
		return nil
	}
	c.pages -= pages
	c.v.pins++
	f := s.m.slabs.fetches.Next()
	*f = fetch{v: c.v, from: start, to: end, promised: pages}
	if s.fetches == nil {
		s.fetches = s.firstFetch[:0]
	}
	s.fetches = append(s.fetches, f)
	return f
}

// finish does the paging read and makes what arrives resident, except where a write
// was faster.
func (s *SharedCacheMap) finish(f *fetch) error {
	buf := s.m.rt.Bytes(int(f.to - f.from))
	n, err := s.backing.PageIn(buf, f.from)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	clear(buf[n:])
	s.mu.Lock()
	s.m.mu.Lock()
	if err == nil && !f.stale {
		s.installLocked(f, buf)
	}
	s.fetches = slices.DeleteFunc(s.fetches, func(g *fetch) bool { return g == f })
	s.m.lru.touch(f.v)
	s.unpinLocked(f.v)
	s.m.checkLocked(s)
	if f.done != nil {
		f.done.Set()
	}
	s.m.mu.Unlock()
	s.mu.Unlock()
	s.m.rt.Free(buf)
	return err
}

// installLocked makes fetched bytes resident. Bytes beyond valid data are zero, here
// as everywhere. Both locks are held.
func (s *SharedCacheMap) installLocked(f *fetch, buf []byte) {
	if valid := s.validData - f.from; valid < int64(len(buf)) {
		clear(buf[max(valid, 0):])
	}
	ps := s.pageSize()
	for at := f.from; at < min(f.to, s.validData); at += ps {
		i := at % viewSize / ps
		if f.v.page(i) != nil {
			continue
		}
		f.v.addLocked(i, false)
		f.promised--
		copy(f.v.pages[i], buf[at-f.from:])
	}
}
