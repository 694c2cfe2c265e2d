package machine

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/smb1client"
)

// PlainClient is a share without a redirector in between: each call is a request, or a
// few, and nothing is cached.
type PlainClient struct {
	mailclient.FS
	tree *smb1client.Tree
}

// plainTimeout bounds a request, but for locks that are waited for.
//
// src: assumed (far above what a server in use takes)
const plainTimeout = time.Minute

// NewPlainClient logs on to the peer's share over conn, which it closes on error.
//
// src: [MS-CIFS] §3.3.5.43 (VcNumber 0)
func NewPlainClient(r rt.Runtime, conn link.Conn, p Peer) (*PlainClient, error) {
	// Not circuit 0, with which a client says that its other circuits are dead: several
	// processes of one machine are clients of their own.
	opt := smb1client.Options{Runtime: r, VCNumber: 1, RequestTimeout: func(int) time.Duration { return plainTimeout }}
	tree, err := smb1client.Logon(conn, opt, smb1client.Credentials{User: p.User, Password: p.Password}, `\\`+p.Host+`\`+p.Share)
	if err != nil {
		return nil, err
	}
	return &PlainClient{FS: FS[*treeFile](treeFS{tree}), tree: tree}, nil
}

// Err is what the circuit died of, nil while it is up.
func (c *PlainClient) Err() error { return c.tree.Err() }

// Close disconnects from the share and ends the circuit.
func (c *PlainClient) Close() error {
	return errors.Join(c.tree.Disconnect(), c.tree.Session().Client().Close())
}

// treeFS is a tree with the calls of a mail agent's file system.
type treeFS struct{ t *smb1client.Tree }

func (s treeFS) Open(path string, p nt.CreateParams) (*treeFile, error) {
	h, _, err := s.t.Create(path, p)
	if err != nil {
		return nil, err
	}
	return &treeFile{s.t, h}, nil
}

func (s treeFS) Delete(path string) error                   { return s.t.Delete(path) }
func (s treeFS) Rename(from, to string) error               { return s.t.Rename(from, to) }
func (s treeFS) Mkdir(path string) error                    { return s.t.Mkdir(path) }
func (s treeFS) Stat(path string) (nt.FileInfo, error)      { return s.t.QueryPath(path) }
func (s treeFS) Find(pattern string) ([]nt.FileInfo, error) { return s.t.Find(pattern) }

// treeFile is an open file of a tree.
type treeFile struct {
	t *smb1client.Tree
	h nt.FileHandle
}

func (f *treeFile) ReadAt(p []byte, off int64) (int, error)  { return f.t.ReadAt(f.h, p, off) }
func (f *treeFile) WriteAt(p []byte, off int64) (int, error) { return f.t.WriteAt(f.h, p, off, 0) }
func (f *treeFile) Flush() error                             { return f.t.Flush(f.h) }
func (f *treeFile) SetSize(size int64) error                 { return f.t.SetSize(f.h, size) }
func (f *treeFile) Close() error                             { return f.t.Close(f.h, 0) }

func (f *treeFile) Size() (int64, error) {
	info, err := f.t.QueryFile(f.h)
	return info.Size, err
}

// Lock locks a byte range; with wait it waits for as long as another holds it.
func (f *treeFile) Lock(r nt.LockRange, wait bool) error {
	patience := time.Duration(0)
	if wait {
		patience = rt.Forever
	}
	return f.t.Lock(f.h, r, patience)
}

// Unlock unlocks a range that was locked with the same bounds.
func (f *treeFile) Unlock(r nt.LockRange) error { return f.t.Unlock(f.h, r) }
