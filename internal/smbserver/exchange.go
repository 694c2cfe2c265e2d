package smbserver

import (
	"errors"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// exchange is a request on its way to its reply.
type exchange struct {
	cir   *circuit
	req   *smbwire.Message
	frame []byte // that req was parsed from
	at    int    // index of the present command in the chain
	tid   smbwire.TID
	uid   smbwire.UID
	tree  *tree     // of the present command
	made  *openFile // what an open in this chain has opened
	reply []smbwire.Body
	room  [1]smbwire.Body // of reply, for most
	lent  [][]byte        // what the reply refers to
	data  [1][]byte       // the room of lent, for most

	// Why it is parked, and what it has gone through for the present command.
	due      time.Duration // when to try again, or to give up waiting for the break
	awaits   *fcb          // whose oplock is being broken; nil: a sharing violation
	attempts int           // sharing violations met
	overdue  bool          // the holder of the oplock did not answer in time
	done     int           // files that a wildcard has dealt with
	lockOf   *openFile     // the FID that a lock is awaited on, else nil
	watching *openFile     // the directory that a change is awaited in, else nil
	verdict  nt.Status     // how a wait was ended, if it was
	ended    bool          // the directory that changes were awaited in was closed
}

func (c *core) newExchange(cir *circuit, m *smbwire.Message, frame []byte) *exchange {
	x := c.slabs.exchanges.Next()
	x.cir, x.req, x.frame, x.tid, x.uid = cir, m, frame, m.Header.TID, m.Header.UID
	x.reply, x.lent, x.due = x.room[:0], x.data[:0], never
	return x
}

// run executes the chain from where it stands. The first command that fails ends it.
//
// src: [MS-CIFS] §2.2.3.4
func (c *core) run(x *exchange) {
	for x.at < len(x.req.Chain) {
		body, st := c.attempt(x)
		if x.cir.dead {
			return
		}
		if st == nt.StatusPending {
			if c.parkedOn(x.cir) < c.cfg.Limits.MaxParked {
				c.parked = append(c.parked, x)
				return
			}
			st = nt.StatusInsufficientResources
		}
		if body == nil && st != nt.StatusSuccess {
			body = c.failure(x, x.req.Chain[x.at].Command())
		}
		if body != nil {
			x.reply = append(x.reply, body)
		}
		if st != nt.StatusSuccess {
			c.answer(x, st)
			return
		}
		x.nextCommand()
	}
	c.answer(x, nt.StatusSuccess)
}

// attempt tries the present command.
func (c *core) attempt(x *exchange) (smbwire.Body, nt.Status) {
	if x.verdict != nt.StatusSuccess {
		return nil, x.verdict
	}
	if x.ended {
		return &smbwire.NTTransactResponse{}, nt.StatusSuccess
	}
	return c.dispatch(x, x.req.Chain[x.at])
}

func (x *exchange) nextCommand() {
	x.at++
	x.lockOf, x.watching = nil, nil
	x.due, x.awaits, x.attempts, x.overdue, x.done = never, nil, 0, false, 0
}

// answer sends the reply, unless the request has none. Nobody needs the bytes of either
// any more.
func (c *core) answer(x *exchange, st nt.Status) {
	if len(x.reply) > 0 {
		c.present = smbwire.Message{Header: x.req.Header.Reply(st), Chain: x.reply}
		c.present.Header.TID, c.present.Header.UID = x.tid, x.uid
		c.send(x.cir, &c.present)
	}
	c.memory.Free(x.frame)
	for _, b := range x.lent {
		c.memory.Free(b)
	}
}

func (c *core) parkedOn(cir *circuit) (n int) {
	for _, x := range c.parked {
		if x.cir == cir {
			n++
		}
	}
	return n
}

// trySharingAgain parks a request that met a sharing violation, or gives up.
//
// src: KB Q150384
func (c *core) trySharingAgain(x *exchange) nt.Status {
	if x.attempts >= c.cfg.SharingViolationRetries {
		return nt.StatusSharingViolation
	}
	x.attempts++
	x.due, x.awaits = after(c.now, c.cfg.SharingViolationDelay), nil
	return nt.StatusPending
}

// expire finds the parked requests whose time has come.
func (c *core) expire() {
	for _, x := range slices.Clone(c.parked) {
		switch {
		case x.due > c.now || !slices.Contains(c.parked, x):
		case x.lockOf != nil:
			x.overdue = true
			c.makeReady(x)
		case x.awaits == nil:
			x.due = never // should it wait for something else next
			c.makeReady(x)
		default:
			c.breakTimedOut(x)
		}
	}
}

// makeReady has a parked request resumed at the end of the step.
func (c *core) makeReady(x *exchange) {
	c.parked = slices.DeleteFunc(c.parked, func(other *exchange) bool { return other == x })
	c.ready = append(c.ready, x)
}

// resume runs what has become ready; running it may make more ready.
func (c *core) resume() {
	for len(c.ready) > 0 {
		x := c.ready[0]
		c.ready = c.ready[1:]
		if !x.cir.dead {
			c.run(x)
		}
	}
}

// statusOf finds the status in an error.
func statusOf(err error) nt.Status {
	if err == nil {
		return nt.StatusSuccess
	}
	if e, ok := errors.AsType[*nt.Error](err); ok {
		return e.Status
	}
	if st, ok := errors.AsType[nt.Status](err); ok {
		return st
	}
	return nt.StatusUnsuccessful
}
