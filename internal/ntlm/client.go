package ntlm

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Credentials are who logs on, from where. An empty User logs on anonymously.
type Credentials struct {
	User, Password, Domain, Workstation string
}

// clientFlags are what the client asks for.
//
// src: [MS-NLMP] §3.1.5.1.1
const clientFlags = flagUnicode | flagRequestTarget | flagNTLM | flagAlwaysSign | flagExtended |
	flagTargetInfo | flag128 | flag56 | flagKeyExchange

// Client is the initiator of one logon.
type Client struct {
	Keys *Keys // may be nil

	cred      Credentials
	rnd       *rand.Rand
	negotiate []byte
	key       []byte
	state     clientState
}

type clientState uint8

const (
	clientFresh clientState = iota
	clientAsked
	clientProved
	clientDone
)

// NewClient prepares a logon. Nonces are drawn from rnd.
func NewClient(cred Credentials, rnd *rand.Rand) *Client { return &Client{cred: cred, rnd: rnd} }

// Init returns the first token, SPNEGO around NEGOTIATE. The blob is the server's hint
// from the SMB NEGOTIATE reply; a server that lists mechanisms there and not NTLMSSP
// is refused. A blob that cannot be read says nothing and is passed over.
func (c *Client) Init(blob []byte) ([]byte, error) {
	if hint, err := parseInit(blob); err == nil && !hint.offersNTLM() {
		return nil, &nt.Error{
			Op: "authenticate", Status: nt.StatusNotSupported, Err: errors.New("the server does not offer NTLMSSP"),
		}
	}
	c.negotiate = firstMessage
	c.state = clientAsked
	return slices.Clone(firstToken), nil
}

// Every client begins with the same message.
var (
	firstMessage = negotiateMessage{flags: clientFlags}.append(nil)
	firstToken   = initToken{mechs: mechNTLM(), token: firstMessage}.bytes()
)

// Step answers the server's token. Once it returns done with a nil reply the exchange
// is over; a reply, done or not, is to be sent.
func (c *Client) Step(token []byte, now time.Time) (reply []byte, done bool, err error) {
	if len(token) == 0 && c.state == clientProved {
		c.state = clientDone
		return nil, true, nil
	}
	resp, err := parseResp(token)
	if err != nil {
		return nil, false, err
	}
	switch {
	case resp.state == negReject:
		return nil, false, &nt.Error{Op: "authenticate", Status: nt.StatusLogonFailure}
	case c.state == clientAsked:
		auth, err := c.authenticate(resp.token, now)
		if err != nil {
			return nil, false, err
		}
		c.state = clientProved
		return respToken{state: negNone, token: auth}.bytes(), false, nil
	case c.state == clientProved && resp.state != negAcceptIncomplete:
		c.state = clientDone
		return nil, true, nil
	}
	return nil, false, malformed("a token out of turn")
}

// SessionKey is the exported session key, nil before the challenge was answered and
// for an anonymous logon.
func (c *Client) SessionKey() []byte { return c.key }

// authenticate answers a CHALLENGE.
//
// src: [MS-NLMP] §3.1.5.1.2
func (c *Client) authenticate(challenge []byte, now time.Time) ([]byte, error) {
	ch, err := parseChallenge(challenge)
	if err != nil {
		return nil, err
	}
	if ch.flags&flagUnicode == 0 || ch.flags&flagExtended == 0 {
		return nil, &nt.Error{
			Op: "authenticate", Status: nt.StatusNotSupported, Err: errors.New("the server does not negotiate NTLMv2"),
		}
	}
	m := authenticateMessage{flags: ch.flags & (clientFlags | flagSign), workstation: c.cred.Workstation}
	if c.cred.User == "" {
		m.flags = m.flags&^flagKeyExchange | flagAnonymous
		m.lm = []byte{0}
		return m.append(nil), nil
	}
	m.user, m.domain = c.cred.User, c.cred.Domain
	withMIC, err := c.prove(&m, ch, now)
	if err != nil {
		return nil, err
	}
	out := m.append(nil)
	if len(out) > MaxToken {
		return nil, malformed("the credentials are too long")
	}
	if withMIC {
		copy(out[micOffset:], hmacMD5(c.key, c.negotiate, challenge, out))
	}
	return out, nil
}

// prove fills in the responses and the session key. A server that tells the time gets
// a MIC and no LM response.
func (c *Client) prove(m *authenticateMessage, ch challengeMessage, now time.Time) (withMIC bool, err error) {
	info := ch.targetInfo
	at := nt.FileTimeOf(now)
	if len(info) > 0 {
		pairs, err := parseAVPairs(info)
		if err != nil {
			return false, err
		}
		if t, ok := timestampOf(pairs); ok {
			at, withMIC = t, true
			info = encodeAVPairs(withMICFlag(pairs))
		}
	}
	key := c.Keys.of(c.cred.User, c.cred.Password, c.cred.Domain)
	nonce := c.nonce()
	response, base := answerV2(key, ch.challenge, nonce, at, info)
	m.nt, c.key = response, base
	if withMIC {
		m.lm = make([]byte, 24)
	} else {
		m.lm = answerLMv2(key, ch.challenge, nonce)
	}
	if m.flags&flagKeyExchange != 0 {
		a, b := c.nonce(), c.nonce()
		c.key = slices.Concat(a[:], b[:])
		m.sessionKey = rc4Key(base, c.key)
	}
	return withMIC, nil
}

func (c *Client) nonce() [8]byte { return nonce(c.rnd) }

func nonce(rnd *rand.Rand) (n [8]byte) {
	binary.LittleEndian.PutUint64(n[:], rnd.Uint64())
	return n
}

// withMICFlag returns the pairs with the announcement of a MIC.
func withMICFlag(pairs []avPair) []avPair {
	flag := uint32(avFlagMIC)
	if v, ok := findAV(pairs, avFlags); ok && len(v) == 4 {
		flag |= binary.LittleEndian.Uint32(v)
	}
	out := slices.DeleteFunc(slices.Clone(pairs), func(p avPair) bool { return p.id == avFlags })
	return append(out, avPair{id: avFlags, value: binary.LittleEndian.AppendUint32(nil, flag)})
}
