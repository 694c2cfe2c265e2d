package volume

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Clock tells the time that files are stamped with. rt.Runtime is one.
type Clock interface{ Now() time.Time }

// Locker excludes tasks from one operation. rt.Mutex is one.
type Locker interface {
	Lock()
	Unlock()
}

// Volume is a tree of files and directories. A path is relative to the root, with
// backslashes; a leading backslash is ignored and "" is the root. Every error is an
// *nt.Error.
type Volume interface {
	// Stat describes a file or directory; Name is spelled as it was created.
	Stat(path string) (nt.FileInfo, error)
	// Find is Stat for who may then open the file.
	Find(path string) (Found, error)
	// Open opens an existing file or directory.
	Open(path string) (File, error)
	// Create makes an empty file and opens it; StatusObjectNameCollision if the
	// name is taken.
	Create(path string, attrs nt.FileAttributes) (File, error)
	// Mkdir makes a directory.
	Mkdir(path string, attrs nt.FileAttributes) error
	// Remove removes a file, or a directory that is empty.
	Remove(path string) error
	// Rename moves a file or a directory to a name that is free. To change nothing
	// but the case of a name is allowed.
	Rename(from, to string) error
	// List returns up to limit entries of dir that match pattern (see Match) and
	// sort behind the name after, in the order of their folded names. An after of ""
	// starts at the beginning. The entries "." and ".." are not among them.
	List(dir, pattern, after string, limit int) ([]nt.FileInfo, error)
	// Change sets times and attributes.
	Change(path string, c Change) error
	// Space returns the capacity and what is free of it, in bytes.
	Space() (total, free int64)
}

// File is an open file or directory. It stays usable when its name is removed.
type File interface {
	// ReadAt reads as an io.ReaderAt does: io.EOF when it stops at the end.
	ReadAt(p []byte, off int64) (int, error)
	// WriteAt writes p at off. The gap between the end of the file and off reads
	// as zero.
	WriteAt(p []byte, off int64) (int, error)
	// Truncate sets the size, either way.
	Truncate(size int64) error
	// Stat describes the file.
	Stat() (nt.FileInfo, error)
	// Sync brings what was written to stable storage, if there is any.
	Sync() error
	// Close releases the file.
	Close() error
}

// Found is what a path has led to.
type Found struct {
	Info nt.FileInfo
	at   opener
}

// opener opens what was found.
type opener interface{ open() (File, error) }

// Open opens it, if it is still there.
func (f Found) Open() (File, error) { return f.at.open() }

// Change says what to change of a file. A zero field changes nothing; AttrNormal
// alone clears all attributes.
type Change struct {
	Created, Accessed, Written nt.FileTime
	Attributes                 nt.FileAttributes
}

// Limits bound a Mem, since peers fill it.
type Limits struct {
	Capacity int64 // bytes of all files together
	FileSize int64 // bytes of one file
	Entries  int   // files and directories
}

// StockLimits are those of a server's disk of the time, as far as memory allows.
//
// src: assumed (a disk of 1 GB was usual in 1995; 100000 entries take some 20 MB)
func StockLimits() Limits {
	return Limits{Capacity: 1 << 30, FileSize: 1 << 30, Entries: 100_000}
}

// cluster is the unit that allocation sizes are rounded up to.
//
// src: assumed (4 KB, the default cluster of NTFS on volumes above 2 GB)
const cluster = 4096

func allocation(size int64) int64 { return (size + cluster - 1) / cluster * cluster }

// settable are the attributes that a peer may set.
//
// src: [MS-CIFS] §2.2.1.2.3
const settable = nt.AttrReadOnly | nt.AttrHidden | nt.AttrSystem | nt.AttrArchive | nt.AttrTemporary

// shown adds what an attribute word must say beside the settable bits.
func shown(attrs nt.FileAttributes, dir bool) nt.FileAttributes {
	attrs &= settable
	switch {
	case dir:
		return attrs&^nt.AttrTemporary | nt.AttrDirectory
	case attrs == 0:
		return nt.AttrNormal
	}
	return attrs
}

func fail(op, path string, st nt.Status) error {
	return &nt.Error{Op: op, Path: path, Status: st}
}
