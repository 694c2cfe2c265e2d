package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// Dialect strings, oldest first.
//
// src: [MS-CIFS] §1.7
const (
	DialectCore     = "PC NETWORK PROGRAM 1.0"
	DialectCorePlus = "MICROSOFT NETWORKS 1.03"
	DialectXenix    = "XENIX CORE"
	DialectDOSLM10  = "MICROSOFT NETWORKS 3.0"
	DialectLanman10 = "LANMAN1.0"
	DialectDOSLM12  = "DOS LM1.2X002"
	DialectLanman12 = "LM1.2X002"
	DialectDOSLM21  = "DOS LANMAN2.1"
	DialectLanman21 = "LANMAN2.1"
	DialectWFW      = "Windows for Workgroups 3.1a"
	DialectNTLM012  = "NT LM 0.12"
)

var knownDialects = [...]string{
	DialectCore, DialectCorePlus, DialectXenix, DialectDOSLM10, DialectLanman10, DialectDOSLM12,
	DialectLanman12, DialectDOSLM21, DialectLanman21, DialectWFW, DialectNTLM012,
}

// NoDialect is the DialectIndex of a server that speaks none of the dialects.
//
// src: [MS-CIFS] §2.2.4.52.2
const NoDialect = 0xFFFF

// NegotiateRequest offers the dialects that the client speaks.
//
// src: [MS-CIFS] §2.2.4.52.1
type NegotiateRequest struct{ Dialects []string }

// Command returns CmdNegotiate.
func (*NegotiateRequest) Command() Command { return CmdNegotiate }

func (r *NegotiateRequest) encode(e *encoder) {
	e.bytes()
	for _, s := range r.Dialects {
		e.u8(formatDialect)
		e.oem("DialectString", s)
	}
}

func (r *NegotiateRequest) decode(d *decoder) {
	d.bytes()
	for d.err == nil && d.remaining() > 0 {
		d.format(formatDialect)
		r.Dialects = append(r.Dialects, dialect(d.oemBytes("DialectString")))
	}
}

// dialect is oemString for what is mostly one of the known dialects.
func dialect(b []byte) string {
	for _, known := range knownDialects {
		if string(b) == known {
			return known
		}
	}
	return oemString(b)
}

// NegotiateCoreResponse selects a core dialect, or none (NoDialect).
//
// src: [MS-CIFS] §2.2.4.52.2
type NegotiateCoreResponse struct{ DialectIndex uint16 }

// Command returns CmdNegotiate.
func (*NegotiateCoreResponse) Command() Command { return CmdNegotiate }

func (r *NegotiateCoreResponse) encode(e *encoder) { e.u16(r.DialectIndex) }
func (r *NegotiateCoreResponse) decode(d *decoder) { r.DialectIndex = d.u16("DialectIndex") }

// RawMode bits of a LAN Manager server.
//
// src: [MS-CIFS] §2.2.4.52.2
const (
	RawModeRead  = 1
	RawModeWrite = 2
)

// NegotiateLanmanResponse selects a LAN Manager dialect, from LANMAN1.0 to
// LANMAN2.1.
//
// src: [MS-CIFS] §2.2.4.52.2 (wct 13)
type NegotiateLanmanResponse struct {
	DialectIndex  uint16
	SecurityMode  SecurityMode
	MaxBufferSize uint16
	MaxMpxCount   uint16
	MaxNumberVcs  uint16
	RawMode       uint16
	SessionKey    uint32
	ServerTime    DOSDateTime // local time of the server
	TimeZone      int16       // minutes to add to local time to get UTC
	Challenge     []byte
	PrimaryDomain string // LANMAN2.1 only
}

// Command returns CmdNegotiate.
func (*NegotiateLanmanResponse) Command() Command { return CmdNegotiate }

func (r *NegotiateLanmanResponse) encode(e *encoder) {
	e.u16(r.DialectIndex)
	e.u16(uint16(r.SecurityMode))
	e.u16(r.MaxBufferSize)
	e.u16(r.MaxMpxCount)
	e.u16(r.MaxNumberVcs)
	e.u16(r.RawMode)
	e.u32(r.SessionKey)
	e.timeDate(r.ServerTime)
	e.u16(uint16(r.TimeZone))
	e.count16("EncryptionKeyLength", len(r.Challenge))
	e.u16(0) // reserved
	e.bytes()
	e.blob(r.Challenge)
	if r.PrimaryDomain != "" {
		e.oem("PrimaryDomain", r.PrimaryDomain)
	}
}

