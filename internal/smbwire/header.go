package smbwire

import (
	"encoding/binary"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// HeaderSize is the length of the SMB header in bytes.
//
// src: [MS-CIFS] §2.2.3.1
const HeaderSize = 32

// protocolID is "\xFFSMB", the first four bytes of every message.
const protocolID = "\xFFSMB"

// Header is the fixed part of every message.
//
// src: [MS-CIFS] §2.2.3.1
type Header struct {
	Command   Command   // of the first body; Append takes it from there
	Status    nt.Status // raw: an NTSTATUS only with Flags2NTStatus, see NTStatus
	Flags     Flags
	Flags2    Flags2
	PID       PID
	Signature [8]byte
	TID       TID
	UID       UID
	MID       MID
}

// IsReply reports whether the message is a response.
func (h *Header) IsReply() bool { return h.Flags&FlagReply != 0 }

// Reply returns the header of the response to h: same identifiers, FlagReply,
// no signature, and status st in the form that h's sender understands.
func (h *Header) Reply(st nt.Status) Header {
	r := *h
	r.Flags = (h.Flags | FlagReply) &^ flagOplockRequest
	r.Signature = [8]byte{}
	r.SetStatus(st)
	return r
}

// SetStatus stores st as Flags2 says: as it is, or as a DOS error.
func (h *Header) SetStatus(st nt.Status) {
	if h.Flags2&Flags2NTStatus == 0 {
		st = DOSStatus(st)
	}
	h.Status = st
}

// NTStatus returns the status of the message, translated when it was sent as a
// DOS class and code.
func (h *Header) NTStatus() nt.Status {
	if h.Flags2&Flags2NTStatus != 0 {
		return h.Status
	}
	return statusOfDOS(h.Status)
}

func (h *Header) encode(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, protocolID...)
	dst = append(dst, byte(h.Command))
	dst = le.AppendUint32(dst, uint32(h.Status))
	dst = append(dst, byte(h.Flags))
	dst = le.AppendUint16(dst, uint16(h.Flags2))
	dst = le.AppendUint16(dst, uint16(h.PID>>16))
	dst = append(dst, h.Signature[:]...)
	dst = le.AppendUint16(dst, 0) // reserved
	dst = le.AppendUint16(dst, uint16(h.TID))
	dst = le.AppendUint16(dst, uint16(h.PID))
	dst = le.AppendUint16(dst, uint16(h.UID))
	return le.AppendUint16(dst, uint16(h.MID))
}

// ParseHeader reads the header alone, so that a receiver can route or answer a
// message whose body is malformed.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, &FormatError{Field: fieldHeader, Offset: len(b), Reason: "message shorter than a header"}
	}
	if string(b[:4]) != protocolID {
		return Header{}, &FormatError{Field: fieldProtocol, Reason: "not an SMB1 message"}
	}
	le := binary.LittleEndian
	return Header{
		Command:   Command(b[4]),
		Status:    nt.Status(le.Uint32(b[5:])),
		Flags:     Flags(b[9]),
		Flags2:    Flags2(le.Uint16(b[10:])),
		PID:       PID(le.Uint16(b[12:]))<<16 | PID(le.Uint16(b[26:])),
		Signature: [8]byte(b[14:22]),
		TID:       TID(le.Uint16(b[24:])),
		UID:       UID(le.Uint16(b[28:])),
		MID:       MID(le.Uint16(b[30:])),
	}, nil
}
