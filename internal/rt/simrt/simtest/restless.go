package simtest

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Restless returns a runtime on r whose tasks are suspended wherever they unlock a mutex or
// release a resource: with a shuffling kernel each seed is one way in which tasks that
// run in parallel can meet.
func Restless(r rt.Runtime) rt.Runtime { return restless{r, new(int)} }

type restless struct {
	rt.Runtime
	held *int // mutexes, by the running task: it cannot be suspended with one
}

type restlessMutex struct {
	rt.Mutex
	restless
}

type restlessResource struct {
	rt.Resource
	restless
}

func (r restless) NewMutex() rt.Mutex       { return restlessMutex{r.Runtime.NewMutex(), r} }
func (r restless) NewResource() rt.Resource { return restlessResource{r.Runtime.NewResource(), r} }

// pause lets others run, now and then for long.
func (r restless) pause() {
	switch {
	case *r.held > 0:
	case r.Rand("pause").IntN(8) == 0:
		r.Sleep(time.Millisecond)
	default:
		r.Sleep(0)
	}
}

func (m restlessMutex) Lock() {
	m.Mutex.Lock()
	*m.held++
}

func (m restlessMutex) Unlock() {
	*m.held--
	m.Mutex.Unlock()
	m.pause()
}

func (s restlessResource) Release() {
	s.Resource.Release()
	s.pause()
}
