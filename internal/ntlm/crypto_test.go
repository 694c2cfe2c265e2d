package ntlm

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The common values of the published examples.
//
// src: [MS-NLMP] §4.2.1
const (
	exampleUser     = "User"
	examplePassword = "Password"
	exampleDomain   = "Domain"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func eight(t *testing.T, s string) (out [8]byte) {
	t.Helper()
	copy(out[:], unhex(t, s))
	return out
}

func exampleTargetInfo() []byte {
	return encodeAVPairs([]avPair{
		{avDomainName, utf16le("Domain")},
		{avComputerName, utf16le("Server")},
	})
}

// Keys that are remembered are those of the account, however many there are.
func TestKeys(t *testing.T) {
	for _, k := range []*Keys{NewKeys(nil), NewKeys(t)} {
		for round := range 2 {
			for i := range 2 * maxKeys {
				domain := strconv.Itoa(i / 2)
				if got, want := k.of("anna", "secret", domain), ntowfv2("anna", "secret", domain); !bytes.Equal(got, want) {
					t.Errorf("round %d, domain %s: got %x, want %x", round, domain, got, want)
				}
			}
		}
		if k != nil && len(k.known) > maxKeys {
			t.Errorf("%d are remembered", len(k.known))
		}
	}
}

// src: [MS-NLMP] §4.2.2 and §4.2.4
func TestPublishedExamples(t *testing.T) {
	challenge := eight(t, "0123456789abcdef")
	client := eight(t, "aaaaaaaaaaaaaaaa")
	v1 := ntowfv1(examplePassword)
	v2 := ntowfv2(exampleUser, examplePassword, exampleDomain)
	answer, base := answerV2(v2, challenge, client, 0, exampleTargetInfo())
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"NTOWFv1", v1, "a4f49c406510bdcab6824ee7c30fd852"},
		{"NTLMv1 response", answerV1(v1, challenge), "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"},
		{"NTLMv1 session base key", md4Sum(v1), "d87262b0cde4b1cb7499becccdf10784"},
		{"NTOWFv2", v2, "0c868a403bfd7a93a3001ef22ef02e3f"},
		{"NTLMv2 session base key", base, "8de40ccadbc14a82f15cb0ad0de95ca3"},
		{"LMv2 response", answerLMv2(v2, challenge, client), "86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa"},
		{"NTProofStr", answer[:16], "68cd0ab851e51c96aabc927bebef6a1c"},
		{
			"NTLMv2_CLIENT_CHALLENGE", answer[16:],
			`01010000 00000000 00000000 00000000 aaaaaaaaaaaaaaaa 00000000
			 02000c00 44006f006d00610069006e00 01000c00 530065007200760065007200 00000000 00000000`,
		},
		{
			"encrypted session key", rc4Key(base, unhex(t, strings.Repeat("55", 16))),
			"c5dad2544fc9799094ce1ce90bc9d03e",
		},
	} {
		if diff := cmp.Diff(unhex(t, c.want), c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// src: [MS-NLMP] §4.2.4.3 (CHALLENGE_MESSAGE and AUTHENTICATE_MESSAGE)
func TestParsesPublishedMessages(t *testing.T) {
	challenge := unhex(t, `4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef
		0000000000000000 24002400 44000000 0600701700 00000f 530065007200760065007200
		02000c0044006f006d00610069006e0001000c00530065007200760065007200 00000000`)
	ch, err := parseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	want := challengeMessage{
		target: "Server", flags: 0xe28a8233,
		challenge: eight(t, "0123456789abcdef"), targetInfo: exampleTargetInfo(),
	}
	if diff := cmp.Diff(want, ch, cmp.AllowUnexported(challengeMessage{})); diff != "" {
		t.Errorf("challenge (-want +got):\n%s", diff)
	}

	auth, err := parseAuthenticate(unhex(t, `4e544c4d53535000 03000000 18001800 6c000000 54005400 84000000
		0c000c00 48000000 08000800 54000000 10001000 5c000000 10001000 d8000000 35828ae2 0501280a0000000f
		44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
		86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa 68cd0ab851e51c96aabc927bebef6a1c 01010000 00000000
		00000000 00000000 aaaaaaaaaaaaaaaa 00000000 02000c00 44006f006d00610069006e00 01000c00
		530065007200760065007200 00000000 00000000 c5dad2544fc9799094ce1ce90bc9d03e`))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{nonce: ch.challenge}
	got := []string{auth.user, auth.domain, auth.workstation}
	if diff := cmp.Diff([]string{"User", "Domain", "COMPUTER"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	base, ok := s.Keys.checkAnyDomain(s.nonce, auth.nt, auth.user, auth.domain, examplePassword)
	if !ok {
		t.Fatal("the published response was refused")
	}
	key, err := exportedKey(base, auth)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unhex(t, strings.Repeat("55", 16)), key); diff != "" {
		t.Errorf("exported session key (-want +got):\n%s", diff)
	}
}
