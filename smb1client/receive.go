package smb1client

import (
	"errors"
	"fmt"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// receive is the circuit's receive task. It never waits for anything but the
// transport, so that a handler that waits for a reply cannot deadlock it.
func (c *Client) receive() {
	defer c.stopped.Set()
	for {
		b, err := c.conn.Recv()
		if err != nil {
			c.lose(nil, nt.StatusUnexpectedNetworkError, err)
			return
		}
		if err := c.dispatch(b); err != nil {
			c.lose(nil, nt.StatusInvalidNetworkResponse, err)
			return
		}
	}
}

// dispatch hands a message to whom it is for. An error means that the peer cannot be
// trusted any further.
func (c *Client) dispatch(b []byte) error {
	if taken, err := c.rawBlock(b); taken || err != nil {
		return err
	}
	c.markInterim(b)
	m, err := c.parser.Parse(b)
	if err != nil {
		return err
	}
	c.traceRecv(m)
	if !m.Header.IsReply() {
		return c.unasked(m)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w, err := c.mux.match(m.Header.MID, m.Header.Command)
	switch {
	case err == nil:
	case errors.Is(err, errLateReply):
		c.drops.Late++
		return nil
	case errors.Is(err, errUnknownMID):
		c.drops.UnknownMID++
		return nil
	default:
		return fmt.Errorf("%w: %v to a request of %v", err, m.Header.Command, w.command)
	}
	if w.gather != nil {
		if m, err = w.gather.add(m); m == nil {
			return err
		}
	}
	c.takeDataLocked(w, m, b)
	c.noteCreateLocked(w, m)
	c.mux.finish(w)
	w.complete(m, nil)
	return nil
}

// takeDataLocked copies the data of a READ_ANDX to where its caller wants it, and is done
// with the message that brought it.
func (c *Client) takeDataLocked(w *call, m *smbwire.Message, b []byte) {
	if r, ok := m.Chain[0].(*smbwire.ReadAndXResponse); ok && w.into != nil && len(r.Data) <= len(w.into) {
		r.Data = w.into[:copy(w.into, r.Data)]
		c.rt.Free(b)
	}
}

// noteCreateLocked registers the FID that the reply of a create brings, before any
// message behind it is looked at.
func (c *Client) noteCreateLocked(w *call, m *smbwire.Message) {
	if w.tree == nil {
		return
	}
	if r, ok := m.Chain[0].(*smbwire.NTCreateAndXResponse); ok {
		f := c.slabs.files.Next()
		f.fid, f.tree, f.oplock = r.FID, w.tree, r.Oplock
		c.files.opened(f)
	}
	c.files.createEnded()
}

// unasked takes an oplock break, the only request that a server may send.
//
// src: [MS-CIFS] §3.2.5.1, §3.2.5.42
func (c *Client) unasked(m *smbwire.Message) error {
	r, ok := m.Chain[0].(*smbwire.LockingAndXRequest)
	if !ok || r.Type&smbwire.LockOplockRelease == 0 {
		return fmt.Errorf("%v is not a reply", m.Header.Command)
	}
	c.mu.Lock()
	f, ok := c.files.broken(r.FID, r.BreakTo())
	if !ok {
		c.drops.Breaks++
	}
	c.mu.Unlock()
	c.startBreaks(f)
	return nil
}

// startBreaks starts a task for the breaks of f, if f is not nil. Each file with
// breaks has one, so that they stay in order and no file waits for another.
func (c *Client) startBreaks(f *openFile) {
	if f != nil {
		c.rt.Go("smb oplock break", func() { c.runBreaks(f) })
	}
}

func (c *Client) runBreaks(f *openFile) {
	h := nt.FileHandle{Circuit: c.opt.Circuit, FID: uint16(f.fid)}
	for {
		c.mu.Lock()
		level, ok := c.files.next(f)
		handler, dead := f.tree.handler, c.dead != nil
		c.mu.Unlock()
		switch {
		case !ok || dead:
			return
		case handler != nil:
			handler.OnBreak(h, level)
		default:
			// Nobody caches anything, so there is nothing to do first. An error means
			// that the circuit is dead, and the oplock with it.
			_ = f.tree.AckBreak(h, level)
		}
	}
}
