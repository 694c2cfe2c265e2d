package smbwire

import (
	"math"
	"time"
)

// ReadAndXRequest reads from FID.
//
// src: [MS-CIFS] §2.2.4.42.1, [MS-SMB] §2.2.4.2.1
type ReadAndXRequest struct {
	FID          FID
	Wide         bool // 12 words, with OffsetHigh, instead of 10
	Offset       int64
	MaxCount     uint16
	MinCount     uint16
	MaxCountHigh uint32 // Timeout for pipes; with CapLargeReadX bits 16 and up of the count
	Remaining    uint16
}

// Command returns CmdReadAndX.
func (*ReadAndXRequest) Command() Command { return CmdReadAndX }

// Count returns the number of bytes asked for, with MaxCountHigh unless that is
// the timeout 0xFFFFFFFF.
//
// src: [MS-SMB] §2.2.4.2.1
func (r *ReadAndXRequest) Count() int {
	if r.MaxCountHigh == math.MaxUint32 {
		return int(r.MaxCount)
	}
	return int(r.MaxCountHigh&0xFFFF)<<16 | int(r.MaxCount)
}

// SetCount asks for n bytes; more than 65535 need CapLargeReadX.
func (r *ReadAndXRequest) SetCount(n int) {
	r.MaxCount = uint16(n)
	r.MinCount = uint16(n)
	r.MaxCountHigh = uint32(n) >> 16
}

func (r *ReadAndXRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.offsetLow(r.Offset, r.Wide)
	e.u16(r.MaxCount)
	e.u16(r.MinCount)
	e.u32(r.MaxCountHigh)
	e.u16(r.Remaining)
	e.offsetHigh(r.Offset, r.Wide)
}

func (r *ReadAndXRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Wide = d.wordCount == 12
	r.Offset = d.offsetLow()
	r.MaxCount = d.u16("MaxCountOfBytesToReturn")
	r.MinCount = d.u16("MinCountOfBytesToReturn")
	r.MaxCountHigh = d.u32("Timeout")
	r.Remaining = d.u16("Remaining")
	r.Offset |= d.offsetHigh(r.Wide)
}

// offsetLow writes the low half of a file offset, all of it unless wide.
func (e *encoder) offsetLow(off int64, wide bool) {
	if wide {
		e.u32(uint32(off))
		return
	}
	e.count32("Offset", off)
}

func (e *encoder) offsetHigh(off int64, wide bool) {
	if wide {
		e.u32(uint32(off >> 32))
	}
}

func (d *decoder) offsetLow() int64 { return int64(d.u32("Offset")) }

func (d *decoder) offsetHigh(wide bool) int64 {
	if !wide {
		return 0
	}
	return int64(d.u32("OffsetHigh")) << 32
}

// ReadAndXResponse carries the data read. Less than was asked for means the end
// of the file. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.42.2, [MS-SMB] §2.2.4.2.2
type ReadAndXResponse struct {
	Available          uint16 // 0xFFFF for files
	DataCompactionMode uint16
	Data               []byte
}

// Command returns CmdReadAndX.
func (*ReadAndXResponse) Command() Command { return CmdReadAndX }

func (r *ReadAndXResponse) encode(e *encoder) {
	e.large = true
	e.u16(r.Available)
	e.u16(r.DataCompactionMode)
	e.u16(0) // reserved
	e.u16(uint16(len(r.Data)))
	offsetPos := e.hole16()
	e.count16("DataLengthHigh", len(r.Data)>>16)
	e.zeros(8) // reserved
	e.bytes()
	e.data(r.Data, offsetPos)
}

func (r *ReadAndXResponse) decode(d *decoder) {
	r.Available = d.u16("Available")
	r.DataCompactionMode = d.u16("DataCompactionMode")
	d.skip("Reserved1", 2)
	n := int(d.u16("DataLength"))
	off := int(d.u16("DataOffset"))
	n |= int(d.u16("DataLengthHigh")) << 16
	d.skip("Reserved2", 8)
	d.bytes()
	r.Data = d.at("DataOffset", off, n)
}

// dataAlign is what the data of READ_ANDX and WRITE_ANDX is aligned to.
//
// src: assumed (a choice of the sender; Samba does so)
const dataAlign = 4

