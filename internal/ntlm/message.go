package ntlm

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// MaxToken is the longest token that is parsed or made: what one SMB can carry.
//
// src: [MS-CIFS] §2.2.3.3 (ByteCount is 16 bits wide)
const MaxToken = 65535

// signature starts every NTLMSSP message.
//
// src: [MS-NLMP] §2.2.1
const signature = "NTLMSSP\x00"

type messageType uint32

const (
	typeNegotiate    messageType = 1
	typeChallenge    messageType = 2
	typeAuthenticate messageType = 3
)

// flags are the NTLMSSP_NEGOTIATE_… bits.
//
// src: [MS-NLMP] §2.2.2.5
type flags uint32

const (
	flagUnicode       flags = 0x00000001
	flagOEM           flags = 0x00000002
	flagRequestTarget flags = 0x00000004
	flagSign          flags = 0x00000010
	flagNTLM          flags = 0x00000200
	flagAnonymous     flags = 0x00000800
	flagAlwaysSign    flags = 0x00008000
	flagTargetServer  flags = 0x00020000
	flagExtended      flags = 0x00080000 // extended session security
	flagTargetInfo    flags = 0x00800000
	flagVersion       flags = 0x02000000
	flag128           flags = 0x20000000
	flagKeyExchange   flags = 0x40000000
	flag56            flags = 0x80000000
)

// negotiateMessage opens the exchange.
//
// src: [MS-NLMP] §2.2.1.1
type negotiateMessage struct{ flags flags }

// challengeMessage is the server's answer.
//
// src: [MS-NLMP] §2.2.1.2
type challengeMessage struct {
	target     string
	flags      flags
	challenge  [8]byte
	targetInfo []byte // AV pairs, as they came
}

// authenticateMessage proves the client's knowledge of the password.
//
// src: [MS-NLMP] §2.2.1.3
type authenticateMessage struct {
	lm, nt                    []byte
	domain, user, workstation string
	sessionKey                []byte // encrypted with the key exchange key
	flags                     flags
	mic                       [16]byte // zero unless the AV pairs announce it
}

// Offsets of the fixed part of AUTHENTICATE.
//
// src: [MS-NLMP] §2.2.1.3
const (
	micOffset           = 72
	authenticatePayload = micOffset + 16
)

func malformed(what string) error {
	return &nt.Error{
		Op: "authenticate", Status: nt.StatusInvalidParameter,
		Err: fmt.Errorf("malformed NTLMSSP message: %s", what),
	}
}

// messageTypeOf checks the signature and tells which message b is.
func messageTypeOf(b []byte) (messageType, error) {
	if len(b) > MaxToken {
		return 0, malformed("too long")
	}
	if len(b) < 12 || string(b[:8]) != signature {
		return 0, malformed("no signature")
	}
	return messageType(binary.LittleEndian.Uint32(b[8:])), nil
}

func expect(b []byte, want messageType, size int) error {
	got, err := messageTypeOf(b)
	switch {
	case err != nil:
		return err
	case got != want:
		return malformed(fmt.Sprintf("type %d where %d belongs", got, want))
	case len(b) < size:
		return malformed("truncated")
	}
	return nil
}

// payload returns the bytes that the descriptor at off points to.
func payload(b []byte, off int) ([]byte, error) {
	n := int(binary.LittleEndian.Uint16(b[off:]))
	at := binary.LittleEndian.Uint32(b[off+4:])
	if n == 0 {
		return nil, nil
	}
	if uint64(at)+uint64(n) > uint64(len(b)) {
		return nil, malformed("payload outside of the message")
	}
	return b[at:][:n:n], nil
}

func (f flags) decodeString(b []byte) string {
	if f&flagUnicode != 0 {
		return fromUTF16LE(b)
	}
	return strings.ToValidUTF8(string(b), "?")
}

func (f flags) encodeString(s string) []byte {
	if f&flagUnicode != 0 {
		return utf16le(s)
	}
	return []byte(s)
}

func parseNegotiate(b []byte) (negotiateMessage, error) {
	if err := expect(b, typeNegotiate, 16); err != nil {
		return negotiateMessage{}, err
	}
	return negotiateMessage{flags: flags(binary.LittleEndian.Uint32(b[12:]))}, nil
}

func (m negotiateMessage) append(dst []byte) []byte {
	dst = append(dst, signature...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(typeNegotiate))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.flags))
	return append(dst, make([]byte, 16)...) // no domain, no workstation
}

func parseChallenge(b []byte) (challengeMessage, error) {
	if err := expect(b, typeChallenge, 32); err != nil {
		return challengeMessage{}, err
	}
	m := challengeMessage{flags: flags(binary.LittleEndian.Uint32(b[20:]))}
	copy(m.challenge[:], b[24:32])
	target, err := payload(b, 12)
	if err != nil {
		return challengeMessage{}, err
	}
	m.target = m.flags.decodeString(target)
	if m.flags&flagTargetInfo == 0 || len(b) < 48 {
		return m, nil
	}
	m.targetInfo, err = payload(b, 40)
	return m, err
}

func (m challengeMessage) append(dst []byte) []byte {
	const size = 48
	target := m.flags.encodeString(m.target)
	dst = slices.Grow(dst, size+len(target)+len(m.targetInfo))
	dst = append(dst, signature...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(typeChallenge))
	dst = appendDescriptor(dst, len(target), size)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.flags))
	dst = append(dst, m.challenge[:]...)
	dst = append(dst, make([]byte, 8)...)
	dst = appendDescriptor(dst, len(m.targetInfo), size+len(target))
	dst = append(dst, target...)
	return append(dst, m.targetInfo...)
}

func parseAuthenticate(b []byte) (authenticateMessage, error) {
	if err := expect(b, typeAuthenticate, 64); err != nil {
		return authenticateMessage{}, err
	}
	m := authenticateMessage{flags: flags(binary.LittleEndian.Uint32(b[60:]))}
	var fields [6][]byte
	for i := range fields {
		var err error
		if fields[i], err = payload(b, 12+8*i); err != nil {
			return authenticateMessage{}, err
		}
	}
	m.lm, m.nt, m.sessionKey = fields[0], fields[1], fields[5]
	m.domain = m.flags.decodeString(fields[2])
	m.user = m.flags.decodeString(fields[3])
	m.workstation = m.flags.decodeString(fields[4])
	if len(b) >= authenticatePayload {
		copy(m.mic[:], b[micOffset:])
	}
	return m, nil
}

func (m authenticateMessage) append(dst []byte) []byte {
	fields := [6][]byte{
		m.lm, m.nt, m.flags.encodeString(m.domain), m.flags.encodeString(m.user),
		m.flags.encodeString(m.workstation), m.sessionKey,
	}
	dst = slices.Grow(dst, authenticatePayload+totalLen(fields[:]))
	dst = append(dst, signature...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(typeAuthenticate))
	at := authenticatePayload
	for _, f := range fields {
		dst = appendDescriptor(dst, len(f), at)
		at += len(f)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.flags))
	dst = append(dst, make([]byte, 8)...) // no version
	dst = append(dst, m.mic[:]...)
	for _, f := range fields {
		dst = append(dst, f...)
	}
	return dst
}

func totalLen(parts [][]byte) (n int) {
	for _, p := range parts {
		n += len(p)
	}
	return n
}

func appendDescriptor(dst []byte, n, at int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
	return binary.LittleEndian.AppendUint32(dst, uint32(at))
}
