package ntlm

import (
	"bytes"
	encasn1 "encoding/asn1"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

func now() time.Time { return time.Date(1996, 2, 14, 9, 0, 0, 0, time.UTC) }

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

func oneUser(user, _ string) (string, bool) { return "secret", user == "anna" }

// exchange runs a logon to its end.
func exchange(c *Client, s *Server) (Identity, error) {
	token, err := c.Init(Hint())
	if err != nil {
		return Identity{}, err
	}
	for range 4 {
		reply, done, id, err := s.Step(token, now())
		if err != nil {
			return Identity{}, err
		}
		next, over, err := c.Step(reply, now())
		switch {
		case err != nil:
			return Identity{}, err
		case done && over:
			return id, nil
		case done || over:
			return Identity{}, errors.New("one side is done, the other is not")
		}
		token = next
	}
	return Identity{}, errors.New("no end")
}

func TestLogon(t *testing.T) {
	for _, c := range []struct {
		name string
		cred Credentials
		want error
		id   Identity
	}{
		{
			name: "right password", cred: Credentials{"anna", "secret", "PO", "WS1"},
			id: Identity{User: "anna", Domain: "PO", Workstation: "WS1"},
		},
		{
			name: "no domain", cred: Credentials{User: "anna", Password: "secret"},
			id: Identity{User: "anna"},
		},
		{name: "wrong password", cred: Credentials{User: "anna", Password: "Secret"}, want: nt.StatusLogonFailure},
		{name: "unknown user", cred: Credentials{User: "bert", Password: "secret"}, want: nt.StatusLogonFailure},
		{name: "anonymous refused", cred: Credentials{}, want: nt.StatusLogonFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := NewClient(c.cred, seeded(1))
			id, err := exchange(client, NewServer("SERVER", seeded(2), oneUser))
			if !errors.Is(err, c.want) {
				t.Fatalf("got error %v, want %v", err, c.want)
			}
			if c.want != nil {
				return
			}
			if len(id.SessionKey) != 16 || !bytes.Equal(id.SessionKey, client.SessionKey()) {
				t.Errorf("keys differ: server %x, client %x", id.SessionKey, client.SessionKey())
			}
			id.SessionKey = nil
			if diff := cmp.Diff(c.id, id); diff != "" {
				t.Errorf("identity (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnonymousLogonWhereLetIn(t *testing.T) {
	anyone := func(user, _ string) (string, bool) { return "", user == "" }
	id, err := exchange(NewClient(Credentials{Workstation: "WS1"}, seeded(1)), NewServer("SERVER", seeded(2), anyone))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Identity{Workstation: "WS1", Anonymous: true}, id); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
}

func TestBareNTLMSSP(t *testing.T) {
	c := NewClient(Credentials{User: "anna", Password: "secret"}, seeded(1))
	s := NewServer("SERVER", seeded(2), oneUser)
	if _, err := c.Init(nil); err != nil {
		t.Fatal(err)
	}
	challenge, done, _, err := s.Step(c.negotiate, now())
	if err != nil || done {
		t.Fatalf("negotiate: done %v, error %v", done, err)
	}
	auth, err := c.authenticate(challenge, now())
	if err != nil {
		t.Fatal(err)
	}
	reply, done, id, err := s.Step(auth, now())
	if err != nil || !done || reply != nil || id.User != "anna" {
		t.Errorf("authenticate: reply %x, done %v, identity %+v, error %v", reply, done, id, err)
	}
}

// A byte changed on the way breaks the MIC even where the response does not cover it.
func TestForgedAuthenticate(t *testing.T) {
	c := NewClient(Credentials{User: "anna", Password: "secret", Workstation: "WS1"}, seeded(1))
	s := NewServer("SERVER", seeded(2), oneUser)
	if _, err := c.Init(nil); err != nil {
		t.Fatal(err)
	}
	challenge, _, _, err := s.Step(c.negotiate, now())
	if err != nil {
		t.Fatal(err)
	}
	auth, err := c.authenticate(challenge, now())
	if err != nil {
		t.Fatal(err)
	}
	auth = bytes.Replace(auth, utf16le("WS1"), utf16le("WS2"), 1)
	if _, _, _, err := s.Step(auth, now()); !errors.Is(err, nt.StatusLogonFailure) {
		t.Errorf("got error %v, want %v", err, nt.StatusLogonFailure)
	}
}

// A client that prefers another mechanism is told to use NTLMSSP and starts again.
func TestAnotherMechanismFirst(t *testing.T) {
	kerberos := []encasn1.ObjectIdentifier{{1, 2, 840, 113554, 1, 2, 2}}
	s := NewServer("SERVER", seeded(2), oneUser)
	first := initToken{mechs: append(slices.Clone(kerberos), oidNTLMSSP()), token: []byte("a ticket")}.bytes()
	reply, done, _, err := s.Step(first, now())
	if err != nil || done {
		t.Fatalf("done %v, error %v", done, err)
	}
	got, err := parseResp(reply)
	if err != nil {
		t.Fatal(err)
	}
	want := respToken{state: negAcceptIncomplete, mech: oidNTLMSSP()}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(respToken{})); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	_, _, _, err = NewServer("SERVER", seeded(2), oneUser).Step(initToken{mechs: kerberos}.bytes(), now())
	if !errors.Is(err, nt.StatusLogonFailure) {
		t.Errorf("without NTLMSSP: got %v, want %v", err, nt.StatusLogonFailure)
	}
}

// The hint of Samba, a NegTokenInit2 with negHints where RFC 4178 has the
// mechListMIC, is read.
//
// src: [MS-SPNG] §2.2.1
func TestNegTokenInit2(t *testing.T) {
	blob := unhex(t, `604806062b0601050502a03e303ca00e300c060a2b06010401823702020a
		a32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265`)
	got, err := parseInit(blob)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(initToken{mechs: mechNTLM()}, got, cmp.AllowUnexported(initToken{})); diff != "" {
		t.Errorf("hint (-want +got):\n%s", diff)
	}
}

func TestClassic(t *testing.T) {
	cred := Credentials{User: "anna", Password: "secret", Domain: "PO"}
	challenge := NewChallenge(seeded(3))
	for _, c := range []struct {
		name     string
		answer   Classic
		password string
		want     bool
	}{
		{"NTLMv2", AnswerClassicV2(cred, challenge, seeded(4), now()), "secret", true},
		{"NTLMv2, wrong password", AnswerClassicV2(cred, challenge, seeded(4), now()), "Secret", false},
		{"NTLM", AnswerClassicV1(cred, challenge), "secret", true},
		{"NTLM, wrong password", AnswerClassicV1(cred, challenge), "Secret", false},
		{"nothing", Classic{}, "secret", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, ok := VerifyClassic(challenge, c.answer.NT, "anna", "PO", c.password)
			if ok != c.want {
				t.Fatalf("got %v, want %v", ok, c.want)
			}
			if ok && !bytes.Equal(key, c.answer.SessionKey) {
				t.Errorf("keys differ: got %x, want %x", key, c.answer.SessionKey)
			}
		})
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	token := func() []byte {
		c := NewClient(Credentials{User: "anna", Password: "secret"}, seeded(1))
		s := NewServer("SERVER", seeded(2), oneUser)
		if _, err := exchange(c, s); err != nil {
			t.Fatal(err)
		}
		return c.SessionKey()
	}
	if a, b := token(), token(); !bytes.Equal(a, b) {
		t.Errorf("got %x and %x", a, b)
	}
}

// Whatever prefix of a message arrives, it is refused and nothing panics.
func TestTruncatedTokens(t *testing.T) {
	c := NewClient(Credentials{User: "anna", Password: "secret"}, seeded(1))
	s := NewServer("SERVER", seeded(2), oneUser)
	hello, err := c.Init(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(hello) {
		if _, _, _, err := NewServer("SERVER", seeded(2), oneUser).Step(hello[:n], now()); err == nil {
			t.Errorf("the first %d bytes of %d were accepted", n, len(hello))
		}
	}
	challenge, _, _, err := s.Step(hello, now())
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(challenge) {
		probe := *c
		if _, _, err := probe.Step(challenge[:n], now()); err == nil {
			t.Errorf("the first %d bytes of the challenge were accepted", n)
		}
	}
}
