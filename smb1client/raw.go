package smb1client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// MaxRawInline is the most data that a WriteRaw may send in the request itself.
//
// src: KB Q102981 (UseWriteRawData: "up to 4 KB")
const MaxRawInline = 4096

// rawOp is what a raw exchange has in the trace where there is no SMB.
const rawOp = "RAW"

// ReadRaw reads up to len(p) bytes from off as one block without a header. Nothing
// else is sent on the circuit until it has come. With fewer bytes than asked for the
// error is io.EOF. StatusSMBUseStandard means that raw mode is not possible now,
// because the server has not got it or another request is outstanding, in which case
// nothing was sent; or that the server sent nothing. A core read tells why, or does it.
//
// src: [MS-CIFS] §3.2.4.14.1, §3.2.5.16; KB Q152081, Q151996
func (t *Tree) ReadRaw(h FileHandle, p []byte, off int64) (int, error) {
	const op = "read raw"
	fid, wide, err := t.rawRequest(op, h, p, off)
	if err != nil {
		return 0, err
	}
	w := t.c.newCall(smbwire.CmdReadRaw)
	w.rawMax = len(p)
	req := t.s.message(t.tid, &smbwire.ReadRawRequest{FID: fid, Wide: wide, Offset: off, MaxCount: uint16(len(p))})
	if err := t.c.lockRaw(op); err != nil {
		return 0, err
	}
	defer t.c.unlockRaw()
	if err := t.c.sendLocked(req, w); err != nil {
		return 0, errorFor(op, "", err)
	}
	w.done.Wait(rt.Forever)
	switch {
	case w.err != nil:
		return 0, errorFor(op, "", w.err)
	case len(w.block) == 0:
		return 0, useStandard(op, errors.New("the server sent nothing"))
	}
	n := copy(p, w.block)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteRaw writes p at off: the first inline bytes in the request itself, the others
// as one block without a header once the server has asked for it. Nothing else is
// sent on the circuit until that is out. With WriteModeThrough it waits for the
// server to say that it has written; without, a later call on h gets the error.
//
// An error of StatusSMBUseStandard means that raw mode is not possible now: the
// server has not got it or another request is outstanding, and nothing was sent, or
// the server declined. In any case n bytes have been written, and the others are to
// be written by core writes.
//
// src: [MS-CIFS] §3.2.4.15.1, §3.2.5.18; KB Q151996
func (t *Tree) WriteRaw(h FileHandle, p []byte, off int64, m WriteMode, inline int) (n int, err error) {
	const op = "write raw"
	fid, wide, err := t.rawRequest(op, h, p, off)
	if err != nil {
		return 0, err
	}
	if inline < 0 || inline > MaxRawInline || inline >= len(p) {
		return 0, &nt.Error{Op: op, Status: nt.StatusInvalidParameter, Err: fmt.Errorf("%d of %d bytes inline", inline, len(p))}
	}
	req := t.s.message(t.tid, &smbwire.WriteRawRequest{
		FID: fid, Wide: wide, Offset: off, Count: uint16(len(p)), WriteMode: m, Data: p[:inline],
	})
	if err := t.c.lockRaw(op); err != nil {
		return 0, err
	}
	defer t.c.unlockRaw()
	w := t.c.newCall(smbwire.CmdWriteRaw)
	if err := t.c.sendLocked(req, w); err != nil {
		return 0, errorFor(op, "", err)
	}
	w.done.Wait(rt.Forever)
	switch {
	case w.err != nil:
		return 0, errorFor(op, "", w.err)
	case w.reply.Chain[0].Command() != smbwire.CmdWriteRaw || w.reply.Header.NTStatus() != nt.StatusSuccess:
		return rawWritten(op, w.reply, inline)
	}
	return t.sendRaw(op, w, p, inline, m&nt.WriteModeThrough != 0)
}

// sendRaw sends the block, and waits for the last response if there is to be one. It
// comes with the MID of the request.
//
// src: [MS-CIFS] §3.2.5.18
func (t *Tree) sendRaw(op string, first *call, p []byte, inline int, through bool) (int, error) {
	last := t.c.newCall(smbwire.CmdWriteComplete)
	if through {
		if err := t.c.registerAs(last, first.mid, len(p)-inline); err != nil {
			return 0, errorFor(op, "", err)
		}
	}
	t.c.opt.Trace.Emit(trace.Event{Kind: trace.SMBSend, Op: rawOp, MID: uint16(first.mid), Len: int64(len(p) - inline)})
	if err := t.c.conn.Send(p[inline:]); err != nil {
		t.c.lose(nil, nt.StatusUnexpectedNetworkError, err)
		if !through {
			return 0, errorFor(op, "", &nt.Error{Status: nt.StatusUnexpectedNetworkError, Err: err})
		}
	}
	if !through {
		return len(p), nil
	}
	last.done.Wait(rt.Forever)
	if last.err != nil {
		return 0, errorFor(op, "", last.err)
	}
	return rawWritten(op, last.reply, len(p))
}

// rawWritten reads the response that ends a raw write, of which the server can have
// taken most bytes at most. None without an error is a full disk. Samba's has the
// command of the interim response, which has the same form.
//
// src: [MS-CIFS] §2.2.4.25.3; measured on Samba 4.17
func rawWritten(op string, m *smbwire.Message, most int) (int, error) {
	st, n := m.Header.NTStatus(), 0
	switch r := m.Chain[0].(type) {
	case *smbwire.WriteCompleteResponse:
		n = int(r.Count)
	case *smbwire.WriteRawInterimResponse:
		n = int(r.Available)
	default:
		if st == nt.StatusSuccess {
			return 0, badReply(op)
		}
	}
	switch {
	case n > most:
		return 0, badReply(op)
	case st != nt.StatusSuccess:
		return n, &nt.Error{Op: op, Status: st}
	case n == 0:
		return 0, &nt.Error{Op: op, Status: nt.StatusDiskFull}
	}
	return n, nil
}

// rawRequest checks what both directions have in common.
func (t *Tree) rawRequest(op string, h nt.FileHandle, p []byte, off int64) (fid smbwire.FID, wide bool, err error) {
	if fid, err = t.fid(op, h); err != nil {
		return 0, false, err
	}
	if wide, err = t.offset(op, off, len(p)); err != nil {
		return 0, false, err
	}
	switch limit := t.c.server.maxRaw; {
	case limit == 0:
		return 0, false, useStandard(op, errors.New("the server has no raw mode"))
	case len(p) == 0 || len(p) > limit:
		return 0, false, &nt.Error{Op: op, Status: nt.StatusInvalidParameter, Err: fmt.Errorf("%d bytes, at most %d", len(p), limit)}
	}
	return fid, wide, nil
}

func useStandard(op string, why error) error {
	return &nt.Error{Op: op, Status: nt.StatusSMBUseStandard, Err: why}
}

// errNotAlone: raw data could not be told from the reply of another request.
//
// src: [MS-CIFS] §3.2.4.14.1
var errNotAlone = errors.New("another request is outstanding")

// lockRaw takes the circuit for a raw exchange, if nobody uses it or waits for it.
//
// src: KB Q151996 (the circuit is locked); KB Q123819 (any pending request prevents raw)
func (c *Client) lockRaw(op string) error {
	c.mu.Lock()
	alone := c.users == 0
	if alone {
		c.users++
	}
	c.mu.Unlock()
	if !alone {
		return useStandard(op, errNotAlone)
	}
	c.sending.AcquireExclusive()
	c.mu.Lock()
	alone = len(c.mux.waiting) == 0 // another task may have been quicker
	c.mu.Unlock()
	if !alone {
		c.unlockRaw()
		return useStandard(op, errNotAlone)
	}
	return nil
}

func (c *Client) unlockRaw() {
	c.sending.Release()
	c.leave()
}

// enter counts a task that uses the circuit, so that no raw exchange begins.
func (c *Client) enter() {
	c.mu.Lock()
	c.users++
	c.mu.Unlock()
}

func (c *Client) leave() {
	c.mu.Lock()
	c.users--
	c.mu.Unlock()
}

// registerAs makes w wait for one more reply to the request mid.
func (c *Client) registerAs(w *call, mid smbwire.MID, bytes int) error {
	timeout := c.timeout(w, bytes)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return c.dead
	}
	w.mid = mid
	c.mux.await(w)
	c.startTimerLocked(w, timeout)
	return nil
}

