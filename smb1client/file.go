package smb1client

import (
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// File is an open file of a Share. Its methods may be used by many tasks; Read, Write
// and Seek, which share a position, take turns.
type File struct {
	s        *Share
	h        nt.FileHandle
	name     string
	dir      bool
	appends  bool        // each Write goes to the end of the file
	position rt.Resource // held while the position is used, across I/O
	off      int64       // +checklocks:position
}

var _ interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Seeker
	io.Closer
} = (*File)(nil)

// Name returns the name that the file was opened by.
func (f *File) Name() string { return f.name }

// Close closes the file.
func (f *File) Close() error { return pathError("close", f.name, f.s.t.Close(f.h, 0)) }

// ReadAt reads from off; it returns io.EOF with what there is at the end of the file.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.s.t.ReadAt(f.h, p, off)
	return n, f.ioError("read", err)
}

// Read reads from the position.
func (f *File) Read(p []byte) (int, error) {
	f.position.AcquireExclusive()
	defer f.position.Release()
	n, err := f.s.t.ReadAt(f.h, p, f.off)
	f.off += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, f.ioError("read", err)
}

// WriteAt writes at off.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.s.t.WriteAt(f.h, p, off, 0)
	return n, f.ioError("write", err)
}

// Write writes at the position, or at the end of a file opened to append.
func (f *File) Write(p []byte) (int, error) {
	f.position.AcquireExclusive()
	defer f.position.Release()
	if f.appends {
		i, err := f.s.t.QueryFile(f.h)
		if err != nil {
			return 0, f.ioError("write", err)
		}
		f.off = i.Size
	}
	n, err := f.s.t.WriteAt(f.h, p, f.off, 0)
	f.off += int64(n)
	return n, f.ioError("write", err)
}

// Seek moves the position.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	f.position.AcquireExclusive()
	defer f.position.Release()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.off
	case io.SeekEnd:
		i, err := f.s.t.QueryFile(f.h)
		if err != nil {
			return 0, f.ioError("seek", err)
		}
		offset += i.Size
	default:
		offset = -1
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrInvalid}
	}
	f.off = offset
	return offset, nil
}

// Sync asks the server to put the file on its disk.
func (f *File) Sync() error { return pathError("sync", f.name, f.s.t.Flush(f.h)) }

// Truncate changes the size of the file.
func (f *File) Truncate(size int64) error {
	return pathError("truncate", f.name, f.s.t.SetSize(f.h, size))
}

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) {
	i, err := f.s.t.QueryFile(f.h)
	if err != nil {
		return nil, pathError("stat", f.name, err)
	}
	i.Name = baseName(f.name)
	return fileStat{i}, nil
}

// ioError is pathError for calls that may end with io.EOF, which is passed on bare.
func (f *File) ioError(op string, err error) error {
	if err == io.EOF { //nolint:errorlint // ReadAt of Tree returns it bare
		return err
	}
	return pathError(op, f.name, err)
}

// fileStat is a fs.FileInfo. Sys returns the FileInfo of this package.
type fileStat struct{ i nt.FileInfo }

func (s fileStat) Name() string       { return s.i.Name }
func (s fileStat) Size() int64        { return s.i.Size }
func (s fileStat) ModTime() time.Time { return s.i.Written.Time() }
func (s fileStat) IsDir() bool        { return s.i.IsDir() }
func (s fileStat) Sys() any           { return s.i }

func (s fileStat) Mode() fs.FileMode {
	m := fs.FileMode(0o666)
	if s.i.Attributes&nt.AttrReadOnly != 0 {
		m = 0o444
	}
	if s.i.IsDir() {
		m |= fs.ModeDir | 0o111
	}
	return m
}
