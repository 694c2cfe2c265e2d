package machine

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smb2remote"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Names of the requests of an SMB2Client in traces: what it asks go-smb2 for, which may
// be several messages on the wire, but is one for an open and for a close.
const (
	SMB2Create = "SMB2_CREATE"
	SMB2Close  = "SMB2_CLOSE"
	SMB2Rename = "SMB2_RENAME"
	SMB2Delete = "SMB2_DELETE"

	smb2Write     = "SMB2_WRITE"
	smb2Read      = "SMB2_READ"
	smb2Flush     = "SMB2_FLUSH"
	smb2Query     = "SMB2_QUERY_INFO"
	smb2Set       = "SMB2_SET_INFO"
	smb2Directory = "SMB2_QUERY_DIRECTORY"
)

// smb2Timeout is how long an SMB2Client waits for an answer, beside the time that the
// bytes take on the line. Then it gives the connection up.
//
// src: assumed (the 60 s that Windows' clients wait by default)
const smb2Timeout = 60 * time.Second

// SMB2Client is the sending side of a live world under SMB2 or SMB3: go-smb2 over the
// shaped link, with nothing between the application and the wire. There is no cache, no
// oplock and no lease: a call returns when the server has answered. It connects when it
// is used, and again if its connection has died; the call that finds it dead fails, and
// files that were open stay dead. Limits: those of package smb2remote.
//
// In traces its events are those of the redirector it stands for. MID counts its calls
// and FID its opens: go-smb2 does not tell its own.
type SMB2Client struct {
	rt     rt.Runtime
	cfg    smb2remote.Config
	trace  *trace.Actor
	shaper *tcplink.Shaper // nil: not shaped
	idle   rt.Event        // always signaled

	connecting rt.Resource // held while a connection is made

	mu     rt.Mutex
	fs     *smb2remote.FS // the present connection, nil without one; guarded by mu, as all below
	conn   net.Conn       // of the last attempt to connect
	closed bool
	calls  uint16
	opens  uint16
	cannot error // what it was asked for and go-smb2 does not have
}

// newSMB2Client returns a client that is not connected yet.
func newSMB2Client(r rt.Runtime, rec *trace.Recorder, cfg LiveWorkstation) (*SMB2Client, error) {
	if cfg.Wrap != nil {
		return nil, errors.New("go-smb2's messages cannot be captured: they are longer than a session packet")
	}
	shaper, err := cfg.shaper(rec)
	if err != nil {
		return nil, err
	}
	c := &SMB2Client{
		rt: r, cfg: cfg.Peer.remoteConfig(), trace: rec.Actor(cfg.Name), shaper: shaper,
		idle: r.NewEvent(rt.Notification), connecting: r.NewResource(), mu: r.NewMutex(),
	}
	tcp := &tcplink.Dialer{Addr: cfg.Peer.Addr, Shaper: shaper}
	c.cfg.Addr, c.cfg.Timeout, c.cfg.Rate = cfg.Peer.Addr, smb2Timeout, cfg.Link.LinkSpeed()
	c.cfg.Dial = func(timeout time.Duration) (net.Conn, error) {
		conn, err := tcp.DialStream(timeout)
		c.dialed(conn, err)
		switch {
		case errors.Is(err, link.ErrTimeout):
			err = fmt.Errorf("%w: %w", nt.StatusIOTimeout, err)
		case errors.Is(err, link.ErrRefused):
			err = fmt.Errorf("%w: %w", nt.StatusConnectionRefused, err)
		}
		return conn, err
	}
	c.idle.Set()
	return c, nil
}

// FS is the share as a mail agent's file system.
func (c *SMB2Client) FS() mailclient.FS { return FS[*SMB2File](c) }

// Connect connects now, so that a refusal has a reason.
func (c *SMB2Client) Connect() error {
	_, err := c.use()
	return err
}

// Idle returns an event that is always signaled: nothing is done behind the application.
func (c *SMB2Client) Idle() rt.Event { return c.idle }

// DirtyBytes is 0: nothing is cached.
func (c *SMB2Client) DirtyBytes() int64 { return 0 }

