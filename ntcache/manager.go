package ntcache

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// BackingStore is how the Cache Manager sees a file: paging reads and writes, and
// the file system's consent before a worker thread touches the file.
type BackingStore interface {
	// PageIn reads len(p) bytes at off; a short count means end of file.
	PageIn(p []byte, off int64) (int, error)
	// PageOut writes p at off and returns when it has been answered, with how many
	// bytes were written: all of them if there is no error.
	PageOut(p []byte, off int64) (int, error)
	// LostData is told of dirty bytes that a write behind the application's back
	// could not deliver. They are gone.
	LostData(bytes int64, err error)
	// AcquireForLazyWrite asks to keep the file writable until
	// ReleaseFromLazyWrite; without wait it may refuse.
	AcquireForLazyWrite(wait bool) bool
	ReleaseFromLazyWrite()
	// AcquireForReadAhead asks to keep the file readable until
	// ReleaseFromReadAhead; without wait it may refuse.
	AcquireForReadAhead(wait bool) bool
	ReleaseFromReadAhead()
}

// Manager is the Cache Manager of one machine.
type Manager struct {
	rt       rt.Runtime
	cfg      Config
	tr       *trace.Actor
	maxPages int
	room     rt.Event // Notification: memory may have become free
	slabs    slabs

	mu         rt.Mutex
	maps       []*SharedCacheMap // in order of creation: the lazy writer's order
	lazyActive bool              // a scan is armed or running
	scanQueued bool              // a scan out of turn has been started

	dirtyPages   int              // the sum over maps
	writingPages int              // the sum over maps
	deferred     []*deferredWrite // throttled writers, oldest first

	lru        lruList // all views
	usedPages  int     // resident or promised; at most maxPages
	usedViews  int     // existing or promised; at most cfg.Views
	spare      *vacb   // a view to use again, and more behind it by older; nil: none
	hungry     int     // tasks that wait for memory
	pageWriter bool    // the mapped page writer is at work

	express, regular []work
	working          int // worker threads that have work
}

// slabs are where the objects come from that each open makes.
type slabs struct {
	maps     *slab.Slab[SharedCacheMap]
	privates *slab.Slab[PrivateCacheMap]
	views    *slab.Slab[vacb]
	fetches  *slab.Slab[fetch]
}

// New makes a Cache Manager, or says what is wrong with cfg.
func New(r rt.Runtime, cfg Config, tr *trace.Actor) (*Manager, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	m := &Manager{
		rt: r, cfg: cfg, tr: tr, mu: r.NewMutex(), room: r.NewEvent(rt.Notification),
		maxPages: int(cfg.CacheSize / int64(cfg.PageSize)), maps: make([]*SharedCacheMap, 0, 16),
		slabs: slabs{
			maps: slab.From[SharedCacheMap](r), privates: slab.From[PrivateCacheMap](r),
			views: slab.From[vacb](r), fetches: slab.From[fetch](r),
		},
	}
	m.lru.init()
	return m, nil
}

// NewMap sets up the shared cache map of a file of the given size, all of it valid
// data. The name appears in traces.
func (m *Manager) NewMap(name string, b BackingStore, size int64) *SharedCacheMap {
	s := m.slabs.maps.Next()
	s.m, s.name, s.backing = m, name, b
	s.fileSize, s.validData, s.granularity = size, size, m.cfg.ReadAheadGranularity
	s.mu, s.writing = m.rt.NewMutex(), m.rt.NewResource()
	m.mu.Lock()
	m.listLocked(s)
	m.mu.Unlock()
	return s
}

// listLocked puts a map on the lazy writer's list, unless it is there.
func (m *Manager) listLocked(s *SharedCacheMap) {
	if !s.listed {
		s.listed = true
		m.maps = append(m.maps, s)
	}
}

func (m *Manager) unlistLocked(s *SharedCacheMap) {
	if i := slices.Index(m.maps, s); i >= 0 {
		m.maps = slices.Delete(m.maps, i, i+1)
	}
	s.listed = false
}

// Forget drops a map that has no dirty pages from the lazy writer's list.
func (m *Manager) Forget(s *SharedCacheMap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unlistLocked(s)
}

// DirtyPages returns how many pages of all files are dirty.
func (m *Manager) DirtyPages() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dirtyPages
}

// shortLocked reports whether somebody waits for pages to become clean.
func (m *Manager) shortLocked() bool { return len(m.deferred) > 0 || m.hungry > 0 }
