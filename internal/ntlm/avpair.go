package ntlm

import (
	"encoding/binary"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// avID names an attribute in a TargetInfo.
//
// src: [MS-NLMP] §2.2.2.1
type avID uint16

const (
	avEOL            avID = 0
	avComputerName   avID = 1
	avDomainName     avID = 2
	avFlags          avID = 6
	avTimestamp      avID = 7
	avTargetName     avID = 9
	avFlagMIC             = 2 // in avFlags: the AUTHENTICATE carries a MIC
	maxAVPairs            = 64
	usualAVPairs          = 8
	avPairHeaderSize      = 4
)

// avPair is one attribute. Its value may be a part of the message it came in.
type avPair struct {
	id    avID
	value []byte
}

// parseAVPairs reads the pairs before the terminator; a missing terminator is an error.
func parseAVPairs(b []byte) ([]avPair, error) {
	pairs := make([]avPair, 0, usualAVPairs)
	for len(b) >= avPairHeaderSize && len(pairs) < maxAVPairs {
		id := avID(binary.LittleEndian.Uint16(b))
		n := int(binary.LittleEndian.Uint16(b[2:]))
		b = b[avPairHeaderSize:]
		if id == avEOL {
			return pairs, nil
		}
		if n > len(b) {
			break
		}
		pairs = append(pairs, avPair{id: id, value: b[:n]})
		b = b[n:]
	}
	return nil, malformed("AV pairs do not end")
}

func encodeAVPairs(pairs []avPair) []byte {
	size := avPairHeaderSize
	for _, p := range pairs {
		size += avPairHeaderSize + len(p.value)
	}
	dst := make([]byte, 0, size)
	for _, p := range pairs {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(p.id))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(p.value)))
		dst = append(dst, p.value...)
	}
	return append(dst, 0, 0, 0, 0)
}

func findAV(pairs []avPair, id avID) ([]byte, bool) {
	for _, p := range pairs {
		if p.id == id {
			return p.value, true
		}
	}
	return nil, false
}

// timestampOf returns the server's time among the pairs.
func timestampOf(pairs []avPair) (nt.FileTime, bool) {
	v, ok := findAV(pairs, avTimestamp)
	if !ok || len(v) != 8 {
		return 0, false
	}
	return nt.FileTime(binary.LittleEndian.Uint64(v)), true
}

// announcesMIC reports whether the AV pairs of an NTLMv2 response say that the
// AUTHENTICATE message carries a MIC.
func announcesMIC(response []byte) bool {
	if len(response) < 16+minV2Blob {
		return false
	}
	pairs, err := parseAVPairs(response[16+minV2Blob:])
	if err != nil {
		return false
	}
	v, ok := findAV(pairs, avFlags)
	return ok && len(v) == 4 && binary.LittleEndian.Uint32(v)&avFlagMIC != 0
}
