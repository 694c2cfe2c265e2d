package smbwire

// SessionSetupLanmanRequest logs a user on in a LAN Manager dialect.
//
// src: [MS-CIFS] §2.2.4.53 (wct 10)
type SessionSetupLanmanRequest struct {
	MaxBufferSize uint16
	MaxMpxCount   uint16
	VcNumber      uint16
	SessionKey    uint32
	Password      []byte // a response, or plaintext with its NUL
	AccountName   string
	PrimaryDomain string
	NativeOS      string
	NativeLanMan  string
}

// Command returns CmdSessionSetupAndX.
func (*SessionSetupLanmanRequest) Command() Command { return CmdSessionSetupAndX }

func (r *SessionSetupLanmanRequest) encode(e *encoder) {
	e.u16(r.MaxBufferSize)
	e.u16(r.MaxMpxCount)
	e.u16(r.VcNumber)
	e.u32(r.SessionKey)
	e.count16("PasswordLength", len(r.Password))
	e.u32(0) // reserved
	e.bytes()
	e.blob(r.Password)
	e.str("AccountName", r.AccountName)
	e.str("PrimaryDomain", r.PrimaryDomain)
	e.str("NativeOS", r.NativeOS)
	e.str("NativeLanMan", r.NativeLanMan)
}

func (r *SessionSetupLanmanRequest) decode(d *decoder) {
	r.MaxBufferSize = d.u16("MaxBufferSize")
	r.MaxMpxCount = d.u16("MaxMpxCount")
	r.VcNumber = d.u16("VcNumber")
	r.SessionKey = d.u32("SessionKey")
	n := int(d.u16("PasswordLength"))
	d.skip("Reserved", 4)
	d.bytes()
	r.Password = d.blob("AccountPassword", n)
	r.AccountName = d.str("AccountName")
	r.PrimaryDomain = d.str("PrimaryDomain")
	r.NativeOS = d.str("NativeOS")
	r.NativeLanMan = d.str("NativeLanMan")
}

// SessionSetupNTRequest logs a user on in NT LM 0.12 with the responses to the
// challenge of the NEGOTIATE.
//
// src: [MS-CIFS] §2.2.4.53.1 (wct 13)
type SessionSetupNTRequest struct {
	MaxBufferSize   uint16
	MaxMpxCount     uint16
	VcNumber        uint16
	SessionKey      uint32
	OEMPassword     []byte // LM response
	UnicodePassword []byte // NTLM response
	Capabilities    Capabilities
	AccountName     string
	PrimaryDomain   string
	NativeOS        string
	NativeLanMan    string
}

// Command returns CmdSessionSetupAndX.
func (*SessionSetupNTRequest) Command() Command { return CmdSessionSetupAndX }

func (r *SessionSetupNTRequest) encode(e *encoder) {
	e.u16(r.MaxBufferSize)
	e.u16(r.MaxMpxCount)
	e.u16(r.VcNumber)
	e.u32(r.SessionKey)
	e.count16("OEMPasswordLen", len(r.OEMPassword))
	e.count16("UnicodePasswordLen", len(r.UnicodePassword))
	e.u32(0) // reserved
	e.u32(uint32(r.Capabilities))
	e.bytes()
	e.blob(r.OEMPassword)
	e.blob(r.UnicodePassword)
	e.str("AccountName", r.AccountName)
	e.str("PrimaryDomain", r.PrimaryDomain)
	e.str("NativeOS", r.NativeOS)
	e.str("NativeLanMan", r.NativeLanMan)
}

func (r *SessionSetupNTRequest) decode(d *decoder) {
	r.MaxBufferSize = d.u16("MaxBufferSize")
	r.MaxMpxCount = d.u16("MaxMpxCount")
	r.VcNumber = d.u16("VcNumber")
	r.SessionKey = d.u32("SessionKey")
	oem := int(d.u16("OEMPasswordLen"))
	uni := int(d.u16("UnicodePasswordLen"))
	d.skip("Reserved", 4)
	r.Capabilities = Capabilities(d.u32("Capabilities"))
	d.bytes()
	r.OEMPassword = d.blob("OEMPassword", oem)
	r.UnicodePassword = d.blob("UnicodePassword", uni)
	r.AccountName = d.str("AccountName")
	r.PrimaryDomain = d.str("PrimaryDomain")
	r.NativeOS = d.str("NativeOS")
	r.NativeLanMan = d.str("NativeLanMan")
}

// SessionSetupExtendedRequest carries one token of an extended-security logon.
//
// src: [MS-SMB] §2.2.4.6.1 (wct 12)
type SessionSetupExtendedRequest struct {
	MaxBufferSize uint16
	MaxMpxCount   uint16
	VcNumber      uint16
	SessionKey    uint32
	Capabilities  Capabilities
	SecurityBlob  []byte
	NativeOS      string
	NativeLanMan  string
}

