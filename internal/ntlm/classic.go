package ntlm

import (
	"crypto/hmac"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Classic is the answer to the 8-byte challenge of an SMB NEGOTIATE reply without
// extended security, for the two password fields of SESSION_SETUP_ANDX.
//
// src: [MS-CIFS] §2.2.4.53.1 (OEMPassword, UnicodePassword)
type Classic struct {
	LM, NT     []byte
	SessionKey []byte
}

// NewChallenge draws the challenge for an SMB NEGOTIATE reply.
func NewChallenge(rnd *rand.Rand) [8]byte { return nonce(rnd) }

// AnswerClassicV2 answers a challenge with LMv2 and NTLMv2. An anonymous logon has
// an LM response of one zero byte.
func AnswerClassicV2(cred Credentials, challenge [8]byte, rnd *rand.Rand, now time.Time) Classic {
	if cred.User == "" {
		return Classic{LM: []byte{0}}
	}
	info := encodeAVPairs([]avPair{{avDomainName, utf16le(cred.Domain)}})
	key := ntowfv2(cred.User, cred.Password, cred.Domain)
	client := nonce(rnd)
	response, base := answerV2(key, challenge, client, nt.FileTimeOf(now), info)
	return Classic{LM: answerLMv2(key, challenge, client), NT: response, SessionKey: base}
}

// AnswerClassicV1 answers a challenge as NT 3.51 does, with the NTLM response; the LM
// response, which gives the password away, is a copy of it.
//
// src: [MS-NLMP] §3.3.1 (NoLMResponseNTLMv1)
func AnswerClassicV1(cred Credentials, challenge [8]byte) Classic {
	if cred.User == "" {
		return Classic{LM: []byte{0}}
	}
	hash := ntowfv1(cred.Password)
	r := answerV1(hash, challenge)
	return Classic{LM: r, NT: r, SessionKey: md4Sum(hash)}
}

// VerifyClassic checks the response in the NT password field, NTLMv2 or NTLM, and
// returns the session key. The LM field is not read.
func VerifyClassic(challenge [8]byte, response []byte, user, domain, password string) (sessionKey []byte, ok bool) {
	if len(response) != 24 {
		return (*Keys)(nil).checkAnyDomain(challenge, response, user, domain, password)
	}
	hash := ntowfv1(password)
	if !hmac.Equal(answerV1(hash, challenge), response) {
		return nil, false
	}
	return md4Sum(hash), true
}

func le64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
