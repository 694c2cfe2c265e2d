package smbwire

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// WriteRawRequest announces a write of Count bytes. Data is the part that comes
// with the request; the rest follows as one block without a header, once the
// server has sent a WriteRawInterimResponse. Data aliases the message.
//
// src: [MS-CIFS] §2.2.4.25.1
type WriteRawRequest struct {
	FID       FID
	Wide      bool // 14 words, with OffsetHigh, instead of 12
	Count     uint16
	Offset    int64
	Timeout   time.Duration // whole milliseconds; pipes only
	WriteMode nt.WriteMode
	Data      []byte
}

// Command returns CmdWriteRaw.
func (*WriteRawRequest) Command() Command { return CmdWriteRaw }

func (r *WriteRawRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.u16(r.Count)
	e.u16(0) // reserved
	e.offsetLow(r.Offset, r.Wide)
	e.timeout32(r.Timeout)
	e.u16(uint16(r.WriteMode))
	e.u32(0) // reserved
	e.count16("DataLength", len(r.Data))
	offsetPos := e.hole16()
	e.offsetHigh(r.Offset, r.Wide)
	e.bytes()
	e.data(r.Data, offsetPos)
}

func (r *WriteRawRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Wide = d.wordCount == 14
	r.Count = d.u16("CountOfBytes")
	d.skip("Reserved1", 2)
	r.Offset = d.offsetLow()
	r.Timeout = d.timeout32()
	r.WriteMode = nt.WriteMode(d.u16("WriteMode"))
	d.skip("Reserved2", 4)
	n := int(d.u16("DataLength"))
	off := int(d.u16("DataOffset"))
	r.Offset |= d.offsetHigh(r.Wide)
	d.bytes()
	r.Data = d.at("DataOffset", off, n)
}

// WriteRawInterimResponse tells the client to send the raw block.
//
// src: [MS-CIFS] §2.2.4.25.2
type WriteRawInterimResponse struct {
	Available uint16 // 0xFFFF for files
}

// Command returns CmdWriteRaw.
func (*WriteRawInterimResponse) Command() Command { return CmdWriteRaw }

func (r *WriteRawInterimResponse) encode(e *encoder) { e.u16(r.Available) }
func (r *WriteRawInterimResponse) decode(d *decoder) { r.Available = d.u16("Available") }

// WriteCompleteResponse ends a write-through raw write.
//
// src: [MS-CIFS] §2.2.4.28
type WriteCompleteResponse struct{ Count uint16 }

// Command returns CmdWriteComplete.
func (*WriteCompleteResponse) Command() Command { return CmdWriteComplete }

func (r *WriteCompleteResponse) encode(e *encoder) { e.u16(r.Count) }
func (r *WriteCompleteResponse) decode(d *decoder) { r.Count = d.u16("Count") }