// EventLog is empty.
func (c *SMB2Client) EventLog() []rdr.LogEntry { return nil }

// Cannot is the first thing that the application asked for and that go-smb2 does not
// have, as an error; nil if there was none.
func (c *SMB2Client) Cannot() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cannot
}

func (c *SMB2Client) linkStats() link.Stats {
	if c.shaper == nil {
		return link.Stats{}
	}
	return c.shaper.Stats()
}

// dialed notes the connection that close is to end, even before it is logged on.
func (c *SMB2Client) dialed(conn net.Conn, err error) {
	if err != nil {
		return
	}
	c.mu.Lock()
	c.conn = conn
	closed := c.closed
	c.mu.Unlock()
	if closed {
		_ = conn.Close() // nobody is left to be told
	}
}

// close ends the connection, whatever uses it, and its link, for good.
func (c *SMB2Client) close() error {
	c.mu.Lock()
	c.closed = true
	fs, conn := c.fs, c.conn
	c.mu.Unlock()
	if fs != nil {
		fs.Cut()
	}
	if conn != nil {
		_ = conn.Close() // fs may have closed it
	}
	if c.shaper == nil {
		return nil
	}
	return c.shaper.Close()
}

// use returns the present connection, or makes one.
func (c *SMB2Client) use() (*smb2remote.FS, error) {
	c.connecting.AcquireExclusive()
	defer c.connecting.Release()
	c.mu.Lock()
	fs := c.fs
	c.mu.Unlock()
	if fs != nil && !fs.Gone() {
		return fs, nil
	}
	if fs != nil {
		c.lost(fs, "the server hung up")
	}
	fs, err := smb2remote.Dial(c.cfg)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.fs = fs
	c.mu.Unlock()
	c.trace.Emit(trace.Event{Kind: trace.CircuitUp, Text: "SMB2 to " + c.cfg.Addr})
	return fs, nil
}

// lost gives a connection up, once.
func (c *SMB2Client) lost(fs *smb2remote.FS, why string) {
	c.mu.Lock()
	present := c.fs == fs
	if present {
		c.fs = nil
	}
	c.mu.Unlock()
	if present {
		fs.Cut()
		c.trace.Emit(trace.Event{Kind: trace.CircuitDown, Text: why})
	}
}

// call is one request on fs, which f makes; e says what it is.
func (c *SMB2Client) call(fs *smb2remote.FS, e trace.Event, f func() error) error {
	e.MID = c.number(&c.calls)
	return c.traced(fs, e, func() (uint16, error) { return e.FID, f() })
}

// traced is call for a request whose answer may bring the FID.
func (c *SMB2Client) traced(fs *smb2remote.FS, e trace.Event, f func() (fid uint16, err error)) error {
	e.Kind = trace.SMBSend
	c.trace.Emit(e)
	fid, err := f()
	if status, ended := smb2Status(err); ended {
		c.lost(fs, e.Op+": "+err.Error())
	} else {
		e.Kind, e.FID, e.Status = trace.SMBRecv, fid, uint32(status)
		c.trace.Emit(e)
	}
	if errors.Is(err, nt.StatusNotSupported) {
		c.refuse(err)
	}
	return err
}

func (c *SMB2Client) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cannot == nil {
		c.cannot = fmt.Errorf("go-smb2 does not have what the workload does: %w", err)
	}
}

// number counts one up, from 1.
func (c *SMB2Client) number(n *uint16) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
	return *n
}

// smb2Status is the status of an answer, or says that there will be none.
func smb2Status(err error) (status nt.Status, ended bool) {
	if err == nil {
		return nt.StatusSuccess, false
	}
	status = nt.StatusUnsuccessful
	errors.As(err, &status)
	switch status {
	case nt.StatusConnectionDisconnected, nt.StatusIOTimeout, nt.StatusInvalidNetworkResponse,
		nt.StatusNetworkNameDeleted, nt.StatusUserSessionDeleted:
		return status, true
	default:
		return status, false
	}
}

// byPath is a request that names its file.
func (c *SMB2Client) byPath(op, path string, f func(*smb2remote.FS) error) error {
	fs, err := c.use()
	if err != nil {
		return err
	}
	return c.call(fs, trace.Event{Op: op, Path: path}, func() error { return f(fs) })
}

