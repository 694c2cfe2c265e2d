package smbwire

// FlushRequest asks the server to commit FID's data; NoFID means all files of
// the process.
//
// src: [MS-CIFS] §2.2.4.6.1
type FlushRequest struct{ FID FID }

// Command returns CmdFlush.
func (*FlushRequest) Command() Command { return CmdFlush }

func (r *FlushRequest) encode(e *encoder) { e.fid(r.FID) }
func (r *FlushRequest) decode(d *decoder) { r.FID = d.fid() }

// FlushResponse answers a FlushRequest.
type FlushResponse struct{}

// Command returns CmdFlush.
func (*FlushResponse) Command() Command { return CmdFlush }

func (*FlushResponse) encode(*encoder) {}
func (*FlushResponse) decode(*decoder) {}

// CloseRequest closes FID and releases its locks.
//
// src: [MS-CIFS] §2.2.4.5.1
type CloseRequest struct {
	FID          FID
	LastModified UTime // 0 or 0xFFFFFFFF: leave the time to the server
}

// Command returns CmdClose.
func (*CloseRequest) Command() Command { return CmdClose }

func (r *CloseRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.utime(r.LastModified)
}

func (r *CloseRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.LastModified = d.utime("LastTimeModified")
}

// CloseResponse answers a CloseRequest.
type CloseResponse struct{}

// Command returns CmdClose.
func (*CloseResponse) Command() Command { return CmdClose }

func (*CloseResponse) encode(*encoder) {}
func (*CloseResponse) decode(*decoder) {}

// Seek modes.
//
// src: [MS-CIFS] §2.2.4.19.1
const (
	SeekStart   = 0
	SeekCurrent = 1
	SeekEnd     = 2
)

// SeekRequest moves the file position of FID; clients use it to learn the size.
//
// src: [MS-CIFS] §2.2.4.19.1
type SeekRequest struct {
	FID    FID
	Mode   uint16
	Offset int32
}

// Command returns CmdSeek.
func (*SeekRequest) Command() Command { return CmdSeek }

func (r *SeekRequest) encode(e *encoder) {
	e.fid(r.FID)
	e.u16(r.Mode)
	e.u32(uint32(r.Offset))
}

func (r *SeekRequest) decode(d *decoder) {
	r.FID = d.fid()
	r.Mode = d.u16("Mode")
	r.Offset = int32(d.u32("Offset"))
}

// SeekResponse gives the new position from the start of the file.
//
// src: [MS-CIFS] §2.2.4.19.2
type SeekResponse struct{ Offset uint32 }

// Command returns CmdSeek.
func (*SeekResponse) Command() Command { return CmdSeek }

func (r *SeekResponse) encode(e *encoder) { e.u32(r.Offset) }
func (r *SeekResponse) decode(d *decoder) { r.Offset = d.u32("Offset") }
