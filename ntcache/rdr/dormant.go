package rdr

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// mayStayOpen reports whether an open may outlive its handle.
func (f *fcb) mayStayOpen(o *serverOpen) bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return o.caching.close && !o.dead
}

// makeDormant keeps a file open at the server after the application closed it, if
// its batch oplock still allows that. The oldest dormant file makes room.
//
// src: KB Q102981 (CacheFileTimeout, DormantFileLimit); oldest first is assumed
func (r *Redirector) makeDormant(o *serverOpen) bool {
	r.mu.Lock()
	if o.caching.close && !o.dead {
		r.stopIfNoDormantFilesLocked()
	}
	if !o.caching.close || o.dead || r.cfg.DormantFileLimit == 0 || r.cfg.CacheFileTimeout == 0 {
		r.mu.Unlock()
		return false
	}
	var evicted *serverOpen
	if len(r.dormant) >= r.cfg.DormantFileLimit {
		evicted = r.dormant[0]
		r.wakeDormantLocked(evicted)
		evicted.f.users++
	}
	o.leaving = false
	o.sleeps++
	nth := o.sleeps
	o.dormant = r.rt.AfterFunc(r.cfg.CacheFileTimeout, func() { r.rt.GoFor("dormant close", o.f.path, func() { r.expireDormant(o, nth) }) })
	r.dormant = append(r.dormant, o)
	r.mu.Unlock()
	r.tr.Emit(trace.Event{Kind: trace.FileDormant, Path: o.f.path, FID: o.h.FID})
	if evicted != nil {
		evicted.f.closeAtServer(evicted)
		r.release(evicted.f)
	}
	return true
}

// expireDormant closes a dormant file whose time is up, unless someone was faster.
func (r *Redirector) expireDormant(o *serverOpen, nth int) {
	r.mu.Lock()
	if o.dormant == nil || o.sleeps != nth {
		r.mu.Unlock()
		return
	}
	r.wakeDormantLocked(o)
	o.f.users++
	r.mu.Unlock()
	o.f.closeAtServer(o)
	r.release(o.f)
}

// wakeDormantLocked takes o off the dormant list.
func (r *Redirector) wakeDormantLocked(o *serverOpen) {
	o.dormant.Stop()
	o.dormant = nil
	r.dormant = slices.DeleteFunc(r.dormant, func(x *serverOpen) bool { return x == o })
}

// takeDormant takes a dormant open of f: any for a nil p, else one that was opened
// exactly as p asks and whose reuse p's disposition allows.
func (r *Redirector) takeDormant(f *fcb, p *nt.CreateParams) *serverOpen {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range f.opens {
		if o.dormant != nil && !o.dead && (p == nil || o.reusableFor(*p)) {
			r.wakeDormantLocked(o)
			return o
		}
	}
	return nil
}

// reusableFor reports whether an open that asks for p would get what o is. Write access to a
// file that was made read-only is for its maker alone.
func (o *serverOpen) reusableFor(p nt.CreateParams) bool {
	keeps := p.Disposition == nt.FileOpen || p.Disposition == nt.FileOpenIf
	if o.attr&nt.AttrReadOnly != 0 && p.Access.CanWrite() {
		return false
	}
	return keeps && p.Access == o.params.Access && p.Share == o.params.Share && p.Options == o.params.Options
}