// Open opens or creates a file.
func (c *SMB2Client) Open(path string, p nt.CreateParams) (*SMB2File, error) {
	fs, err := c.use()
	if err != nil {
		return nil, err
	}
	f := &SMB2File{c: c, fs: fs, path: path}
	e := trace.Event{Op: SMB2Create, Path: path, MID: c.number(&c.calls)}
	err = c.traced(fs, e, func() (uint16, error) {
		var err error
		if f.file, err = fs.Open(path, p); err == nil {
			f.fid = c.number(&c.opens)
		}
		return f.fid, err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Delete removes a file or an empty directory.
func (c *SMB2Client) Delete(path string) error {
	return c.byPath(SMB2Delete, path, func(fs *smb2remote.FS) error { return fs.Delete(path) })
}

// Rename renames a file; the new name must not exist.
func (c *SMB2Client) Rename(from, to string) error {
	return c.byPath(SMB2Rename, from, func(fs *smb2remote.FS) error { return fs.Rename(from, to) })
}

// Mkdir makes a directory.
func (c *SMB2Client) Mkdir(path string) error {
	return c.byPath(SMB2Create, path, func(fs *smb2remote.FS) error { return fs.Mkdir(path) })
}

// Stat returns the directory entry of a file or directory.
func (c *SMB2Client) Stat(path string) (info nt.FileInfo, err error) {
	err = c.byPath(smb2Query, path, func(fs *smb2remote.FS) (err error) {
		info, err = fs.Stat(path)
		return err
	})
	return info, err
}

// Find lists the entries of a directory that match a pattern.
func (c *SMB2Client) Find(pattern string) (found []nt.FileInfo, err error) {
	err = c.byPath(smb2Directory, pattern, func(fs *smb2remote.FS) (err error) {
		found, err = fs.Find(pattern)
		return err
	})
	return found, err
}

// SMB2File is an open file of an SMB2Client.
type SMB2File struct {
	c    *SMB2Client
	fs   *smb2remote.FS // it dies with it
	path string
	fid  uint16
	file *smb2remote.File
}

func (f *SMB2File) call(op string, off int64, n int, do func() error) error {
	return f.c.call(f.fs, trace.Event{Op: op, FID: f.fid, Off: off, Len: int64(n), Path: f.path}, do)
}

// ReadAt reads at an offset.
func (f *SMB2File) ReadAt(p []byte, off int64) (n int, err error) {
	var eof error
	err = f.call(smb2Read, off, len(p), func() (err error) {
		n, err = f.file.ReadAt(p, off)
		if errors.Is(err, io.EOF) {
			eof, err = err, nil
		}
		return err
	})
	if err == nil {
		err = eof
	}
	return n, err
}

// WriteAt writes at an offset; it returns when the server has answered.
func (f *SMB2File) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.call(smb2Write, off, len(p), func() (err error) {
		n, err = f.file.WriteAt(p, off)
		return err
	})
	return n, err
}

// Flush asks the server to commit the file.
func (f *SMB2File) Flush() error { return f.call(smb2Flush, 0, 0, f.file.Flush) }

// SetSize sets the file's size in bytes.
func (f *SMB2File) SetSize(size int64) error {
	return f.call(smb2Set, size, 0, func() error { return f.file.SetSize(size) })
}

// Size asks the server for the file's size in bytes.
func (f *SMB2File) Size() (size int64, err error) {
	err = f.call(smb2Query, 0, 0, func() (err error) {
		size, err = f.file.Size()
		return err
	})
	return size, err
}

// Close closes the file.
func (f *SMB2File) Close() error { return f.call(SMB2Close, 0, 0, f.file.Close) }

// Lock is refused: go-smb2 has no byte-range locks.
func (f *SMB2File) Lock(nt.LockRange, bool) error {
	err := &nt.Error{Op: "lock", Path: f.path, Status: nt.StatusNotSupported}
	f.c.refuse(err)
	return err
}

// Unlock is refused, as Lock is.
func (f *SMB2File) Unlock(nt.LockRange) error { return f.Lock(nt.LockRange{}, false) }
