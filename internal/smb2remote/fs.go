package smb2remote

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hirochachacha/go-smb2"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Config says where a share is and who asks.
type Config struct {
	Addr     string // host:port of the server
	User     string // logs on with NTLMv2
	Password string
	Share    string
	Dir      string        // the directory of the share that paths start from; "" is its root
	Timeout  time.Duration // of connecting and of each operation; must be positive
	// Rate, if not 0, gives reading and writing the time that their bytes take at so many a
	// second, beside the Timeout.
	Rate int64
	// Dial, if set, connects in place of package net. An error may wrap an nt.Status.
	Dial func(timeout time.Duration) (net.Conn, error)
}

func (c Config) dial() (net.Conn, error) {
	if c.Dial != nil {
		return c.Dial(c.Timeout)
	}
	return net.DialTimeout("tcp", c.Addr, c.Timeout)
}

// FS is a connected share. Paths are relative to Config.Dir and use backslashes.
type FS struct {
	dir      string
	timeout  time.Duration
	rate     int64
	conn     *guard
	session  *smb2.Session
	share    *smb2.Share
	cancel   context.CancelFunc
	timedOut atomic.Bool // the connection was closed because of it
}

// Dial connects, logs on and connects to the share. The caller closes the FS.
func Dial(cfg Config) (*FS, error) {
	if cfg.Timeout <= 0 {
		return nil, &nt.Error{Op: "connect", Path: cfg.Addr, Status: nt.StatusInvalidParameter}
	}
	conn, err := cfg.dial()
	if err != nil {
		return nil, &nt.Error{Op: "connect", Path: cfg.Addr, Status: dialStatus(err), Err: err}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &FS{
		dir: strings.Trim(cfg.Dir, `\/`), timeout: cfg.Timeout, rate: cfg.Rate, conn: &guard{Conn: conn}, cancel: cancel,
	}
	if err := s.mount(ctx, cfg); err != nil {
		cancel()
		return nil, errors.Join(err, closeConn(conn))
	}
	return s, nil
}

func (s *FS) mount(ctx context.Context, cfg Config) error {
	err := s.do("logon", cfg.User, func() error {
		d := smb2.Dialer{Initiator: &smb2.NTLMInitiator{User: cfg.User, Password: cfg.Password}}
		session, err := d.DialContext(ctx, s.conn)
		if err != nil {
			return err
		}
		s.session = session.WithContext(ctx)
		return nil
	})
	if err != nil {
		return err
	}
	return s.do("tree connect", cfg.Share, func() error {
		share, err := s.session.Mount(cfg.Share)
		if err != nil {
			return err
		}
		s.share = share.WithContext(ctx)
		return nil
	})
}

// Close disconnects from the share and the server. Open files die with it.
func (s *FS) Close() error {
	defer s.cancel()
	err := s.do("disconnect", "", func() error {
		return errors.Join(s.share.Umount(), s.session.Logoff())
	})
	return errors.Join(err, closeConn(s.conn))
}

// Cut ends the connection without a word to the server. What waits for an answer fails.
func (s *FS) Cut() {
	s.cancel()
	_ = s.conn.Close() // nobody is left to be told
}

// Gone reports whether the connection is known to be of no more use.
func (s *FS) Gone() bool { return s.timedOut.Load() || s.conn.gone.Load() }

// Open opens or creates a file; see the package's limits for what of p counts.
func (s *FS) Open(path string, p nt.CreateParams) (*File, error) {
	flag, status := openFlags(p)
	if status != nt.StatusSuccess {
		return nil, &nt.Error{Op: "open", Path: path, Status: status}
	}
	perm := os.FileMode(0o666)
	if p.Attributes&nt.AttrReadOnly != 0 {
		perm = 0o444
	}
	f := &File{fs: s, path: path}
	err := s.do("open", path, func() (err error) {
		f.file, err = s.share.OpenFile(s.full(path), flag, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// openFlags translates an open into the flags of package os, which go-smb2
// translates back.
func openFlags(p nt.CreateParams) (int, nt.Status) {
	if p.Options&(nt.DirectoryFile|nt.DeleteOnClose) != 0 {
		return 0, nt.StatusNotSupported
	}
	dispositions := map[nt.Disposition]int{
		nt.FileOpen:        0,
		nt.FileCreate:      os.O_CREATE | os.O_EXCL,
		nt.FileOpenIf:      os.O_CREATE,
		nt.FileOverwrite:   os.O_TRUNC,
		nt.FileOverwriteIf: os.O_CREATE | os.O_TRUNC,
	}
	flag, ok := dispositions[p.Disposition]
	switch {
	case !ok:
		return 0, nt.StatusNotSupported
	case p.Access.CanRead() && p.Access.CanWrite():
		return flag | os.O_RDWR, nt.StatusSuccess
	case p.Access.CanWrite():
		return flag | os.O_WRONLY, nt.StatusSuccess
	}
	return flag | os.O_RDONLY, nt.StatusSuccess
}

// Delete removes a file or an empty directory.
func (s *FS) Delete(path string) error {
	return s.do("delete", path, func() error { return s.share.Remove(s.full(path)) })
}

// Rename renames a file; the new name must not exist.
func (s *FS) Rename(from, to string) error {
	return s.do("rename", from, func() error { return s.share.Rename(s.full(from), s.full(to)) })
}

// Mkdir makes a directory, which must not exist.
func (s *FS) Mkdir(path string) error {
	return s.do("mkdir", path, func() error { return s.share.Mkdir(s.full(path), 0o777) })
}

// Stat returns the directory entry of a file or directory.
func (s *FS) Stat(path string) (info nt.FileInfo, err error) {
	err = s.do("stat", path, func() error {
		fi, err := s.share.Stat(s.full(path))
		if err != nil {
			return err
		}
		info, err = fileInfo(fi)
		return err
	})
	return info, err
}

// Find lists the entries of a directory that match a pattern such as
// "MAI\\MA8\\*.MAI", sorted by name. No match is an empty answer.
func (s *FS) Find(pattern string) (found []nt.FileInfo, err error) {
	dir, mask := split(pattern)
	err = s.do("find", pattern, func() error {
		entries, err := s.share.ReadDir(s.full(dir))
		if errors.Is(err, os.ErrNotExist) {
			return nt.StatusObjectPathNotFound
		} else if err != nil {
			return err
		}
		for _, e := range entries {
			info, err := fileInfo(e)
			if err != nil {
				return err
			}
			if matches(mask, info.Name) {
				found = append(found, info)
			}
		}
		return nil
	})
	return found, err
}

// full returns path as a path of the share.
func (s *FS) full(path string) string {
	path = strings.Trim(path, `\/`)
	switch {
	case s.dir == "":
		return path
	case path == "":
		return s.dir
	}
	return s.dir + `\` + path
}

// errBadEntry is an entry that go-smb2 made, but not of its own type.
var errBadEntry = errors.New("directory entry without its SMB2 information")

func fileInfo(fi os.FileInfo) (nt.FileInfo, error) {
	st, ok := fi.Sys().(*smb2.FileStat)
	if !ok {
		return nt.FileInfo{}, errBadEntry
	}
	return nt.FileInfo{
		Name:       fi.Name(),
		Size:       st.EndOfFile,
		Allocation: st.AllocationSize,
		Attributes: nt.FileAttributes(st.FileAttributes),
		Created:    nt.FileTimeOf(st.CreationTime),
		Accessed:   nt.FileTimeOf(st.LastAccessTime),
		Written:    nt.FileTimeOf(st.LastWriteTime),
		Changed:    nt.FileTimeOf(st.ChangeTime),
	}, nil
}