// Command returns CmdSessionSetupAndX.
func (*SessionSetupExtendedRequest) Command() Command { return CmdSessionSetupAndX }

func (r *SessionSetupExtendedRequest) encode(e *encoder) {
	e.u16(r.MaxBufferSize)
	e.u16(r.MaxMpxCount)
	e.u16(r.VcNumber)
	e.u32(r.SessionKey)
	e.count16("SecurityBlobLength", len(r.SecurityBlob))
	e.u32(0) // reserved
	e.u32(uint32(r.Capabilities))
	e.bytes()
	e.blob(r.SecurityBlob)
	e.str("NativeOS", r.NativeOS)
	e.str("NativeLanMan", r.NativeLanMan)
}

func (r *SessionSetupExtendedRequest) decode(d *decoder) {
	r.MaxBufferSize = d.u16("MaxBufferSize")
	r.MaxMpxCount = d.u16("MaxMpxCount")
	r.VcNumber = d.u16("VcNumber")
	r.SessionKey = d.u32("SessionKey")
	n := int(d.u16("SecurityBlobLength"))
	d.skip("Reserved", 4)
	r.Capabilities = Capabilities(d.u32("Capabilities"))
	d.bytes()
	r.SecurityBlob = d.blob("SecurityBlob", n)
	r.NativeOS = d.str("NativeOS")
	r.NativeLanMan = d.str("NativeLanMan")
}

// SetupGuest is the Action bit that says the user is logged on as a guest.
//
// src: [MS-CIFS] §2.2.4.53.2
const SetupGuest = 1

// SessionSetupResponse ends a logon without extended security; the UID is in
// the header.
//
// src: [MS-CIFS] §2.2.4.53.2 (wct 3)
type SessionSetupResponse struct {
	Action        uint16
	NativeOS      string
	NativeLanMan  string
	PrimaryDomain string
}

// Command returns CmdSessionSetupAndX.
func (*SessionSetupResponse) Command() Command { return CmdSessionSetupAndX }

func (r *SessionSetupResponse) encode(e *encoder) {
	e.u16(r.Action)
	e.bytes()
	if r.NativeOS == "" && r.NativeLanMan == "" && r.PrimaryDomain == "" {
		return // LANMAN1.0 has none of them
	}
	e.str("NativeOS", r.NativeOS)
	e.str("NativeLanMan", r.NativeLanMan)
	e.str("PrimaryDomain", r.PrimaryDomain)
}

func (r *SessionSetupResponse) decode(d *decoder) {
	r.Action = d.u16("Action")
	d.bytes()
	r.NativeOS = d.str("NativeOS")
	r.NativeLanMan = d.str("NativeLanMan")
	r.PrimaryDomain = d.str("PrimaryDomain")
}

// SessionSetupExtendedResponse carries one token of an extended-security logon;
// StatusMoreProcessingRequired asks for another.
//
// src: [MS-SMB] §2.2.4.6.2 (wct 4)
type SessionSetupExtendedResponse struct {
	Action        uint16
	SecurityBlob  []byte
	NativeOS      string
	NativeLanMan  string
	PrimaryDomain string // not in [MS-SMB], but servers send it; left out when empty
}

// Command returns CmdSessionSetupAndX.
func (*SessionSetupExtendedResponse) Command() Command { return CmdSessionSetupAndX }

func (r *SessionSetupExtendedResponse) encode(e *encoder) {
	e.u16(r.Action)
	e.count16("SecurityBlobLength", len(r.SecurityBlob))
	e.bytes()
	e.blob(r.SecurityBlob)
	e.str("NativeOS", r.NativeOS)
	e.str("NativeLanMan", r.NativeLanMan)
	if r.PrimaryDomain != "" {
		e.str("PrimaryDomain", r.PrimaryDomain)
	}
}

func (r *SessionSetupExtendedResponse) decode(d *decoder) {
	r.Action = d.u16("Action")
	n := int(d.u16("SecurityBlobLength"))
	d.bytes()
	r.SecurityBlob = d.blob("SecurityBlob", n)
	r.NativeOS = d.str("NativeOS")
	r.NativeLanMan = d.str("NativeLanMan")
	r.PrimaryDomain = d.str("PrimaryDomain")
}

// LogoffAndXRequest logs the UID of the header off.
//
// src: [MS-CIFS] §2.2.4.54.1
type LogoffAndXRequest struct{}

// Command returns CmdLogoffAndX.
func (*LogoffAndXRequest) Command() Command { return CmdLogoffAndX }

func (*LogoffAndXRequest) encode(*encoder) {}
func (*LogoffAndXRequest) decode(*decoder) {}

// LogoffAndXResponse answers a LogoffAndXRequest.
type LogoffAndXResponse struct{}

// Command returns CmdLogoffAndX.
func (*LogoffAndXResponse) Command() Command { return CmdLogoffAndX }

func (*LogoffAndXResponse) encode(*encoder) {}
func (*LogoffAndXResponse) decode(*decoder) {}
