package ntcache

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// HandleFlags are what an application said of a file when it opened it.
type HandleFlags struct {
	Sequential   bool // FILE_FLAG_SEQUENTIAL_SCAN
	Random       bool // FILE_FLAG_RANDOM_ACCESS
	WriteThrough bool // FILE_FLAG_WRITE_THROUGH
	Temporary    bool // FILE_ATTRIBUTE_TEMPORARY
}

// PrivateCacheMap is what the Cache Manager keeps for one handle: its hints and the
// history of its reads.
type PrivateCacheMap struct {
	s     *SharedCacheMap
	flags HandleFlags

	// Guarded by Manager.mu.
	history history
	ahead   extent // to be read ahead next; empty: nothing
	running bool   // a read-ahead is queued or under way
	view    int64  // the view of the last access; -1: none
	closed  bool
}

// NewPrivate sets up caching for a handle. A lazy close that was due is called off.
func (s *SharedCacheMap) NewPrivate(flags HandleFlags) *PrivateCacheMap {
	m := s.m
	m.mu.Lock()
	m.listLocked(s)
	s.closing = false
	s.handles++
	if flags.Temporary {
		s.temporary++
	}
	s.wakeLazyWriterLocked() // the file may be temporary no longer
	m.mu.Unlock()
	p := m.slabs.privates.Next()
	p.s, p.flags, p.view = s, flags, -1
	return p
}

// isTemporaryLocked reports whether all handles call the file temporary.
func (s *SharedCacheMap) isTemporaryLocked() bool { return s.temporary > 0 && s.temporary == s.handles }

// Uninitialize ends caching for the handle. It writes nothing by itself: what is dirty
// is lazily written, and a lazy close tears the file's map down when its last handle
// has gone and all is clean. flushed, if not nil, is set when all is.
//
// src: Windows Internals 4th ed., ch. 11 (lazy close)
func (pm *PrivateCacheMap) Uninitialize(flushed rt.Event) {
	s, m := pm.s, pm.s.m
	m.mu.Lock()
	if pm.closed {
		m.mu.Unlock()
		return
	}
	pm.closed = true
	pm.ahead = extent{}
	s.handles--
	if pm.flags.Temporary {
		s.temporary--
	}
	if flushed != nil {
		s.flushed = append(slices.Clip(s.flushed), flushed)
	}
	s.closing = s.handles == 0
	s.cleanedLocked()
	s.wakeLazyWriterLocked()
	m.mu.Unlock()
}

// CopyRead is SharedCacheMap.CopyRead, remembered by the handle: a pattern in its reads
// is read ahead. A sequential scan lets go of each view as it leaves it.
func (pm *PrivateCacheMap) CopyRead(p []byte, off int64) (n int, err error) {
	for pm.flags.Sequential && viewSize-off%viewSize < int64(len(p)-n) {
		part := int(viewSize - off%viewSize)
		got, err := pm.copyRead(p[n:n+part], off)
		if n += got; err != nil {
			return n, err
		}
		off += int64(part)
	}
	got, err := pm.copyRead(p[n:], off)
	return n + got, err
}

func (pm *PrivateCacheMap) copyRead(p []byte, off int64) (int, error) {
	n, err := pm.s.CopyRead(p, off)
	if n > 0 {
		pm.accessed(extent{off, off + int64(n)}, true)
	}
	return n, err
}

// CopyWrite is SharedCacheMap.CopyWrite; on a write-through handle it is WriteThrough.
func (pm *PrivateCacheMap) CopyWrite(p []byte, off int64) error {
	if pm.flags.WriteThrough {
		return pm.WriteThrough(p, off)
	}
	if err := pm.s.CopyWrite(p, off); err != nil {
		return err
	}
	if pm.flags.Sequential && len(p) > 0 {
		pm.accessed(extent{off, off + int64(len(p))}, false)
	}
	return nil
}

// WriteThrough is SharedCacheMap.WriteThrough.
//
// src: KB Q153993 (the quirk; which bytes "the last few" are is assumed: a last page
// that the write does not fill).
func (pm *PrivateCacheMap) WriteThrough(p []byte, off int64) error {
	s := pm.s
	if tail := (off + int64(len(p))) % s.pageSize(); pm.flags.WriteThrough && s.m.cfg.QuirkWriteThroughTailCached &&
		tail > 0 && tail < int64(len(p)) {
		head := int64(len(p)) - tail
		if err := s.WriteThrough(p[:head], off); err != nil {
			return err
		}
		return s.CopyWrite(p[head:], off+head)
	}
	return s.WriteThrough(p, off)
}

// Throttle is SharedCacheMap.Throttle; a write-through handle is never held back.
func (pm *PrivateCacheMap) Throttle(n int) {
	if !pm.flags.WriteThrough {
		pm.s.Throttle(n)
	}
}
