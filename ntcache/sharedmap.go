package ntcache

import (
	"github.com/ntrdr/ntrdr/internal/rt"
)

// SharedCacheMap is the cached data of one file, shared by all its handles.
type SharedCacheMap struct {
	m       *Manager
	name    string
	backing BackingStore
	writing rt.Resource // exclusive: one writer a file; held across PageOut

	mu rt.Mutex // the bytes of the pages; taken before Manager.mu

	// The rest is guarded by Manager.mu.
	fileSize    int64
	validData   int64    // ≤ fileSize; bytes beyond it read as zero and are never fetched
	views       []*vacb  // ascending
	recent      *vacb    // the view that was found last; nil: none
	dirty       int      // dirty pages of all views
	inFlight    int      // pages of the run that is being written
	fetches     []*fetch // paging reads under way
	granularity int      // of read-ahead, in bytes; 0: none
	epoch       uint64   // counts purges: a read-ahead of an older one is not started

	lazy    bool  // a lazy worker has been queued
	busy    bool  // a worker thread is at work on the file
	flushes int   // calls of writePages: waiting or writing
	lostErr error // of a write behind the application, until a Flush tells it

	listed    bool       // on the lazy writer's list
	handles   int        // private cache maps
	temporary int        // those of temporary files
	mappings  int        // user mappings
	closing   bool       // the last handle has gone; a lazy close follows when all is clean
	flushed   []rt.Event // to be set when all is clean

	// The room of views and fetches, for most.
	firstView  [1]*vacb
	firstFetch [1]*fetch
}

// Size returns the file's size as its handles on this machine see it.
func (s *SharedCacheMap) Size() int64 {
	s.m.mu.Lock()
	n := s.fileSize
	s.m.mu.Unlock()
	return n
}

// FileSizes are the sizes that the Cache Manager knows of a file. There is no
// allocation size among them: the server allocates.
type FileSizes struct {
	File      int64
	ValidData int64 // at most File; what lies beyond reads as zero
}

// Sizes returns the file's sizes.
func (s *SharedCacheMap) Sizes() FileSizes {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return FileSizes{s.fileSize, s.validData}
}

// DirtyBytes returns how many bytes have not been handed to a write yet, counted in
// pages cut at the file's size.
func (s *SharedCacheMap) DirtyBytes() int64 {
	s.m.mu.Lock()
	n := s.dirtyBytesLocked()
	s.m.mu.Unlock()
	return n
}

func (s *SharedCacheMap) dirtyBytesLocked() int64 {
	n := int64(s.dirty) * s.pageSize()
	if s.dirty > 0 {
		last := s.fileSize - 1
		if v := s.findLocked(last / viewSize); v != nil && v.dirty.has(last%viewSize/s.pageSize()) {
			n -= s.pageSize() - 1 - last%s.pageSize()
		}
	}
	return n
}

func (s *SharedCacheMap) pageSize() int64 { return int64(s.m.cfg.PageSize) }

// SetReadAhead sets the granularity of read-ahead, a power of two, by what the file
// system knows of the way to the file; 0 switches read-ahead off.
func (s *SharedCacheMap) SetReadAhead(granularity int) {
	s.m.mu.Lock()
	s.granularity = granularity
	s.m.mu.Unlock()
}

// SetFileSize truncates or extends; pages beyond the new size are dropped, dirty or
// not, and the rest of the last page becomes zero. What an extension adds is not
// valid data.
func (s *SharedCacheMap) SetFileSize(size int64) {
	m := s.m
	s.mu.Lock()
	m.mu.Lock()
	if size < s.validData {
		s.truncateLocked(size)
	}
	s.fileSize = size
	s.validData = min(s.validData, size)
	s.cleanedLocked()
	m.checkLocked(s)
	m.mu.Unlock()
	s.mu.Unlock()
}

