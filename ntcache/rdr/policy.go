package rdr

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Config names the types of its parameters that are internal, for policies that live
// outside this module.
type (
	// NTStatus is an NTSTATUS value.
	NTStatus = nt.Status
	// Limits is what a circuit's server and transport allow.
	Limits = nt.Limits
)

// WritePolicy decides when calls that change files return, what is sent when, and what a
// failure ends. The redirector acts: with a policy it keeps what applications change in one
// queue a circuit, in the order of their calls, and asks.
//
// A policy is a pure function of what it is shown. It must not keep or change anything, and
// it is called with the redirector's lock held: it must not call back. It can be stricter
// than NT and never laxer: a call that NT could not have answered early, because the open
// gives no right to buffer, waits for its own answer whatever the policy says.
type WritePolicy interface {
	// Awaits reports whether the application's call returns only when the server has
	// answered op. It is asked when the call is made, for the call's own op (the two have
	// one Seq) and for each earlier one that has not been answered. The call returns the
	// first error among those it has awaited. FlushFileBuffers is not asked about: it
	// awaits everything.
	Awaits(call, op Op) bool
	// Next returns the positions in q, ascending, of the ops to be sent now. It is asked
	// whenever the queue has changed, and at wake, if that is not zero. An op that it
	// passes over for ever is never sent. A close goes with the only write of its file in
	// send as one request, which the server executes in order; if they are of two opens, or
	// more of the file is under way, it is left out this time.
	Next(q Queue, now time.Time) (send []int, wake time.Time)
	// Stops reports whether call, queued or made after failed has failed, must fail too.
	// It is asked of failures that no caller was there to be told of. They end when an
	// application has been told and all handles of before have been closed.
	Stops(failed, call Op) bool
}

// OpKind is what an Op does.
type OpKind uint8

// The kinds of Op. All but OpWrite, OpUnlock and OpClose give their caller an answer.
const (
	OpWrite   OpKind = iota
	OpSetSize        // the file's size
	OpUnlock         // of a byte range
	OpClose
	OpOpen   // an open that empties or replaces a file that may exist
	OpDelete // by name
	OpRename // by name
	OpMkdir  // by name
	OpOther  // a call that changes nothing: an open, a query, a flush; never in a queue
)

// Op is a change of a file that is on its way to the server, or a call.
type Op struct {
	Seq     uint64 // order of the calls on the circuit
	Kind    OpKind
	File    uint64 // one number for all ops on the open files of one path; 0: an op by name
	Path    string
	Off     int64     // of a write
	Len     int       // of a write; a request carries it whole
	Sent    bool      // it is on its way
	Awaited bool      // its own call waits for it
	Deletes bool      // a close that deletes the file
	At      time.Time // when it was sent, if it was
}

// overlaps reports whether two writes have bytes in common.
func (o Op) overlaps(p Op) bool {
	return o.Off < p.Off+int64(p.Len) && p.Off < o.Off+int64(o.Len)
}

// Queue is what a circuit's server has not answered yet, oldest first. It is valid during
// the call that it is passed to.
type Queue struct {
	ops  []*op
	link Link
}

// Link is what the redirector knows of the way to the server.
type Link struct {
	Speed       int64         // bytes a second; 0: unknown
	RoundTrip   time.Duration // the quickest answer to a call by name so far; 0: unknown
	Request     int           // most bytes of a write that one request carries
	Outstanding int           // requests that the server takes at once; 0: unknown
}

// Len is how many ops are in the queue.
func (q Queue) Len() int { return len(q.ops) }

// Op is the i-th op, from 0, the oldest.
func (q Queue) Op(i int) Op { return q.ops[i].Op }

// Link is the circuit's.
func (q Queue) Link() Link { return q.link }

// NewQueue makes a queue for a test of a policy.
func NewQueue(l Link, ops ...Op) Queue {
	q := Queue{link: l}
	for _, o := range ops {
		q.ops = append(q.ops, &op{Op: o})
	}
	return q
}

// PolicyName names a built-in policy.
type PolicyName string

// The built-in policies. PolicyNT is NT's own machinery and no WritePolicy.
const (
	PolicyNT             PolicyName = "nt"
	PolicyWriteThrough   PolicyName = "write-through"
	PolicyFlushOnClose   PolicyName = "flush-on-close"
	PolicyOrdered        PolicyName = "ordered"
	PolicyOrderedDurable PolicyName = "ordered-durable"
)

// PolicyNames lists the built-in policies, NT's first.
func PolicyNames() []PolicyName {
	return []PolicyName{PolicyNT, PolicyWriteThrough, PolicyFlushOnClose, PolicyOrdered, PolicyOrderedDurable}
}

// BuiltinPolicy returns a built-in policy with a window; nil and true for PolicyNT.
func BuiltinPolicy(name PolicyName, w Window) (p WritePolicy, ok bool) {
	switch name {
	case PolicyNT:
		return nil, true
	case PolicyWriteThrough:
		return WriteThrough{w}, true
	case PolicyFlushOnClose:
		return FlushOnClose{w}, true
	case PolicyOrdered:
		return Ordered{Window: w}, true
	case PolicyOrderedDurable:
		return Ordered{Window: w, Durable: true}, true
	}
	return nil, false
}
