// Package ntlm authenticates by NTLM: the NTLMSSP messages NEGOTIATE, CHALLENGE and
// AUTHENTICATE with NTLMv2, bare or wrapped in SPNEGO, for both ends, and the older
// responses to the challenge of an SMB NEGOTIATE reply.
//
// # Model
//
// A Client and a Server are state machines without I/O: Step takes the peer's token
// and returns the next one. Nonces are drawn from the *rand.Rand given, times are
// given to each step: the package has no clock and no randomness of its own, so a
// logon in a seeded simulation has the same bytes each time. A live run seeds that
// source from the machine.
//
// # Limits
//
// The Client speaks NTLMv2 only. The Server accepts NTLMv2 in NTLMSSP, NTLMv2 and
// NTLM in the classic form; the LM response is read by neither. Keys are derived,
// but nothing is signed or sealed. SPNEGO negotiates no mechanism but NTLMSSP and
// neither sends nor checks a mechListMIC. A token is at most MaxToken bytes. Nothing
// is shared between tasks: there are no locks.
//
// src: [MS-NLMP]; [MS-SPNG]; RFC 4178
package ntlm