// truncateLocked drops what lies beyond size. Both locks are held.
func (s *SharedCacheMap) truncateLocked(size int64) {
	s.staleLocked(size, s.validData)
	ps := s.pageSize()
	for i := len(s.views) - 1; i >= 0 && (s.views[i].no+1)*viewSize > size; i-- {
		v := s.views[i]
		for k := range int64(len(v.pages)) {
			switch start := v.start(k); {
			case start >= size:
				s.countDirtyLocked(-v.dropPageLocked(k))
			case start+ps > size && v.pages[k] != nil:
				clear(v.pages[k][size-start:])
			}
		}
		s.dropIfEmptyLocked(v)
	}
}

// countDirtyLocked adds n to the dirty pages.
func (s *SharedCacheMap) countDirtyLocked(n int) {
	s.dirty += n
	s.m.dirtyPages += n
	if n > 0 {
		s.wakeLazyWriterLocked()
	}
}

// wakeLazyWriterLocked wakes the lazy writer from idle if the file has work for it.
func (s *SharedCacheMap) wakeLazyWriterLocked() {
	if m := s.m; s.dirty > 0 && !m.lazyActive && !s.isTemporaryLocked() {
		m.lazyActive = true
		m.armLazyWriter(m.cfg.LazyFirstDelay)
	}
}

// cleanedLocked does what waits for pages to become clean.
func (s *SharedCacheMap) cleanedLocked() {
	s.m.admitLocked()
	s.m.memoryMayBeFreeLocked()
	if s.dirty > 0 || s.inFlight > 0 {
		return
	}
	for _, e := range s.flushed {
		e.Set()
	}
	s.flushed = nil
	if s.closing {
		s.closing = false
		s.m.postLocked(s, "lazy close", s.lazyClose)
	}
}

// lazyClose tears the map down, unless a handle has come or something become dirty.
//
// src: Windows Internals 4th ed., ch. 11 (lazy closes are on the regular queue)
func (s *SharedCacheMap) lazyClose() {
	m := s.m
	s.mu.Lock()
	defer s.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.handles > 0 || s.mappings > 0 || s.dirty > 0 || s.inFlight > 0 {
		return
	}
	s.discardLocked()
	m.unlistLocked(s)
	m.memoryMayBeFreeLocked()
}

// Purge drops every page, dirty ones too: flush first to keep data. It fails, and
// drops nothing, while a user has the file mapped.
//
// src: Win32 documentation, "File Caching"; assumed for 3.5x (a purge skips mapped files)
func (s *SharedCacheMap) Purge() bool {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	s.m.mu.Lock()
	mapped := s.mappings > 0
	s.m.mu.Unlock()
	if mapped {
		return false
	}
	s.Discard()
	return true
}

// Discard drops all pages, because dirty ones can never be written, and returns the
// size of what was dirty in bytes. A run that is being written is not counted: its
// writer reports it.
func (s *SharedCacheMap) Discard() (lost int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	lost = s.discardLocked()
	s.cleanedLocked()
	s.m.checkLocked(s)
	return lost
}

// discardLocked does that with both locks held.
func (s *SharedCacheMap) discardLocked() (lost int64) {
	for _, v := range s.views {
		s.findMappedLocked(v)
	}
	lost = s.dirtyBytesLocked()
	s.epoch++
	s.staleLocked(0, s.validData)
	for i := len(s.views) - 1; i >= 0; i-- {
		s.countDirtyLocked(-s.dropViewLocked(s.views[i]))
	}
	return lost
}

// Reinitialize drops every page and takes the file's size from the server, for an
// open after which nothing cached before can be trusted.
func (s *SharedCacheMap) Reinitialize(size int64) {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.mappings == 0 {
		s.discardLocked()
	} else if size < s.validData {
		s.truncateLocked(size) // a mapped file keeps its pages
	}
	s.fileSize, s.validData, s.lostErr = size, size, nil
	s.cleanedLocked()
	s.m.checkLocked(s)
}
