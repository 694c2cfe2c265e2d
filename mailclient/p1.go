package mailclient

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// p1Magic begins an envelope file.
//
// src: assumed (EMU-MSMAIL v1; the format was not published)
const p1Magic = "EMP1"

// Offsets of an envelope file.
//
// src: assumed (EMU-MSMAIL v1)
const (
	p1LenOff   = 4
	p1MAIOff   = 8
	p1CountOff = 17
	p1HeadLen  = 19
	p1SumLen   = 4
)

// RcptKind says what an address of an envelope is.
type RcptKind uint8

// The kinds of envelope addresses. RcptFrom is the originator, to whom failures are
// announced when the message file cannot tell.
//
// src: assumed (EMU-MSMAIL v1)
const (
	RcptTo   RcptKind = 0
	RcptCc   RcptKind = 1
	RcptFrom RcptKind = 2
)

// Rcpt is one address of an envelope.
type Rcpt struct {
	Kind    RcptKind
	Address Address
}

// Envelope is the content of a P1 file, the routing file: to whom one postoffice must
// deliver a message.
//
// src: KB Q100826 (the To and Cc people to deliver to)
type Envelope struct {
	MAI   ID
	Rcpts []Rcpt
}

// Recipients returns the To and Cc addresses.
func (v *Envelope) Recipients() []Address {
	var list []Address
	for _, r := range v.Rcpts {
		if r.Kind != RcptFrom {
			list = append(list, r.Address)
		}
	}
	return list
}

// Originator returns the sender's address, if the envelope has one.
func (v *Envelope) Originator() (Address, bool) {
	for _, r := range v.Rcpts {
		if r.Kind == RcptFrom {
			return r.Address, true
		}
	}
	return Address{}, false
}

// Encode returns the bytes of the file.
func (v *Envelope) Encode() []byte {
	b := append(make([]byte, 0, 128), p1Magic...) // room for an originator and a recipient or two
	b = append(b, 0, 0, 0, 0)
	b = append(append(b, v.MAI.String()...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(v.Rcpts)))
	for _, r := range v.Rcpts {
		s := r.Address.String()
		b = append(append(b, byte(r.Kind), byte(len(s))), s...)
	}
	binary.LittleEndian.PutUint32(b[p1LenOff:], uint32(len(b)+p1SumLen))
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// ParseEnvelope reads the P1 file called file. An envelope without recipients is an
// error with ReasonNoRcpt.
//
// src: KB Q194549 (no recipients)
func ParseEnvelope(file string, b []byte) (*Envelope, error) {
	if err := checkEnvelopeFrame(file, b); err != nil {
		return nil, err
	}
	v := &Envelope{}
	var ok bool
	if v.MAI, ok = parseID(string(b[p1MAIOff : p1MAIOff+idLen])); !ok || b[p1MAIOff+idLen] != 0 {
		return nil, &FormatError{file, "MAI prefix", p1MAIOff, ReasonField, "not 8 hexadecimal digits and a NUL"}
	}
	count := int(binary.LittleEndian.Uint16(b[p1CountOff:]))
	if count > maxRcpts {
		return nil, &FormatError{file, "nRcpt", p1CountOff, ReasonField, fmt.Sprintf("%d, at most %d", count, maxRcpts)}
	}
	if err := v.parseRcpts(file, b[:len(b)-p1SumLen], count); err != nil {
		return nil, err
	}
	if len(v.Recipients()) == 0 {
		return nil, &FormatError{file, "nRcpt", p1CountOff, ReasonNoRcpt, "no recipients"}
	}
	return v, nil
}

// checkEnvelopeFrame tests magic, length and checksum.
func checkEnvelopeFrame(file string, b []byte) error {
	if len(b) < p1HeadLen+p1SumLen {
		return &FormatError{file, "head", int64(len(b)), ReasonTruncated, fmt.Sprintf("%d bytes, at least %d", len(b), p1HeadLen+p1SumLen)}
	}
	if string(b[:len(p1Magic)]) != p1Magic {
		return &FormatError{file, "magic", 0, ReasonField, fmt.Sprintf("% X", b[:len(p1Magic)])}
	}
	switch declared, size := int64(binary.LittleEndian.Uint32(b[p1LenOff:])), int64(len(b)); {
	case declared > size:
		return &FormatError{file, "length", p1LenOff, ReasonTruncated, fmt.Sprintf("declares %d bytes, file has %d", declared, size)}
	case declared < size:
		return &FormatError{file, "length", p1LenOff, ReasonTrailing, fmt.Sprintf("declares %d bytes, file has %d", declared, size)}
	}
	body := b[:len(b)-p1SumLen]
	if got, want := crc32.ChecksumIEEE(body), binary.LittleEndian.Uint32(b[len(body):]); got != want {
		return &FormatError{file, "checksum", int64(len(body)), ReasonChecksum, fmt.Sprintf("file has %08X, says %08X", got, want)}
	}
	return nil
}

// parseRcpts reads count entries, which must end where b ends.
func (v *Envelope) parseRcpts(file string, b []byte, count int) error {
	off := p1HeadLen
	for range count {
		if len(b)-off < 2 || len(b)-off-2 < int(b[off+1]) {
			return &FormatError{file, "recipient", int64(off), ReasonTLV, "cut short"}
		}
		kind, end := RcptKind(b[off]), off+2+int(b[off+1])
		a, err := ParseAddress(string(b[off+2 : end]))
		if err != nil || kind > RcptFrom {
			return &FormatError{file, "recipient", int64(off), ReasonField, fmt.Sprintf("kind %d, %q", kind, b[off+2:end])}
		}
		v.Rcpts = append(v.Rcpts, Rcpt{Kind: kind, Address: a})
		off = end
	}
	if off != len(b) {
		return &FormatError{file, "recipient", int64(off), ReasonTrailing, fmt.Sprintf("%d bytes behind the last", len(b)-off)}
	}
	return nil
}
