package ntlm

import (
	"bytes"
	"errors"
	"math"
	"math/bits"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// negState is the state of a SPNEGO negotiation.
//
// src: RFC 4178 §4.2.2
type negState int

const (
	negNone             negState = -1 // the field is absent
	negAcceptCompleted  negState = 0
	negAcceptIncomplete negState = 1
	negReject           negState = 2
)

// oid is an object identifier as ASN.1 encodes it, without tag and length.
type oid []byte

// initToken is a NegTokenInit, or as much of it as NTLM needs.
//
// src: RFC 4178 §4.2.1
type initToken struct {
	mechs []oid
	token []byte
}

// respToken is a NegTokenResp.
//
// src: RFC 4178 §4.2.2
type respToken struct {
	state negState
	mech  oid // nil: absent
	token []byte
}

var errSPNEGO = &nt.Error{
	Op: "authenticate", Status: nt.StatusInvalidParameter, Err: errors.New("malformed SPNEGO token"),
}

var (
	oidSPNEGO = oid{0x2B, 6, 1, 5, 5, 2} // 1.3.6.1.5.5.2

	// 1.3.6.1.4.1.311.2.2.10
	//
	// src: [MS-NLMP] §1.9
	oidNTLMSSP = oid{0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10}
)

func (o oid) is(other oid) bool { return bytes.Equal(o, other) }

// wellFormed reports whether o is a row of numbers, none of more than 31 bits or with
// leading zeros.
//
// src: ITU-T X.690 §8.19
func (o oid) wellFormed() bool {
	number, begun := 0, false
	for _, b := range o {
		if number = number<<7 | int(b&0x7F); number > math.MaxInt32 || b == 0x80 && !begun {
			return false
		}
		if begun = b >= 0x80; !begun {
			number = 0
		}
	}
	return len(o) > 0 && !begun
}

// readOID reads one that is well-formed.
func readOID(s *cryptobyte.String) (oid, bool) {
	var o cryptobyte.String
	ok := s.ReadASN1(&o, asn1.OBJECT_IDENTIFIER) && oid(o).wellFormed()
	return oid(o), ok
}

// der is an element whose contents the parts make together.
//
// src: ITU-T X.690 §8.1.3 (the length)
func der(tag asn1.Tag, parts ...[]byte) []byte {
	n := totalLen(parts)
	e := append(make([]byte, 0, 8+n), byte(tag))
	if n < 0x80 {
		e = append(e, byte(n))
	} else {
		size := (bits.Len(uint(n)) + 7) / 8
		e = append(e, 0x80|byte(size))
		for i := size - 1; i >= 0; i-- {
			e = append(e, byte(n>>(8*i)))
		}
	}
	for _, p := range parts {
		e = append(e, p...)
	}
	return e
}

func context(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// isInit reports whether b starts as a NegTokenInit does: [APPLICATION 0].
func isInit(b []byte) bool { return len(b) > 0 && b[0] == 0x60 }

// isResp reports whether b starts as a NegTokenResp does: [1].
func isResp(b []byte) bool { return len(b) > 0 && b[0] == 0xA1 }

// parseInit reads a NegTokenInit. What follows the mechanism token, a mechListMIC or
// the hints of a NegTokenInit2, is skipped.
//
// src: RFC 4178 §4.2.1; [MS-SPNG] §2.2.1
func parseInit(b []byte) (initToken, error) {
	in := cryptobyte.String(b)
	var app, outer, seq cryptobyte.String
	if len(b) > MaxToken || !in.ReadASN1(&app, asn1.Tag(0x60)) {
		return initToken{}, errSPNEGO
	}
	if o, ok := readOID(&app); !ok || !o.is(oidSPNEGO) ||
		!app.ReadASN1(&outer, context(0)) || !outer.ReadASN1(&seq, asn1.SEQUENCE) {
		return initToken{}, errSPNEGO
	}
	var t initToken
	var err error
	if t.mechs, err = parseMechs(&seq); err != nil {
		return initToken{}, err
	}
	var flags cryptobyte.String
	if !seq.ReadOptionalASN1(&flags, nil, context(1)) {
		return initToken{}, errSPNEGO
	}
	t.token, err = optionalOctets(&seq, 2)
	return t, err
}

// maxMechs bounds the mechanisms a peer may list.
//
// src: assumed (Windows lists four)
const maxMechs = 32

func parseMechs(seq *cryptobyte.String) ([]oid, error) {
	var field, list cryptobyte.String
	if !seq.ReadASN1(&field, context(0)) || !field.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, errSPNEGO
	}
	var mechs []oid
	for !list.Empty() {
		o, ok := readOID(&list)
		if !ok || len(mechs) == maxMechs {
			return nil, errSPNEGO
		}
		mechs = append(mechs, o)
	}
	return mechs, nil
}

func optionalOctets(seq *cryptobyte.String, tag uint8) ([]byte, error) {
	var field, octets cryptobyte.String
	var present bool
	if !seq.ReadOptionalASN1(&field, &present, context(tag)) {
		return nil, errSPNEGO
	}
	if !present {
		return nil, nil
	}
	if !field.ReadASN1(&octets, asn1.OCTET_STRING) {
		return nil, errSPNEGO
	}
	return octets, nil
}

func (t initToken) offersNTLM() bool { return slices.ContainsFunc(t.mechs, oidNTLMSSP.is) }

// bytes encodes the token; an absent mechanism token is left out.
func (t initToken) bytes() []byte {
	var mechs [][]byte
	for _, m := range t.mechs {
		mechs = append(mechs, der(asn1.OBJECT_IDENTIFIER, m))
	}
	fields := der(asn1.SEQUENCE, der(context(0), der(asn1.SEQUENCE, mechs...)), octets(2, t.token))
	return der(asn1.Tag(0x60), der(asn1.OBJECT_IDENTIFIER, oidSPNEGO), der(context(0), fields))
}

// octets is an octet string as a field of a sequence, nothing if there is none.
func octets(field uint8, s []byte) []byte {
	if s == nil {
		return nil
	}
	return der(context(field), der(asn1.OCTET_STRING, s))
}

// parseResp reads a NegTokenResp; a mechListMIC at its end is skipped.
func parseResp(b []byte) (respToken, error) {
	in := cryptobyte.String(b)
	var outer, seq, field cryptobyte.String
	t := respToken{state: negNone}
	if len(b) > MaxToken || !in.ReadASN1(&outer, context(1)) || !outer.ReadASN1(&seq, asn1.SEQUENCE) {
		return t, errSPNEGO
	}
	var present bool
	var state int
	switch ok := seq.ReadOptionalASN1(&field, &present, context(0)); {
	case !ok, present && !field.ReadASN1Enum(&state):
		return t, errSPNEGO
	case present:
		t.state = negState(state)
	}
	if !seq.ReadOptionalASN1(&field, &present, context(1)) {
		return t, errSPNEGO
	}
	if present {
		var ok bool
		if t.mech, ok = readOID(&field); !ok {
			return t, errSPNEGO
		}
	}
	var err error
	t.token, err = optionalOctets(&seq, 2)
	return t, err
}

func (t respToken) bytes() []byte {
	var state, mech []byte
	if t.state != negNone {
		state = der(context(0), t.state.enumerated())
	}
	if t.mech != nil {
		mech = der(context(1), der(asn1.OBJECT_IDENTIFIER, t.mech))
	}
	return der(context(1), der(asn1.SEQUENCE, state, mech, octets(2, t.token)))
}

func (s negState) enumerated() []byte {
	var b cryptobyte.Builder
	b.AddASN1Enum(int64(s))
	return b.BytesOrPanic()
}
