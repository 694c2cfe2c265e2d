package ntcache

// claim is what a task holds while it works on one view: the view, pinned, and buffers
// for the pages that will become resident. All of it is promised at once: who has a
// claim waits for no more memory, so that some claim can always be fulfilled however
// small the cache is.
type claim struct {
	v     *vacb // nil: none
	pages int   // buffers that are left
}

// claim claims what [from, to), a range of one view, needs to become resident. It waits
// for memory.
func (s *SharedCacheMap) claim(from, to int64) claim {
	for {
		s.m.mu.Lock()
		c, ok := s.tryClaimLocked(from, to)
		if !ok {
			s.m.expectMemoryLocked()
		}
		s.m.mu.Unlock()
		if ok {
			return c
		}
		s.m.awaitMemory()
	}
}

// claimMissing claims what the first run of [from, to) that is not resident needs,
// nothing if all is.
func (s *SharedCacheMap) claimMissing(from, to int64) claim {
	s.m.mu.Lock()
	start, end := s.missingLocked(from, to)
	if s.fetchOfLocked(start) != nil {
		end = start // it has memory of its own
	}
	s.m.mu.Unlock()
	if start == end {
		return claim{}
	}
	return s.claim(start, end)
}

// tryClaimLocked is claim, but fails if there is no memory now.
func (s *SharedCacheMap) tryClaimLocked(from, to int64) (claim, bool) {
	ps := s.pageSize()
	v := s.findLocked(from / viewSize)
	absent, newViews := 0, 0
	for at := from - from%ps; at < to; at += ps {
		if v.page(at%viewSize/ps) == nil {
			absent++
		}
	}
	if v == nil {
		newViews = 1
	} else {
		v.pins++ // so that the promise does not take it
	}
	if !s.m.promiseLocked(absent, newViews) {
		if v != nil {
			v.pins-- // without waking those who wait for memory: none has become free
		}
		return claim{}, false
	}
	if v == nil {
		v = s.addViewLocked(from / viewSize)
		v.pins++
	}
	return claim{v, absent}, true
}

// release gives back what is left of a claim.
func (s *SharedCacheMap) release(c *claim) {
	if c.v == nil {
		return
	}
	s.m.mu.Lock()
	s.releaseLocked(c)
	s.m.mu.Unlock()
}

func (s *SharedCacheMap) releaseLocked(c *claim) {
	s.m.unpromiseLocked(c.pages)
	s.unpinLocked(c.v)
	*c = claim{}
}
