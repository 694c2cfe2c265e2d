package smb1client

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// Lock locks a byte range. If it conflicts with another the server waits for up to
// wait, for ever if that is negative or rt.Forever, and the call fails with
// StatusLockNotGranted or StatusFileLockConflict. A call that waits has no timer;
// CancelWaits ends it.
//
// src: [MS-CIFS] §3.2.4.16, §3.2.6.1
func (t *Tree) Lock(h FileHandle, r LockRange, wait time.Duration) error {
	return t.locking("lock", h, &smbwire.LockingAndXRequest{
		Type: lockType(r.Shared), Timeout: lockTimeout(wait), Locks: lockRanges(r),
	})
}

// Unlock unlocks a byte range that was locked with the same bounds.
//
// src: [MS-CIFS] §3.2.4.17
func (t *Tree) Unlock(h FileHandle, r LockRange) error {
	return t.locking("unlock", h, &smbwire.LockingAndXRequest{Unlocks: lockRanges(r)})
}

// ChangeLocks unlocks and then locks, in one request and in this order. If a range that
// is to be locked conflicts none of them is locked, and what was unlocked stays so.
//
// src: [MS-CIFS] §3.3.5.30
func (t *Tree) ChangeLocks(h FileHandle, unlock, lock []LockRange) error {
	req := &smbwire.LockingAndXRequest{}
	for _, r := range unlock {
		req.Unlocks = append(req.Unlocks, lockRanges(r)...)
	}
	for _, r := range lock {
		req.Locks = append(req.Locks, lockRanges(r)...)
	}
	return t.locking("change locks", h, req)
}

// LockAll locks all ranges at once, in as few requests as they fit in; exclusive ones
// go first, since a shared lock may lie on one's own exclusive lock but not the other
// way round. A request whose ranges conflict locks none of them; those before it stay.
//
// src: [MS-CIFS] §3.2.5.42 (cached locks are sent before an oplock is released)
func (t *Tree) LockAll(h FileHandle, ranges []LockRange) error {
	for _, shared := range [...]bool{false, true} {
		var same []smbwire.LockRange
		for _, r := range ranges {
			if r.Shared == shared {
				same = append(same, lockRanges(r)...)
			}
		}
		for most := t.maxLocks(); len(same) > 0; {
			n := min(most, len(same))
			if err := t.locking("lock", h, &smbwire.LockingAndXRequest{Type: lockType(shared), Locks: same[:n]}); err != nil {
				return err
			}
			same = same[n:]
		}
	}
	return nil
}

// maxLocks is how many 64-bit ranges the server takes in one request.
//
// src: [MS-CIFS] §2.2.4.32.1 (16 bytes of words, 20 bytes a range)
func (t *Tree) maxLocks() int {
	return max(1, (t.c.buffer()-smbwire.HeaderSize-1-16-2)/20)
}

func lockType(shared bool) smbwire.LockType {
	if shared {
		return smbwire.LockShared
	}
	return 0
}

func lockRanges(r nt.LockRange) []smbwire.LockRange {
	return []smbwire.LockRange{{PID: processID, Offset: r.Offset, Length: r.Length}}
}

func (t *Tree) locking(op string, h nt.FileHandle, req *smbwire.LockingAndXRequest) error {
	fid, err := t.fid(op, h)
	if err != nil {
		return err
	}
	req.FID = fid
	if t.c.server.has(smbwire.CapLargeFiles) {
		req.Type |= smbwire.LockLargeFiles
	}
	if req.Timeout == 0 {
		_, err = t.request(op, "", req)
		return err
	}
	reply, err := t.longTerm(op, fid, req)
	if err != nil {
		return err
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess {
		return &nt.Error{Op: op, Status: st}
	}
	return nil
}

// LockAndRead locks the len(p) bytes at off for writing and reads them, in one
// request. At the end of the file it returns what there is and io.EOF; all of the
// range is locked then too.
//
// src: [MS-CIFS] §2.2.4.20
func (t *Tree) LockAndRead(h FileHandle, p []byte, off int64) (int, error) {
	const op = "lock and read"
	fid, err := t.coreRange(op, h, len(p), t.c.maxRead(), off)
	if err != nil {
		return 0, err
	}
	reply, err := t.request(op, "", &smbwire.LockAndReadRequest{FID: fid, Count: uint16(len(p)), Offset: uint32(off)})
	if err != nil {
		return 0, err
	}
	r, ok := reply.Chain[0].(*smbwire.LockAndReadResponse)
	if !ok || len(r.Data) > len(p) {
		return 0, badReply(op)
	}
	n := copy(p, r.Data)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAndUnlock writes p at off and unlocks just that range, in one request.
//
// src: [MS-CIFS] §2.2.4.21
func (t *Tree) WriteAndUnlock(h FileHandle, p []byte, off int64) (int, error) {
	const op = "write and unlock"
	fid, err := t.coreRange(op, h, len(p), t.c.maxWrite(), off)
	if err != nil {
		return 0, err
	}
	reply, err := t.request(op, "", &smbwire.WriteAndUnlockRequest{FID: fid, Offset: uint32(off), Data: p})
	if err != nil {
		return 0, err
	}
	r, ok := reply.Chain[0].(*smbwire.WriteAndUnlockResponse)
	switch {
	case !ok || int(r.Count) > len(p):
		return 0, badReply(op)
	case int(r.Count) < len(p):
		return int(r.Count), &nt.Error{Op: op, Status: nt.StatusDiskFull}
	}
	return len(p), nil
}

// coreRange checks what the commands with 32-bit offsets can do.
//
// src: [MS-CIFS] §2.2.4.20.1, §2.2.4.21.1; §2.2.4.52.2 (CAP_LOCK_AND_READ)
func (t *Tree) coreRange(op string, h nt.FileHandle, n, most int, off int64) (smbwire.FID, error) {
	switch {
	case !t.c.server.has(smbwire.CapLockAndRead):
		return 0, &nt.Error{Op: op, Status: nt.StatusNotSupported}
	case n == 0 || n > most || off < 0:
		return 0, &nt.Error{Op: op, Status: nt.StatusInvalidParameter, Err: fmt.Errorf("%d bytes, at most %d", n, most)}
	case off+int64(n) > math.MaxUint32:
		return 0, &nt.Error{Op: op, Status: nt.StatusNotSupported, Err: fmt.Errorf("offset %d is beyond 32 bits", off)}
	}
	return t.fid(op, h)
}
