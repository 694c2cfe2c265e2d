package smbserver

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// holder returns the FID with an exclusive or batch oplock, of which there is at
// most one.
func (f *fcb) holder() *openFile {
	i := slices.IndexFunc(f.opens, func(o *openFile) bool {
		return o.level == nt.OplockExclusive || o.level == nt.OplockBatch
	})
	if i < 0 {
		return nil
	}
	return f.opens[i]
}

// grant decides which oplock a new open gets. Exclusive and batch are for a file
// that nobody else has open; beside others there is level II, for clients that know
// it.
//
// src: KB Q129202; [MS-CIFS] §3.2.4.18 (level II only with NT_CREATE_ANDX)
func (c *core) grant(o *openFile, want nt.OplockLevel) {
	f := o.f
	switch {
	case !c.cfg.EnableOplocks || o.cir.slow || want == nt.OplockNone || f.dir || statOnly(o.access):
		return
	case len(f.opens) == 1:
		o.level = want
	case o.nt && o.cir.levelII() && f.holder() == nil && len(f.locks) == 0:
		o.level = nt.OplockLevelII
	default:
		return
	}
	c.traceOplock(trace.OplockGrant, o, o.level)
}

func (c *core) traceOplock(kind trace.Kind, o *openFile, level nt.OplockLevel) {
	c.emit(trace.Event{Kind: kind, Path: o.f.path, FID: uint16(o.fid), Text: level.String()})
}

// admit decides whether a request may open f with this access and sharing, or act as
// if it did. A batch oplock is broken before sharing is looked at, because its holder
// may have closed the file long ago; an exclusive one only for an open that would go
// together with the holder's.
//
// src: KB Q129202; [MS-FSA] §2.1.5.1.2
func (c *core) admit(x *exchange, f *fcb, access nt.AccessMask, share nt.ShareAccess, cuts bool) nt.Status {
	if f.deletePending {
		return nt.StatusDeletePending
	}
	h := f.holder()
	if h != nil && !statOnly(access) && (h.level == nt.OplockBatch || f.shares(access, share)) {
		return c.awaitBreak(x, f, cuts)
	}
	if !f.shares(access, share) {
		return c.trySharingAgain(x)
	}
	return nt.StatusSuccess
}

// awaitBreak parks a request until the holder of the oplock has answered.
func (c *core) awaitBreak(x *exchange, f *fcb, cuts bool) nt.Status {
	if x.overdue {
		return nt.StatusSharingViolation
	}
	c.breakOplock(f, cuts)
	x.due, x.awaits = after(c.now, c.cfg.OplockBreakWait), f
	return nt.StatusPending
}

// breakOplock tells the holder once to flush and let go. It may keep a read cache if
// it has not written and the file is not about to be cut.
//
// src: KB Q129202
func (c *core) breakOplock(f *fcb, cuts bool) {
	if f.breaking {
		return
	}
	h := f.holder()
	f.breaking, f.breakTo = true, nt.OplockNone
	if !h.wrote && !cuts && h.nt && h.cir.levelII() {
		f.breakTo = nt.OplockLevelII
	}
	c.sendBreak(h, f.breakTo)
}

// sendBreak sends the one message that a server sends unasked.
//
// src: [MS-CIFS] §3.3.4.2
func (c *core) sendBreak(o *openFile, to nt.OplockLevel) {
	c.traceOplock(trace.OplockBreak, o, to)
	c.send(o.cir, &smbwire.Message{
		Header: smbwire.Header{
			Flags2: o.cir.flags2, PID: breakPID, TID: o.tree.tid, MID: smbwire.BreakMID,
		},
		Chain: []smbwire.Body{smbwire.OplockBreak(o.fid, to)},
	})
}

// breakPID is the PID of a break, which belongs to no process.
//
// src: [MS-CIFS] §3.3.4.2
const breakPID = 0xFFFF

// breakLevelII ends the read caches of all but the FID that changes the file. They
// are not asked, since they have nothing to flush.
//
// src: [MS-CIFS] §3.2.5.42; the writer's own cache stays: assumed (it sees its own write)
func (c *core) breakLevelII(f *fcb, except *openFile) {
	for _, o := range f.opens {
		if o != except && o.level == nt.OplockLevelII {
			o.level = nt.OplockNone
			c.sendBreak(o, nt.OplockNone)
		}
	}
}

// acknowledge takes the answer to a break. An answer to no break is ignored, as is a
// holder's wish to keep more than it was left.
//
// src: [MS-CIFS] §3.3.5.30
func (c *core) acknowledge(o *openFile, to nt.OplockLevel) {
	if !o.f.breaking || o.f.holder() != o {
		return
	}
	if o.f.breakTo == nt.OplockNone {
		to = nt.OplockNone
	}
	o.level = to
	c.traceOplock(trace.OplockAck, o, to)
	c.settle(o.f)
}

// settle ends a break: those who waited for it are resumed.
func (c *core) settle(f *fcb) {
	f.breaking = false
	for _, x := range slices.Clone(c.parked) {
		if x.awaits == f {
			c.makeReady(x)
		}
	}
}

// breakTimedOut ends the wait of a request: either the holder loses its FID or the
// request fails.
//
// src: KB Q102967
func (c *core) breakTimedOut(x *exchange) {
	h := x.awaits.holder()
	if h == nil || !c.cfg.EnableOplockForceClose {
		x.overdue = true
		c.makeReady(x)
		return
	}
	_ = c.close(h) // nobody asked for it
}
