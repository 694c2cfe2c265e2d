package metamorph

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/smb1client"
)

// plainFS is the reference: each call goes to the server and waits for the answer.
type plainFS struct {
	connect    func() (*smb1client.Tree, error)
	connecting rt.Resource // guards tree, across a connect
	tree       *smb1client.Tree
}

// live returns the circuit, a new one if the server has dropped the last.
func (p *plainFS) live() (*smb1client.Tree, error) {
	p.connecting.AcquireExclusive()
	defer p.connecting.Release()
	if p.tree != nil && p.tree.Err() == nil {
		return p.tree, nil
	}
	var err error
	p.tree, err = p.connect()
	return p.tree, err
}

// Open opens a file with the parameters that a redirector would send.
func (p *plainFS) Open(path string, c nt.CreateParams) (*plainFile, error) {
	t, err := p.live()
	if err != nil {
		return nil, err
	}
	c.Access = c.Access.Mapped()
	c.Options |= nt.NonDirectoryFile
	if c.Attributes == 0 {
		c.Attributes = nt.AttrNormal
	}
	h, _, err := t.Create(path, c)
	if err != nil {
		return nil, err
	}
	return &plainFile{t: t, h: h, access: c.Access}, nil
}

func (p *plainFS) named(f func(t *smb1client.Tree) error) error {
	t, err := p.live()
	if err != nil {
		return err
	}
	return f(t)
}

func (p *plainFS) Delete(path string) error {
	return p.named(func(t *smb1client.Tree) error { return t.Delete(path) })
}

func (p *plainFS) Rename(from, to string) error {
	return p.named(func(t *smb1client.Tree) error { return t.Rename(from, to) })
}

func (p *plainFS) Mkdir(path string) error {
	return p.named(func(t *smb1client.Tree) error { return t.Mkdir(path) })
}

func (p *plainFS) Stat(path string) (info nt.FileInfo, err error) {
	err = p.named(func(t *smb1client.Tree) (err error) { info, err = t.QueryPath(path); return err })
	return info, err
}

func (p *plainFS) Find(pattern string) (list []nt.FileInfo, err error) {
	err = p.named(func(t *smb1client.Tree) (err error) { list, err = t.Find(pattern); return err })
	return list, err
}

// plainFile is an open file of the reference.
type plainFile struct {
	t      *smb1client.Tree
	h      nt.FileHandle
	access nt.AccessMask
}

func (f *plainFile) ReadAt(b []byte, off int64) (int, error) {
	if !f.access.CanRead() {
		return 0, nt.StatusAccessDenied // where the redirector says so, without the server
	}
	n, err := f.t.ReadAt(f.h, b, off)
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, err
}

func (f *plainFile) WriteAt(b []byte, off int64) (int, error) {
	if !f.access.CanWrite() {
		return 0, nt.StatusAccessDenied
	}
	return f.t.WriteAt(f.h, b, off, 0)
}

func (f *plainFile) Size() (int64, error) {
	info, err := f.t.QueryFile(f.h)
	return info.Size, err
}

func (f *plainFile) Flush() error                { return f.t.Flush(f.h) }
func (f *plainFile) SetSize(size int64) error    { return f.t.SetSize(f.h, size) }
func (f *plainFile) Close() error                { return f.t.Close(f.h, 0) }
func (f *plainFile) Unlock(r nt.LockRange) error { return f.t.Unlock(f.h, r) }

// Lock locks a range. No workload waits for a lock.
func (f *plainFile) Lock(r nt.LockRange, _ bool) error { return f.t.Lock(f.h, r, 0) }
