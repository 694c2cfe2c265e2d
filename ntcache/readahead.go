package ntcache

import "github.com/ntrdr/ntrdr/internal/trace"

// extent is the bytes from one offset up to another, which is not in it.
type extent struct{ from, to int64 }

func (e extent) empty() bool { return e.from >= e.to }

// history is the last two reads of a handle, the newer first.
type history struct {
	last  [2]extent
	reads int // at most 2
}

func (h *history) add(e extent) {
	h.last[1], h.last[0] = h.last[0], e
	h.reads = min(h.reads+1, len(h.last))
}

// next predicts the read after now: the third read of equal distance, in either
// direction, or of adjoining ranges confirms a pattern.
//
// src: Windows Internals 4th ed., ch. 11 (two reads are remembered; "page 4000, then
// 3000": 2000 is next).
func (h *history) next(now extent) extent {
	if h.reads < len(h.last) {
		return extent{}
	}
	a, b := h.last[1], h.last[0]
	stride := now.from - b.from
	size := now.to - now.from
	switch {
	case stride == 0:
		return extent{}
	case now.from == b.to && b.from == a.to:
		return extent{now.to, now.to + size}
	case now.to == b.from && b.to == a.from:
		return extent{now.from - size, now.from}
	case stride == b.from-a.from:
		return extent{now.from + stride, now.from + stride + size}
	}
	return extent{}
}

// readAhead decides what is worth reading after a read of now. A forward run is read
// ahead from its end, rounded up to the granularity; a handle that promised to scan
// sequentially gets that from the first read on, and twice as much; any other pattern
// gets its next range in whole pages; one that promised random access gets nothing.
//
// src: Windows Internals 4th ed., ch. 11; the rounding is assumed (as in
// re-implementations).
func (h *history) readAhead(now extent, flags HandleFlags, granularity, page int64) extent {
	if granularity == 0 || flags.Random {
		return extent{}
	}
	if flags.Sequential {
		from := roundUp(now.to, granularity)
		return extent{from, from + 2*granularity}
	}
	want := h.next(now)
	if want.from == now.to && !want.empty() {
		from := roundUp(now.to, granularity)
		return extent{from, from + granularity}
	}
	want.from = max(want.from, 0) / page * page
	want.to = roundUp(want.to, page)
	return want
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

// accessed remembers an access, reads ahead if a pattern shows, and lets the view go
// that a sequential scan has left behind.
func (pm *PrivateCacheMap) accessed(now extent, read bool) {
	s, m := pm.s, pm.s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if pm.flags.Sequential {
		pm.leaveViewLocked(now.to / viewSize)
	}
	if !read || pm.closed {
		return
	}
	want := pm.history.readAhead(now, pm.flags, int64(s.granularity), s.pageSize())
	pm.history.add(now)
	want.to = min(want.to, s.validData) // never past the end of the file
	if start, end := s.missingLocked(want.from, want.to); want.empty() || start == end {
		return
	}
	pm.ahead = want
	if !pm.running {
		pm.running = true
		epoch := s.epoch
		m.postExpressLocked("read-ahead", s.name, func() { pm.readAhead(epoch) })
	}
}

// leaveViewLocked makes the view of the last access the first to be reused, once the
// scan is in another.
//
// src: KB Q191098 (without the hint a copy fills the memory)
func (pm *PrivateCacheMap) leaveViewLocked(no int64) {
	if left := pm.view; left >= 0 && left != no {
		if v := pm.s.findLocked(left); v != nil {
			pm.s.m.lru.retire(v)
		}
	}
	pm.view = no
}

// readAhead reads what the handle is expected to read. It fails silently, and does not
// wait for memory: the application's own read will do both.
func (pm *PrivateCacheMap) readAhead(epoch uint64) {
	s := pm.s
	held := s.backing.AcquireForReadAhead(true)
	for {
		want, ok := pm.nextAhead(epoch, held)
		if !ok {
			break
		}
		s.m.tr.Emit(trace.Event{Kind: trace.ReadAhead, Path: s.name, Off: want.from, Len: want.to - want.from})
		for pm.readAheadRun(want, epoch) {
			continue
		}
	}
	if held {
		s.backing.ReleaseFromReadAhead()
	}
}

// nextAhead takes what is to be read ahead next; with nothing the read-ahead ends. What
// was asked for before a purge is not read: nobody may be allowed to use it.
func (pm *PrivateCacheMap) nextAhead(epoch uint64, held bool) (extent, bool) {
	pm.s.m.mu.Lock()
	defer pm.s.m.mu.Unlock()
	want := pm.ahead
	pm.ahead = extent{}
	if want.empty() || !held || pm.s.epoch != epoch {
		pm.running = false
		return extent{}, false
	}
	return want, true
}

// readAheadRun fetches the first run of want that is neither resident nor on its way,
// and reports whether there may be more.
func (pm *PrivateCacheMap) readAheadRun(want extent, epoch uint64) bool {
	s, m := pm.s, pm.s.m
	m.mu.Lock()
	start, end := s.missingLocked(want.from, want.to)
	if pm.closed || s.epoch != epoch || start == end || s.fetchOfLocked(start) != nil {
		m.mu.Unlock()
		return false
	}
	c, ok := s.tryClaimLocked(start, end)
	m.mu.Unlock()
	if !ok {
		return false
	}
	more, err := s.pageIn(&c, start, end)
	s.release(&c)
	return more && err == nil
}
