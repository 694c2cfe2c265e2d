package rdr

import (
	"math"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// What decides how far the Cache Manager reads ahead over a link.
const (
	// NoMinimumThroughput is the ReadAheadThroughput that any link has: taken literally
	// the default would switch read-ahead off for good.
	// src: assumed (KB Q102981 gives 0xFFFFFFFF KB/s, KB Q129202 tells of read-ahead)
	NoMinimumThroughput uint32 = math.MaxUint32
	// fastReadAhead is the granularity where raw mode could carry it.
	// src: assumed (half of what one raw read carries)
	fastReadAhead = 32 << 10
	// slowReadAhead is the granularity of other links: a page.
	// src: assumed (the Cache Manager's default)
	slowReadAhead = 4096
	// rawReadAheadTime is how long fastReadAhead may take on the wire.
	// src: KB Q152081 (raw mode is for what takes less than 5 seconds)
	rawReadAheadTime = 5 * time.Second
)

// kilobyte is the unit of ReadAheadThroughput. src: KB Q102981 (KB/s)
const kilobyte = 1024

// readAhead is the granularity of read-ahead over a link of that many bytes a second,
// 0 for none. A link of unknown speed is a fast one.
//
// src: KB Q102981 (the throughput that read-ahead needs)
func (c *Config) readAhead(speed int64) int {
	switch {
	case speed == 0:
		return c.FastReadAhead
	case c.ReadAheadThroughput != NoMinimumThroughput && speed < int64(c.ReadAheadThroughput)*kilobyte:
		return 0
	case int64(c.FastReadAhead) > speed*int64(rawReadAheadTime/time.Second):
		return c.SlowReadAhead
	}
	return c.FastReadAhead
}

// handleFlags are what an open tells the Cache Manager.
func handleFlags(p nt.CreateParams) ntcache.HandleFlags {
	return ntcache.HandleFlags{
		Sequential:   p.Options&nt.SequentialOnly != 0,
		Random:       p.Options&nt.RandomAccess != 0,
		WriteThrough: p.Options&nt.WriteThrough != 0,
		Temporary:    p.Attributes&nt.AttrTemporary != 0,
	}
}

// throttle holds a writer back while too much waits to be written behind. It is called
// with nothing held: an oplock break must not wait for it.
//
// src: KB Q259928
func (h *Handle) throttle(n int) {
	k, err := h.rights()
	o := h.open
	if err == nil && h.r.cfg.writePath(k, o.params.Options, o.writeOnly()) == behindInL1 {
		o.cache.Throttle(n)
	}
}

// AcquireForReadAhead keeps the file open at the server while it is read ahead.
func (f *fcb) AcquireForReadAhead(wait bool) bool { return f.AcquireForLazyWrite(wait) }

// ReleaseFromReadAhead ends what AcquireForReadAhead began.
func (f *fcb) ReleaseFromReadAhead() { f.ReleaseFromLazyWrite() }

// discardDoomed throws away what is dirty of a file that its last close deletes, and
// reports whether that is so: nobody else, here or elsewhere, has it open. What is on its
// way to the server arrives before the CLOSE.
//
// src: assumed (FILE_FLAG_DELETE_ON_CLOSE: nobody will read what would be written)
func (f *fcb) discardDoomed(o *serverOpen) bool {
	f.r.mu.Lock()
	alone := o.oplock == nt.OplockBatch || o.oplock == nt.OplockExclusive || o.params.Share&(nt.ShareRead|nt.ShareWrite) == nt.ShareNone
	doomed := alone && o.params.Options&nt.DeleteOnClose != 0 &&
		!slices.ContainsFunc(f.opens, func(x *serverOpen) bool { return x != o && !x.dead })
	f.r.mu.Unlock()
	if doomed {
		f.cached.Discard()
		f.l2.drop()
		f.flushBehind("deleted on close")
	}
	return doomed
}
