package smb1client

import (
	"errors"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/ntlm"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

const (
	// authStream is the stream of randomness that nonces are drawn from.
	authStream = "auth"

	// maxLegs bounds the tokens of one logon; NTLMSSP needs two.
	//
	// src: assumed (SPNEGO may add one or two)
	maxLegs = 6

	// What the client says it is.
	//
	// src: [MS-CIFS] §2.2.4.53.1 (free text)
	nativeOS     = "Windows NT 1057"
	nativeLanMan = "NT LAN Manager 3.51 (ntrdr)"
)

// Session is a logged-on user on a circuit.
type Session struct {
	c      *Client
	uid    smbwire.UID
	key    []byte
	guest  bool
	server string
}

// SessionSetup logs a user on, by NTLMv2 in SPNEGO if the server has extended
// security and by the challenge of its NEGOTIATE otherwise. The error's status is
// StatusLogonFailure if the server does not know the user or the password.
//
// src: [MS-CIFS] §3.2.4.2.4; [MS-SMB] §3.2.4.2.4
func (c *Client) SessionSetup(cred Credentials) (*Session, error) {
	logon := c.classicLogon
	if c.server.has(smbwire.CapExtendedSecurity) {
		logon = c.extendedLogon
	}
	s, err := logon(cred)
	if err != nil {
		return nil, errorFor("logon", cred.User, err)
	}
	return s, nil
}

func (c *Client) extendedLogon(cred Credentials) (*Session, error) {
	auth := ntlm.NewClient(ntlmCredentials(cred), c.rt.Rand(authStream))
	auth.Keys = slab.SetFrom(c.rt, ntlm.NewKeys)
	token, err := auth.Init(c.server.blob)
	if err != nil {
		return nil, err
	}
	var uid smbwire.UID
	for range maxLegs {
		reply, err := c.sendToken(uid, token)
		if err != nil {
			return nil, err
		}
		uid = reply.Header.UID
		r, ok := reply.Chain[0].(*smbwire.SessionSetupExtendedResponse)
		if !ok {
			return nil, badReply("session setup")
		}
		if reply.Header.NTStatus() == nt.StatusSuccess {
			return &Session{c: c, uid: uid, key: auth.SessionKey(), guest: r.Action&smbwire.SetupGuest != 0, server: r.NativeLanMan}, nil
		}
		if token, _, err = auth.Step(r.SecurityBlob, c.rt.Now()); err != nil {
			return nil, err
		}
	}
	return nil, badReply("session setup")
}

// sendToken returns the reply if the server accepted the token or asks for another.
func (c *Client) sendToken(uid smbwire.UID, token []byte) (*smbwire.Message, error) {
	req := c.message(&smbwire.SessionSetupExtendedRequest{
		MaxBufferSize: uint16(c.opt.MaxBufferSize),
		MaxMpxCount:   uint16(c.Limits().MaxMpx),
		VcNumber:      c.opt.VCNumber,
		SessionKey:    c.server.sessionKey,
		Capabilities:  c.capabilities(),
		SecurityBlob:  token,
		NativeOS:      nativeOS,
		NativeLanMan:  nativeLanMan,
	})
	req.Header.UID = uid
	reply, err := c.Exchange(req)
	if err != nil {
		return nil, err
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess && st != nt.StatusMoreProcessingRequired {
		return nil, &nt.Error{Op: "logon", Status: st}
	}
	return reply, nil
}

func (c *Client) classicLogon(cred Credentials) (*Session, error) {
	if c.server.plaintext || len(c.server.challenge) != 8 {
		return nil, &nt.Error{
			Op: "logon", Status: nt.StatusNotSupported, Err: errors.New("the server wants a password in clear text"),
		}
	}
	r := ntlm.AnswerClassicV2(ntlmCredentials(cred), [8]byte(c.server.challenge), c.rt.Rand(authStream), c.rt.Now())
	reply, err := c.request("logon", cred.User, c.message(&smbwire.SessionSetupNTRequest{
		MaxBufferSize:   uint16(c.opt.MaxBufferSize),
		MaxMpxCount:     uint16(c.Limits().MaxMpx),
		VcNumber:        c.opt.VCNumber,
		SessionKey:      c.server.sessionKey,
		OEMPassword:     r.LM,
		UnicodePassword: r.NT,
		Capabilities:    c.capabilities(),
		AccountName:     cred.User,
		PrimaryDomain:   cred.Domain,
		NativeOS:        nativeOS,
		NativeLanMan:    nativeLanMan,
	}))
	if err != nil {
		return nil, err
	}
	body, ok := reply.Chain[0].(*smbwire.SessionSetupResponse)
	if !ok {
		return nil, badReply("session setup")
	}
	return &Session{
		c: c, uid: reply.Header.UID, key: r.SessionKey, guest: body.Action&smbwire.SetupGuest != 0, server: body.NativeLanMan,
	}, nil
}

func ntlmCredentials(c Credentials) ntlm.Credentials {
	return ntlm.Credentials{User: c.User, Password: c.Password, Domain: c.Domain, Workstation: c.Workstation}
}

// Client returns the circuit that the session is on.
func (s *Session) Client() *Client { return s.c }

// Server returns what the server says it is (NativeLanMan).
func (s *Session) Server() string { return s.server }

// Guest reports whether the server took the user for a guest.
func (s *Session) Guest() bool { return s.guest }

// Logoff ends the session; its trees and files are gone.
func (s *Session) Logoff() error {
	_, err := s.c.request("logoff", "", s.message(smbwire.NoTID, &smbwire.LogoffAndXRequest{}))
	return err
}

// TreeConnect connects to a share, given as \\server\share.
func (s *Session) TreeConnect(unc string) (*Tree, error) {
	if !strings.HasPrefix(unc, `\\`) {
		return nil, &nt.Error{Op: "tree connect", Path: unc, Status: nt.StatusBadNetworkPath}
	}
	reply, err := s.c.request("tree connect", unc, s.message(smbwire.NoTID, &smbwire.TreeConnectAndXRequest{
		Password: []byte{0},
		Path:     strings.ToUpper(unc),
		Service:  smbwire.ServiceAny,
	}))
	if err != nil {
		return nil, err
	}
	body, ok := reply.Chain[0].(*smbwire.TreeConnectAndXResponse)
	if !ok {
		return nil, badReply("tree connect")
	}
	t := &Tree{s: s, c: s.c, tid: reply.Header.TID, unc: unc, service: body.Service}
	s.c.mu.Lock()
	s.c.trees = append(s.c.trees, t)
	s.c.mu.Unlock()
	return t, nil
}

func (s *Session) message(tid smbwire.TID, body smbwire.Body) *smbwire.Message {
	m := s.c.message(body)
	m.Header.UID, m.Header.TID = s.uid, tid
	return m
}

// Echo sends data to the server and checks that it comes back.
func (c *Client) Echo(data []byte) error { return c.echo(data, c.do) }

// Ping is Echo without a permit: it finds out whether the server is there while requests
// without a timer have them all.
//
// src: assumed (else nothing would end what waits for a server that has gone)
func (c *Client) Ping() error { return c.echo([]byte("ntrdr"), c.doNow) }

func (c *Client) echo(data []byte, do func(*smbwire.Message, *call) (*smbwire.Message, error)) error {
	req := &smbwire.EchoRequest{EchoCount: 1, Data: data}
	reply, err := do(c.message(req), c.newCall(req.Command()))
	if err != nil {
		return errorFor("echo", "", err)
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess {
		return &nt.Error{Op: "echo", Status: st}
	}
	if r, ok := reply.Chain[0].(*smbwire.EchoResponse); !ok || string(r.Data) != string(data) {
		return badReply("echo")
	}
	return nil
}

// request is Exchange for requests that fail with any status but success. Its errors
// carry op and path.
func (c *Client) request(op, path string, req *smbwire.Message) (*smbwire.Message, error) {
	return c.requestAs(op, path, req, c.callFor(req))
}

// requestAs is request for a call that has been made ready.
func (c *Client) requestAs(op, path string, req *smbwire.Message, w *call) (*smbwire.Message, error) {
	reply, err := c.do(req, w)
	if err != nil {
		return nil, errorFor(op, path, err)
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess {
		return nil, &nt.Error{Op: op, Path: path, Status: st}
	}
	return reply, nil
}

// badReply: the reply has the right command and makes no sense.
func badReply(op string) error {
	return &nt.Error{Op: op, Status: nt.StatusInvalidNetworkResponse}
}
