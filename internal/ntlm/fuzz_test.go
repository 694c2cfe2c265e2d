package ntlm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzTokens feeds the same bytes to every parser and to both state machines, which
// must refuse or accept them and never panic; what parses as SPNEGO encodes stably.
func FuzzTokens(f *testing.F) {
	c := NewClient(Credentials{User: "anna", Password: "secret"}, seeded(1))
	s := NewServer("SERVER", seeded(2), oneUser)
	hello, err := c.Init(Hint())
	if err != nil {
		f.Fatal(err)
	}
	challenge, _, _, err := s.Step(hello, now())
	if err != nil {
		f.Fatal(err)
	}
	auth, _, err := c.Step(challenge, now())
	if err != nil {
		f.Fatal(err)
	}
	resp, err := parseResp(auth)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{Hint(), hello, challenge, auth, c.negotiate, s.challenge, resp.token} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		client, server := *c, *s
		client.state = clientAsked
		_, _, _ = client.Step(token, now())
		_, _, _, _ = server.Step(token, now())
		_, _, _, _ = NewServer("SERVER", seeded(2), oneUser).Step(token, now())
		_, _ = parseChallenge(token)
		_, _ = parseAVPairs(token)
		_, _ = VerifyClassic(s.nonce, token, "anna", "", "secret")
		reencode(t, token)
	})
}

func reencode(t *testing.T, token []byte) {
	t.Helper()
	if first, err := parseResp(token); err == nil {
		second, err := parseResp(first.bytes())
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(respToken{})); err != nil || diff != "" {
			t.Errorf("NegTokenResp does not encode stably: %v\n%s", err, diff)
		}
	}
	if first, err := parseInit(token); err == nil {
		second, err := parseInit(first.bytes())
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(initToken{})); err != nil || diff != "" {
			t.Errorf("NegTokenInit does not encode stably: %v\n%s", err, diff)
		}
	}
}
