package ntlm

import (
	encasn1 "encoding/asn1"
	"errors"
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

// spnegoFrame is the room around a mechanism's token that most tokens need.
const spnegoFrame = 64

// initToken is a NegTokenInit, or as much of it as NTLM needs.
//
// src: RFC 4178 §4.2.1
type initToken struct {
	mechs []encasn1.ObjectIdentifier
	token []byte
}

// respToken is a NegTokenResp.
//
// src: RFC 4178 §4.2.2
type respToken struct {
	state negState
	mech  encasn1.ObjectIdentifier // nil: absent
	token []byte
}

var errSPNEGO = &nt.Error{
	Op: "authenticate", Status: nt.StatusInvalidParameter, Err: errors.New("malformed SPNEGO token"),
}

func oidSPNEGO() encasn1.ObjectIdentifier { return encasn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2} }

// src: [MS-NLMP] §1.9
func oidNTLMSSP() encasn1.ObjectIdentifier {
	return encasn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}
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
	var oid encasn1.ObjectIdentifier
	if len(b) > MaxToken || !in.ReadASN1(&app, asn1.Tag(0x60)) || !app.ReadASN1ObjectIdentifier(&oid) ||
		!oid.Equal(oidSPNEGO()) || !app.ReadASN1(&outer, context(0)) || !outer.ReadASN1(&seq, asn1.SEQUENCE) {
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

func parseMechs(seq *cryptobyte.String) ([]encasn1.ObjectIdentifier, error) {
	var field, list cryptobyte.String
	if !seq.ReadASN1(&field, context(0)) || !field.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, errSPNEGO
	}
	var mechs []encasn1.ObjectIdentifier
	for !list.Empty() {
		var oid encasn1.ObjectIdentifier
		if len(mechs) == maxMechs || !list.ReadASN1ObjectIdentifier(&oid) {
			return nil, errSPNEGO
		}
		mechs = append(mechs, oid)
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

func (t initToken) offersNTLM() bool {
	return slices.ContainsFunc(t.mechs, oidNTLMSSP().Equal)
}

// bytes encodes the token; an absent mechanism token is left out.
func (t initToken) bytes() []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(t.token)+spnegoFrame))
	b.AddASN1(asn1.Tag(0x60), func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSPNEGO())
		b.AddASN1(context(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(context(0), func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						for _, m := range t.mechs {
							b.AddASN1ObjectIdentifier(m)
						}
					})
				})
				addOctets(b, 2, t.token)
			})
		})
	})
	return b.BytesOrPanic()
}

func addOctets(b *cryptobyte.Builder, tag uint8, octets []byte) {
	if octets == nil {
		return
	}
	b.AddASN1(context(tag), func(b *cryptobyte.Builder) { b.AddASN1OctetString(octets) })
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
	switch ok := seq.ReadOptionalASN1(&field, &present, context(1)); {
	case !ok, present && !field.ReadASN1ObjectIdentifier(&t.mech):
		return t, errSPNEGO
	}
	var err error
	t.token, err = optionalOctets(&seq, 2)
	return t, err
}

func (t respToken) bytes() []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(t.token)+spnegoFrame))
	b.AddASN1(context(1), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if t.state != negNone {
				b.AddASN1(context(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(t.state)) })
			}
			if t.mech != nil {
				b.AddASN1(context(1), func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(t.mech) })
			}
			addOctets(b, 2, t.token)
		})
	})
	return b.BytesOrPanic()
}