// rawBlock takes b if a raw read waits and b is not a break that crossed it. More
// bytes than were asked for are nonsense.
func (c *Client) rawBlock(b []byte) (taken bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.mux.rawRead
	switch {
	case w == nil || c.isBreakLocked(b):
		return false, nil
	case len(b) > w.rawMax:
		return false, fmt.Errorf("raw block of %d bytes, not %d", len(b), w.rawMax)
	}
	c.opt.Trace.Emit(trace.Event{Kind: trace.SMBRecv, Op: rawOp, MID: uint16(w.mid), Len: int64(len(b))})
	c.mux.finish(w)
	w.block = b
	w.complete(nil, nil)
	return true, nil
}

// markInterim makes a WRITE_RAW that comes from the server the interim response that it
// can only be: Samba copies the header of the request, without the bit that says so.
//
// src: [MS-CIFS] §3.2.5.18; §3.2.5.1 (no request but a break comes from a server); measured on Samba 4.17
func (c *Client) markInterim(b []byte) {
	if len(b) < smbwire.HeaderSize || smbwire.Command(b[offCommand]) != smbwire.CmdWriteRaw {
		return
	}
	mid := smbwire.MID(binary.LittleEndian.Uint16(b[offMID:]))
	c.mu.Lock()
	w := c.mux.find(mid)
	c.mu.Unlock()
	if w != nil && w.command == smbwire.CmdWriteRaw {
		b[offFlags] |= byte(smbwire.FlagReply)
	}
}

// Where the header has its fields.
//
// src: [MS-CIFS] §2.2.3.1
const (
	offCommand = 4
	offFlags   = 9
	offMID     = 30
)

// breakSize is the length of a message that breaks an oplock.
//
// src: [MS-CIFS] §3.2.5.16
const breakSize = 51

// isBreakLocked tells a break that was on its way when the server got a READ_RAW from
// the data of a file. The server answers the read after it, with nothing.
//
// src: [MS-CIFS] §3.2.5.16 (the tests; its first byte is misprinted, §2.2.3.1 has 0xFF)
func (c *Client) isBreakLocked(b []byte) bool {
	if len(b) != breakSize || binary.BigEndian.Uint32(b) != 0xFF534D42 {
		return false
	}
	m, err := smbwire.Parse(b)
	if err != nil || m.Header.IsReply() || m.Header.MID != smbwire.BreakMID {
		return false
	}
	r, ok := m.Chain[0].(*smbwire.LockingAndXRequest)
	return ok && r.Type&smbwire.LockOplockRelease != 0 && len(r.Locks)+len(r.Unlocks) == 0 && c.files.holds(r.FID)
}
