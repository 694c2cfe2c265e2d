package ntlm

import (
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
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
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func md4Sum(b []byte) []byte {
	h := md4.New()
	h.Write(b) // a hash.Hash never returns an error
	return h.Sum(nil)
}

// hmacMD5 is the HMAC of RFC 2104 over what the parts make together, with a key of at most
// a block. crypto/hmac takes seven allocations for one, and each connect takes thirteen.
func hmacMD5(key []byte, parts ...[]byte) []byte {
	inner := append(make([]byte, 0, 1024), pad(key, 0x36)...)
	for _, p := range parts {
		inner = append(inner, p...)
	}
	sum := md5.Sum(inner)
	outer := md5.Sum(append(pad(key, 0x5c), sum[:]...))
	return outer[:]
}

// pad is the key, filled up to a block, with each byte changed by mask.
//
// src: RFC 2104 §2
func pad(key []byte, mask byte) []byte {
	b := make([]byte, md5.BlockSize, md5.BlockSize+md5.Size)
	copy(b, key)
	for i := range b {
		b[i] ^= mask
	}
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

// v2Responses are the two NTLMv2 answers to a challenge and the key they yield.
type v2Responses struct{ nt, lm, sessionBase []byte }

// answerV2 computes the NTLMv2 answers.
//
// src: [MS-NLMP] §3.3.2
func answerV2(key []byte, server, client [8]byte, at nt.FileTime, targetInfo []byte) v2Responses {
	temp := []byte{1, 1, 0, 0, 0, 0, 0, 0}
	temp = binary.LittleEndian.AppendUint64(temp, uint64(at))
	temp = append(temp, client[:]...)
	temp = append(temp, 0, 0, 0, 0)
	temp = append(temp, targetInfo...)
	temp = append(temp, 0, 0, 0, 0)
	proof := hmacMD5(key, server[:], temp)
	return v2Responses{
		nt:          append(proof[:len(proof):len(proof)], temp...),
		lm:          append(hmacMD5(key, server[:], client[:]), client[:]...),
		sessionBase: hmacMD5(key, proof),
	}
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
