package ntcache

import (
	"errors"
	"io"
	"math"
	"slices"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// page is one resident page; a page that is not resident has no entry.
type page struct {
	data  []byte // PageSize bytes, zero beyond valid data
	dirty bool
}

// SharedCacheMap is the cached data of one file, shared by all its handles.
type SharedCacheMap struct {
	m       *Manager
	name    string
	backing BackingStore
	writing rt.Resource // exclusive: one writer a file; held across PageOut
	turn    rt.Resource // exclusive: who has, or is next to get, a flush slot for the file

	mu        rt.Mutex
	fileSize  int64
	validData int64 // ≤ fileSize; bytes beyond it read as zero and are never fetched
	pages     map[int64]*page
	dirty     []int64 // page numbers, ascending; exactly the pages with dirty set
	lazy      bool    // a lazy worker has been queued
	flushes   int     // calls of writePages: waiting or writing
	gen       uint64  // counts what makes bytes that are being fetched stale
	lostErr   error   // of a write behind the application, until a Flush tells it
}

// Size returns the file's size as its handles on this machine see it.
func (s *SharedCacheMap) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fileSize
}

// DirtyBytes returns how many bytes have not been handed to a write yet, counted in
// pages cut at the file's size.
func (s *SharedCacheMap) DirtyBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirtyBytesLocked()
}

func (s *SharedCacheMap) dirtyBytesLocked() int64 {
	var n int64
	for _, no := range s.dirty {
		n += min(s.pageSize(), s.fileSize-no*s.pageSize())
	}
	return n
}

func (s *SharedCacheMap) pageSize() int64 { return int64(s.m.cfg.PageSize) }

