package ntcache

import (
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// MappedView is a user's mapping of a whole file. It shares its pages with the file's
// cached handles: both see the same bytes at once. What is written through it is found
// only when the file is flushed or the mapping goes, or when memory is short.
//
// src: assumed (hardware marks the page; nobody looks before)
type MappedView struct {
	s    *SharedCacheMap
	size int64

	unmapped bool // guarded by Manager.mu
}

// Map maps the file as it is now. While it is mapped it cannot be purged.
func (s *SharedCacheMap) Map() *MappedView {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.mappings++
	s.m.listLocked(s)
	return &MappedView{s: s, size: s.fileSize}
}

// Mapped reports whether a user has the file mapped.
func (s *SharedCacheMap) Mapped() bool {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.mappings > 0
}

// ReadAt reads through the mapping; io.EOF with a short count at the end.
func (w *MappedView) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, nt.StatusAccessViolation
	}
	n := min(int64(len(p)), max(w.size-off, 0))
	got, err := w.s.CopyRead(p[:n], off)
	if err == nil && got < len(p) {
		err = io.EOF
	}
	return got, err
}

// WriteAt writes through the mapping, which does not extend the file. No page is dirty yet.
func (w *MappedView) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off > w.size-int64(len(p)) {
		return 0, nt.StatusAccessViolation
	}
	for n := 0; n < len(p); {
		at := off + int64(n)
		k := min(int64(len(p)-n), viewSize-at%viewSize)
		if err := w.s.copyToView(p[n:n+int(k)], at, true); err != nil {
			return n, err
		}
		n += int(k)
	}
	return len(p), nil
}

// Unmap ends the mapping. What was written through it is dirty now, and will be
// written behind.
func (w *MappedView) Unmap() {
	w.s.m.mu.Lock()
	first := !w.unmapped
	w.unmapped = true
	if first {
		w.s.mappings--
	}
	w.s.m.mu.Unlock()
	if !first {
		return
	}
	w.s.findMapped()
	w.s.m.mu.Lock()
	w.s.closing = w.s.handles == 0 && w.s.mappings == 0
	w.s.cleanedLocked()
	w.s.m.mu.Unlock()
}

// findMapped makes what users wrote through mappings dirty.
func (s *SharedCacheMap) findMapped() {
	s.m.mu.Lock()
	for _, v := range s.views {
		s.findMappedLocked(v)
	}
	s.m.mu.Unlock()
}

// findMappedLocked does that for one view.
func (s *SharedCacheMap) findMappedLocked(v *vacb) {
	s.countDirtyLocked((v.mapped &^ v.dirty).len())
	v.dirty |= v.mapped
	v.writing &^= v.mapped
	v.mapped = 0
}
