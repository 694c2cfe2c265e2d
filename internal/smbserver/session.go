package smbserver

import (
	"errors"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/ntlm"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// What the server says of itself.
//
// src: assumed (the strings of NT 3.51; clients show them and decide nothing by them)
const (
	nativeOS     = "Windows NT 1057"
	nativeLanMan = "NT LAN Manager 3.51"
	nativeFS     = "NTFS"
)

// capabilities are those of NT 3.51 as far as this server has them.
//
// src: [MS-CIFS] §2.2.4.52.2; the selection: assumed (remote APIs are left out, see the limits)
const capabilities = smbwire.CapUnicode | smbwire.CapLargeFiles | smbwire.CapNTSMBs | smbwire.CapStatus32 |
	smbwire.CapLevelIIOplocks | smbwire.CapLockAndRead | smbwire.CapNTFind

// maxVcs is the number of circuits that a client is told to open.
//
// src: KB Q150275, Q231798 (one circuit for all logons of a client)
const maxVcs = 1

// negotiate selects NT LM 0.12 or nothing.
//
// src: [MS-CIFS] §3.3.5.42
func (c *core) negotiate(x *exchange, r *smbwire.NegotiateRequest) (smbwire.Body, nt.Status) {
	cir := x.cir
	cir.negotiated = true
	index := slices.Index(r.Dialects, smbwire.DialectNTLM012)
	if index < 0 {
		return &smbwire.NegotiateCoreResponse{DialectIndex: smbwire.NoDialect}, nt.StatusSuccess
	}
	cir.extended = x.req.Header.Flags2&smbwire.Flags2ExtendedSecurity != 0
	cir.challenge = ntlm.NewChallenge(c.rnd)
	out := &smbwire.NegotiateNTResponse{
		DialectIndex:  uint16(index),
		SecurityMode:  smbwire.SecurityUser | smbwire.SecurityEncryptPasswords,
		MaxMpxCount:   c.cfg.MaxMpxCt,
		MaxNumberVcs:  maxVcs,
		MaxBufferSize: uint32(c.cfg.SizReqBuf),
		Capabilities:  capabilities,
		SystemTime:    nt.FileTimeOf(c.clock.Now()),
	}
	if c.rawMode(cir) {
		out.Capabilities |= smbwire.CapRawMode
		out.MaxRawSize = uint32(c.cfg.MaxRawBufLen)
	}
	if !cir.extended {
		out.Challenge, out.DomainName, out.ServerName = cir.challenge[:], c.cfg.Domain, c.cfg.Name
		return out, nt.StatusSuccess
	}
	out.Capabilities |= smbwire.CapExtendedSecurity
	copy(out.ServerGUID[:], c.cfg.Name)
	out.SecurityBlob = ntlm.Hint()
	return out, nt.StatusSuccess
}

// clientLimits takes what a client says of itself in any SESSION_SETUP_ANDX.
func (c *core) clientLimits(x *exchange, maxBuffer uint16, caps smbwire.Capabilities) {
	x.cir.maxBuffer = min(max(int(maxBuffer), minClientBuffer), maxClientBuffer)
	x.cir.caps = caps
	x.cir.flags2 = x.req.Header.Flags2 &^ (smbwire.Flags2ExtendedSecurity |
		smbwire.Flags2Signature | smbwire.Flags2SignatureNeeded)
}

// setupExtended takes one token of a logon.
//
// src: [MS-SMB] §3.3.5.3
func (c *core) setupExtended(x *exchange, r *smbwire.SessionSetupExtendedRequest) (smbwire.Body, nt.Status) {
	if !x.cir.extended {
		return nil, nt.StatusInvalidParameter
	}
	l, st := c.logonFor(x)
	if st != nt.StatusSuccess {
		return nil, st
	}
	c.clientLimits(x, r.MaxBufferSize, r.Capabilities)
	l.legs++
	token, done, id, err := l.auth.Step(r.SecurityBlob, c.clock.Now())
	x.cir.workstation = id.Workstation
	out := &smbwire.SessionSetupExtendedResponse{
		SecurityBlob: token, NativeOS: nativeOS, NativeLanMan: nativeLanMan,
	}
	switch {
	case err != nil && c.letsGuestIn(l, err):
		out.Action, out.SecurityBlob = smbwire.SetupGuest, acceptToken(r.SecurityBlob)
	case err != nil:
		return nil, c.refuse(x, l, err)
	case !done:
		x.uid = l.uid
		return out, nt.StatusMoreProcessingRequired
	case id.Anonymous || len(c.users) == 0:
		out.Action = smbwire.SetupGuest
	}
	c.admitUser(x, l, id.User, r.VcNumber)
	return out, nt.StatusSuccess
}

// logonFor finds the logon that a token belongs to, or starts one.
func (c *core) logonFor(x *exchange) (*logon, nt.Status) {
	cir := x.cir
	if l := cir.logons.get(x.uid); l != nil && l.auth != nil {
		return l, nt.StatusSuccess
	}
	if cir.logons.len() >= c.cfg.Limits.MaxLogons {
		return nil, nt.StatusTooManyCommands // src: [MS-CIFS] §2.2.2.4 (ERRtoomanyuids)
	}
	l := &logon{auth: ntlm.NewServer(strings.ToUpper(c.cfg.Name), c.rnd, c.password)}
	l.auth.Keys = slab.SetFrom(c.memory, ntlm.NewKeys)
	l.uid = assign(&cir.logons, l)
	return l, nt.StatusSuccess
}

// password is the account database. Without accounts the empty password serves, and
// letsGuestIn sees to all others.
func (c *core) password(user, _ string) (string, bool) {
	if len(c.users) == 0 {
		return "", true
	}
	p, ok := c.users[volume.Fold(user)]
	return p, ok
}

// letsGuestIn reports whether a refused logon becomes a guest's: it must have gone
// all the way to a password, on a server without accounts.
func (c *core) letsGuestIn(l *logon, err error) bool {
	return len(c.users) == 0 && l.legs > 1 && errors.Is(err, nt.StatusLogonFailure)
}

// acceptToken is what ends a logon that goes on in spite of its password: a
// NegTokenResp with accept-completed for a client that speaks SPNEGO, nothing for
// one that speaks bare NTLMSSP.
//
// src: RFC 4178 §4.2.2
func acceptToken(in []byte) []byte {
	const negTokenResp = 0xA1
	if len(in) == 0 || in[0] != negTokenResp {
		return nil
	}
	return []byte{negTokenResp, 7, 0x30, 5, 0xA0, 3, 0x0A, 1, 0}
}

// refuse ends a logon. A client that fails too often is guessing.
func (c *core) refuse(x *exchange, l *logon, err error) nt.Status {
	if l != nil {
		x.cir.logons.remove(l.uid)
	}
	x.cir.failures++
	if x.cir.failures >= c.cfg.Limits.MaxAuthFailures {
		c.hangUp(x.cir, "too many failed logons")
	}
	return statusOf(err)
}

// admitUser completes a logon.
func (c *core) admitUser(x *exchange, l *logon, user string, vc uint16) {
	if vc == 0 && !x.cir.loggedOn() {
		c.dropOthers(x.cir)
	}
	l.auth, l.name = nil, user
	x.uid = l.uid
}

func (cir *circuit) loggedOn() bool {
	for _, e := range cir.logons.entries {
		if e.v.auth == nil {
			return true
		}
	}
	return false
}

// setupClassic takes the responses to the challenge of the NEGOTIATE.
//
// src: [MS-CIFS] §3.3.5.43
func (c *core) setupClassic(x *exchange, r *smbwire.SessionSetupNTRequest) (smbwire.Body, nt.Status) {
	if x.cir.extended {
		return nil, nt.StatusInvalidParameter
	}
	c.clientLimits(x, r.MaxBufferSize, r.Capabilities)
	x.uid = 0
	l, st := c.logonFor(x)
	if st != nt.StatusSuccess {
		return nil, st
	}
	out := &smbwire.SessionSetupResponse{
		NativeOS: nativeOS, NativeLanMan: nativeLanMan, PrimaryDomain: c.cfg.Domain,
	}
	switch password, known := c.password(r.AccountName, r.PrimaryDomain); {
	case len(c.users) == 0:
		out.Action = smbwire.SetupGuest
	case !known || !c.verifies(x, r, password):
		return nil, c.refuse(x, l, nt.StatusLogonFailure)
	}
	c.admitUser(x, l, r.AccountName, r.VcNumber)
	return out, nt.StatusSuccess
}

func (c *core) verifies(x *exchange, r *smbwire.SessionSetupNTRequest, password string) bool {
	_, ok := ntlm.VerifyClassic(x.cir.challenge, r.UnicodePassword, r.AccountName, r.PrimaryDomain, password)
	return ok
}

// logoff closes what the UID has opened.
//
// src: [MS-CIFS] §3.3.5.44
func (c *core) logoff(x *exchange) (smbwire.Body, nt.Status) {
	uid := x.uid
	c.closeAll(x.cir, func(o *openFile) bool { return o.uid == uid })
	x.cir.logons.remove(uid)
	return &smbwire.LogoffAndXResponse{}, nt.StatusSuccess
}

// Bits of TREE_CONNECT_ANDX.
//
// src: [MS-CIFS] §2.2.4.55
const (
	treeDisconnectFirst = 0x0001 // request flag
	treeSearchBits      = 0x0001 // OptionalSupport: search attributes work as documented
)

// treeConnect connects to a share. The server's name in the path is not looked at: it
// is known by more names than it knows.
//
// src: [MS-CIFS] §3.3.5.45
func (c *core) treeConnect(x *exchange, r *smbwire.TreeConnectAndXRequest) (smbwire.Body, nt.Status) {
	if old := x.cir.trees.get(x.tid); r.Flags&treeDisconnectFirst != 0 && old != nil {
		c.disconnectTree(x.cir, old)
	}
	_, name := volume.Split(r.Path)
	sh := c.shares[volume.Fold(name)]
	switch {
	case sh == nil:
		return nil, nt.StatusBadNetworkName
	case x.cir.trees.len() >= c.cfg.Limits.MaxTrees:
		return nil, nt.StatusInsufficientResources
	}
	service := smbwire.ServiceDisk
	if sh.vol == nil {
		service = smbwire.ServiceIPC
	}
	if r.Service != smbwire.ServiceAny && !strings.EqualFold(r.Service, service) {
		return nil, nt.StatusBadDeviceType
	}
	t := &tree{share: sh}
	t.tid = assign(&x.cir.trees, t)
	x.tid = t.tid
	out := &smbwire.TreeConnectAndXResponse{Words: 3, OptionalSupport: treeSearchBits, Service: service}
	if sh.vol != nil {
		out.NativeFileSystem = nativeFS
	}
	return out, nt.StatusSuccess
}

func (c *core) treeDisconnect(x *exchange) (smbwire.Body, nt.Status) {
	c.disconnectTree(x.cir, x.tree)
	return &smbwire.TreeDisconnectResponse{}, nt.StatusSuccess
}

func (c *core) disconnectTree(cir *circuit, t *tree) {
	c.closeAll(cir, func(o *openFile) bool { return o.tree == t })
	for _, e := range slices.Clone(cir.searches.entries) {
		if e.v.tree == t {
			cir.searches.remove(e.id)
		}
	}
	cir.trees.remove(t.tid)
}
