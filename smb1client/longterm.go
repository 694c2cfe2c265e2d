package smb1client

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// A long-term request waits at the server for something to happen. It has no timer
// and keeps its permit until it is answered.
//
// src: [MS-CIFS] §3.2.6.1; KB Q191370
func (t *Tree) longTerm(op string, fid smbwire.FID, body smbwire.Body) (*smbwire.Message, error) {
	w := t.c.newCall(body.Command())
	w.longTerm, w.fid, w.owner = true, fid, t
	reply, err := t.c.do(t.s.message(t.tid, body), w)
	return reply, errorFor(op, "", err)
}

// notifyParams is how many bytes of changes the client takes; they fit into one
// message of the smallest buffer that NT uses.
//
// src: KB Q136150 (buffer of 4356)
const notifyParams = 4096

// NotifyChange waits until something that filter asks for happens in the directory
// dir, or below it if tree is set, and returns what. No changes and no error mean
// that there were too many: list the directory. It can wait for ever; CancelWaits
// ends it with StatusCancelled, Close of dir with no changes or a status of its own.
//
// src: [MS-CIFS] §3.2.4.39
func (t *Tree) NotifyChange(dir FileHandle, filter nt.NotifyFilter, tree bool) ([]nt.Change, error) {
	const op = "notify change"
	fid, err := t.fid(op, dir)
	if err != nil {
		return nil, err
	}
	req := smbwire.NotifyChangeRequest{
		Filter: filter, FID: fid, WatchTree: tree,
		MaxParams: uint32(min(notifyParams, t.c.buffer()-notifyOverhead)),
	}
	reply, err := t.longTerm(op, fid, req.Request())
	if err != nil {
		return nil, err
	}
	switch st := reply.Header.NTStatus(); st {
	case nt.StatusSuccess:
	case nt.StatusNotifyEnumDir:
		return nil, nil
	default:
		return nil, &nt.Error{Op: op, Status: st}
	}
	r, ok := reply.Chain[0].(*smbwire.NTTransactResponse)
	if !ok || !r.Complete() {
		return nil, badReply(op)
	}
	changes, err := smbwire.DecodeChanges(r.Params)
	if err != nil {
		return nil, malformedReply(op, "", err)
	}
	return changes, nil
}

// notifyOverhead is what a reply needs beside the changes: header, words, byte count
// and padding.
//
// src: [MS-CIFS] §2.2.4.62.2
const notifyOverhead = smbwire.HeaderSize + 1 + 36 + 2 + 3

// CancelWaits asks the server to end what h waits for: locks and changes. The calls
// that wait get StatusCancelled, for a lock perhaps StatusFileLockConflict, if nothing
// else has ended them before. It does not wait for that, needs no permit, and does
// nothing if nothing waits.
//
// src: [MS-CIFS] §3.2.4.28
func (t *Tree) CancelWaits(h FileHandle) error {
	const op = "cancel"
	fid, err := t.fid(op, h)
	if err != nil {
		return err
	}
	for _, w := range t.c.waitsOf(t, fid) {
		if err := t.c.cancel(t.s.message(t.tid, &smbwire.NTCancelRequest{}), w); err != nil {
			return errorFor(op, "", err)
		}
	}
	return nil
}

// waitsOf returns the long-term requests on a file, in the order of their calls.
func (c *Client) waitsOf(t *Tree, fid smbwire.FID) []*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.mux.waiting), func(w *call) bool { return !w.longTerm || w.owner != t || w.fid != fid })
}

// cancel sends a message that has the MID of w and gets no reply of its own.
func (c *Client) cancel(req *smbwire.Message, w *call) error {
	c.enter()
	defer c.leave()
	c.sending.AcquireExclusive()
	defer c.sending.Release()
	c.mu.Lock()
	pending := c.mux.has(w)
	c.mu.Unlock()
	if !pending {
		return nil
	}
	return c.put(req, w.mid)
}

// LongTerm tells how many long-term requests the circuit has outstanding.
func (t *Tree) LongTerm() int {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	n := 0
	for _, w := range t.c.mux.waiting {
		if w.longTerm {
			n++
		}
	}
	return n
}

// lockTimeout is the Timeout of a LOCKING_ANDX: whole milliseconds, at least one
// unless there is to be no wait, and -1 for ever.
//
// src: [MS-CIFS] §2.2.4.32.1
func lockTimeout(wait time.Duration) time.Duration {
	const most = time.Duration(1<<31-1) * time.Millisecond
	switch {
	case wait < 0 || wait == rt.Forever:
		return -time.Millisecond
	case wait > most:
		return most
	}
	return (wait + time.Millisecond - 1).Truncate(time.Millisecond)
}
