package smb1client

import (
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// The types of other packages in this one's signatures, so that it can be used from
// outside of the module.
type (
	// Conn is a transport connection that carries whole SMB messages.
	Conn = link.Conn
	// Runtime is the world that the circuit's tasks run in.
	Runtime = rt.Runtime
	// Message is one SMB message, for Exchange.
	Message = smbwire.Message
	// Status is an NTSTATUS; errors.Is finds it in every error of a server.
	Status = nt.Status
	// Error is a failed operation with its path and status.
	Error = nt.Error
	// FileHandle names an open file on one circuit.
	FileHandle = nt.FileHandle
	// FileTime is a time in units of 100 ns since 1601.
	FileTime = nt.FileTime
	// FileInfo is a directory entry or the answer to a query.
	FileInfo = nt.FileInfo
	// CreateParams are the arguments of Create.
	CreateParams = nt.CreateParams
	// CreateResult is what the server said of an opened file.
	CreateResult = nt.CreateResult
	// LockRange is a byte range to lock or unlock.
	LockRange = nt.LockRange
	// WriteMode modifies a write.
	WriteMode = nt.WriteMode
	// OplockLevel is an opportunistic lock.
	OplockLevel = nt.OplockLevel
	// Limits are what a circuit can carry.
	Limits = nt.Limits
	// CircuitHandler is told what a circuit reports unasked.
	CircuitHandler = nt.CircuitHandler
	// NotifyFilter says which changes in a directory are waited for.
	NotifyFilter = nt.NotifyFilter
	// Change is one change in a directory.
	Change = nt.Change
	// AccessMask is what an open wants to do.
	AccessMask = nt.AccessMask
	// ShareAccess is what others may do meanwhile.
	ShareAccess = nt.ShareAccess
	// Disposition says what Create does if the file exists, or does not.
	Disposition = nt.Disposition
	// CreateOptions are the option bits of an open.
	CreateOptions = nt.CreateOptions
	// FileAttributes are the extended file attributes.
	FileAttributes = nt.FileAttributes
)

// The values that a CreateParams is made of.
const (
	ReadData        = nt.FileReadData
	WriteData       = nt.FileWriteData
	ReadAttributes  = nt.FileReadAttributes
	WriteAttributes = nt.FileWriteAttributes
	DeleteAccess    = nt.Delete
	GenericRead     = nt.GenericRead
	GenericWrite    = nt.GenericWrite

	ShareNone   = nt.ShareNone
	ShareRead   = nt.ShareRead
	ShareWrite  = nt.ShareWrite
	ShareDelete = nt.ShareDelete

	FileSupersede   = nt.FileSupersede
	FileOpen        = nt.FileOpen
	FileCreate      = nt.FileCreate
	FileOpenIf      = nt.FileOpenIf
	FileOverwrite   = nt.FileOverwrite
	FileOverwriteIf = nt.FileOverwriteIf

	DirectoryFile    = nt.DirectoryFile
	NonDirectoryFile = nt.NonDirectoryFile
	WriteThrough     = nt.WriteThrough

	WriteModeThrough = nt.WriteModeThrough

	NotifyFileName  = nt.NotifyFileName
	NotifyDirName   = nt.NotifyDirName
	NotifySize      = nt.NotifySize
	NotifyLastWrite = nt.NotifyLastWrite

	StatusSMBUseStandard = nt.StatusSMBUseStandard
	StatusLockNotGranted = nt.StatusLockNotGranted
	StatusCancelled      = nt.StatusCancelled

	OplockNone      = nt.OplockNone
	OplockExclusive = nt.OplockExclusive
	OplockBatch     = nt.OplockBatch
	OplockLevelII   = nt.OplockLevelII
)

// Credentials are who logs on. An empty User logs on anonymously. Workstation is the
// client's name, for the server's logs.
type Credentials struct {
	User, Password, Domain, Workstation string
}
