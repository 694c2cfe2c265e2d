package indexlast

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Policy holds every CLOSE until all earlier writes, of any file, are answered.
type Policy struct {
	files rdr.FlushOnClose // what is sent of each file, and in which order
}

// New returns the policy with the built-in policies' window.
func New() Policy { return Policy{rdr.FlushOnClose{Window: rdr.StockWindow()}} }

// Awaits is false for writes, unlocks and closes: they return at once, as NT's do. So does
// a deletion, whose search has found the file. What else is queued is called for its answer.
func (Policy) Awaits(call, op rdr.Op) bool {
	switch call.Kind {
	case rdr.OpWrite, rdr.OpUnlock, rdr.OpClose, rdr.OpDelete:
		return false
	default:
		return call.Seq == op.Seq
	}
}

// Next sends each file's changes as FlushOnClose does, side by side, but for a CLOSE that
// a write of any file still precedes.
func (p Policy) Next(q rdr.Queue, now time.Time) (send []int, wake time.Time) {
	send, wake = p.files.Next(q, now)
	write := firstWrite(q)
	return slices.DeleteFunc(send, func(i int) bool {
		return q.Op(i).Kind == rdr.OpClose && i > write
	}), wake
}

// firstWrite is the position of the oldest write, or behind the end.
func firstWrite(q rdr.Queue) int {
	for i := range q.Len() {
		if q.Op(i).Kind == rdr.OpWrite {
			return i
		}
	}
	return q.Len()
}

// Stops is true: a close that follows a write which is lost must not announce it.
func (Policy) Stops(_, _ rdr.Op) bool { return true }
