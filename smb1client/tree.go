package smb1client

import (
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// Tree is a connection to a share. Paths are relative to it, with backslashes; one
// at the start makes no difference. Its errors are *Error with the operation, the
// path and the server's status.
type Tree struct {
	s       *Session
	c       *Client
	tid     smbwire.TID
	unc     string
	service string
	handler nt.CircuitHandler // guarded by Client.mu
}

// Session returns the session that the tree belongs to.
func (t *Tree) Session() *Session { return t.s }

// UNC returns the name that the tree was connected by.
func (t *Tree) UNC() string { return t.unc }

// Service returns the kind of share: "A:" is a disk.
func (t *Tree) Service() string { return t.service }

// Err returns why the circuit is down, nil while it is up.
func (t *Tree) Err() error { return t.c.Err() }

// Limits tells what the tree's circuit can carry.
func (t *Tree) Limits() Limits { return t.c.Limits() }

// SetHandler makes h the one who is told of breaks of this tree's files and of the
// loss of the circuit. Without a handler breaks are acknowledged at once.
func (t *Tree) SetHandler(h CircuitHandler) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.handler = h
}

// Disconnect gives the tree up; its files are gone.
func (t *Tree) Disconnect() error {
	t.c.mu.Lock()
	t.c.trees = slices.DeleteFunc(t.c.trees, func(o *Tree) bool { return o == t })
	t.c.files.closedAll(t)
	t.c.mu.Unlock()
	_, err := t.request("tree disconnect", "", &smbwire.TreeDisconnectRequest{})
	return err
}

// request sends body in the name of the tree and requires success.
func (t *Tree) request(op, path string, body smbwire.Body) (*smbwire.Message, error) {
	return t.c.request(op, path, t.s.message(t.tid, body))
}

// Exchange sends one command in the name of the tree and returns the reply, whatever
// its status. What it opens, closes or locks, the other calls do not know.
func (t *Tree) Exchange(body smbwire.Body) (*Message, error) {
	return t.c.Exchange(t.s.message(t.tid, body))
}

// fid checks that h is an open file of this tree. It never touches the wire.
//
// src: KB Q184998 (FIDs die with the circuit)
func (t *Tree) fid(op string, h nt.FileHandle) (smbwire.FID, error) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	return t.fidLocked(op, h)
}

func (t *Tree) fidLocked(op string, h nt.FileHandle) (smbwire.FID, error) {
	fid := smbwire.FID(h.FID)
	if h.Circuit != t.c.opt.Circuit {
		return 0, &nt.Error{Op: op, Status: nt.StatusFileClosed}
	}
	if t.c.dead != nil {
		return 0, errorFor(op, "", t.c.dead)
	}
	if f := t.c.files.open[fid]; f == nil || f.tree != t {
		return 0, &nt.Error{Op: op, Status: nt.StatusFileClosed}
	}
	return fid, nil
}

// Create opens or creates a file or directory. A break of the oplock granted can
// reach the handler as soon as Create returns.
func (t *Tree) Create(path string, p CreateParams) (FileHandle, CreateResult, error) {
	req := t.c.slabs.creates.Next()
	*req = smbwire.NTCreateAndXRequest{
		Flags:              smbwire.OplockFlags(p.Oplock),
		DesiredAccess:      p.Access,
		Attributes:         p.Attributes,
		ShareAccess:        p.Share,
		Disposition:        p.Disposition,
		Options:            p.Options,
		ImpersonationLevel: smbwire.ImpersonateSecurity,
		FileName:           rooted(path),
	}
	reply, err := t.c.exchange(t.s.message(t.tid, req), t)
	if err != nil {
		return FileHandle{}, CreateResult{}, errorFor("create", path, err)
	}
	if st := reply.Header.NTStatus(); st != nt.StatusSuccess {
		return FileHandle{}, CreateResult{}, &nt.Error{Op: "create", Path: path, Status: st}
	}
	r, ok := reply.Chain[0].(*smbwire.NTCreateAndXResponse)
	if !ok {
		return FileHandle{}, CreateResult{}, badReply("create")
	}
	t.c.handled(r.FID)
	return FileHandle{Circuit: t.c.opt.Circuit, FID: uint16(r.FID)}, createResult(r), nil
}

// handled lets the breaks of fid run from now on.
func (c *Client) handled(fid smbwire.FID) {
	c.mu.Lock()
	f := c.files.handled(fid)
	c.mu.Unlock()
	c.startBreaks(f)
}

func createResult(r *smbwire.NTCreateAndXResponse) CreateResult {
	return CreateResult{
		Action: r.Action, Oplock: r.Oplock, Size: r.EndOfFile, Allocation: r.AllocationSize,
		Attributes: r.Attributes, Created: r.Created, Accessed: r.Accessed, Written: r.Written,
		Changed: r.Changed, Directory: r.Directory,
	}
}

// Close closes h. The server sets the file's time of last write to written, or to
// what it thinks right if that is 0. Breaks of the file are void from now on.
func (t *Tree) Close(h FileHandle, written FileTime) error {
	t.c.mu.Lock()
	fid, err := t.fidLocked("close", h)
	if err == nil {
		t.c.files.closed(fid)
	}
	t.c.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = t.request("close", "", t.closeRequest(fid, written))
	t.c.mu.Lock()
	t.c.files.closeEnded(fid)
	t.c.mu.Unlock()
	return err
}

func (t *Tree) closeRequest(fid smbwire.FID, written nt.FileTime) *smbwire.CloseRequest {
	req := t.c.slabs.closes.Next()
	req.FID, req.LastModified = fid, t.c.serverTime(written)
	return req
}

// serverTime converts f to the server's local time.
//
// src: [MS-CIFS] §2.2.1.4.3, §2.2.4.52.2 (ServerTimeZone)
func (c *Client) serverTime(f nt.FileTime) smbwire.UTime {
	if f == 0 {
		return 0
	}
	return smbwire.UTimeOf(f.Time().Add(-time.Duration(c.server.timeZone) * time.Minute))
}

// Flush asks the server to put the data of h on its disk.
func (t *Tree) Flush(h FileHandle) error {
	fid, err := t.fid("flush", h)
	if err != nil {
		return err
	}
	_, err = t.request("flush", "", &smbwire.FlushRequest{FID: fid})
	return err
}

// AckBreak tells the server that the oplock on h is down to level to. It does not
// wait: there is no reply.
//
// src: [MS-CIFS] §3.2.4.18
func (t *Tree) AckBreak(h FileHandle, to OplockLevel) error {
	fid, err := t.fid("acknowledge break", h)
	if err != nil {
		return err
	}
	return errorFor("acknowledge break", "", t.c.post(t.s.message(t.tid, smbwire.OplockBreak(fid, to))))
}

// rooted puts one backslash before path.
func rooted(path string) string { return `\` + strings.TrimPrefix(path, `\`) }