// data writes b as the last thing of the block and puts its offset at offsetPos.
func (e *encoder) data(b []byte, offsetPos int) {
	e.align(dataAlign)
	e.put16("DataOffset", offsetPos, e.pos())
	e.blob(b)
}

// dataBlock writes b in buffer format 1.
func (e *encoder) dataBlock(b []byte) {
	e.u8(formatData)
	e.count16("DataLength", len(b))
	e.blob(b)
}

// dataBlock reads a buffer of format 1, whose length the words have told. Samba
// leaves the format 0 when there is no data, so it is not looked at.
func (d *decoder) dataBlock(count uint16) []byte {
	d.skip("BufferFormat", 1)
	n := d.u16("DataLength")
	if n != count {
		d.fail("DataLength", "differs from the count in the words")
	}
	return d.blob("Data", int(n))
}

// ReadRequest reads from FID in a core dialect.
//
// src: [MS-CIFS] §2.2.4.11.1
type ReadRequest struct {
	FID       FID
	Count     uint16
	Offset    uint32
	Remaining uint16
}

// Command returns CmdRead.
func (*ReadRequest) Command() Command { return CmdRead }

func (r *ReadRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.u16(r.Count)
	e.u32(r.Offset)
	e.u16(r.Remaining)
}

func (r *ReadRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Count = d.u16("CountOfBytesToRead")
	r.Offset = d.u32("ReadOffsetInBytes")
	r.Remaining = d.u16("EstimateOfRemainingBytesToBeRead")
}

// ReadResponse carries the data read. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.11.2
type ReadResponse struct{ Data []byte }

// Command returns CmdRead.
func (*ReadResponse) Command() Command { return CmdRead }

func (r *ReadResponse) encode(e *encoder) {
	e.count16("CountOfBytesReturned", len(r.Data))
	e.zeros(8) // reserved
	e.bytes()
	e.dataBlock(r.Data)
}

func (r *ReadResponse) decode(d *decoder) {
	n := d.u16("CountOfBytesReturned")
	d.skip("Reserved", 8)
	d.bytes()
	r.Data = d.dataBlock(n)
}

// LockAndReadRequest locks a range of FID and reads it.
//
// src: [MS-CIFS] §2.2.4.20.1
type LockAndReadRequest ReadRequest

// Command returns CmdLockAndRead.
func (*LockAndReadRequest) Command() Command { return CmdLockAndRead }

func (r *LockAndReadRequest) encode(e *encoder) { (*ReadRequest)(r).encode(e) }
func (r *LockAndReadRequest) decode(d *decoder) { (*ReadRequest)(r).decode(d) }

// LockAndReadResponse carries the data read. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.20.2
type LockAndReadResponse ReadResponse

// Command returns CmdLockAndRead.
func (*LockAndReadResponse) Command() Command { return CmdLockAndRead }

func (r *LockAndReadResponse) encode(e *encoder) { (*ReadResponse)(r).encode(e) }
func (r *LockAndReadResponse) decode(d *decoder) { (*ReadResponse)(r).decode(d) }

// ReadRawRequest reads up to 65535 bytes that come back as one block without a
// header; an empty block means an error or the end of the file.
//
// src: [MS-CIFS] §2.2.4.22.1
type ReadRawRequest struct {
	FID      FID
	Wide     bool // 10 words, with OffsetHigh, instead of 8
	Offset   int64
	MaxCount uint16
	MinCount uint16
	Timeout  time.Duration // whole milliseconds; negative: for ever
}

// Command returns CmdReadRaw.
func (*ReadRawRequest) Command() Command { return CmdReadRaw }

func (r *ReadRawRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.offsetLow(r.Offset, r.Wide)
	e.u16(r.MaxCount)
	e.u16(r.MinCount)
	e.timeout32(r.Timeout)
	e.u16(0) // reserved
	e.offsetHigh(r.Offset, r.Wide)
}

func (r *ReadRawRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Wide = d.wordCount == 10
	r.Offset = d.offsetLow()
	r.MaxCount = d.u16("MaxCountOfBytesToReturn")
	r.MinCount = d.u16("MinCountOfBytesToReturn")
	r.Timeout = d.timeout32()
	d.skip("Reserved", 2)
	r.Offset |= d.offsetHigh(r.Wide)
}
