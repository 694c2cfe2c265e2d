package mailclient

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// FS is a postoffice's file system: a redirector's share, a local disk, a plain
// client. Paths are relative to the postoffice's root and use backslashes. Every
// error carries an nt.Status that errors.Is and errors.As find.
type FS interface {
	Open(path string, p nt.CreateParams) (File, error)
	Delete(path string) error
	Rename(from, to string) error
	Mkdir(path string) error
	Stat(path string) (nt.FileInfo, error)
	// Find lists what matches a pattern such as "MAI\\MA8\\*.MAI". No match is an
	// empty answer, not an error.
	Find(pattern string) ([]nt.FileInfo, error)
}

// File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Flush is FlushFileBuffers: it returns when the data has left every buffer.
	Flush() error
	SetSize(size int64) error
	Size() (int64, error)
	Close() error
}

// The types of the interfaces above, for callers outside this module.
type (
	// Status is an NTSTATUS value.
	Status = nt.Status
	// CreateParams are the arguments of an open or create.
	CreateParams = nt.CreateParams
	// FileInfo is a directory entry.
	FileInfo = nt.FileInfo
)

// StatusOf returns the NTSTATUS that err carries: success for nil, end of file for
// io.EOF, unsuccessful for an error without a status.
func StatusOf(err error) nt.Status {
	if err == nil {
		return nt.StatusSuccess
	}
	if st, ok := errors.AsType[nt.Status](err); ok {
		return st
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nt.StatusEndOfFile
	}
	return nt.StatusUnsuccessful
}

// isMissing reports whether err says that the file, or a directory above it, is not there.
func isMissing(err error) bool {
	switch StatusOf(err) {
	case nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound, nt.StatusNoSuchFile:
		return true
	default:
		return false
	}
}

// isDenied reports whether err says that the file is there and somebody else, or its
// protection, keeps it: errors 32, 33 and 5 of Win32.
func isDenied(err error) bool {
	switch StatusOf(err) {
	case nt.StatusSharingViolation, nt.StatusAccessDenied, nt.StatusFileLockConflict,
		nt.StatusLockNotGranted, nt.StatusDeletePending:
		return true
	default:
		return false
	}
}

// isCollision reports whether err says that a file to be created exists.
func isCollision(err error) bool { return StatusOf(err) == nt.StatusObjectNameCollision }
