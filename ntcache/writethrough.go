package ntcache

// WriteThrough writes p to the file, waits for the answer, and keeps what is cached
// up to date. If it fails nothing is changed here and the caller gets the error.
func (s *SharedCacheMap) WriteThrough(p []byte, off int64) error {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	if _, err := s.backing.PageOut(p, off); err != nil {
		return err
	}
	s.overwritten(p, off, true)
	return nil
}

// WriteAround is WriteThrough for who brings p to the file himself: no paging write goes
// on beside it, and nothing is cached that was not.
func (s *SharedCacheMap) WriteAround(p []byte, off int64, write func() error) error {
	return s.WriteBy(p, off, false, write)
}

// WriteBy is WriteAround; with keep, what is known of whole pages is cached.
func (s *SharedCacheMap) WriteBy(p []byte, off int64, keep bool, write func() error) error {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	if err := write(); err != nil {
		return err
	}
	s.overwritten(p, off, keep)
	return nil
}

// Overwritten keeps what is cached up to date with a write that has gone to the file
// past the cache.
func (s *SharedCacheMap) Overwritten(p []byte, off int64) { s.overwritten(p, off, false) }

func (s *SharedCacheMap) overwritten(p []byte, off int64, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	end := off + int64(len(p))
	for at := off; at < end; {
		n := min(end-at, s.pageSize()-at%s.pageSize())
		s.updatePageLocked(p[at-off:at-off+n], at, keep)
		at += n
	}
	s.fileSize = max(s.fileSize, end)
	s.validData = max(s.validData, end)
	s.m.checkLocked(s)
}

// updatePageLocked copies p, a piece of one page, over that page if it is resident. If
// it is to be kept, all of the page is known now and there is memory to spare, it makes
// the page resident. Both locks are held.
func (s *SharedCacheMap) updatePageLocked(p []byte, off int64, keep bool) {
	ps := s.pageSize()
	i, in := off%viewSize/ps, off%ps
	v := s.findLocked(off / viewSize)
	if v.page(i) == nil {
		known := int64(len(p)) == ps || off-in >= s.validData
		c, ok := claim{}, false
		if keep && known {
			c, ok = s.tryClaimLocked(off-in, off-in+ps)
		}
		if !ok {
			s.staleLocked(off, off+int64(len(p)))
			return
		}
		v = c.v
		v.addLocked(i, int64(len(p)) < ps)
		c.pages--
		s.releaseLocked(&c)
	}
	copy(v.pages[i][in:], p)
	s.m.lru.touch(v)
}
