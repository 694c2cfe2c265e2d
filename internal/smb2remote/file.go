package smb2remote

import (
	"errors"
	"io"

	"github.com/hirochachacha/go-smb2"
)

// File is an open file of an FS.
type File struct {
	fs   *FS
	path string
	file *smb2.File
}

// ReadAt reads at an offset. It returns io.EOF with what there was when the file
// ends before p does.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	eof := false
	err = f.fs.move("read", f.path, len(p), func() error {
		var err error
		n, err = f.file.ReadAt(p, off)
		n = max(n, 0) // go-smb2 returns -1 for a refused offset
		eof = errors.Is(err, io.EOF)
		if eof {
			return nil
		}
		return err
	})
	// go-smb2 returns a short read without an error, which io.ReaderAt forbids.
	if err == nil && (eof || n < len(p)) {
		err = io.EOF
	}
	return n, err
}

// WriteAt writes at an offset; it returns when the server has answered.
func (f *File) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.move("write", f.path, len(p), func() error {
		var err error
		n, err = f.file.WriteAt(p, off)
		n = max(n, 0) // go-smb2 returns -1 with an error
		return err
	})
	return n, err
}

// Flush asks the server to commit the file.
func (f *File) Flush() error {
	return f.fs.do("flush", f.path, f.file.Sync)
}

// SetSize sets the file's size in bytes.
func (f *File) SetSize(size int64) error {
	return f.fs.do("set size", f.path, func() error { return f.file.Truncate(size) })
}

// Size asks the server for the file's size in bytes.
func (f *File) Size() (size int64, err error) {
	err = f.fs.do("size", f.path, func() error {
		fi, err := f.file.Stat()
		if err == nil {
			size = fi.Size()
		}
		return err
	})
	return size, err
}

// Close closes the file.
func (f *File) Close() error {
	return f.fs.do("close", f.path, f.file.Close)
}
