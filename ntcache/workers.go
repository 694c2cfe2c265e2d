package ntcache

import "slices"

// work is something for a worker thread to do. A file has one thread at most, but for
// express work: who waits for another flush of the same file waits without one.
type work struct {
	s    *SharedCacheMap // nil: of no file
	what string          // the task's name, and whose work it is
	whom string
	run  func()
}

// postLocked queues regular work: write-behind and lazy closes.
func (m *Manager) postLocked(s *SharedCacheMap, what string, run func()) {
	m.regular = append(m.regular, work{s, what, s.name, run})
	m.dispatchLocked()
}

// postExpressLocked queues express work, which is read-ahead and goes first.
//
// src: Windows Internals 4th ed., ch. 11 (express and regular queue)
func (m *Manager) postExpressLocked(what, whom string, run func()) {
	m.express = append(m.express, work{nil, what, whom, run})
	m.dispatchLocked()
}

// WriteBehind runs f, which flushes s behind its application, when one of the worker
// threads is free. It does not block.
func (m *Manager) WriteBehind(s *SharedCacheMap, f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.postLocked(s, "write-behind", f)
}

// dispatchLocked gives queued work to free worker threads.
func (m *Manager) dispatchLocked() {
	for m.working < m.cfg.ConcurrentFileFlushes {
		w, ok := m.nextWorkLocked()
		if !ok {
			return
		}
		m.working++
		m.rt.GoFor(w.what, w.whom, func() {
			w.run()
			m.mu.Lock()
			defer m.mu.Unlock()
			m.working--
			if w.s != nil {
				w.s.busy = false
			}
			m.dispatchLocked()
		})
	}
}

// nextWorkLocked takes the first work of the queues that may go on now.
func (m *Manager) nextWorkLocked() (work, bool) {
	for _, q := range [...]*[]work{&m.express, &m.regular} {
		i := slices.IndexFunc(*q, func(w work) bool { return w.s == nil || !w.s.busy })
		if i < 0 {
			continue
		}
		w := (*q)[i]
		*q = slices.Delete(*q, i, i+1)
		if w.s != nil {
			w.s.busy = true
		}
		return w, true
	}
	return work{}, false
}
