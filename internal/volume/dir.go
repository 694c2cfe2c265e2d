package volume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Dir shows a directory of the host as a volume. Nothing outside the directory can
// be reached through it, not by "..", nor by symbolic links. Names that differ in
// case alone are told apart only when one of them is spelled exactly. What is
// neither a regular file nor a directory, and what NT could not name, is not shown.
type Dir struct {
	root *os.Root
}

// OpenDir returns the volume of a host directory.
func OpenDir(path string) (*Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	return &Dir{root: root}, nil
}

// Close lets go of the directory; open Files stay usable.
func (d *Dir) Close() error { return d.root.Close() }

// wrap turns an error of the host into one with a status.
func wrap(op, path string, err error) error {
	return &nt.Error{Op: op, Path: path, Status: statusOf(err), Err: err}
}

func statusOf(err error) nt.Status {
	for _, row := range [...]struct {
		is error
		st nt.Status
	}{
		{syscall.ENOTEMPTY, nt.StatusDirectoryNotEmpty},
		{syscall.ENOSPC, nt.StatusDiskFull},
		{syscall.EFBIG, nt.StatusDiskFull},
		{syscall.ENOTDIR, nt.StatusObjectPathNotFound},
		{syscall.EISDIR, nt.StatusFileIsADirectory},
		{syscall.EMFILE, nt.StatusTooManyOpenedFiles},
		{fs.ErrNotExist, nt.StatusObjectNameNotFound},
		{fs.ErrExist, nt.StatusObjectNameCollision},
		{fs.ErrPermission, nt.StatusAccessDenied},
		{fs.ErrClosed, nt.StatusFileClosed},
	} {
		if errors.Is(err, row.is) {
			return row.st
		}
	}
	return nt.StatusUnsuccessful
}

// resolved is a path of the host that exists.
type resolved struct {
	host string
	info fs.FileInfo
}

// resolve finds the host's spelling of a path.
func (d *Dir) resolve(op, path string) (resolved, error) {
	list, st := names(path)
	if st != nt.StatusSuccess {
		return resolved{}, fail(op, path, st)
	}
	at := "."
	for i, name := range list {
		next, found := d.lookup(at, name)
		if !found {
			return resolved{}, fail(op, path, d.missing(at, i == len(list)-1))
		}
		at = next
	}
	info, err := d.root.Stat(at)
	if err != nil {
		return resolved{}, wrap(op, path, err)
	}
	if !showable(info) {
		return resolved{}, fail(op, path, nt.StatusAccessDenied)
	}
	return resolved{host: at, info: info}, nil
}

// missing says what is missing when a name was not found in dir.
func (d *Dir) missing(dir string, last bool) nt.Status {
	if info, err := d.root.Stat(dir); last && err == nil && info.IsDir() {
		return nt.StatusObjectNameNotFound
	}
	return nt.StatusObjectPathNotFound
}

// lookup finds name in the host's directory dir, exactly or else in another case.
func (d *Dir) lookup(dir, name string) (string, bool) {
	exact := filepath.Join(dir, name)
	if _, err := d.root.Lstat(exact); err == nil {
		return exact, true
	}
	list, err := d.entries(dir)
	if err != nil {
		return "", false
	}
	key := Fold(name)
	i := slices.IndexFunc(list, func(e fs.DirEntry) bool { return Fold(e.Name()) == key })
	if i < 0 {
		return "", false
	}
	return filepath.Join(dir, list[i].Name()), true
}

// entries reads a directory, sorted by folded name, then by name.
func (d *Dir) entries(dir string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(d.root.FS(), filepath.ToSlash(dir))
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return !ValidName(e.Name()) })
	slices.SortStableFunc(list, func(a, b fs.DirEntry) int {
		return strings.Compare(Fold(a.Name()), Fold(b.Name()))
	})
	return list, nil
}

func showable(info fs.FileInfo) bool { return info.IsDir() || info.Mode().IsRegular() }

// target splits a path whose last name need not exist into the host's spelling of
// its directory, joined with that name.
func (d *Dir) target(op, path string) (host string, err error) {
	list, st := names(path)
	switch {
	case st != nt.StatusSuccess:
		return "", fail(op, path, st)
	case len(list) == 0:
		return "", fail(op, path, nt.StatusObjectNameCollision)
	}
	dir, name := Split(path)
	at, err := d.resolve(op, dir)
	if err != nil || !at.info.IsDir() {
		return "", fail(op, path, nt.StatusObjectPathNotFound)
	}
	return filepath.Join(at.host, name), nil
}

// free is target for a name that must not exist.
func (d *Dir) free(op, path string) (host string, err error) {
	if host, err = d.target(op, path); err != nil {
		return "", err
	}
	if _, taken := d.lookup(filepath.Dir(host), filepath.Base(host)); taken {
		return "", fail(op, path, nt.StatusObjectNameCollision)
	}
	return host, nil
}

// Stat describes a file or directory.
func (d *Dir) Stat(path string) (nt.FileInfo, error) {
	at, err := d.resolve("stat", path)
	if err != nil {
		return nt.FileInfo{}, err
	}
	return describe(at.info, filepath.Base(at.host)), nil
}

// ownerWrite is the permission whose absence is the read-only attribute.
const ownerWrite = 0o200

func describe(info fs.FileInfo, name string) nt.FileInfo {
	if name == "." {
		name = ""
	}
	at := nt.FileTimeOf(info.ModTime())
	out := nt.FileInfo{
		Name: name, Attributes: nt.AttrArchive, Created: at, Accessed: at, Written: at, Changed: at,
	}
	if info.Mode()&ownerWrite == 0 {
		out.Attributes |= nt.AttrReadOnly
	}
	if info.IsDir() {
		out.Attributes = shown(out.Attributes&^nt.AttrArchive, true)
		return out
	}
	out.Size = info.Size()
	out.Allocation = allocation(out.Size)
	return out
}

// List returns entries of a directory.
func (d *Dir) List(dir, pattern, after string, limit int) ([]nt.FileInfo, error) {
	at, err := d.resolve("list", dir)
	switch {
	case err != nil && errors.Is(err, nt.StatusObjectNameNotFound):
		return nil, fail("list", dir, nt.StatusObjectPathNotFound)
	case err != nil:
		return nil, err
	case !at.info.IsDir():
		return nil, fail("list", dir, nt.StatusNotADirectory)
	}
	entries, err := d.entries(at.host)
	if err != nil {
		return nil, wrap("list", dir, err)
	}
	match, last := compile(pattern), Fold(after)
	var list []nt.FileInfo
	for _, e := range entries {
		if len(list) >= limit {
			break
		}
		if Fold(e.Name()) <= last || !match(e.Name()) {
			continue
		}
		if info, err := d.root.Stat(filepath.Join(at.host, e.Name())); err == nil && showable(info) {
			list = append(list, describe(info, e.Name()))
		}
	}
	return list, nil
}

// Space returns the capacity of the host's file system and what is free of it.
func (d *Dir) Space() (total, free int64) { return hostSpace(d.root.Name()) }
