package link

import "fmt"

// The types of session packets.
//
// src: RFC 1002 §4.3.1
const (
	SessionMessage   byte = 0x00
	SessionRequest   byte = 0x81
	PositiveResponse byte = 0x82
	NegativeResponse byte = 0x83
	RetargetResponse byte = 0x84
	SessionKeepAlive byte = 0x85
)

// FrameHeaderLen is the length of a FrameHeader on the wire.
//
// src: RFC 1002 §4.3.1
const FrameHeaderLen = 4

// FrameHeader starts every session packet.
type FrameHeader struct {
	Type   byte
	Length int // of what follows the header
}

// Bytes encodes the header; Length must not exceed MaxMessage.
func (h FrameHeader) Bytes() [FrameHeaderLen]byte {
	return [FrameHeaderLen]byte{h.Type, byte(h.Length >> 16), byte(h.Length >> 8), byte(h.Length)}
}

// ParseFrameHeader decodes a header. Direct hosting over TCP has 24 bits for the
// length where NetBIOS has 17, so more than MaxMessage is an error and not a mask.
func ParseFrameHeader(b [FrameHeaderLen]byte) (FrameHeader, error) {
	h := FrameHeader{Type: b[0], Length: int(b[1])<<16 | int(b[2])<<8 | int(b[3])}
	if h.Length > MaxMessage {
		return h, fmt.Errorf("session packet 0x%02x of %d bytes exceeds %d", h.Type, h.Length, MaxMessage)
	}
	return h, nil
}
