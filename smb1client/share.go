package smb1client

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Share is a mounted share with calls like those of package os, in the shape of
// github.com/hirochachacha/go-smb2, so that code can switch by its import. Paths are
// relative to the share; slashes and backslashes both separate. Errors are
// *fs.PathError and answer to errors.Is with fs.ErrNotExist, fs.ErrExist,
// fs.ErrPermission and with the server's Status. Nothing is cached.
type Share struct{ t *Tree }

// Mount connects to a share: a bare name or \\server\share.
func (s *Session) Mount(sharename string) (*Share, error) {
	if !strings.HasPrefix(sharename, `\\`) {
		sharename = anyServer + sharename
	}
	t, err := s.TreeConnect(sharename)
	if err != nil {
		return nil, err
	}
	return &Share{t: t}, nil
}

// anyServer stands for the server's name where that is not known.
//
// src: assumed (servers look at the share alone)
const anyServer = `\\*SMBSERVER\`

// Logon does all that comes before the first file: it negotiates on conn, logs cred on
// and connects to unc, which is \\server\share. On error conn is closed.
func Logon(conn Conn, opt Options, cred Credentials, unc string) (*Tree, error) {
	c, err := Connect(conn, opt)
	if err != nil {
		return nil, err
	}
	t, err := c.logonTree(cred, unc)
	if err != nil {
		_ = c.Close() // the logon's error says more
		return nil, err
	}
	return t, nil
}

func (c *Client) logonTree(cred Credentials, unc string) (*Tree, error) {
	s, err := c.SessionSetup(cred)
	if err != nil {
		return nil, err
	}
	return s.TreeConnect(unc)
}

// Tree returns the tree below the share.
func (s *Share) Tree() *Tree { return s.t }

// Umount disconnects from the share.
func (s *Share) Umount() error { return s.t.Disconnect() }

// Open opens a file for reading.
func (s *Share) Open(name string) (*File, error) { return s.OpenFile(name, os.O_RDONLY, 0) }

// Create creates or truncates a file and opens it for reading and writing.
func (s *Share) Create(name string) (*File, error) {
	return s.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// OpenFile opens a file as the os.O_… flags say. Others may read, write and delete it
// meanwhile. Of perm only the owner's right to write has a meaning.
func (s *Share) OpenFile(name string, flag int, perm fs.FileMode) (*File, error) {
	p := nt.CreateParams{
		Access:      accessOf(flag),
		Share:       nt.ShareRead | nt.ShareWrite | nt.ShareDelete,
		Disposition: dispositionOf(flag),
		Attributes:  nt.AttrNormal,
	}
	if perm&0o200 == 0 && flag&os.O_CREATE != 0 {
		p.Attributes = nt.AttrReadOnly
	}
	h, r, err := s.t.Create(sharePath(name), p)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &File{
		s: s, h: h, name: name, dir: r.Directory, appends: flag&os.O_APPEND != 0,
		position: s.t.c.rt.NewResource(),
	}, nil
}

func accessOf(flag int) nt.AccessMask {
	const read = nt.FileReadData | nt.FileReadAttributes | nt.FileReadEA | nt.Synchronize
	const write = nt.FileWriteData | nt.FileAppendData | nt.FileReadAttributes | nt.FileWriteAttributes | nt.Synchronize
	switch flag & (os.O_WRONLY | os.O_RDWR) {
	case os.O_WRONLY:
		return write
	case os.O_RDWR:
		return read | write
	}
	return read
}

func dispositionOf(flag int) nt.Disposition {
	switch {
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nt.FileCreate
	case flag&os.O_CREATE != 0 && flag&os.O_TRUNC != 0:
		return nt.FileOverwriteIf
	case flag&os.O_CREATE != 0:
		return nt.FileOpenIf
	case flag&os.O_TRUNC != 0:
		return nt.FileOverwrite
	}
	return nt.FileOpen
}

// ReadFile returns the content of a file.
func (s *Share) ReadFile(name string) (data []byte, err error) {
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(f)
}

// WriteFile writes a file, which it creates or truncates.
func (s *Share) WriteFile(name string, data []byte, perm fs.FileMode) (err error) {
	f, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(data)
	return err
}

// Remove deletes a file or an empty directory.
func (s *Share) Remove(name string) error {
	err := s.t.Delete(sharePath(name))
	if errors.Is(err, nt.StatusFileIsADirectory) {
		err = s.t.Rmdir(sharePath(name))
	}
	return pathError("remove", name, err)
}

// Rename renames a file or directory; newpath must not exist.
func (s *Share) Rename(oldpath, newpath string) error {
	if err := s.t.Rename(sharePath(oldpath), sharePath(newpath)); err != nil {
		return &os.LinkError{Op: "rename", Old: oldpath, New: newpath, Err: osError{err}}
	}
	return nil
}

// Mkdir creates a directory. The mode has no meaning to the server.
func (s *Share) Mkdir(name string, _ fs.FileMode) error {
	return pathError("mkdir", name, s.t.Mkdir(sharePath(name)))
}

// Truncate changes the size of a file.
func (s *Share) Truncate(name string, size int64) (err error) {
	f, err := s.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Truncate(size)
}

// ReadDir returns the entries of a directory in the server's order.
func (s *Share) ReadDir(dirname string) ([]fs.FileInfo, error) {
	entries, err := s.t.Find(strings.TrimSuffix(sharePath(dirname), `\`) + `\*`)
	if errors.Is(err, nt.StatusNoSuchFile) {
		return nil, nil // nothing matched; a directory that does not exist is another status
	}
	if err != nil {
		return nil, pathError("readdir", dirname, err)
	}
	infos := make([]fs.FileInfo, len(entries))
	for i, e := range entries {
		infos[i] = fileStat{e}
	}
	return infos, nil
}

// Stat describes a file or directory.
func (s *Share) Stat(name string) (fs.FileInfo, error) {
	i, err := s.t.QueryPath(sharePath(name))
	if err != nil {
		return nil, pathError("stat", name, err)
	}
	i.Name = baseName(name)
	return fileStat{i}, nil
}

func sharePath(name string) string {
	p := strings.Trim(strings.ReplaceAll(name, "/", `\`), `\`)
	if p == "." {
		return ""
	}
	return strings.TrimPrefix(p, `.\`)
}

func baseName(name string) string {
	p := sharePath(name)
	return p[strings.LastIndexByte(p, '\\')+1:]
}

// osError lets errors.Is find what package fs calls the status; the status itself and
// its cause stay within reach.
type osError struct{ err error }

func (e osError) Error() string { return e.err.Error() }
func (e osError) Unwrap() error { return e.err }

func (e osError) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.isOneOf(nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound, nt.StatusNoSuchFile)
	case fs.ErrExist:
		return e.isOneOf(nt.StatusObjectNameCollision, nt.StatusDirectoryNotEmpty)
	case fs.ErrPermission:
		return e.isOneOf(nt.StatusAccessDenied, nt.StatusNetworkAccessDenied, nt.StatusCannotDelete)
	case fs.ErrClosed:
		return e.isOneOf(nt.StatusFileClosed)
	}
	return false
}

func (e osError) isOneOf(sts ...nt.Status) bool {
	return slices.ContainsFunc(sts, func(st nt.Status) bool { return errors.Is(e.err, st) })
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: osError{err}}
}
