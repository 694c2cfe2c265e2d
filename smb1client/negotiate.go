package smb1client

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// dialects are offered as NT 3.51 offers them, worst first.
//
// src: [MS-CIFS] §3.2.4.2.2 (dialects of Windows NT clients)
func dialects() []string {
	return []string{
		smbwire.DialectCore, smbwire.DialectXenix, smbwire.DialectCorePlus, smbwire.DialectLanman10,
		smbwire.DialectWFW, smbwire.DialectLanman12, smbwire.DialectLanman21, smbwire.DialectNTLM012,
	}
}

// processID is the PID of every request: the circuit has one process for the server.
//
// src: assumed (servers compare PIDs and look for no meaning in them)
const processID = 0xCAFE

// serverInfo is what the server said in NEGOTIATE.
type serverInfo struct {
	dialect    string
	caps       smbwire.Capabilities
	maxBuffer  int // of the server, 0 until it is known
	maxMpx     int
	maxRaw     int
	sessionKey uint32
	timeZone   int16 // minutes to add to local time to get UTC
	challenge  []byte
	blob       []byte // set with extended security
	plaintext  bool   // passwords are not to be encrypted
}

func (s *serverInfo) has(c smbwire.Capabilities) bool { return s.caps&c != 0 }

// request is a message with its chain.
type request struct {
	smbwire.Message
	chain [1]smbwire.Body
}

// message returns a request of no user and no share; Exchange fills in the MID.
func (c *Client) message(body smbwire.Body) *smbwire.Message {
	r := c.slabs.messages.Next()
	r.chain[0] = body
	r.Chain = r.chain[:]
	r.Header = smbwire.Header{
		Flags:  smbwire.FlagCaseless | smbwire.FlagCanonical,
		Flags2: c.flags2,
		PID:    processID,
		TID:    smbwire.NoTID,
	}
	return &r.Message
}

