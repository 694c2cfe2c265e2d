package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// CreateFlags modify an NT_CREATE_ANDX.
//
// src: [MS-CIFS] §2.2.4.64.1
type CreateFlags uint32

// Create flags.
const (
	CreateRequestOplock      CreateFlags = 0x02
	CreateRequestBatchOplock CreateFlags = 0x04
	CreateTargetDirectory    CreateFlags = 0x08
	CreateExtendedResponse   CreateFlags = 0x10
)

// OplockFlags returns the flags that ask for level l; there are none that ask
// for level II.
func OplockFlags(l nt.OplockLevel) CreateFlags {
	switch l {
	case nt.OplockExclusive:
		return CreateRequestOplock
	case nt.OplockBatch:
		return CreateRequestOplock | CreateRequestBatchOplock
	default:
		return 0
	}
}

// Oplock returns the level that the flags ask for.
func (f CreateFlags) Oplock() nt.OplockLevel {
	switch {
	case f&CreateRequestBatchOplock != 0:
		return nt.OplockBatch
	case f&CreateRequestOplock != 0:
		return nt.OplockExclusive
	}
	return nt.OplockNone
}

// NTCreateAndXRequest opens or creates a file or directory.
//
// src: [MS-CIFS] §2.2.4.64.1
type NTCreateAndXRequest struct {
	Flags              CreateFlags
	RootDirectoryFID   uint32 // 0: FileName is relative to the share
	DesiredAccess      nt.AccessMask
	AllocationSize     int64
	Attributes         nt.FileAttributes
	ShareAccess        nt.ShareAccess
	Disposition        nt.Disposition
	Options            nt.CreateOptions
	ImpersonationLevel uint32
	SecurityFlags      uint8
	FileName           string
}

// ImpersonateSecurity is the usual ImpersonationLevel.
//
// src: [MS-CIFS] §2.2.4.64.1 (SEC_IMPERSONATE)
const ImpersonateSecurity = 2

// Command returns CmdNTCreateAndX.
func (*NTCreateAndXRequest) Command() Command { return CmdNTCreateAndX }

func (r *NTCreateAndXRequest) encode(e *encoder) {
	e.u8(0) // reserved
	lengthPos := e.hole16()
	e.u32(uint32(r.Flags))
	e.u32(r.RootDirectoryFID)
	e.u32(uint32(r.DesiredAccess))
	e.i64(r.AllocationSize)
	e.u32(uint32(r.Attributes))
	e.u32(uint32(r.ShareAccess))
	e.u32(uint32(r.Disposition))
	e.u32(uint32(r.Options))
	e.u32(r.ImpersonationLevel)
	e.u8(r.SecurityFlags)
	e.bytes()
	if e.flags2.Unicode() {
		e.align(2)
	}
	start := len(e.buf)
	e.chars("FileName", r.FileName)
	e.put16("NameLength", lengthPos, len(e.buf)-start)
	e.strHere("FileName", "") // the terminator, which NameLength does not count
}

func (r *NTCreateAndXRequest) decode(d *decoder) {
	d.skip("Reserved", 1)
	n := int(d.u16("NameLength"))
	r.Flags = CreateFlags(d.u32("Flags"))
	r.RootDirectoryFID = d.u32("RootDirectoryFID")
	r.DesiredAccess = nt.AccessMask(d.u32("DesiredAccess"))
	r.AllocationSize = d.i64("AllocationSize")
	r.Attributes = nt.FileAttributes(d.u32("ExtFileAttributes"))
	r.ShareAccess = nt.ShareAccess(d.u32("ShareAccess"))
	r.Disposition = nt.Disposition(d.u32("CreateDisposition"))
	r.Options = nt.CreateOptions(d.u32("CreateOptions"))
	r.ImpersonationLevel = d.u32("ImpersonationLevel")
	r.SecurityFlags = d.u8("SecurityFlags")
	d.bytes()
	if d.flags2.Unicode() {
		d.align(2)
	}
	r.FileName = d.chars("NameLength", n)
}

// NTCreateAndXResponse describes the file that was opened.
//
// src: [MS-CIFS] §2.2.4.64.2
type NTCreateAndXResponse struct {
	Oplock         nt.OplockLevel
	FID            FID
	Action         nt.CreateAction
	Created        nt.FileTime
	Accessed       nt.FileTime
	Written        nt.FileTime
	Changed        nt.FileTime
	Attributes     nt.FileAttributes
	AllocationSize int64
	EndOfFile      int64
	ResourceType   uint16 // 0: file or directory
	PipeStatus     uint16
	Directory      bool
}

// Command returns CmdNTCreateAndX.
func (*NTCreateAndXResponse) Command() Command { return CmdNTCreateAndX }

func (r *NTCreateAndXResponse) encode(e *encoder) {
	e.u8(uint8(r.Oplock))
	e.fid(r.FID)
	e.u32(uint32(r.Action))
	e.fileTime(r.Created)
	e.fileTime(r.Accessed)
	e.fileTime(r.Written)
	e.fileTime(r.Changed)
	e.u32(uint32(r.Attributes))
	e.i64(r.AllocationSize)
	e.i64(r.EndOfFile)
	e.u16(r.ResourceType)
	e.u16(r.PipeStatus)
	e.bool8(r.Directory)
}

func (r *NTCreateAndXResponse) decode(d *decoder) {
	r.Oplock = nt.OplockLevel(d.u8("OpLockLevel"))
	r.FID = d.fid()
	r.Action = nt.CreateAction(d.u32("CreateDisposition"))
	r.Created = d.fileTime("CreateTime")
	r.Accessed = d.fileTime("LastAccessTime")
	r.Written = d.fileTime("LastWriteTime")
	r.Changed = d.fileTime("LastChangeTime")
	r.Attributes = nt.FileAttributes(d.u32("ExtFileAttributes"))
	r.AllocationSize = d.i64("AllocationSize")
	r.EndOfFile = d.i64("EndOfFile")
	r.ResourceType = d.u16("ResourceType")
	r.PipeStatus = d.u16("NMPipeStatus")
	r.Directory = d.bool8("Directory")
}
