package conformance

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/smb1client"
)

// file is an open file of an actor, whichever kind it is.
type file interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Flush() error
	Size() (int64, error)
	SetSize(size int64) error
	Close() error
}

// fileSystem is what an actor does by name.
type fileSystem interface {
	open(path string, p nt.CreateParams) (file, outcome)
	Delete(path string) error
	Rename(from, to string) error
	Mkdir(path string) error
	stat(path string) (nt.FileInfo, error)
	Find(pattern string) ([]nt.FileInfo, error)
}

// station is a workstation: applications behind a redirector.
type station struct{ *rdr.Redirector }

func (s station) open(path string, p nt.CreateParams) (file, outcome) {
	h, err := s.Open(path, p)
	if err != nil {
		return nil, failed(err)
	}
	return h, outcome{}
}

func (s station) stat(path string) (nt.FileInfo, error) { return s.Stat(path) }

// client is a plain SMB client with nothing between it and the server.
type client struct {
	*smb1client.Tree
	w *world
}

func (c *client) open(path string, p nt.CreateParams) (file, outcome) {
	h, res, err := c.Create(c.w.path(path), p)
	if err != nil {
		return nil, failed(err)
	}
	o := outcome{}.with("size", res.Size)
	if p.Oplock != nt.OplockNone {
		o = o.with("oplock", oplockWord(res.Oplock))
	}
	return &clientFile{c, h}, o.with("action", actionWord(res.Action))
}

func (c *client) Delete(path string) error     { return c.Tree.Delete(c.w.path(path)) }
func (c *client) Mkdir(path string) error      { return c.Tree.Mkdir(c.w.path(path)) }
func (c *client) Rename(from, to string) error { return c.Tree.Rename(c.w.path(from), c.w.path(to)) }

func (c *client) Find(pattern string) ([]nt.FileInfo, error) {
	return c.Tree.Find(c.w.path(pattern))
}
func (c *client) stat(path string) (nt.FileInfo, error) { return c.QueryPath(c.w.path(path)) }

// clientFile is an open file of a plain client.
type clientFile struct {
	c *client
	h nt.FileHandle
}

func (f *clientFile) ReadAt(p []byte, off int64) (int, error) { return f.c.ReadAt(f.h, p, off) }
func (f *clientFile) WriteAt(p []byte, off int64) (int, error) {
	return f.c.WriteAt(f.h, p, off, 0)
}
func (f *clientFile) Flush() error             { return f.c.Flush(f.h) }
func (f *clientFile) SetSize(size int64) error { return f.c.SetSize(f.h, size) }
func (f *clientFile) Close() error             { return f.c.Close(f.h, 0) }

func (f *clientFile) Size() (int64, error) {
	info, err := f.c.QueryFile(f.h)
	return info.Size, err
}

// heldBreaks takes oplock breaks and leaves them unanswered.
type heldBreaks struct{}

func (heldBreaks) OnBreak(nt.FileHandle, nt.OplockLevel) {}
func (heldBreaks) OnCircuitLost(error)                   {}

// read reads and describes what it got; the end of the file is no error.
func read(f file, n, off int64) outcome {
	buf := make([]byte, n)
	got, err := f.ReadAt(buf, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return outcome{err: err}.with("n", got).with("data", describe(buf[:got], off))
}

func oplockWord(l nt.OplockLevel) string {
	return [...]string{"none", "exclusive", "batch", "level2"}[l%4]
}

func actionWord(a nt.CreateAction) string {
	return [...]string{"superseded", "opened", "created", "overwritten"}[a%4]
}
