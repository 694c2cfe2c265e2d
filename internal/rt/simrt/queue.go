package simrt

// readyQueue is a ring of tasks, first in first out.
type readyQueue struct {
	ring []*task // length 0 or a power of two
	head int
	n    int
}

func (q *readyQueue) len() int { return q.n }

func (q *readyQueue) push(t *task) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = t
	q.n++
}

func (q *readyQueue) pop() *task {
	if q.n == 0 {
		return nil
	}
	t := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return t
}

// bringForward exchanges the first task with the i-th.
func (q *readyQueue) bringForward(i int) {
	j := (q.head + i) & (len(q.ring) - 1)
	q.ring[q.head], q.ring[j] = q.ring[j], q.ring[q.head]
}

func (q *readyQueue) grow() {
	ring := make([]*task, max(16, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
