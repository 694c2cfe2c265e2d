package mailclient

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

const readWrite = nt.GenericRead | nt.GenericWrite

// The opens of the agents.
//
// src: KB Q128913, Q103960 (lock files: read and write, deny all); Q101749, Q99204;
// assumed (the other modes).
var (
	openLock     = nt.CreateParams{Access: readWrite, Share: nt.ShareNone, Disposition: nt.FileOpenIf}
	openUpdate   = nt.CreateParams{Access: readWrite, Share: nt.ShareNone, Disposition: nt.FileOpen}
	openMBG      = nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpen}
	openRead     = nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen}
	openPatch    = nt.CreateParams{Access: readWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen}
	openLog      = nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf}
	createNew    = nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileCreate}
	createAnyway = nt.CreateParams{Access: readWrite, Share: nt.ShareNone, Disposition: nt.FileOverwriteIf}
)

// readFull reads len(p) bytes at off. Fewer are an error that says end of file.
func readFull(f File, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// bytesOf borrows n bytes of any content from mem, or allocates them if it is nil.
func bytesOf(mem rt.Memory, n int) []byte {
	if mem == nil {
		return make([]byte, n)
	}
	return mem.Bytes(n)
}

// giveBack returns what bytesOf lent.
func giveBack(mem rt.Memory, b []byte) {
	if mem != nil {
		mem.Free(b)
	}
}

// readUpTo reads at most n bytes at off into memory of mem; the file may end before.
func readUpTo(mem rt.Memory, f File, off int64, n int) ([]byte, error) {
	return readInto(bytesOf(mem, n), f, off)
}

// readInto fills b with what is at off; the file may end before.
func readInto(b []byte, f File, off int64) ([]byte, error) {
	got, err := f.ReadAt(b, off)
	if got == len(b) || isEOF(err) {
		err = nil
	}
	return b[:got], err
}

// isEOF reports whether err is the end of the file, as io or as a status.
func isEOF(err error) bool { return err != nil && StatusOf(err) == nt.StatusEndOfFile }

// writeFull writes all of p at off.
func writeFull(f File, p []byte, off int64) error {
	n, err := f.WriteAt(p, off)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// readContent reads an open file as long as it says it is, up to limit bytes.
func readContent(mem rt.Memory, f File, limit int64) ([]byte, error) {
	size, err := f.Size()
	if err != nil || size <= 0 {
		return nil, err
	}
	return readUpTo(mem, f, 0, int(min(size, limit)))
}

// maxSmallFile bounds what is read of a file that is not a message or an attachment.
//
// src: assumed (twice a full MBG file)
const maxSmallFile = 1 << 20

// readFile opens, reads and closes a small file.
func readFile(fs FS, path string) ([]byte, error) {
	return withFile(fs, path, openRead, func(f File) ([]byte, error) { return readContent(nil, f, maxSmallFile) })
}

// withFile opens a file, lets use work on it and closes it.
func withFile[T any](fs FS, path string, p nt.CreateParams, use func(File) (T, error)) (T, error) {
	f, err := fs.Open(path, p)
	if err != nil {
		var none T
		return none, fmt.Errorf("open %s: %w", path, err)
	}
	v, err := use(f)
	if err = errors.Join(err, f.Close()); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return v, err
}

// writeFile opens a file as p says and writes it from the beginning.
func writeFile(fs FS, path string, p nt.CreateParams, b []byte) error {
	_, err := withFile(fs, path, p, func(f File) (struct{}, error) {
		if len(b) == 0 {
			return struct{}{}, nil
		}
		return struct{}{}, writeFull(f, b, 0)
	})
	return err
}

// find looks at one file as a reader does: open, read all of it, close. The error is
// for what is no finding: a transport that broke.
func find(mem rt.Memory, fs FS, path string, limit int64, opened func(string)) (*Found, error) {
	f, err := fs.Open(path, openRead)
	if opened != nil {
		opened(path)
	}
	if err != nil {
		if isMissing(err) || isDenied(err) {
			return &Found{Path: path, Status: StatusOf(err)}, nil
		}
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	b, err := readContent(mem, f, limit)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &Found{Path: path, Data: b}, nil
}

// appendLog adds lines to a text file, which it creates if need be.
func appendLog(fs FS, path string, lines ...string) error {
	_, err := withFile(fs, path, openLog, func(f File) (struct{}, error) {
		size, err := f.Size()
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, writeFull(f, []byte(strings.Join(lines, "\r\n")+"\r\n"), size)
	})
	return err
}

// patchRefCount changes the reference counter of an open message file and returns the
// new value.
func patchRefCount(f File, change func(uint16) uint16) (uint16, error) {
	var b [2]byte
	if err := readFull(f, b[:], maiRefOff); err != nil {
		return 0, err
	}
	n := change(uint16(b[0]) | uint16(b[1])<<8)
	return n, writeFull(f, le16(n), maiRefOff)
}
