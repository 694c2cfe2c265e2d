package smbwire

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// LockType is TypeOfLock of a LockingAndXRequest.
//
// src: [MS-CIFS] §2.2.4.32.1
type LockType uint8

// Lock type bits.
const (
	LockShared        LockType = 0x01 // read-only locks, which others may share
	LockOplockRelease LockType = 0x02 // an oplock break, or its acknowledgement
	LockChangeType    LockType = 0x04
	LockCancel        LockType = 0x08
	LockLargeFiles    LockType = 0x10 // 64-bit ranges
)

// LockRange is one range to lock or unlock, on behalf of a process.
//
// src: [MS-CIFS] §2.2.4.32.1 (LOCKING_ANDX_RANGE32, LOCKING_ANDX_RANGE64)
type LockRange struct {
	PID    uint16 // low half of a PID
	Offset uint64 // 32 bits without LockLargeFiles, as Length
	Length uint64
}

// LockingAndXRequest changes byte-range locks of FID. A server also sends it,
// unasked, to break an oplock.
//
// src: [MS-CIFS] §2.2.4.32.1
type LockingAndXRequest struct {
	FID       FID
	Type      LockType
	NewOplock uint8         // 0: to none, 1: to level II
	Timeout   time.Duration // whole milliseconds; negative: for ever
	Unlocks   []LockRange
	Locks     []LockRange
}

// Command returns CmdLockingAndX.
func (*LockingAndXRequest) Command() Command { return CmdLockingAndX }

// BreakTo returns the level that a break goes down to.
func (r *LockingAndXRequest) BreakTo() nt.OplockLevel {
	if r.NewOplock == 1 {
		return nt.OplockLevelII
	}
	return nt.OplockNone
}

// OplockBreak returns the request that breaks, or acknowledges the break of,
// the oplock on fid down to level to.
//
// src: [MS-CIFS] §2.2.4.32.1, §3.2.5.42
func OplockBreak(fid FID, to nt.OplockLevel) *LockingAndXRequest {
	r := &LockingAndXRequest{FID: fid, Type: LockOplockRelease}
	if to == nt.OplockLevelII {
		r.NewOplock = 1
	}
	return r
}

func (r *LockingAndXRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.u8(uint8(r.Type))
	e.u8(r.NewOplock)
	e.timeout32(r.Timeout)
	e.count16("NumberOfRequestedUnlocks", len(r.Unlocks))
	e.count16("NumberOfRequestedLocks", len(r.Locks))
	e.bytes()
	e.lockRanges(r.Unlocks, r.Type)
	e.lockRanges(r.Locks, r.Type)
}

func (r *LockingAndXRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Type = LockType(d.u8("TypeOfLock"))
	r.NewOplock = d.u8("NewOpLockLevel")
	r.Timeout = d.timeout32()
	unlocks := int(d.u16("NumberOfRequestedUnlocks"))
	locks := int(d.u16("NumberOfRequestedLocks"))
	d.bytes()
	r.Unlocks = d.lockRanges("Unlocks", unlocks, r.Type)
	r.Locks = d.lockRanges("Locks", locks, r.Type)
}

// size returns the length of one range on the wire.
func (t LockType) rangeSize() int {
	if t&LockLargeFiles != 0 {
		return 20
	}
	return 10
}

func (e *encoder) lockRanges(ranges []LockRange, t LockType) {
	for _, r := range ranges {
		e.u16(r.PID)
		if t&LockLargeFiles == 0 {
			e.count32("Offset", int64(min(r.Offset, 1<<32)))
			e.count32("Length", int64(min(r.Length, 1<<32)))
			continue
		}
		e.u16(0) // pad
		e.highLow(r.Offset)
		e.highLow(r.Length)
	}
}

// highLow writes v with its high half first.
func (e *encoder) highLow(v uint64) { e.u64(v>>32 | v<<32) }

func (d *decoder) highLow(field string) uint64 {
	v := d.u64(field)
	return v>>32 | v<<32
}

func (d *decoder) lockRanges(field string, n int, t LockType) []LockRange {
	if d.err == nil && n*t.rangeSize() > d.remaining() {
		d.fail(field, "more ranges than bytes")
	}
	if d.err != nil || n == 0 {
		return nil
	}
	ranges := make([]LockRange, n)
	for i := range ranges {
		ranges[i] = d.lockRange(field, t)
	}
	return ranges
}

func (d *decoder) lockRange(field string, t LockType) LockRange {
	r := LockRange{PID: d.u16(field)}
	if t&LockLargeFiles == 0 {
		r.Offset, r.Length = uint64(d.u32(field)), uint64(d.u32(field))
		return r
	}
	d.skip(field, 2)
	r.Offset, r.Length = d.highLow(field), d.highLow(field)
	return r
}

// LockingAndXResponse answers a LockingAndXRequest; the acknowledgement of a
// break is not answered.
//
// src: [MS-CIFS] §2.2.4.32.2
type LockingAndXResponse struct{}

// Command returns CmdLockingAndX.
func (*LockingAndXResponse) Command() Command { return CmdLockingAndX }

func (*LockingAndXResponse) encode(*encoder) {}
func (*LockingAndXResponse) decode(*decoder) {}

// LockByteRangeRequest locks a range of FID for the process of the header.
//
// src: [MS-CIFS] §2.2.4.13.1
type LockByteRangeRequest struct {
	FID    FID
	Count  uint32
	Offset uint32
}

// Command returns CmdLockByteRange.
func (*LockByteRangeRequest) Command() Command { return CmdLockByteRange }

func (r *LockByteRangeRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.u32(r.Count)
	e.u32(r.Offset)
}

func (r *LockByteRangeRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Count = d.u32("CountOfBytes")
	r.Offset = d.u32("Offset")
}

// LockByteRangeResponse answers a LockByteRangeRequest.
type LockByteRangeResponse struct{}

// Command returns CmdLockByteRange.
func (*LockByteRangeResponse) Command() Command { return CmdLockByteRange }

func (*LockByteRangeResponse) encode(*encoder) {}
func (*LockByteRangeResponse) decode(*decoder) {}

// UnlockByteRangeRequest unlocks a range of FID.
//
// src: [MS-CIFS] §2.2.4.14.1
type UnlockByteRangeRequest LockByteRangeRequest

// Command returns CmdUnlockByteRange.
func (*UnlockByteRangeRequest) Command() Command { return CmdUnlockByteRange }

func (r *UnlockByteRangeRequest) encode(e *encoder) { (*LockByteRangeRequest)(r).encode(e) }
func (r *UnlockByteRangeRequest) decode(d *decoder) { (*LockByteRangeRequest)(r).decode(d) }

// UnlockByteRangeResponse answers an UnlockByteRangeRequest.
type UnlockByteRangeResponse struct{}

// Command returns CmdUnlockByteRange.
func (*UnlockByteRangeResponse) Command() Command { return CmdUnlockByteRange }

func (*UnlockByteRangeResponse) encode(*encoder) {}
func (*UnlockByteRangeResponse) decode(*decoder) {}
