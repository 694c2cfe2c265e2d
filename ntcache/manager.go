package ntcache

import (
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// BackingStore is how the Cache Manager sees a file: paging reads and writes, and
// the file system's consent before the lazy writer touches the file.
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
}

// Manager is the Cache Manager of one machine.
type Manager struct {
	rt    rt.Runtime
	cfg   Config
	tr    *trace.Actor
	slots rt.Semaphore // ConcurrentFileFlushes

	mu         rt.Mutex
	maps       []*SharedCacheMap // in order of creation: the lazy writer's order
	dirtyPages int               // the sum over maps
	lazyActive bool              // a scan is armed or running
}

// New makes a Cache Manager, or says what is wrong with cfg.
func New(r rt.Runtime, cfg Config, tr *trace.Actor) (*Manager, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Manager{rt: r, cfg: cfg, tr: tr, mu: r.NewMutex(), slots: r.NewSemaphore(cfg.ConcurrentFileFlushes)}, nil
}

// NewMap sets up the shared cache map of a file of the given size, all of it valid
// data. The name appears in traces.
func (m *Manager) NewMap(name string, b BackingStore, size int64) *SharedCacheMap {
	s := &SharedCacheMap{
		m: m, name: name, backing: b, fileSize: size, validData: size,
		mu: m.rt.NewMutex(), writing: m.rt.NewResource(), turn: m.rt.NewResource(), pages: map[int64]*page{},
	}
	m.mu.Lock()
	m.maps = append(m.maps, s)
	m.mu.Unlock()
	return s
}

// Forget drops a map that has no dirty pages from the lazy writer's list.
func (m *Manager) Forget(s *SharedCacheMap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, have := range m.maps {
		if have == s {
			m.maps = append(m.maps[:i], m.maps[i+1:]...)
			return
		}
	}
}

// DirtyPages returns how many pages of all files are dirty.
func (m *Manager) DirtyPages() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dirtyPages
}

// WriteBehind runs f, which flushes s behind its application, when one of the
// ConcurrentFileFlushes slots is free. It does not block. A file has one slot at most:
// who waits for another flush of the same file waits without one.
func (m *Manager) WriteBehind(s *SharedCacheMap, f func()) {
	m.rt.Go("write-behind "+s.name, func() {
		s.turn.AcquireExclusive()
		defer s.turn.Release()
		m.slots.Acquire(rt.Forever)
		defer m.slots.Release()
		f()
	})
}

// countDirty adds n to the total and wakes the lazy writer from idle.
func (m *Manager) countDirty(n int) {
	m.mu.Lock()
	m.dirtyPages += n
	wake := n > 0 && !m.lazyActive
	if wake {
		m.lazyActive = true
	}
	m.mu.Unlock()
	if wake {
		m.armLazyWriter(m.cfg.LazyFirstDelay)
	}
}
