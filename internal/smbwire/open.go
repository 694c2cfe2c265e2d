package smbwire

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// AccessMode is the desired access, sharing mode and caching mode of the opens
// before NT_CREATE_ANDX.
//
// src: [MS-CIFS] §2.2.4.3.1, §2.2.4.41.1
type AccessMode uint16

// Access mode values: one access, one sharing mode, and flags.
const (
	AccessRead         AccessMode = 0x0000
	AccessWrite        AccessMode = 0x0001
	AccessReadWrite    AccessMode = 0x0002
	AccessExecute      AccessMode = 0x0003
	ShareCompatibility AccessMode = 0x0000
	ShareDenyAll       AccessMode = 0x0010
	ShareDenyWrite     AccessMode = 0x0020
	ShareDenyRead      AccessMode = 0x0030
	ShareDenyNone      AccessMode = 0x0040
	AccessMask         AccessMode = 0x0007
	ShareMask          AccessMode = 0x0070
	AccessWriteThrough AccessMode = 0x4000
)

// Flags of an OpenAndXRequest.
//
// src: [MS-CIFS] §2.2.4.41.1
const (
	OpenWantAttributes = 0x0001 // return the fields that depend on the file
	OpenWantOplock     = 0x0002
	OpenWantBatch      = 0x0004
)

// OpenMode of an OpenAndXRequest: what to do when the file exists, or does not.
//
// src: [MS-CIFS] §2.2.4.41.1
type OpenMode uint16

// Open mode values: one for an existing file, and the create bit.
const (
	OpenModeFailIfExists OpenMode = 0x0000
	OpenModeOpen         OpenMode = 0x0001
	OpenModeTruncate     OpenMode = 0x0002
	OpenModeCreate       OpenMode = 0x0010 // create the file if it does not exist
)

// OpenOplockGranted is the bit in OpenResults that grants an oplock.
//
// src: [MS-CIFS] §2.2.4.41.2
const OpenOplockGranted = 0x8000

// OpenAndXRequest opens a file in a LAN Manager dialect.
//
// src: [MS-CIFS] §2.2.4.41.1
type OpenAndXRequest struct {
	Flags            uint16
	AccessMode       AccessMode
	SearchAttributes nt.FileAttributes // 16 bits
	FileAttributes   nt.FileAttributes // 16 bits
	CreationTime     UTime
	OpenMode         OpenMode
	AllocationSize   uint32
	Timeout          time.Duration // whole milliseconds; negative: for ever
	FileName         string
}

// Command returns CmdOpenAndX.
func (*OpenAndXRequest) Command() Command { return CmdOpenAndX }

func (r *OpenAndXRequest) encode(e *encoder) {
	e.u16(r.Flags)
	e.u16(uint16(r.AccessMode))
	e.attrs16(r.SearchAttributes)
	e.attrs16(r.FileAttributes)
	e.utime(r.CreationTime)
	e.u16(uint16(r.OpenMode))
	e.u32(r.AllocationSize)
	e.timeout32(r.Timeout)
	e.u32(0) // reserved
	e.bytes()
	e.str("FileName", r.FileName)
}

func (r *OpenAndXRequest) decode(d *decoder) {
	r.Flags = d.u16("Flags")
	r.AccessMode = AccessMode(d.u16("AccessMode"))
	r.SearchAttributes = d.attrs16("SearchAttrs")
	r.FileAttributes = d.attrs16("FileAttrs")
	r.CreationTime = d.utime("CreationTime")
	r.OpenMode = OpenMode(d.u16("OpenMode"))
	r.AllocationSize = d.u32("AllocationSize")
	r.Timeout = d.timeout32()
	d.skip("Reserved", 4)
	d.bytes()
	r.FileName = d.str("FileName")
}

// OpenAndXResponse describes the file that was opened.
//
// src: [MS-CIFS] §2.2.4.41.2
type OpenAndXResponse struct {
	FID            FID
	FileAttributes nt.FileAttributes // 16 bits
	LastWriteTime  UTime
	DataSize       uint32
	AccessRights   uint16
	ResourceType   uint16
	PipeStatus     uint16
	OpenResults    uint16
	ServerFID      uint32 // reserved in LAN Manager 2; Samba fills it in
}

// Command returns CmdOpenAndX.
func (*OpenAndXResponse) Command() Command { return CmdOpenAndX }

func (r *OpenAndXResponse) encode(e *encoder) {
	e.fid(r.FID)
	e.attrs16(r.FileAttributes)
	e.utime(r.LastWriteTime)
	e.u32(r.DataSize)
	e.u16(r.AccessRights)
	e.u16(r.ResourceType)
	e.u16(r.PipeStatus)
	e.u16(r.OpenResults)
	e.u32(r.ServerFID)
	e.u16(0) // reserved
}