// negotiate agrees on NT LM 0.12.
//
// src: [MS-CIFS] §3.2.4.2.2, §3.2.5.2
func (c *Client) negotiate() error {
	c.flags2 = smbwire.Flags2LongNames | smbwire.Flags2NTStatus
	if !c.opt.OEM {
		c.flags2 |= smbwire.Flags2Unicode
	}
	if !c.opt.Classic {
		c.flags2 |= smbwire.Flags2ExtendedSecurity
	}
	req := &smbwire.NegotiateRequest{Dialects: dialects()}
	reply, err := c.Exchange(c.message(req))
	if err != nil {
		return errorFor("negotiate", "", err)
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess {
		return &nt.Error{Op: "negotiate", Status: st}
	}
	if err := c.adopt(reply.Chain[0], req.Dialects); err != nil {
		return err
	}
	c.settleFlags()
	return nil
}

// adopt takes over what the server chose and announced.
func (c *Client) adopt(body smbwire.Body, offered []string) error {
	refuse := func(st nt.Status, format string, args ...any) error {
		return &nt.Error{Op: "negotiate", Status: st, Err: fmt.Errorf(format, args...)}
	}
	switch r := body.(type) {
	case *smbwire.NegotiateNTResponse:
		if int(r.DialectIndex) != slices.Index(offered, smbwire.DialectNTLM012) {
			return refuse(nt.StatusInvalidNetworkResponse, "the reply is not for dialect %d", r.DialectIndex)
		}
		return c.adoptNT(r)
	case *smbwire.NegotiateLanmanResponse:
		return refuse(nt.StatusNotSupported, "the server speaks %s only", dialectAt(offered, r.DialectIndex))
	case *smbwire.NegotiateCoreResponse:
		return refuse(nt.StatusNotSupported, "the server speaks %s only", dialectAt(offered, r.DialectIndex))
	}
	return refuse(nt.StatusInvalidNetworkResponse, "unexpected reply")
}

func dialectAt(offered []string, i uint16) string {
	if int(i) >= len(offered) {
		return "no dialect of ours"
	}
	return offered[i]
}

func (c *Client) adoptNT(r *smbwire.NegotiateNTResponse) error {
	switch {
	case r.SecurityMode&smbwire.SecuritySignaturesNeeded != 0:
		return &nt.Error{
			Op: "negotiate", Status: nt.StatusNotSupported, Err: errors.New("the server requires SMB signatures"),
		}
	case r.SecurityMode&smbwire.SecurityUser == 0:
		return &nt.Error{
			Op: "negotiate", Status: nt.StatusNotSupported, Err: errors.New("the server has share-level security"),
		}
	case r.MaxMpxCount == 0 || r.MaxBufferSize < minBufferSize:
		return &nt.Error{
			Op: "negotiate", Status: nt.StatusInvalidNetworkResponse,
			Err: fmt.Errorf("MaxMpxCount %d, MaxBufferSize %d", r.MaxMpxCount, r.MaxBufferSize),
		}
	}
	c.server = serverInfo{
		dialect:    smbwire.DialectNTLM012,
		caps:       r.Capabilities,
		maxBuffer:  int(min(r.MaxBufferSize, maxServerBuffer)),
		maxMpx:     int(r.MaxMpxCount),
		sessionKey: r.SessionKey,
		timeZone:   r.TimeZone,
		challenge:  slices.Clone(r.Challenge),
		blob:       slices.Clone(r.SecurityBlob),
		plaintext:  r.SecurityMode&smbwire.SecurityEncryptPasswords == 0,
	}
	if r.Capabilities&smbwire.CapRawMode != 0 {
		c.server.maxRaw = int(min(r.MaxRawSize, maxRaw))
	}
	return nil
}

const (
	// maxServerBuffer is the most of the server's buffer that is ever used.
	//
	// src: RFC 1002 §4.3.1 (17-bit length)
	maxServerBuffer = 131071

	// maxRaw is the most that one raw request can carry.
	//
	// src: [MS-CIFS] §2.2.4.22.1 (a 16-bit count)
	maxRaw = 65535
)

// settleFlags drops from Flags2 what the server has not got.
func (c *Client) settleFlags() {
	if !c.server.has(smbwire.CapUnicode) {
		c.flags2 &^= smbwire.Flags2Unicode
	}
	if !c.server.has(smbwire.CapStatus32) {
		c.flags2 &^= smbwire.Flags2NTStatus
	}
	if !c.server.has(smbwire.CapExtendedSecurity) {
		c.flags2 &^= smbwire.Flags2ExtendedSecurity
	}
}

// capabilities are the client's, among those that the server has.
//
// src: [MS-CIFS] §2.2.4.53.1
func (c *Client) capabilities() smbwire.Capabilities {
	caps := smbwire.CapLargeFiles | smbwire.CapNTSMBs | smbwire.CapStatus32 |
		smbwire.CapLevelIIOplocks | smbwire.CapNTFind
	if c.flags2.Unicode() {
		caps |= smbwire.CapUnicode
	}
	if c.flags2&smbwire.Flags2ExtendedSecurity != 0 {
		caps |= smbwire.CapExtendedSecurity
	}
	return caps & c.server.caps
}

const (
	// readOverhead and writeOverhead are the bytes of a READ_ANDX reply and of a
	// WRITE_ANDX request ahead of their data: header, words, byte count and padding.
	//
	// src: [MS-CIFS] §2.2.4.42.2, §2.2.4.43.1
	readOverhead  = smbwire.HeaderSize + 1 + 24 + 2 + 3
	writeOverhead = smbwire.HeaderSize + 1 + 28 + 2 + 3

	pageSize = 4096 // src: KB Q223140 (the core data unit is 4 KB)
)

// Limits tells what the circuit can carry.
func (c *Client) Limits() Limits {
	return Limits{
		Dialect:       c.server.dialect,
		MaxBufferSize: c.buffer(),
		MaxRead:       c.maxRead(),
		MaxWrite:      c.maxWrite(),
		MaxMpx:        min(c.opt.MaxCmds, c.server.maxMpx),
		MaxRaw:        c.server.maxRaw,
		LinkSpeed:     c.conn.LinkSpeed(),
	}
}

func (c *Client) buffer() int   { return min(c.server.maxBuffer, c.opt.MaxBufferSize) }
func (c *Client) maxRead() int  { return wholePages(c.buffer() - readOverhead) }
func (c *Client) maxWrite() int { return wholePages(c.buffer() - writeOverhead) }

// wholePages rounds n down to pages, unless it is less than one.
func wholePages(n int) int {
	if n < pageSize {
		return n
	}
	return n - n%pageSize
}