func (r *NegotiateLanmanResponse) decode(d *decoder) {
	r.DialectIndex = d.u16("DialectIndex")
	r.SecurityMode = SecurityMode(d.u16("SecurityMode"))
	r.MaxBufferSize = d.u16("MaxBufferSize")
	r.MaxMpxCount = d.u16("MaxMpxCount")
	r.MaxNumberVcs = d.u16("MaxNumberVcs")
	r.RawMode = d.u16("RawMode")
	r.SessionKey = d.u32("SessionKey")
	r.ServerTime = d.timeDate("ServerTime")
	r.TimeZone = int16(d.u16("ServerTimeZone"))
	n := int(d.u16("EncryptionKeyLength"))
	d.skip("Reserved", 2)
	d.bytes()
	r.Challenge = d.blob("EncryptionKey", n)
	r.PrimaryDomain = d.oem("PrimaryDomain")
}

// NegotiateNTResponse selects NT LM 0.12. With CapExtendedSecurity it carries
// ServerGUID and SecurityBlob, otherwise Challenge and the names.
//
// src: [MS-CIFS] §2.2.4.52.2 (wct 17), [MS-SMB] §2.2.4.5.2.1
type NegotiateNTResponse struct {
	DialectIndex  uint16
	SecurityMode  SecurityMode
	MaxMpxCount   uint16
	MaxNumberVcs  uint16
	MaxBufferSize uint32
	MaxRawSize    uint32
	SessionKey    uint32
	Capabilities  Capabilities
	SystemTime    nt.FileTime
	TimeZone      int16 // minutes to add to local time to get UTC
	Challenge     []byte
	DomainName    string
	ServerName    string // NT 4.0 and later
	ServerGUID    [16]byte
	SecurityBlob  []byte
}

// Command returns CmdNegotiate.
func (*NegotiateNTResponse) Command() Command { return CmdNegotiate }

func (r *NegotiateNTResponse) extended() bool { return r.Capabilities&CapExtendedSecurity != 0 }

func (r *NegotiateNTResponse) encode(e *encoder) {
	e.u16(r.DialectIndex)
	e.u8(uint8(r.SecurityMode))
	e.u16(r.MaxMpxCount)
	e.u16(r.MaxNumberVcs)
	e.u32(r.MaxBufferSize)
	e.u32(r.MaxRawSize)
	e.u32(r.SessionKey)
	e.u32(uint32(r.Capabilities))
	e.fileTime(r.SystemTime)
	e.u16(uint16(r.TimeZone))
	if r.extended() {
		e.u8(0)
		e.bytes()
		e.blob(r.ServerGUID[:])
		e.blob(r.SecurityBlob)
		return
	}
	e.count8("ChallengeLength", len(r.Challenge))
	e.bytes()
	e.blob(r.Challenge)
	e.strHere("DomainName", r.DomainName)
	if r.ServerName != "" {
		e.strHere("ServerName", r.ServerName)
	}
}

func (r *NegotiateNTResponse) decode(d *decoder) {
	r.DialectIndex = d.u16("DialectIndex")
	r.SecurityMode = SecurityMode(d.u8("SecurityMode"))
	r.MaxMpxCount = d.u16("MaxMpxCount")
	r.MaxNumberVcs = d.u16("MaxNumberVcs")
	r.MaxBufferSize = d.u32("MaxBufferSize")
	r.MaxRawSize = d.u32("MaxRawSize")
	r.SessionKey = d.u32("SessionKey")
	r.Capabilities = Capabilities(d.u32("Capabilities"))
	r.SystemTime = d.fileTime("SystemTime")
	r.TimeZone = int16(d.u16("ServerTimeZone"))
	n := int(d.u8("ChallengeLength"))
	d.bytes()
	if r.extended() {
		copy(r.ServerGUID[:], d.take("ServerGUID", len(r.ServerGUID)))
		r.SecurityBlob = d.rest()
		return
	}
	// The names follow the challenge without alignment, even in Unicode.
	r.Challenge = d.blob("Challenge", n)
	r.DomainName = d.strHere("DomainName")
	r.ServerName = d.strHere("ServerName")
}
