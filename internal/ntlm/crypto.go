package ntlm

import (
	"bytes"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is defined with MD4.

	"github.com/ntrdr/ntrdr/internal/nt"
)

// utf16le encodes s as NTLM hashes and transmits strings: UTF-16LE, no terminator.
func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	var room [2]uint16
	for _, r := range s {
		for _, u := range utf16.AppendRune(room[:0], r) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
	}
	return b
}

// fromUTF16LE decodes what utf16le encoded; an odd last byte is dropped.
func fromUTF16LE(b []byte) string {
	units := make([]uint16, 0, 64) // longer ones take more allocations
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	return string(utf16.Decode(units))
}

func md4Sum(b []byte) []byte {
	h := md4.New()
	h.Write(b) // a hash.Hash never returns an error
	return h.Sum(nil)
}

// hmacMD5 is the HMAC of RFC 2104 over what the parts make together, with a key of at most
// a block. crypto/hmac takes seven allocations for one, and each connect takes eight.
func hmacMD5(key []byte, parts ...[]byte) []byte {
	h := md5.New()
	pad := padded(key, innerPad)
	h.Write(pad[:]) // a hash.Hash never returns an error
	for _, p := range parts {
		h.Write(p)
	}
	var inner [md5.Size]byte
	h.Sum(inner[:0])
	h.Reset()
	pad = padded(key, outerPad)
	h.Write(pad[:])
	h.Write(inner[:])
	return h.Sum(make([]byte, 0, md5.Size))
}

// src: RFC 2104 §2
var (
	innerPad = bytes.Repeat([]byte{0x36}, md5.BlockSize)
	outerPad = bytes.Repeat([]byte{0x5c}, md5.BlockSize)
)

// padded is the key, filled up to a block, combined with pad.
func padded(key, pad []byte) (b [md5.BlockSize]byte) {
	copy(b[:], key)
	subtle.XORBytes(b[:], b[:], pad)
	return b
}

// rc4Key encrypts, or decrypts, a 16-byte session key.
//
// src: [MS-NLMP] §3.1.5.1.2 (EncryptedRandomSessionKey)
func rc4Key(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic("ntlm: RC4 key of " + err.Error()) // a key of ours is always 16 bytes
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// ntowfv1 is the NT hash of a password.
//
// src: [MS-NLMP] §3.3.1
func ntowfv1(password string) []byte { return md4Sum(utf16le(password)) }

// ntowfv2 is the NTLMv2 key of a user.
//
// src: [MS-NLMP] §3.3.2
func ntowfv2(user, password, domain string) []byte {
	return hmacMD5(ntowfv1(password), utf16le(strings.ToUpper(user)+domain))
}

// answerV2 computes the NTLMv2 answer to a challenge and the key that it yields.
//
// src: [MS-NLMP] §3.3.2
func answerV2(key []byte, server, client [8]byte, at nt.FileTime, targetInfo []byte) (response, sessionBase []byte) {
	temp := make([]byte, 0, minV2Blob+len(targetInfo)+4)
	temp = append(temp, 1, 1, 0, 0, 0, 0, 0, 0)
	temp = binary.LittleEndian.AppendUint64(temp, uint64(at))
	temp = append(temp, client[:]...)
	temp = append(temp, 0, 0, 0, 0)
	temp = append(temp, targetInfo...)
	temp = append(temp, 0, 0, 0, 0)
	proof := hmacMD5(key, server[:], temp)
	return slices.Concat(proof, temp), hmacMD5(key, proof)
}

// answerLMv2 computes the LMv2 answer to a challenge.
//
// src: [MS-NLMP] §3.3.2
func answerLMv2(key []byte, server, client [8]byte) []byte {
	return append(hmacMD5(key, server[:], client[:]), client[:]...)
}

// checkV2 verifies an NTLMv2 response and returns the session base key.
func checkV2(key []byte, server [8]byte, response []byte) ([]byte, bool) {
	if len(response) < md5.Size+minV2Blob {
		return nil, false
	}
	proof := hmacMD5(key, server[:], response[md5.Size:])
	if !hmac.Equal(proof, response[:md5.Size]) {
		return nil, false
	}
	return hmacMD5(key, proof), true
}

// minV2Blob is the NTLMv2_CLIENT_CHALLENGE up to its AV pairs.
//
// src: [MS-NLMP] §2.2.2.7
const minV2Blob = 28

// answerV1 encrypts the challenge with the three DES keys in the NT hash.
//
// src: [MS-NLMP] §3.3.1; §6 (DESL)
func answerV1(hash []byte, server [8]byte) []byte {
	var keys [21]byte
	copy(keys[:], hash)
	out := make([]byte, 24)
	for i := range 3 {
		c, err := des.NewCipher(desKey(keys[7*i : 7*i+7]))
		if err != nil {
			panic("ntlm: DES key of " + err.Error()) // a key of ours is always 8 bytes
		}
		c.Encrypt(out[8*i:], server[:])
	}
	return out
}

// desKey spreads 56 bits over the upper seven of each of eight bytes; DES does not
// look at the parity bits.
func desKey(k []byte) []byte {
	return []byte{
		k[0],
		k[0]<<7 | k[1]>>1,
		k[1]<<6 | k[2]>>2,
		k[2]<<5 | k[3]>>3,
		k[3]<<4 | k[4]>>4,
		k[4]<<3 | k[5]>>5,
		k[5]<<2 | k[6]>>6,
		k[6] << 1,
	}
}
