package rdr

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// fromWin32 is what reaches the redirector of an application's CreateFile: specific
// rights, a file and no directory, and attributes that are never empty.
//
// src: Win32 documentation, "CreateFile"; [MS-CIFS] §2.2.4.64.1
func fromWin32(p nt.CreateParams) nt.CreateParams {
	p.Access = p.Access.Mapped()
	if p.Options&nt.DirectoryFile == 0 {
		p.Options |= nt.NonDirectoryFile
	}
	if p.Attributes == 0 {
		p.Attributes = nt.AttrNormal
	}
	return p
}

// Open opens or creates a file, connecting to the server first if there is no
// circuit. A dormant open of this machine that allows what is asked is used again
// without telling the server.
//
// src: KB Q102981 (dormant files)
func (r *Redirector) Open(path string, p nt.CreateParams) (*Handle, error) {
	p = fromWin32(p)
	f := r.acquire(path)
	defer r.release(f)
	f.settled.Wait(rt.Forever)
	c, err := r.useCircuit() // first: a dormant open may be one of a circuit that has died
	if err != nil {
		return nil, wrap("open", path, err)
	}
	defer c.done()
	if c.queue != nil {
		if err := r.refuse(Op{Kind: OpOther, Path: path}); err != nil {
			return nil, wrap("open", path, err)
		}
		c.queue.awaitNames(path)
	}
	if o := r.takeDormant(f, &p); o != nil {
		return r.newHandle(f, o), nil
	}
	for o := r.takeDormant(f, nil); o != nil; o = r.takeDormant(f, nil) {
		f.closeAtServer(o)
	}
	f.awaitQueued()
	o, err := r.openAtServer(f, path, c, p)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	return r.newHandle(f, o), nil
}

func (r *Redirector) newHandle(f *fcb, o *serverOpen) *Handle {
	if r.cfg.Policy != nil {
		r.countHandle(1)
	}
	h := r.slabs.handles.Next()
	h.r, h.f, h.open = r, f, o
	return h
}

// OpenDOS opens a file for an MS-DOS program, whose int 21h functions are these calls.
func (r *Redirector) OpenDOS(path string, p nt.CreateParams) (*Handle, error) {
	h, err := r.Open(path, p)
	if err == nil {
		h.dos = true
	}
	return h, err
}

// openAtServer opens a file at the server. One open of a file goes at a time: of two
// replies that cross, the older would bring back a size that is no longer true.
func (r *Redirector) openAtServer(f *fcb, path string, c *circuit, p nt.CreateParams) (*serverOpen, error) {
	f.opening.AcquireExclusive()
	defer f.opening.Release()
	if truncates(p.Disposition) && c.queue == nil {
		f.flushBehind("overwritten") // what this machine wrote before comes before
	}
	p.Oplock = r.cfg.oplockToAsk(p)
	r.countOpening(1)
	defer r.countOpening(-1)
	written := f.writesAnswered()
	made, err := c.create(path, p)
	h, res := made.h, made.res
	if err != nil {
		r.noticeLoss(err)
		return nil, err
	}
	o := r.slabs.opens.Next()
	o.f, o.circuit, o.remote = f, c, c.remote
	o.h, o.params, o.attr, o.oplock = h, p, res.Attributes, res.Oplock
	o.cache = f.cached.NewPrivate(handleFlags(p))
	f.cached.SetReadAhead(r.cfg.readAhead(c.remote.Limits().LinkSpeed))
	r.register(o, res, written)
	return o, nil
}

// countOpening counts the opens under way. A break of a FID that is not known can only
// be theirs.
func (r *Redirector) countOpening(n int) {
	r.mu.Lock()
	r.openings += n
	if r.openings == 0 {
		clear(r.early)
	}
	r.mu.Unlock()
}

// startAfresh makes the cache believe the server's reply to an open, unless another
// open of the file guards what is cached. The reply's size is old if a write of this
// machine has been answered since the request. The caller holds io exclusively.
func (f *fcb) startAfresh(o *serverOpen, res nt.CreateResult, written uint64) {
	if f.guarded() && res.Action == nt.FileOpened {
		return
	}
	_ = f.awaitData() // its own caller is told
	if f.writesAnswered() != written {
		if info, err := o.remote.QueryFile(o.h); err == nil { // else the circuit is gone, and the open with it
			res.Size = info.Size
		}
	}
	f.cached.Reinitialize(res.Size)
}

// truncates reports whether an open with the disposition empties a file that exists.
func truncates(d nt.Disposition) bool {
	return d == nt.FileSupersede || d == nt.FileOverwrite || d == nt.FileOverwriteIf
}

// register enters a new open, and makes up for a break that was faster.
func (r *Redirector) register(o *serverOpen, res nt.CreateResult, written uint64) {
	granted := o.oplock
	o.caching = r.cfg.cacheability(o.params, o.attr, granted)
	to, early := o.f.enter(o, res, written)
	if o.remote.Err() != nil { // asked when its loss finds the open, so that none passes between
		o.kill()
	}
	if granted != nt.OplockNone {
		r.tr.Emit(trace.Event{Kind: trace.OplockGrant, Path: o.f.path, FID: o.h.FID, Text: granted.String()})
	}
	if early {
		o.f.breakOplock(o.remote, o.h, to)
	}
}

// enter makes an open one of its file's, and returns a break of its oplock that was
// faster.
func (f *fcb) enter(o *serverOpen, res nt.CreateResult, written uint64) (to nt.OplockLevel, early bool) {
	r := f.r
	f.io.AcquireExclusive()
	defer f.io.Release()
	f.startAfresh(o, res, written)
	r.mu.Lock()
	f.opens = append(f.opens, o)
	f.lostTold = false
	o.circuit.opens++
	to, early = r.early[o.h]
	early = early && o.oplock != nt.OplockNone // else left over from another open
	delete(r.early, o.h)
	uncache := f.locks != nil && f.locks.uncacheLocked()
	r.mu.Unlock()
	if uncache {
		f.uncache("second open")
	}
	return to, early
}

// kill marks an open dead whose circuit may have been lost before it was registered.
func (o *serverOpen) kill() {
	r := o.f.r
	r.mu.Lock()
	o.dead = true
	r.mu.Unlock()
}
