package smbwire

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// WriteAndXRequest writes Data to FID. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.43.1, [MS-SMB] §2.2.4.3.1
type WriteAndXRequest struct {
	FID       FID
	Wide      bool // 14 words, with OffsetHigh, instead of 12
	Offset    int64
	Timeout   time.Duration // whole milliseconds; pipes only
	WriteMode nt.WriteMode
	Remaining uint16
	Data      []byte // more than 65535 bytes need CapLargeWriteX
}

// Command returns CmdWriteAndX.
func (*WriteAndXRequest) Command() Command { return CmdWriteAndX }

func (r *WriteAndXRequest) encode(e *encoder) {
	e.large = true
	e.fid(r.FID)
	e.offsetLow(r.Offset, r.Wide)
	e.timeout32(r.Timeout)
	e.u16(uint16(r.WriteMode))
	e.u16(r.Remaining)
	e.count16("DataLengthHigh", len(r.Data)>>16)
	e.u16(uint16(len(r.Data)))
	offsetPos := e.hole16()
	e.offsetHigh(r.Offset, r.Wide)
	e.bytes()
	e.data(r.Data, offsetPos)
}

func (r *WriteAndXRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Wide = d.wordCount == 14
	r.Offset = d.offsetLow()
	r.Timeout = d.timeout32()
	r.WriteMode = nt.WriteMode(d.u16("WriteMode"))
	r.Remaining = d.u16("Remaining")
	n := int(d.u16("DataLengthHigh")) << 16
	n |= int(d.u16("DataLength"))
	off := int(d.u16("DataOffset"))
	r.Offset |= d.offsetHigh(r.Wide)
	d.bytes()
	r.Data = d.at("DataOffset", off, n)
}

// WriteAndXResponse says how many bytes were written.
//
// src: [MS-CIFS] §2.2.4.43.2, [MS-SMB] §2.2.4.3.2
type WriteAndXResponse struct {
	Count     int // up to 32 bits
	Available uint16
}

// Command returns CmdWriteAndX.
func (*WriteAndXResponse) Command() Command { return CmdWriteAndX }

func (r *WriteAndXResponse) encode(e *encoder) {
	e.u16(uint16(r.Count))
	e.u16(r.Available)
	e.count16("CountHigh", r.Count>>16)
	e.u16(0) // reserved
}

func (r *WriteAndXResponse) decode(d *decoder) {
	r.Count = int(d.u16("Count"))
	r.Available = d.u16("Available")
	r.Count |= int(d.u16("CountHigh")) << 16
	d.skip("Reserved", 2)
}

// WriteRequest writes Data to FID in a core dialect; without data it cuts or
// extends the file to Offset. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.12.1
type WriteRequest struct {
	FID       FID
	Offset    uint32
	Remaining uint16
	Data      []byte
}

// Command returns CmdWrite.
func (*WriteRequest) Command() Command { return CmdWrite }

func (r *WriteRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.count16("CountOfBytesToWrite", len(r.Data))
	e.u32(r.Offset)
	e.u16(r.Remaining)
	e.bytes()
	e.dataBlock(r.Data)
}

func (r *WriteRequest) decode(d *decoder) {
	r.FID = d.fid()
	n := d.u16("CountOfBytesToWrite")
	r.Offset = d.u32("WriteOffsetInBytes")
	r.Remaining = d.u16("EstimateOfRemainingBytesToBeWritten")
	d.bytes()
	r.Data = d.dataBlock(n)
}

// WriteResponse says how many bytes were written.
//
// src: [MS-CIFS] §2.2.4.12.2
type WriteResponse struct{ Count uint16 }

// Command returns CmdWrite.
func (*WriteResponse) Command() Command { return CmdWrite }

func (r *WriteResponse) encode(e *encoder) { e.u16(r.Count) }
func (r *WriteResponse) decode(d *decoder) { r.Count = d.u16("CountOfBytesWritten") }

// WriteAndUnlockRequest writes Data to FID and unlocks the range written. Data
// aliases the message.
//
// src: [MS-CIFS] §2.2.4.21.1
type WriteAndUnlockRequest WriteRequest

// Command returns CmdWriteAndUnlock.
func (*WriteAndUnlockRequest) Command() Command { return CmdWriteAndUnlock }

func (r *WriteAndUnlockRequest) encode(e *encoder) { (*WriteRequest)(r).encode(e) }
func (r *WriteAndUnlockRequest) decode(d *decoder) { (*WriteRequest)(r).decode(d) }

// WriteAndUnlockResponse says how many bytes were written.
//
// src: [MS-CIFS] §2.2.4.21.2
type WriteAndUnlockResponse struct{ Count uint16 }

// Command returns CmdWriteAndUnlock.
func (*WriteAndUnlockResponse) Command() Command { return CmdWriteAndUnlock }

func (r *WriteAndUnlockResponse) encode(e *encoder) { e.u16(r.Count) }
func (r *WriteAndUnlockResponse) decode(d *decoder) { r.Count = d.u16("CountOfBytesWritten") }

// WriteAndCloseRequest writes Data to FID and closes it. Data aliases the
// message.
//
// src: [MS-CIFS] §2.2.4.40.1
type WriteAndCloseRequest struct {
	FID           FID
	Wide          bool // 12 words, the last six reserved, instead of 6
	Offset        uint32
	LastWriteTime UTime
	Data          []byte
}

// Command returns CmdWriteAndClose.
func (*WriteAndCloseRequest) Command() Command { return CmdWriteAndClose }

func (r *WriteAndCloseRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.count16("CountOfBytesToWrite", len(r.Data))
	e.u32(r.Offset)
	e.utime(r.LastWriteTime)
	if r.Wide {
		e.zeros(12) // reserved
	}
	e.bytes()
	e.u8(0) // pad
	e.blob(r.Data)
}

func (r *WriteAndCloseRequest) decode(d *decoder) {
	r.FID = d.fid()
	n := int(d.u16("CountOfBytesToWrite"))
	r.Offset = d.u32("WriteOffsetInBytes")
	r.LastWriteTime = d.utime("LastWriteTime")
	if r.Wide = d.wordCount == 12; r.Wide {
		d.skip("Reserved", 12)
	}
	d.bytes()
	d.skip("Pad", 1)
	r.Data = d.blob("Data", n)
}

// WriteAndCloseResponse says how many bytes were written.
//
// src: [MS-CIFS] §2.2.4.40.2
type WriteAndCloseResponse struct{ Count uint16 }

// Command returns CmdWriteAndClose.
func (*WriteAndCloseResponse) Command() Command { return CmdWriteAndClose }

func (r *WriteAndCloseResponse) encode(e *encoder) { e.u16(r.Count) }
func (r *WriteAndCloseResponse) decode(d *decoder) { r.Count = d.u16("CountOfBytesWritten") }
