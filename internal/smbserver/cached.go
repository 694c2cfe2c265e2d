package smbserver

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// cachesClose reports whether a close is only acknowledged: as long as the client had
// an oplock on the file, the server keeps its own handle, in the hope that the file
// is soon opened again.
//
// src: KB Q124916, KB Q126026
func (c *core) cachesClose(o *openFile) bool {
	return c.cfg.CachedOpenLimit > 0 && (o.level == nt.OplockExclusive || o.level == nt.OplockBatch) &&
		!o.f.breaking && !o.deleteOnClose && !o.f.deletePending && !o.cir.dead
}

// cacheClose takes the FID away and keeps the handle, with its access and its share
// mode. The oldest handle goes if the client has more than it may.
func (c *core) cacheClose(o *openFile) {
	o.cir.files.remove(o.fid)
	o.f.dropLocks(o)
	c.endWaits(o)
	c.retryLocks(o.f)
	c.report(o)
	o.cached = true
	o.cir.cached = append(o.cir.cached, o)
	if len(o.cir.cached) > c.cfg.CachedOpenLimit {
		c.closeCached(o.cir.cached[0])
	}
}

// closeCached closes a handle whose FID went long ago: its client has been told
// success.
func (c *core) closeCached(o *openFile) {
	o.cir.cached = slices.DeleteFunc(o.cir.cached, func(other *openFile) bool { return other == o })
	_ = c.detach(o)
}

// closeCachedAll closes the cached handles of a circuit that match.
func (c *core) closeCachedAll(cir *circuit, match func(*openFile) bool) {
	for _, o := range slices.Clone(cir.cached) {
		if match(o) {
			c.closeCached(o)
		}
	}
}

// openedFile returns a file that is open, after cached handles have made way for an open or
// what acts as one; else nil.
func (c *core) openedFile(x *exchange, key string, access nt.AccessMask, share nt.ShareAccess) *fcb {
	f := x.tree.share.files[key]
	if f == nil {
		return nil
	}
	c.makeWay(x, f, access, share)
	if len(f.opens) == 0 {
		return nil
	}
	return f
}

// makeWay closes the cached handles of a file that an open need not meet: those of
// the same client; those with a batch oplock, which is broken before share modes are
// looked at; and those with an exclusive one if the share modes go together. Any other
// stays and makes for a sharing violation on a file that nobody has open.
//
// src: KB Q124916; which of them go: assumed (as the oplock itself would be broken)
func (c *core) makeWay(x *exchange, f *fcb, access nt.AccessMask, share nt.ShareAccess) {
	for _, o := range slices.Clone(f.opens) {
		own := o.cir == x.cir
		broken := !statOnly(access) && (o.level == nt.OplockBatch || f.shares(access, share))
		if o.cached && (own || broken) {
			c.closeCached(o)
		}
	}
}

// liveOpens counts the FIDs of a file.
func (f *fcb) liveOpens() (n int) {
	for _, o := range f.opens {
		if !o.cached {
			n++
		}
	}
	return n
}