func (r *OpenAndXResponse) decode(d *decoder) {
	r.FID = d.fid()
	r.FileAttributes = d.attrs16("FileAttrs")
	r.LastWriteTime = d.utime("LastWriteTime")
	r.DataSize = d.u32("FileDataSize")
	r.AccessRights = d.u16("AccessRights")
	r.ResourceType = d.u16("ResourceType")
	r.PipeStatus = d.u16("NMPipeStatus")
	r.OpenResults = d.u16("OpenResults")
	r.ServerFID = d.u32("ServerFID")
	d.skip("Reserved", 2)
}

// OpenRequest opens a file in a core dialect.
//
// src: [MS-CIFS] §2.2.4.3.1
type OpenRequest struct {
	AccessMode       AccessMode
	SearchAttributes nt.FileAttributes // 16 bits
	FileName         string
}

// Command returns CmdOpen.
func (*OpenRequest) Command() Command { return CmdOpen }

func (r *OpenRequest) encode(e *encoder) {
	e.u16(uint16(r.AccessMode))
	e.attrs16(r.SearchAttributes)
	e.bytes()
	e.path("FileName", r.FileName)
}

func (r *OpenRequest) decode(d *decoder) {
	r.AccessMode = AccessMode(d.u16("AccessMode"))
	r.SearchAttributes = d.attrs16("SearchAttributes")
	d.bytes()
	r.FileName = d.path("FileName")
}

// OpenResponse describes the file that was opened. An oplock is granted by the
// oplock flags of the header.
//
// src: [MS-CIFS] §2.2.4.3.2
type OpenResponse struct {
	FID            FID
	FileAttributes nt.FileAttributes // 16 bits
	LastModified   UTime
	FileSize       uint32
	AccessMode     AccessMode
}

// Command returns CmdOpen.
func (*OpenResponse) Command() Command { return CmdOpen }

func (r *OpenResponse) encode(e *encoder) {
	e.fid(r.FID)
	e.attrs16(r.FileAttributes)
	e.utime(r.LastModified)
	e.u32(r.FileSize)
	e.u16(uint16(r.AccessMode))
}

func (r *OpenResponse) decode(d *decoder) {
	r.FID = d.fid()
	r.FileAttributes = d.attrs16("FileAttrs")
	r.LastModified = d.utime("LastModified")
	r.FileSize = d.u32("FileSize")
	r.AccessMode = AccessMode(d.u16("AccessMode"))
}

// CreateRequest creates or truncates a file and opens it, in a core dialect.
//
// src: [MS-CIFS] §2.2.4.4.1
type CreateRequest struct {
	FileAttributes nt.FileAttributes // 16 bits
	CreationTime   UTime
	FileName       string
}

// Command returns CmdCreate.
func (*CreateRequest) Command() Command { return CmdCreate }

func (r *CreateRequest) encode(e *encoder) {
	e.attrs16(r.FileAttributes)
	e.utime(r.CreationTime)
	e.bytes()
	e.path("FileName", r.FileName)
}

func (r *CreateRequest) decode(d *decoder) {
	r.FileAttributes = d.attrs16("FileAttributes")
	r.CreationTime = d.utime("CreationTime")
	d.bytes()
	r.FileName = d.path("FileName")
}

// CreateNewRequest creates a file that must not exist, in a core dialect.
//
// src: [MS-CIFS] §2.2.4.16.1
type CreateNewRequest CreateRequest

// Command returns CmdCreateNew.
func (*CreateNewRequest) Command() Command { return CmdCreateNew }

func (r *CreateNewRequest) encode(e *encoder) { (*CreateRequest)(r).encode(e) }
func (r *CreateNewRequest) decode(d *decoder) { (*CreateRequest)(r).decode(d) }

// CreateResponse gives the FID of the file created.
//
// src: [MS-CIFS] §2.2.4.4.2
type CreateResponse struct{ FID FID }

// Command returns CmdCreate.
func (*CreateResponse) Command() Command { return CmdCreate }

func (r *CreateResponse) encode(e *encoder) { e.fid(r.FID) }
func (r *CreateResponse) decode(d *decoder) { r.FID = d.fid() }

// CreateNewResponse gives the FID of the file created.
//
// src: [MS-CIFS] §2.2.4.16.2
type CreateNewResponse struct{ FID FID }

// Command returns CmdCreateNew.
func (*CreateNewResponse) Command() Command { return CmdCreateNew }

func (r *CreateNewResponse) encode(e *encoder) { e.fid(r.FID) }
func (r *CreateNewResponse) decode(d *decoder) { r.FID = d.fid() }
