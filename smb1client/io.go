package smb1client

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// ReadAt reads len(p) bytes from off, in units of Limits().MaxRead, each awaited. At
// the end of the file it returns what there is and io.EOF.
func (t *Tree) ReadAt(h FileHandle, p []byte, off int64) (int, error) {
	fid, err := t.fid("read", h)
	if err != nil {
		return 0, err
	}
	unit := t.c.maxRead()
	for n := 0; n < len(p); {
		part := p[n:min(n+unit, len(p))]
		got, err := t.readOnce(fid, part, off+int64(n))
		n += got
		if err != nil {
			return n, err
		}
		if got < len(part) {
			return n, io.EOF
		}
	}
	return len(p), nil
}

// readOnce reads p with one request. Its Remaining is 0: this dialect does not use it.
//
// src: [MS-CIFS] §2.2.4.42.1
func (t *Tree) readOnce(fid smbwire.FID, p []byte, off int64) (int, error) {
	wide, err := t.offset("read", off, len(p))
	if err != nil {
		return 0, err
	}
	req := t.c.slabs.reads.Next()
	req.FID, req.Wide, req.Offset = fid, wide, off
	req.SetCount(len(p))
	w := t.c.newCall(req.Command())
	w.into = p
	reply, err := t.c.requestAs("read", "", t.s.message(t.tid, req), w)
	if errors.Is(err, nt.StatusEndOfFile) {
		return 0, io.EOF
	}
	if err != nil {
		return 0, err
	}
	r, ok := reply.Chain[0].(*smbwire.ReadAndXResponse)
	if !ok || len(r.Data) > len(p) {
		return 0, badReply("read")
	}
	return len(r.Data), nil
}

// WriteAt writes p at off, in units of Limits().MaxWrite, each awaited. With an error
// it returns how much the server has taken until then.
func (t *Tree) WriteAt(h FileHandle, p []byte, off int64, m WriteMode) (int, error) {
	fid, err := t.fid("write", h)
	if err != nil {
		return 0, err
	}
	unit := t.c.maxWrite()
	for n := 0; n < len(p); {
		part := p[n:min(n+unit, len(p))]
		took, err := t.writeOnce(fid, part, off+int64(n), m, len(p)-n)
		n += took
		if err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// writeOnce writes p with one request; remaining is as writeRequest has it.
func (t *Tree) writeOnce(fid smbwire.FID, p []byte, off int64, m nt.WriteMode, remaining int) (int, error) {
	req, err := t.writeRequest("write", fid, p, off, m, remaining)
	if err != nil {
		return 0, err
	}
	reply, err := t.request("write", "", req)
	if err != nil {
		return 0, err
	}
	r, ok := reply.Chain[0].(*smbwire.WriteAndXResponse)
	switch {
	case !ok || r.Count > len(p):
		return 0, badReply("write")
	case r.Count == 0:
		return 0, &nt.Error{Op: "write", Status: nt.StatusDiskFull}
	}
	return r.Count, nil
}

// writeRequest is that of p at off; remaining is what is to be written before the next
// other operation, p included.
//
// src: [MS-CIFS] §2.2.4.43.1
func (t *Tree) writeRequest(op string, fid smbwire.FID, p []byte, off int64, m nt.WriteMode, remaining int) (*smbwire.WriteAndXRequest, error) {
	wide, err := t.offset(op, off, len(p))
	if err != nil {
		return nil, err
	}
	req := t.c.slabs.writes.Next()
	*req = smbwire.WriteAndXRequest{
		FID: fid, Wide: wide, Offset: off, WriteMode: m,
		Remaining: uint16(min(remaining, math.MaxUint16)), Data: p,
	}
	return req, nil
}

// offset checks that the server can address the range, and tells whether it is sent
// in 64 bits.
//
// src: [MS-CIFS] §2.2.4.52.2 (CAP_LARGE_FILES)
func (t *Tree) offset(op string, off int64, n int) (wide bool, err error) {
	wide = t.c.server.has(smbwire.CapLargeFiles)
	if off < 0 || off > math.MaxInt64-int64(n) || !wide && off+int64(n) > math.MaxUint32 {
		return false, &nt.Error{Op: op, Status: nt.StatusInvalidParameter}
	}
	return wide, nil
}

// closeLength is what a CLOSE adds to a message at most: what aligns it, then the words with
// their count and that of the bytes.
//
// src: [MS-CIFS] §2.2.4.5.1
const closeLength = 3 + 1 + 6 + 2

// WriteAndClose is WriteAt of what one request takes and then Close, both in one message
// that the server executes in order, or in two if the server's buffer takes no more. err is
// the first of the two; closed says that h is not open any more.
//
// src: [MS-CIFS] §2.2.3.4 (the first command that fails ends a chain), §2.2.4.43 (CLOSE may follow)
func (t *Tree) WriteAndClose(h FileHandle, p []byte, off int64, m WriteMode, written FileTime) (closed bool, err error) {
	const op = "write and close"
	fid, err := t.fid(op, h)
	if err != nil {
		return false, err
	}
	write, err := t.writeRequest(op, fid, p, off, m, len(p))
	if err != nil {
		return false, err
	}
	if most := t.c.maxWrite(); len(p) == 0 || len(p) > most {
		return false, &nt.Error{Op: op, Status: nt.StatusInvalidParameter, Err: fmt.Errorf("%d bytes, at most %d", len(p), most)}
	}
	if t.c.buffer() < writeOverhead+len(p)+closeLength {
		if _, err := t.WriteAt(h, p, off, m); err != nil {
			return false, err
		}
		return true, t.Close(h, written)
	}
	t.c.mu.Lock()
	f := t.c.files.open[fid]
	t.c.files.closed(fid)
	t.c.mu.Unlock()
	req := t.s.message(t.tid, write)
	req.Chain = append(req.Chain, t.closeRequest(fid, written))
	reply, err := t.c.Exchange(req)
	closed, err = writtenAndClosed(op, reply, err, len(p))
	t.c.mu.Lock()
	t.c.files.closeEnded(fid)
	if !closed && t.c.dead == nil {
		t.c.files.open[fid] = f
	}
	t.c.mu.Unlock()
	return closed, err
}

// writtenAndClosed reads the reply to n bytes written and a CLOSE behind them.
func writtenAndClosed(op string, reply *smbwire.Message, err error, n int) (closed bool, _ error) {
	if err != nil {
		return false, errorFor(op, "", err)
	}
	st := reply.Header.NTStatus()
	w, ok := reply.Chain[0].(*smbwire.WriteAndXResponse)
	switch {
	case !ok && st != nt.StatusSuccess:
		return false, &nt.Error{Op: op, Status: st}
	case !ok || w.Count > n || len(reply.Chain) < 2:
		return false, badReply(op)
	case st != nt.StatusSuccess:
		return true, &nt.Error{Op: "close", Status: st}
	case w.Count < n:
		return true, &nt.Error{Op: op, Status: nt.StatusDiskFull}
	}
	return true, nil
}
