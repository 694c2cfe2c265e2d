package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// QueryInformationRequest asks for the attributes of a path, in a core dialect.
//
// src: [MS-CIFS] §2.2.4.9.1
type QueryInformationRequest struct{ FileName string }

// Command returns CmdQueryInformation.
func (*QueryInformationRequest) Command() Command { return CmdQueryInformation }

func (r *QueryInformationRequest) encode(e *encoder) { e.pathOnly(r.FileName) }
func (r *QueryInformationRequest) decode(d *decoder) { r.FileName = d.pathOnly() }

// QueryInformationResponse gives the attributes of a path.
//
// src: [MS-CIFS] §2.2.4.9.2
type QueryInformationResponse struct {
	FileAttributes nt.FileAttributes // 16 bits
	LastWriteTime  UTime
	FileSize       uint32
}

// Command returns CmdQueryInformation.
func (*QueryInformationResponse) Command() Command { return CmdQueryInformation }

func (r *QueryInformationResponse) encode(e *encoder) {
	e.attrs16(r.FileAttributes)
	e.utime(r.LastWriteTime)
	e.u32(r.FileSize)
	e.zeros(10) // reserved
}

func (r *QueryInformationResponse) decode(d *decoder) {
	r.FileAttributes = d.attrs16("FileAttributes")
	r.LastWriteTime = d.utime("LastWriteTime")
	r.FileSize = d.u32("FileSize")
	d.skip("Reserved", 10)
}

// SetInformationRequest sets the attributes of a path, in a core dialect.
//
// src: [MS-CIFS] §2.2.4.10.1
type SetInformationRequest struct {
	FileAttributes nt.FileAttributes // 16 bits
	LastWriteTime  UTime             // 0: leave it
	FileName       string
}

// Command returns CmdSetInformation.
func (*SetInformationRequest) Command() Command { return CmdSetInformation }

func (r *SetInformationRequest) encode(e *encoder) {
	e.attrs16(r.FileAttributes)
	e.utime(r.LastWriteTime)
	e.zeros(10) // reserved
	e.bytes()
	e.path("FileName", r.FileName)
}

func (r *SetInformationRequest) decode(d *decoder) {
	r.FileAttributes = d.attrs16("FileAttributes")
	r.LastWriteTime = d.utime("LastWriteTime")
	d.skip("Reserved", 10)
	d.bytes()
	r.FileName = d.path("FileName")
}

// SetInformationResponse answers a SetInformationRequest.
type SetInformationResponse struct{}

// Command returns CmdSetInformation.
func (*SetInformationResponse) Command() Command { return CmdSetInformation }

func (*SetInformationResponse) encode(*encoder) {}
func (*SetInformationResponse) decode(*decoder) {}

// QueryInformation2Request asks for the attributes of FID.
//
// src: [MS-CIFS] §2.2.4.31.1
type QueryInformation2Request struct{ FID FID }

// Command returns CmdQueryInformation2.
func (*QueryInformation2Request) Command() Command { return CmdQueryInformation2 }

func (r *QueryInformation2Request) encode(e *encoder) { e.fid(r.FID) }
func (r *QueryInformation2Request) decode(d *decoder) { r.FID = d.fid() }

// QueryInformation2Response gives the attributes of FID.
//
// src: [MS-CIFS] §2.2.4.31.2
type QueryInformation2Response struct {
	Created        DOSDateTime
	Accessed       DOSDateTime
	Written        DOSDateTime
	DataSize       uint32
	AllocationSize uint32
	FileAttributes nt.FileAttributes // 16 bits
}

// Command returns CmdQueryInformation2.
func (*QueryInformation2Response) Command() Command { return CmdQueryInformation2 }

func (r *QueryInformation2Response) encode(e *encoder) {
	e.dateTime(r.Created)
	e.dateTime(r.Accessed)
	e.dateTime(r.Written)
	e.u32(r.DataSize)
	e.u32(r.AllocationSize)
	e.attrs16(r.FileAttributes)
}

func (r *QueryInformation2Response) decode(d *decoder) {
	r.Created = d.dateTime("CreateDate")
	r.Accessed = d.dateTime("LastAccessDate")
	r.Written = d.dateTime("LastWriteDate")
	r.DataSize = d.u32("FileDataSize")
	r.AllocationSize = d.u32("FileAllocationSize")
	r.FileAttributes = d.attrs16("FileAttributes")
}

// SetInformation2Request sets the times of FID; 0 leaves one alone.
//
// src: [MS-CIFS] §2.2.4.30.1
type SetInformation2Request struct {
	FID      FID
	Created  DOSDateTime
	Accessed DOSDateTime
	Written  DOSDateTime
}

// Command returns CmdSetInformation2.
func (*SetInformation2Request) Command() Command { return CmdSetInformation2 }

func (r *SetInformation2Request) encode(e *encoder) {
	e.fid(r.FID)
	e.dateTime(r.Created)
	e.dateTime(r.Accessed)
	e.dateTime(r.Written)
}

func (r *SetInformation2Request) decode(d *decoder) {
	r.FID = d.fid()
	r.Created = d.dateTime("CreateDate")
	r.Accessed = d.dateTime("LastAccessDate")
	r.Written = d.dateTime("LastWriteDate")
}

// SetInformation2Response answers a SetInformation2Request.
type SetInformation2Response struct{}

// Command returns CmdSetInformation2.
func (*SetInformation2Response) Command() Command { return CmdSetInformation2 }

func (*SetInformation2Response) encode(*encoder) {}
func (*SetInformation2Response) decode(*decoder) {}

// QueryInformationDiskRequest asks for the free space of the share.
//
// src: [MS-CIFS] §2.2.4.57.1
type QueryInformationDiskRequest struct{}

// Command returns CmdQueryInformationDisk.
func (*QueryInformationDiskRequest) Command() Command { return CmdQueryInformationDisk }

func (*QueryInformationDiskRequest) encode(*encoder) {}
func (*QueryInformationDiskRequest) decode(*decoder) {}

// QueryInformationDiskResponse gives the space of the share in units of
// BlocksPerUnit blocks.
//
// src: [MS-CIFS] §2.2.4.57.2
type QueryInformationDiskResponse struct {
	TotalUnits    uint16
	BlocksPerUnit uint16
	BlockSize     uint16 // bytes
	FreeUnits     uint16
}

// Command returns CmdQueryInformationDisk.
func (*QueryInformationDiskResponse) Command() Command { return CmdQueryInformationDisk }

func (r *QueryInformationDiskResponse) encode(e *encoder) {
	e.u16(r.TotalUnits)
	e.u16(r.BlocksPerUnit)
	e.u16(r.BlockSize)
	e.u16(r.FreeUnits)
	e.u16(0) // reserved
}

func (r *QueryInformationDiskResponse) decode(d *decoder) {
	r.TotalUnits = d.u16("TotalUnits")
	r.BlocksPerUnit = d.u16("BlocksPerUnit")
	r.BlockSize = d.u16("BlockSize")
	r.FreeUnits = d.u16("FreeUnits")
	d.skip("Reserved", 2)
}
