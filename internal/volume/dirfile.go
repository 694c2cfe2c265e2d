package volume

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// dirFile is an open file or directory of the host.
type dirFile struct {
	f    *os.File
	name string
}

// Open opens an existing file or directory, for reading alone if the host allows no
// more.
func (d *Dir) Open(path string) (File, error) {
	at, err := d.resolve("open", path)
	if err != nil {
		return nil, err
	}
	flag := os.O_RDWR
	if at.info.IsDir() {
		flag = os.O_RDONLY
	}
	f, err := d.root.OpenFile(at.host, flag, 0)
	if errors.Is(err, fs.ErrPermission) {
		f, err = d.root.Open(at.host)
	}
	if err != nil {
		return nil, wrap("open", path, err)
	}
	return &dirFile{f: f, name: filepath.Base(at.host)}, nil
}

// Find is Stat for who may then open the file.
func (d *Dir) Find(path string) (Found, error) {
	info, err := d.Stat(path)
	return Found{Info: info, at: dirPath{d, path}}, err
}

// dirPath is a file of a Dir that was found. It is opened by its path, since the host may
// have changed it.
type dirPath struct {
	d    *Dir
	path string
}

func (p dirPath) open() (File, error) { return p.d.Open(p.path) }

// Create makes an empty file and opens it.
func (d *Dir) Create(path string, attrs nt.FileAttributes) (File, error) {
	host, err := d.free("create", path)
	if err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(host, os.O_RDWR|os.O_CREATE|os.O_EXCL, modeOf(attrs, 0o644))
	if err != nil {
		return nil, wrap("create", path, err)
	}
	return &dirFile{f: f, name: filepath.Base(host)}, nil
}

func modeOf(attrs nt.FileAttributes, mode fs.FileMode) fs.FileMode {
	if attrs&nt.AttrReadOnly != 0 {
		return mode &^ 0o222
	}
	return mode
}

// Mkdir makes a directory.
func (d *Dir) Mkdir(path string, _ nt.FileAttributes) error {
	host, err := d.free("mkdir", path)
	if err != nil {
		return err
	}
	if err := d.root.Mkdir(host, 0o755); err != nil {
		return wrap("mkdir", path, err)
	}
	return nil
}

// Remove removes a file, or a directory that is empty.
func (d *Dir) Remove(path string) error {
	at, err := d.resolve("remove", path)
	switch {
	case err != nil:
		return err
	case at.host == ".":
		return fail("remove", path, nt.StatusAccessDenied)
	case at.info.Mode()&ownerWrite == 0:
		return fail("remove", path, nt.StatusCannotDelete)
	}
	if err := d.root.Remove(at.host); err != nil {
		return wrap("remove", path, err)
	}
	return nil
}

// Rename moves a file or directory. A file that another program of the host creates
// under the new name in the same instant is replaced.
func (d *Dir) Rename(from, to string) error {
	at, err := d.resolve("rename", from)
	if err != nil {
		return err
	}
	if at.host == "." {
		return fail("rename", from, nt.StatusAccessDenied)
	}
	host, err := d.target("rename", to)
	if err != nil {
		return err
	}
	if found, taken := d.lookup(filepath.Dir(host), filepath.Base(host)); taken && found != at.host {
		return fail("rename", from, nt.StatusObjectNameCollision)
	}
	if err := d.root.Rename(at.host, host); err != nil {
		return wrap("rename", from, err)
	}
	return nil
}

// Change sets the last-write and last-access times and the read-only attribute; the
// host keeps no other.
func (d *Dir) Change(path string, c Change) error {
	at, err := d.resolve("change", path)
	if err != nil {
		return err
	}
	if c.Attributes != 0 && !at.info.IsDir() {
		mode := modeOf(c.Attributes, at.info.Mode().Perm()|ownerWrite)
		if err := d.root.Chmod(at.host, mode); err != nil {
			return wrap("change", path, err)
		}
	}
	if c.Accessed != 0 || c.Written != 0 {
		if err := d.root.Chtimes(at.host, c.Accessed.Time(), c.Written.Time()); err != nil {
			return wrap("change", path, err)
		}
	}
	return nil
}

func (f *dirFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, wrap("read", f.name, err)
	}
	return n, err
}

func (f *dirFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.f.WriteAt(p, off)
	if err != nil {
		return n, wrap("write", f.name, err)
	}
	return n, nil
}

func (f *dirFile) Truncate(size int64) error {
	if err := f.f.Truncate(size); err != nil {
		return wrap("set size", f.name, err)
	}
	return nil
}

func (f *dirFile) Stat() (nt.FileInfo, error) {
	info, err := f.f.Stat()
	if err != nil {
		return nt.FileInfo{}, wrap("stat", f.name, err)
	}
	return describe(info, f.name), nil
}

func (f *dirFile) Sync() error {
	if err := f.f.Sync(); err != nil {
		return wrap("flush", f.name, err)
	}
	return nil
}

func (f *dirFile) Close() error {
	if err := f.f.Close(); err != nil {
		return wrap("close", f.name, err)
	}
	return nil
}
