package smb1client

import (
	"errors"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Client is one virtual circuit to a server: a transport connection on which a
// dialect has been negotiated. Its methods may be used by many tasks at once.
type Client struct {
	rt      rt.Runtime
	conn    link.Conn
	opt     Options
	server  serverInfo      // written by Connect before it returns
	slots   rt.Semaphore    // one permit for each request outstanding
	sending rt.Resource     // held from the choice of a MID until the message is sent
	enc     smbwire.Encoder // guarded by sending, as the next two
	out     []byte          // what enc has written
	present smbwire.Message // what it has written it from
	parser  smbwire.Parser  // of the receive task
	slabs   *slabs
	stopped rt.Event       // the receive task has ended
	mu      rt.Mutex       // guards what follows; never held across a wait
	mux     mux            // +checklocks:mu
	alarm   alarm          // +checklocks:mu
	files   fileTable      // +checklocks:mu
	trees   []*Tree        // in the order of their connection; +checklocks:mu
	dead    error          // what calls get once the circuit is down; +checklocks:mu
	why     *nt.Error      // why it is down; +checklocks:mu
	users   int            // tasks that have a request outstanding, or wait to send one; +checklocks:mu
	drops   Discarded      // +checklocks:mu
	flags2  smbwire.Flags2 // of each request; written by Connect before it returns
}

// slabs are where the objects come from that each request makes.
type slabs struct {
	calls    *slab.Slab[call]
	messages *slab.Slab[request]
	creates  *slab.Slab[smbwire.NTCreateAndXRequest]
	reads    *slab.Slab[smbwire.ReadAndXRequest]
	writes   *slab.Slab[smbwire.WriteAndXRequest]
	closes   *slab.Slab[smbwire.CloseRequest]
	files    *slab.Slab[openFile]
}

func newSlabs(runtime any) *slabs {
	return &slabs{
		calls: slab.From[call](runtime), messages: slab.From[request](runtime),
		creates: slab.From[smbwire.NTCreateAndXRequest](runtime),
		reads:   slab.From[smbwire.ReadAndXRequest](runtime),
		writes:  slab.From[smbwire.WriteAndXRequest](runtime),
		closes:  slab.From[smbwire.CloseRequest](runtime),
		files:   slab.From[openFile](runtime),
	}
}

// Discarded counts what arrived and was of no use.
type Discarded struct {
	UnknownMID int // replies to no request
	Late       int // replies to requests that had been given up
	Breaks     int // oplock breaks of files that are not open
}

// Connect negotiates a dialect on conn and starts the circuit's receive task. On
// error conn is closed.
func Connect(conn Conn, opt Options) (*Client, error) {
	if err := opt.validate(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	r := opt.Runtime
	c := &Client{
		rt: r, conn: conn, opt: opt,
		slots: r.NewSemaphore(1), sending: r.NewResource(), stopped: r.NewEvent(rt.Notification),
		mu: r.NewMutex(), alarm: alarm{at: rt.Forever}, files: newFileTable(),
		out: r.Bytes(opt.MaxBufferSize)[:0], parser: smbwire.NewParser(r),
		slabs: slab.SetFrom(r, newSlabs),
	}
	r.Go("smb receive", c.receive)
	if err := c.negotiate(); err != nil {
		_ = c.Close() // the negotiation's error says more
		return nil, err
	}
	c.slots = r.NewSemaphore(min(opt.MaxCmds, c.server.maxMpx))
	c.opt.Trace.Emit(trace.Event{Kind: trace.CircuitUp, Text: c.server.dialect})
	return c, nil
}

// Close ends the circuit: requests outstanding fail, open files die at the server,
// no handler is told. It returns when the receive task has ended, and must not be
// called from a function given to AfterFunc.
func (c *Client) Close() error {
	var err error
	if c.shut(nil, nt.StatusConnectionDisconnected, nt.StatusConnectionDisconnected, link.ErrClosed) {
		err = c.conn.Close()
	}
	c.stopped.Wait(rt.Forever)
	return err
}

// Err returns why the circuit is down, nil while it is up. Its status tells a request
// that timed out (StatusIOTimeout) from other reasons.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == nil {
		return nil
	}
	return c.why
}

// Discarded returns what the circuit received and threw away.
func (c *Client) Discarded() Discarded {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// lose ends the circuit because of cause: every waiter gets status, later calls
// StatusNetworkNameDeleted, and the handlers are told on a task of their own. It
// never blocks. If culprit is not nil, nothing happens unless it still waits; it
// gets StatusIOTimeout.
//
// src: [MS-CIFS] §3.2.6.1, §3.2.7.1
func (c *Client) lose(culprit *call, status nt.Status, cause error) {
	if !c.shut(culprit, status, nt.StatusNetworkNameDeleted, cause) {
		return
	}
	c.rt.Go("smb circuit lost", func() {
		_ = c.conn.Close() // the circuit is dead already, and why is known
		why := c.Err()
		for _, h := range c.handlers() {
			h.OnCircuitLost(why)
		}
	})
}

// shut marks the circuit dead and releases every waiter. It reports whether this
// call did it, so that what follows is done once.
func (c *Client) shut(culprit *call, status, later nt.Status, cause error) bool {
	c.mu.Lock()
	if c.dead != nil || culprit != nil && !c.mux.has(culprit) {
		c.mu.Unlock()
		return false
	}
	c.dead = &nt.Error{Op: "circuit", Status: later, Err: cause}
	c.why = &nt.Error{Op: "circuit", Status: status, Err: cause}
	if culprit != nil {
		c.why.Status = nt.StatusIOTimeout // so that a timeout can be told from an error
	}
	waiters := c.mux.drain()
	if c.alarm.timer != nil {
		c.alarm.timer.Stop()
	}
	c.mu.Unlock()
	if culprit != nil {
		c.opt.Trace.Emit(trace.Event{Kind: trace.TimerFire, Op: culprit.command.String(), MID: uint16(culprit.mid)})
	}
	c.opt.Trace.Emit(trace.Event{Kind: trace.CircuitDown, Text: cause.Error()})
	for _, w := range waiters {
		st := status
		if w == culprit {
			st = nt.StatusIOTimeout
		}
		w.complete(nil, &nt.Error{Op: w.command.String(), Status: st, Err: cause})
	}
	return true
}

// handlers returns the handler of each tree that has one, in the order of their
// connection.
func (c *Client) handlers() []nt.CircuitHandler {
	c.mu.Lock()
	defer c.mu.Unlock()
	var hs []nt.CircuitHandler
	for _, t := range c.trees {
		if t.handler != nil {
			hs = append(hs, t.handler)
		}
	}
	return hs
}
