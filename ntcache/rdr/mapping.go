package rdr

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// Mapping is an application's view of a file that it has mapped into its memory. It
// keeps the file open at the server after the handle has been closed.
type Mapping struct {
	h    *Handle
	view *ntcache.MappedView

	unmapped bool // guarded by Redirector.mu
}

// Map maps the file, as MapViewOfFile does. Its pages are those of the file's cached
// handles on this machine, and no other machine's.
func (h *Handle) Map() (*Mapping, error) {
	if !h.open.params.Access.CanRead() {
		return nil, wrap("map", h.f.path, nt.StatusAccessDenied)
	}
	h.r.mu.Lock()
	_, err := h.rightsLocked()
	if err == nil {
		h.open.mappings++ // before a Close can look
		h.open.mapped = true
	}
	h.r.mu.Unlock()
	if err != nil {
		return nil, wrap("map", h.f.path, err)
	}
	return &Mapping{h: h, view: h.f.cached.Map()}, nil
}

// ReadAt reads memory; a page that is not there is fetched from the server.
func (m *Mapping) ReadAt(p []byte, off int64) (int, error) { return m.view.ReadAt(p, off) }

// WriteAt writes memory. Nobody knows of it until somebody looks for changed pages.
func (m *Mapping) WriteAt(p []byte, off int64) (int, error) {
	if !m.h.open.params.Access.CanWrite() {
		return 0, wrap("write through a mapping", m.h.f.path, nt.StatusAccessDenied)
	}
	n, err := m.view.WriteAt(p, off)
	return n, wrap("write through a mapping", m.h.f.path, err)
}

// Unmap ends the mapping, and then the close of the handle if that had to wait.
func (m *Mapping) Unmap() {
	h, r := m.h, m.h.r
	r.mu.Lock()
	first := !m.unmapped
	m.unmapped = true
	r.mu.Unlock()
	if !first {
		return
	}
	m.view.Unmap()
	r.mu.Lock()
	h.open.mappings--
	due := h.open.mappings == 0 && h.closed
	r.mu.Unlock()
	switch {
	case due && h.open.queue() != nil:
		_ = h.finishCloseQueued() // no call is there to tell
	case due:
		h.finishClose()
	}
}

// closeLater is the close of a handle whose mapping keeps the file open. What is dirty is
// sent as at any close; CLOSE follows the end of the mapping.
//
// src: assumed (the section keeps the file, and paging needs its FID)
func (h *Handle) closeLater() {
	r, f := h.r, h.f
	f.hold()
	r.startBehind()
	r.cache.WriteBehind(f.cached, func() {
		f.flushBehind("close")
		r.release(f)
		r.endBehind()
	})
}

// staleOpen is a defect: paging I/O of a mapped file whose circuit has died goes on with
// the old FID on the circuit of now, where FIDs began anew: there it may be another
// file's.
//
// src: KB Q184998
func (f *fcb) staleOpen(usable func(nt.AccessMask) bool) *serverOpen {
	r := f.r
	if !r.cfg.NtrdrQuirkMappedStaleFid {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.anyOpenLocked()
	if now == nil {
		return nil
	}
	for _, o := range f.opens {
		if o.dead && o.mapped && usable(o.params.Access) {
			return &serverOpen{f: f, circuit: now.circuit, remote: now.remote, h: nt.FileHandle{Circuit: now.h.Circuit, FID: o.h.FID}, params: o.params}
		}
	}
	return nil
}

// anyOpenLocked returns an open on the circuit of now, nil if there is none.
func (r *Redirector) anyOpenLocked() *serverOpen {
	for _, f := range r.filesLocked() {
		for _, o := range f.opens {
			if !o.dead {
				return o
			}
		}
	}
	return nil
}
