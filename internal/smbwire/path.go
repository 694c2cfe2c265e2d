package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// DeleteRequest deletes the files that FileName names; it may hold wildcards.
//
// src: [MS-CIFS] §2.2.4.7.1
type DeleteRequest struct {
	SearchAttributes nt.FileAttributes // 16 bits
	FileName         string
}

// Command returns CmdDelete.
func (*DeleteRequest) Command() Command { return CmdDelete }

func (r *DeleteRequest) encode(e *encoder) {
	e.attrs16(r.SearchAttributes)
	e.bytes()
	e.path("FileName", r.FileName)
}

func (r *DeleteRequest) decode(d *decoder) {
	r.SearchAttributes = d.attrs16("SearchAttributes")
	d.bytes()
	r.FileName = d.path("FileName")
}

// DeleteResponse answers a DeleteRequest.
type DeleteResponse struct{}

// Command returns CmdDelete.
func (*DeleteResponse) Command() Command { return CmdDelete }

func (*DeleteResponse) encode(*encoder) {}
func (*DeleteResponse) decode(*decoder) {}

// RenameRequest renames a file or directory.
//
// src: [MS-CIFS] §2.2.4.8.1
type RenameRequest struct {
	SearchAttributes nt.FileAttributes // 16 bits
	OldFileName      string
	NewFileName      string
}

// Command returns CmdRename.
func (*RenameRequest) Command() Command { return CmdRename }

func (r *RenameRequest) encode(e *encoder) {
	e.attrs16(r.SearchAttributes)
	e.bytes()
	e.path("OldFileName", r.OldFileName)
	e.path("NewFileName", r.NewFileName)
}

func (r *RenameRequest) decode(d *decoder) {
	r.SearchAttributes = d.attrs16("SearchAttributes")
	d.bytes()
	r.OldFileName = d.path("OldFileName")
	r.NewFileName = d.path("NewFileName")
}

// RenameResponse answers a RenameRequest.
type RenameResponse struct{}

// Command returns CmdRename.
func (*RenameResponse) Command() Command { return CmdRename }

func (*RenameResponse) encode(*encoder) {}
func (*RenameResponse) decode(*decoder) {}

// CreateDirectoryRequest creates a directory.
//
// src: [MS-CIFS] §2.2.4.1.1
type CreateDirectoryRequest struct{ DirectoryName string }

// Command returns CmdCreateDirectory.
func (*CreateDirectoryRequest) Command() Command { return CmdCreateDirectory }

func (r *CreateDirectoryRequest) encode(e *encoder) { e.pathOnly(r.DirectoryName) }
func (r *CreateDirectoryRequest) decode(d *decoder) { r.DirectoryName = d.pathOnly() }

// pathOnly writes the bytes of a request that has no words and one path.
func (e *encoder) pathOnly(path string) {
	e.bytes()
	e.path("Path", path)
}

func (d *decoder) pathOnly() string {
	d.bytes()
	return d.path("Path")
}

// CreateDirectoryResponse answers a CreateDirectoryRequest.
type CreateDirectoryResponse struct{}

// Command returns CmdCreateDirectory.
func (*CreateDirectoryResponse) Command() Command { return CmdCreateDirectory }

func (*CreateDirectoryResponse) encode(*encoder) {}
func (*CreateDirectoryResponse) decode(*decoder) {}

// DeleteDirectoryRequest deletes an empty directory.
//
// src: [MS-CIFS] §2.2.4.2.1
type DeleteDirectoryRequest struct{ DirectoryName string }

// Command returns CmdDeleteDirectory.
func (*DeleteDirectoryRequest) Command() Command { return CmdDeleteDirectory }

func (r *DeleteDirectoryRequest) encode(e *encoder) { e.pathOnly(r.DirectoryName) }
func (r *DeleteDirectoryRequest) decode(d *decoder) { r.DirectoryName = d.pathOnly() }

// DeleteDirectoryResponse answers a DeleteDirectoryRequest.
type DeleteDirectoryResponse struct{}

// Command returns CmdDeleteDirectory.
func (*DeleteDirectoryResponse) Command() Command { return CmdDeleteDirectory }

func (*DeleteDirectoryResponse) encode(*encoder) {}
func (*DeleteDirectoryResponse) decode(*decoder) {}

// CheckDirectoryRequest asks whether a path is a directory.
//
// src: [MS-CIFS] §2.2.4.17.1
type CheckDirectoryRequest struct{ DirectoryName string }

// Command returns CmdCheckDirectory.
func (*CheckDirectoryRequest) Command() Command { return CmdCheckDirectory }

func (r *CheckDirectoryRequest) encode(e *encoder) { e.pathOnly(r.DirectoryName) }
func (r *CheckDirectoryRequest) decode(d *decoder) { r.DirectoryName = d.pathOnly() }

// CheckDirectoryResponse answers a CheckDirectoryRequest.
type CheckDirectoryResponse struct{}

// Command returns CmdCheckDirectory.
func (*CheckDirectoryResponse) Command() Command { return CmdCheckDirectory }

func (*CheckDirectoryResponse) encode(*encoder) {}
func (*CheckDirectoryResponse) decode(*decoder) {}
