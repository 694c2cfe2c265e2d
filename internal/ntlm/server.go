package ntlm

import (
	"crypto/hmac"
	encasn1 "encoding/asn1"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Lookup tells the password of a user. The domain is what the client sent; a server
// of local accounts passes it over. Lookup("", …) decides whether anonymous logons
// are let in.
type Lookup func(user, domain string) (password string, ok bool)

// Identity is who logged on.
type Identity struct {
	User, Domain, Workstation string
	Anonymous                 bool
	SessionKey                []byte // nil for an anonymous logon
}

// Server is the acceptor of one logon.
type Server struct {
	Keys *Keys // may be nil

	target    string
	rnd       *rand.Rand
	lookup    Lookup
	spnego    bool
	negotiate []byte
	challenge []byte
	nonce     [8]byte
	flags     flags
}

// NewServer prepares to accept one logon at the server named target. The challenge
// is drawn from rnd.
func NewServer(target string, rnd *rand.Rand, lookup Lookup) *Server {
	return &Server{target: target, rnd: rnd, lookup: lookup}
}

// Hint returns the SPNEGO token for the security blob of an SMB NEGOTIATE reply. It
// offers NTLMSSP alone.
func Hint() []byte { return slices.Clone(hint) }

var hint = initToken{mechs: mechNTLM()}.bytes()

// Step answers the client's token, bare NTLMSSP or SPNEGO, in kind. While done is
// false the reply goes out with StatusMoreProcessingRequired; with done it goes out
// with success, and id says who logged on. A wrong password, an unknown user and a
// forged message are StatusLogonFailure, nonsense is StatusInvalidParameter.
func (s *Server) Step(token []byte, now time.Time) (reply []byte, done bool, id Identity, err error) {
	msg, err := s.unwrap(token)
	if err != nil {
		return nil, false, Identity{}, err
	}
	if msg == nil { // a mechanism list without NTLMSSP as the first choice
		return respToken{state: negAcceptIncomplete, mech: oidNTLMSSP()}.bytes(), false, Identity{}, nil
	}
	kind, err := messageTypeOf(msg)
	switch {
	case err != nil:
		return nil, false, Identity{}, err
	case kind == typeNegotiate && s.challenge == nil:
		reply, err = s.answerNegotiate(msg, now)
		return reply, false, Identity{}, err
	case kind == typeAuthenticate && s.challenge != nil:
		if id, err = s.verify(msg); err != nil {
			return nil, false, id, err
		}
		return s.accept(), true, id, nil
	}
	return nil, false, Identity{}, malformed("out of turn")
}

// unwrap returns the NTLMSSP message in token, nil if there is none yet.
func (s *Server) unwrap(token []byte) ([]byte, error) {
	switch {
	case isInit(token):
		s.spnego = true
		t, err := parseInit(token)
		switch {
		case err != nil:
			return nil, err
		case !t.offersNTLM():
			return nil, &nt.Error{
				Op: "authenticate", Status: nt.StatusLogonFailure, Err: errors.New("the client does not offer NTLMSSP"),
			}
		case !t.mechs[0].Equal(oidNTLMSSP()):
			return nil, nil // the token belongs to a mechanism that is not spoken here
		}
		return t.token, nil
	case isResp(token):
		s.spnego = true
		t, err := parseResp(token)
		if err == nil && t.token == nil {
			err = malformed("no token")
		}
		return t.token, err
	}
	return token, nil
}

// serverFlags are what the server grants, if asked.
const serverFlags = flagUnicode | flagOEM | flagRequestTarget | flagSign | flagNTLM | flagAlwaysSign |
	flagExtended | flag128 | flag56 | flagKeyExchange

// answerNegotiate makes the CHALLENGE.
//
// src: [MS-NLMP] §3.2.5.1.1
func (s *Server) answerNegotiate(msg []byte, now time.Time) ([]byte, error) {
	m, err := parseNegotiate(msg)
	if err != nil {
		return nil, err
	}
	s.flags = m.flags&serverFlags | flagTargetInfo | flagTargetServer
	if s.flags&flagUnicode != 0 {
		s.flags &^= flagOEM
	}
	s.nonce = nonce(s.rnd)
	s.negotiate = append([]byte(nil), msg...)
	s.challenge = challengeMessage{
		target: s.target, flags: s.flags, challenge: s.nonce, targetInfo: s.targetInfo(now),
	}.append(nil)
	if !s.spnego {
		return s.challenge, nil
	}
	return respToken{state: negAcceptIncomplete, mech: oidNTLMSSP(), token: s.challenge}.bytes(), nil
}

func (s *Server) targetInfo(now time.Time) []byte {
	at := uint64(nt.FileTimeOf(now))
	return encodeAVPairs([]avPair{
		{avDomainName, utf16le(s.target)},
		{avComputerName, utf16le(s.target)},
		{avTimestamp, le64(at)},
	})
}

var accepted = respToken{state: negAcceptCompleted}.bytes()

func (s *Server) accept() []byte {
	if !s.spnego {
		return nil
	}
	return slices.Clone(accepted)
}

// verify checks an AUTHENTICATE. With StatusLogonFailure it still says who tried.
//
// src: [MS-NLMP] §3.2.5.1.2
func (s *Server) verify(msg []byte) (Identity, error) {
	m, err := parseAuthenticate(msg)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{User: m.user, Domain: m.domain, Workstation: m.workstation}
	password, ok := s.lookup(m.user, m.domain)
	if !ok {
		return id, logonFailure(m.user)
	}
	if m.user == "" && len(m.nt) == 0 {
		id.Anonymous = true
		return id, nil
	}
	base, ok := s.Keys.checkAnyDomain(s.nonce, m.nt, m.user, m.domain, password)
	if !ok {
		return id, logonFailure(m.user)
	}
	id.SessionKey, err = exportedKey(base, m)
	if err != nil {
		return Identity{}, err
	}
	if announcesMIC(m.nt) && !s.micHolds(id.SessionKey, msg, m.mic) {
		return Identity{}, logonFailure(m.user)
	}
	return id, nil
}

// checkAnyDomain tries the domain spellings that clients hash.
//
// src: assumed (clients hash the domain as typed, in capitals, or not at all)
func (k *Keys) checkAnyDomain(challenge [8]byte, response []byte, user, domain, password string) ([]byte, bool) {
	for _, d := range [...]string{domain, strings.ToUpper(domain), ""} {
		if base, ok := checkV2(k.of(user, password, d), challenge, response); ok {
			return base, true
		}
	}
	return nil, false
}

// exportedKey unwraps the key that the client chose, if it did.
func exportedKey(base []byte, m authenticateMessage) ([]byte, error) {
	if m.flags&flagKeyExchange == 0 {
		return base, nil
	}
	if len(m.sessionKey) != 16 {
		return nil, malformed("no session key")
	}
	return rc4Key(base, m.sessionKey), nil
}

// micHolds verifies the MIC, which covers the AUTHENTICATE with the MIC zeroed.
func (s *Server) micHolds(key, msg []byte, mic [16]byte) bool {
	if len(msg) < authenticatePayload {
		return false
	}
	zeroed := append([]byte(nil), msg...)
	clear(zeroed[micOffset:authenticatePayload])
	return hmac.Equal(mic[:], hmacMD5(key, s.negotiate, s.challenge, zeroed))
}

func logonFailure(user string) error {
	return &nt.Error{Op: "authenticate", Path: user, Status: nt.StatusLogonFailure}
}

func mechNTLM() []encasn1.ObjectIdentifier { return []encasn1.ObjectIdentifier{oidNTLMSSP()} }