// CopyRead copies cached bytes to p, paging in what is not resident. It returns
// io.EOF with a short count at the end of the file.
func (s *SharedCacheMap) CopyRead(p []byte, off int64) (int, error) {
	want := int64(len(p))
	s.mu.Lock()
	if want = min(want, s.fileSize-off); want <= 0 {
		s.mu.Unlock()
		return 0, eofIfAny(len(p))
	}
	s.mu.Unlock()
	for copied := false; !copied; { // a page may be purged between the two
		if err := s.makeResident(off, off+want); err != nil {
			return 0, err
		}
		s.mu.Lock()
		copied = s.copyOutLocked(p[:want], off)
		s.mu.Unlock()
	}
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

func eofIfAny(wanted int) error {
	if wanted == 0 {
		return nil
	}
	return io.EOF
}

// copyOutLocked copies from resident pages; what lies beyond valid data reads as
// zero. It reports whether all valid data was resident.
func (s *SharedCacheMap) copyOutLocked(p []byte, off int64) bool {
	for len(p) > 0 {
		no, in := off/s.pageSize(), off%s.pageSize()
		n := min(int64(len(p)), s.pageSize()-in)
		if pg := s.pages[no]; pg != nil {
			copy(p[:n], pg.data[in:])
		} else if no*s.pageSize() < s.validData {
			return false
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+n
	}
	return true
}

// makeResident pages in what [from, to) needs of valid data that is not resident.
func (s *SharedCacheMap) makeResident(from, to int64) error {
	for {
		start, end, gen := s.missing(from, to)
		if start == end {
			return nil
		}
		buf := make([]byte, end-start)
		n, err := s.backing.PageIn(buf, start)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		clear(buf[n:])
		s.install(buf, start, gen)
	}
}

// missing returns the first run of absent pages within valid data in [from, to), in
// whole pages and at most MaxWriteBehind bytes; start == end if there is none.
func (s *SharedCacheMap) missing(from, to int64) (start, end int64, gen uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ps := s.pageSize()
	to = min(to, s.validData)
	for no := from / ps; no*ps < to; no++ {
		if s.pages[no] != nil {
			continue
		}
		start, end = no*ps, (no+1)*ps
		for end < to && s.pages[end/ps] == nil && end-start < int64(s.m.cfg.MaxWriteBehind) {
			end += ps
		}
		return start, end, s.gen
	}
	return 0, 0, 0
}

// install makes fetched bytes resident, except where a write was faster, unless they
// have become stale on the way.
func (s *SharedCacheMap) install(buf []byte, off int64, gen uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gen != s.gen {
		return
	}
	ps := s.pageSize()
	for i := int64(0); i < int64(len(buf)); i += ps {
		if no := (off + i) / ps; s.pages[no] == nil {
			s.pages[no] = &page{data: buf[i : i+ps : i+ps]}
		}
	}
}

// CopyWrite puts p into pages and returns: the data is dirty and will be written
// behind. Only a partial page inside valid data must be read first.
func (s *SharedCacheMap) CopyWrite(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	end := off + int64(len(p))
	for {
		if err := s.readForWrite(off, end); err != nil {
			return err
		}
		s.mu.Lock()
		if s.edgesResidentLocked(off, end) {
			break
		}
		s.mu.Unlock() // a page was purged between the two
	}
	newly := s.copyInLocked(p, off)
	s.mu.Unlock()
	s.m.tr.Emit(trace.Event{Kind: trace.PageDirty, Path: s.name, Off: off, Len: int64(len(p))})
	s.m.countDirty(newly)
	return nil
}

// readForWrite makes the first and last page of a write resident if the write
// covers them only in part.
func (s *SharedCacheMap) readForWrite(from, to int64) error {
	ps := s.pageSize()
	if from%ps != 0 {
		if err := s.makeResident(from, from+1); err != nil {
			return err
		}
	}
	if to%ps != 0 && to < s.Size() {
		return s.makeResident(to-1, to)
	}
	return nil
}

// edgesResidentLocked reports whether a write of [from, to) would overwrite nothing
// that it does not know.
func (s *SharedCacheMap) edgesResidentLocked(from, to int64) bool {
	ps := s.pageSize()
	head := from%ps == 0 || from-from%ps >= s.validData || s.pages[from/ps] != nil
	tail := to%ps == 0 || to >= s.validData || s.pages[to/ps] != nil
	return head && tail
}

// copyInLocked stores p, extends the sizes, and returns how many pages became dirty.
func (s *SharedCacheMap) copyInLocked(p []byte, off int64) (newly int) {
	end := off + int64(len(p))
	for len(p) > 0 {
		no, in := off/s.pageSize(), off%s.pageSize()
		pg := s.pages[no]
		if pg == nil {
			pg = &page{data: make([]byte, s.pageSize())}
			s.pages[no] = pg
		}
		n := copy(pg.data[in:], p)
		if !pg.dirty {
			pg.dirty = true
			newly++
			at, _ := slices.BinarySearch(s.dirty, no)
			s.dirty = slices.Insert(s.dirty, at, no)
		}
		p, off = p[n:], off+int64(n)
	}
	s.fileSize = max(s.fileSize, end)
	s.validData = max(s.validData, end)
	return newly
}

// WriteThrough writes p to the file, waits for the answer, and keeps what is cached
// up to date. If it fails nothing is changed here and the caller gets the error.
func (s *SharedCacheMap) WriteThrough(p []byte, off int64) error {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	if _, err := s.backing.PageOut(p, off); err != nil {
		return err
	}
	s.overwritten(p, off, true)
	return nil
}

// WriteAround is WriteThrough for who brings p to the file himself: no paging write goes
// on beside it, and nothing is cached that was not.
func (s *SharedCacheMap) WriteAround(p []byte, off int64, write func() error) error {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	if err := write(); err != nil {
		return err
	}
	s.Overwritten(p, off)
	return nil
}

// Overwritten keeps what is cached up to date with a write that has gone to the file
// past the cache.
func (s *SharedCacheMap) Overwritten(p []byte, off int64) { s.overwritten(p, off, false) }

func (s *SharedCacheMap) overwritten(p []byte, off int64, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updateResidentLocked(p, off, keep)
	end := off + int64(len(p))
	s.fileSize = max(s.fileSize, end)
	s.validData = max(s.validData, end)
}

// updateResidentLocked copies p over pages that are resident and, if it is to be kept,
// makes whole pages resident, so that what was written can be read from the cache.
func (s *SharedCacheMap) updateResidentLocked(p []byte, off int64, keep bool) {
	ps := s.pageSize()
	for len(p) > 0 {
		no, in := off/ps, off%ps
		n := min(int64(len(p)), ps-in)
		pg := s.pages[no]
		if pg == nil && keep && (n == ps || no*ps >= s.validData) {
			pg = &page{data: make([]byte, ps)}
			s.pages[no] = pg
		}
		if pg != nil {
			copy(pg.data[in:], p[:n])
		} else {
			s.gen++
		}
		p, off = p[n:], off+n
	}
}

// SetFileSize truncates or extends; pages beyond the new size are dropped, dirty or
// not, and the rest of the last page becomes zero.
func (s *SharedCacheMap) SetFileSize(size int64) {
	s.mu.Lock()
	s.gen++
	ps := s.pageSize()
	cleaned := 0
	for no, pg := range s.pages { // map order: no page depends on another
		switch {
		case (no+1)*ps <= size:
		case no*ps < size:
			clear(pg.data[size-no*ps:])
		default:
			cleaned += s.cleanLocked(no)
			delete(s.pages, no)
		}
	}
	s.fileSize = size
	s.validData = min(s.validData, size)
	s.mu.Unlock()
	s.m.countDirty(-cleaned)
}

// cleanLocked marks a page clean and returns 1 if it was dirty.
func (s *SharedCacheMap) cleanLocked(no int64) int {
	at, found := slices.BinarySearch(s.dirty, no)
	if !found {
		return 0
	}
	s.dirty = slices.Delete(s.dirty, at, at+1)
	s.pages[no].dirty = false
	return 1
}

// Purge drops every page, dirty ones too: flush first to keep data.
func (s *SharedCacheMap) Purge() {
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	s.discard()
}

// Discard drops the dirty data, because it can never be written, and returns its
// size in bytes. A run that is being written is not counted: its writer reports it.
func (s *SharedCacheMap) Discard() int64 {
	return s.discard()
}

// Reinitialize drops every page and takes the file's size from the server, for an
// open after which nothing cached before can be trusted.
func (s *SharedCacheMap) Reinitialize(size int64) {
	s.Purge()
	s.mu.Lock()
	s.fileSize, s.validData, s.lostErr = size, size, nil
	s.mu.Unlock()
}

// discard drops all pages and returns how many dirty bytes there were.
func (s *SharedCacheMap) discard() (lost int64) {
	s.mu.Lock()
	lost = s.dirtyBytesLocked()
	cleaned := len(s.dirty)
	s.dirty = nil
	clear(s.pages)
	s.gen++
	s.mu.Unlock()
	s.m.countDirty(-cleaned)
	return lost
}

// Flush writes all dirty pages and returns the first error to the caller; data that
// could not be written is gone.
func (s *SharedCacheMap) Flush() error {
	_, err := s.writePages(math.MaxInt, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		err = s.lostErr
	}
	s.lostErr = nil
	return err
}

// FlushBehind is Flush behind an application: the file system is told of lost data,
// because nobody waits for the error.
func (s *SharedCacheMap) FlushBehind() error { return s.writeBehind(math.MaxInt) }

func (s *SharedCacheMap) writeBehind(pages int) error {
	lost, err := s.writePages(pages, s.keepError)
	if lost > 0 {
		s.backing.LostData(lost, err)
	}
	return err
}

// keepError keeps the error of a write behind the application for its next Flush.
func (s *SharedCacheMap) keepError(err error) {
	s.mu.Lock()
	s.lostErr = err
	s.mu.Unlock()
}

// writePages writes up to limit dirty pages in runs of ascending offset. It returns
// how many bytes were lost and the first error; onLoss, if not nil, is told the error
// of lost data before another can write.
func (s *SharedCacheMap) writePages(limit int, onLoss func(error)) (lost int64, first error) {
	s.countFlush(1)
	defer s.countFlush(-1)
	s.writing.AcquireExclusive()
	defer s.writing.Release()
	for limit > 0 {
		run, off, pages := s.nextRun(limit)
		if pages == 0 {
			break
		}
		limit -= pages
		n, err := s.backing.PageOut(run, off)
		s.m.tr.Emit(trace.Event{Kind: trace.PageClean, Path: s.name, Off: off, Len: int64(len(run)), Status: status(err)})
		if err != nil {
			lost += int64(len(run) - n)
			if first == nil {
				first = err
			}
		}
	}
	if lost > 0 && onLoss != nil {
		onLoss(first)
	}
	return lost, first
}

func (s *SharedCacheMap) countFlush(n int) {
	s.mu.Lock()
	s.flushes += n
	s.mu.Unlock()
}

// nextRun takes the lowest contiguous run of dirty pages, at most limit pages and
// MaxWriteBehind bytes, marks it clean and returns a copy of its bytes, cut at the
// file's size. A page dirtied again while the run is on its way is written again.
func (s *SharedCacheMap) nextRun(limit int) (run []byte, off int64, pages int) {
	s.mu.Lock()
	if len(s.dirty) == 0 {
		s.mu.Unlock()
		return nil, 0, 0
	}
	ps := s.pageSize()
	limit = min(limit, s.m.cfg.MaxWriteBehind/int(ps))
	first := s.dirty[0]
	for pages < limit && pages < len(s.dirty) && s.dirty[pages] == first+int64(pages) {
		run = append(run, s.pages[s.dirty[pages]].data...)
		s.pages[s.dirty[pages]].dirty = false
		pages++
	}
	s.dirty = slices.Delete(s.dirty, 0, pages)
	off = first * ps
	invariant.Check(off < s.validData, "ntcache: %s: dirty page at %d beyond valid data %d", s.name, off, s.validData)
	run = run[:min(int64(len(run)), s.fileSize-off)]
	s.mu.Unlock()
	s.m.countDirty(-pages)
	return run, off, pages
}
