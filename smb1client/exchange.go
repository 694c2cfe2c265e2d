package smb1client

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// call is a request outstanding.
type call struct {
	command smbwire.Command
	mid     smbwire.MID
	tree    *Tree         // of a create whose FID is to be registered, else nil
	rawMax  int           // of a READ_RAW: most bytes that may come, else 0
	due     time.Duration // when its time is over, by the runtime's Elapsed; guarded by Client.mu
	gather  *gathering    // of a TRANSACTION2
	into    []byte        // where the data of a READ_ANDX goes, before anything of done is set
	done    rt.Event
	reply   *smbwire.Message // valid once done is set
	block   []byte           // what a READ_RAW brought; valid once done is set
	err     error            // valid once done is set

	unanswered bool // there is no reply to come

	// Of a request that waits at the server, and on which file.
	longTerm bool
	owner    *Tree
	fid      smbwire.FID
}

func (c *Client) newCall(command smbwire.Command) *call {
	w := c.slabs.calls.Next()
	w.command, w.due, w.done = command, rt.Forever, c.rt.NewEvent(rt.Notification)
	return w
}

// complete hands the result to the waiter. The call has been taken out of the mux, so
// nobody else completes it.
func (w *call) complete(reply *smbwire.Message, err error) {
	w.reply, w.err = reply, err
	w.done.Set()
}

// Exchange sends req, whose MID it chooses, and returns the reply, whatever its
// status. It waits while as many requests are outstanding as the circuit may have;
// requests leave in the order of the calls. The error is an *Error: StatusIOTimeout
// if this request's timer ended the circuit, StatusUnexpectedNetworkError if
// something else did meanwhile, StatusInvalidNetworkResponse if the peer talks
// nonsense, StatusNetworkNameDeleted if the circuit was dead before. The reply of a
// TRANSACTION2 is put together from its parts.
func (c *Client) Exchange(req *Message) (*Message, error) { return c.exchange(req, nil) }

func (c *Client) exchange(req *smbwire.Message, t *Tree) (*smbwire.Message, error) {
	w := c.callFor(req)
	w.tree = t
	return c.do(req, w)
}

// callFor returns what waits for the reply of req.
func (c *Client) callFor(req *smbwire.Message) *call {
	w := c.newCall(commandOf(req))
	if w.command == smbwire.CmdTransaction2 {
		w.gather = &gathering{}
	}
	return w
}

// do is exchange for a call that has been made ready.
func (c *Client) do(req *smbwire.Message, w *call) (*smbwire.Message, error) {
	c.enter()
	defer c.leave()
	c.slots.Acquire(rt.Forever)
	defer c.slots.Release()
	return c.await(req, w)
}

// doNow is do without a permit.
func (c *Client) doNow(req *smbwire.Message, w *call) (*smbwire.Message, error) {
	c.enter()
	defer c.leave()
	return c.await(req, w)
}

func (c *Client) await(req *smbwire.Message, w *call) (*smbwire.Message, error) {
	if err := c.send(req, w); err != nil {
		return nil, err
	}
	w.done.Wait(rt.Forever)
	return w.reply, w.err
}

// post sends req without waiting for a reply and without a permit: it is for what
// the server does not answer, and must get through while all permits are taken.
func (c *Client) post(req *smbwire.Message) error {
	c.enter()
	defer c.leave()
	w := c.newCall(commandOf(req))
	w.unanswered = true
	if err := c.send(req, w); err != nil {
		return err
	}
	return c.Err()
}

func commandOf(req *smbwire.Message) smbwire.Command {
	if len(req.Chain) == 0 {
		return smbwire.CmdNoAndX
	}
	return req.Chain[0].Command()
}

// send puts req on the transport. Once it returns nil, w will be completed, if there is a
// reply to come.
func (c *Client) send(req *smbwire.Message, w *call) error {
	c.sending.AcquireExclusive()
	defer c.sending.Release()
	return c.sendLocked(req, w)
}

// sendLocked is send for one who holds sending.
func (c *Client) sendLocked(req *smbwire.Message, w *call) error {
	m, err := c.encode(req)
	if err != nil {
		return err
	}
	if err := c.register(w, len(c.out)+expectedData(m)); err != nil {
		return err
	}
	c.transmit(m, w.mid)
	return nil
}

// put sends a message for whose MID somebody waits already. The caller holds sending.
func (c *Client) put(req *smbwire.Message, mid smbwire.MID) error {
	m, err := c.encode(req)
	if err != nil {
		return err
	}
	c.transmit(m, mid)
	return c.Err()
}

// encode leaves req in out and returns it for transmit. That the circuit is dead is the
// better reason for an error.
func (c *Client) encode(req *smbwire.Message) (*smbwire.Message, error) {
	m := &c.present
	*m = *req
	b, err := c.enc.Append(c.out[:0], m)
	if err == nil && c.server.maxBuffer > 0 && len(b) > c.server.maxBuffer {
		err = fmt.Errorf("%d bytes are more than the server's buffer of %d", len(b), c.server.maxBuffer)
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, cmp.Or[error](c.dead, &nt.Error{Op: commandOf(req).String(), Status: nt.StatusInvalidParameter, Err: err})
	}
	c.out = b
	return m, nil
}

// transmit sends what encode left in out and returned as m.
func (c *Client) transmit(m *smbwire.Message, mid smbwire.MID) {
	m.Header.MID = mid
	binary.LittleEndian.PutUint16(c.out[offMID:], uint16(mid))
	c.traceSend(m)
	if err := c.conn.Send(c.out); err != nil {
		c.lose(nil, nt.StatusUnexpectedNetworkError, err)
	}
}

// register gives w a MID, and time for bytes; without a reply to come the MID is
// quarantined at once.
func (c *Client) register(w *call, bytes int) error {
	timeout := c.timeout(w, bytes)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return c.dead
	}
	if err := c.mux.add(w); err != nil {
		return &nt.Error{Op: w.command.String(), Status: nt.StatusTooManyCommands, Err: err}
	}
	if w.tree != nil {
		c.files.creating++
	}
	if w.unanswered {
		c.mux.abandon(w)
	}
	c.startTimerLocked(w, timeout)
	return nil
}

// errorFor gives err the operation and the path that the caller knows.
func errorFor(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*nt.Error](err); ok {
		return &nt.Error{Op: op, Path: path, Status: e.Status, Err: e.Err}
	}
	return &nt.Error{Op: op, Path: path, Status: nt.StatusUnsuccessful, Err: err}
}
