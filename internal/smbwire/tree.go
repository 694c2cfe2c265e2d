package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// Service names of a tree connect.
//
// src: [MS-CIFS] §2.2.4.55.1
const (
	ServiceDisk = "A:"
	ServiceIPC  = "IPC"
	ServiceAny  = "?????"
)

// TreeConnectAndXRequest connects to a share, given as \\server\share.
//
// src: [MS-CIFS] §2.2.4.55.1
type TreeConnectAndXRequest struct {
	Flags    uint16 // 1: disconnect the TID of the header first
	Password []byte // with user-level security one NUL
	Path     string
	Service  string
}

// Command returns CmdTreeConnectAndX.
func (*TreeConnectAndXRequest) Command() Command { return CmdTreeConnectAndX }

func (r *TreeConnectAndXRequest) encode(e *encoder) {
	e.u16(r.Flags)
	e.count16("PasswordLength", len(r.Password))
	e.bytes()
	e.blob(r.Password)
	e.str("Path", r.Path)
	e.oem("Service", r.Service)
}

func (r *TreeConnectAndXRequest) decode(d *decoder) {
	r.Flags = d.u16("Flags")
	n := int(d.u16("PasswordLength"))
	d.bytes()
	r.Password = d.blob("Password", n)
	r.Path = d.str("Path")
	r.Service = d.oem("Service")
}

// TreeConnectAndXResponse gives the TID in the header. Words says which of the
// three forms it has: 2 (LAN Manager), 3 (with OptionalSupport) or 7 (with the
// access rights as well).
//
// src: [MS-CIFS] §2.2.4.55.2, [MS-SMB] §2.2.4.7.2
type TreeConnectAndXResponse struct {
	Words              int
	OptionalSupport    uint16
	MaximalAccess      nt.AccessMask
	GuestMaximalAccess nt.AccessMask
	Service            string
	NativeFileSystem   string
}

// Command returns CmdTreeConnectAndX.
func (*TreeConnectAndXResponse) Command() Command { return CmdTreeConnectAndX }

func (r *TreeConnectAndXResponse) encode(e *encoder) {
	switch r.Words {
	case 2:
	case 3:
		e.u16(r.OptionalSupport)
	case 7:
		e.u16(r.OptionalSupport)
		e.u32(uint32(r.MaximalAccess))
		e.u32(uint32(r.GuestMaximalAccess))
	default:
		e.fail("WordCount", "neither 2, 3 nor 7")
	}
	e.bytes()
	e.oem("Service", r.Service)
	if r.Words > 2 || r.NativeFileSystem != "" {
		e.str("NativeFileSystem", r.NativeFileSystem)
	}
}

func (r *TreeConnectAndXResponse) decode(d *decoder) {
	r.Words = d.wordCount
	if r.Words >= 3 {
		r.OptionalSupport = d.u16("OptionalSupport")
	}
	if r.Words == 7 {
		r.MaximalAccess = nt.AccessMask(d.u32("MaximalShareAccessRights"))
		r.GuestMaximalAccess = nt.AccessMask(d.u32("GuestMaximalShareAccessRights"))
	}
	d.bytes()
	r.Service = d.oem("Service")
	r.NativeFileSystem = d.str("NativeFileSystem")
}

// TreeDisconnectRequest gives up the TID of the header.
//
// src: [MS-CIFS] §2.2.4.51.1
type TreeDisconnectRequest struct{}

// Command returns CmdTreeDisconnect.
func (*TreeDisconnectRequest) Command() Command { return CmdTreeDisconnect }

func (*TreeDisconnectRequest) encode(*encoder) {}
func (*TreeDisconnectRequest) decode(*decoder) {}

// TreeDisconnectResponse answers a TreeDisconnectRequest.
type TreeDisconnectResponse struct{}

// Command returns CmdTreeDisconnect.
func (*TreeDisconnectResponse) Command() Command { return CmdTreeDisconnect }

func (*TreeDisconnectResponse) encode(*encoder) {}
func (*TreeDisconnectResponse) decode(*decoder) {}

// TreeConnectRequest connects to a share in a core dialect.
//
// src: [MS-CIFS] §2.2.4.50.1
type TreeConnectRequest struct {
	Path     string
	Password string
	Service  string
}

// Command returns CmdTreeConnect.
func (*TreeConnectRequest) Command() Command { return CmdTreeConnect }

func (r *TreeConnectRequest) encode(e *encoder) {
	e.bytes()
	for _, s := range []string{r.Path, r.Password, r.Service} {
		e.u8(formatASCII)
		e.oem("Path", s)
	}
}

func (r *TreeConnectRequest) decode(d *decoder) {
	d.bytes()
	for _, s := range []*string{&r.Path, &r.Password, &r.Service} {
		d.format(formatASCII)
		*s = d.oem("Path")
	}
}

// TreeConnectResponse gives the TID of a core tree connect.
//
// src: [MS-CIFS] §2.2.4.50.2
type TreeConnectResponse struct {
	MaxBufferSize uint16
	TID           TID
}

// Command returns CmdTreeConnect.
func (*TreeConnectResponse) Command() Command { return CmdTreeConnect }

func (r *TreeConnectResponse) encode(e *encoder) {
	e.u16(r.MaxBufferSize)
	e.u16(uint16(r.TID))
}

func (r *TreeConnectResponse) decode(d *decoder) {
	r.MaxBufferSize = d.u16("MaxBufferSize")
	r.TID = TID(d.u16("TID"))
}
