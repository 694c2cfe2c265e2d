package tcplink

import "time"

// window holds a direction to the bytes that TCP lets be under way: it keeps when
// each of the last segments will have been acknowledged.
type window struct {
	size   int
	held   int // bytes in flying
	flying []flight
	last   time.Time // when the last segment was admitted
}

type flight struct {
	n       int
	ackedAt time.Time
}

// admit returns when a segment of n bytes that is ready at that time may go.
func (w *window) admit(ready time.Time, n int) time.Time {
	if w.last.After(ready) {
		ready = w.last
	}
	gone := 0
	for _, f := range w.flying {
		if w.held+n <= w.size && f.ackedAt.After(ready) {
			break
		}
		if f.ackedAt.After(ready) {
			ready = f.ackedAt
		}
		w.held -= f.n
		gone++
	}
	w.flying = append(w.flying[:0], w.flying[gone:]...)
	w.last = ready
	return ready
}

// sent notes a segment under way.
func (w *window) sent(n int, ackedAt time.Time) {
	w.held += n
	w.flying = append(w.flying, flight{n, ackedAt})
}
