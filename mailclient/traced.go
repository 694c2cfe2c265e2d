package mailclient

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// tracedFS makes an agent's calls visible: each is recorded when it is entered and when
// it returns, and reported to onCall.
type tracedFS struct {
	fs     FS
	actor  *trace.Actor
	onCall func(step, op, path string, err error)
	step   string // of the call list, such as "4.3"; "" outside it
}

// do wraps one call; n is its length in bytes, where that has a meaning.
func (t *tracedFS) do(op, path string, off int64, n int, call func() error) error {
	e := trace.Event{Kind: trace.AppCall, Op: op, Path: path, Off: off, Len: int64(n)}
	t.actor.Emit(e)
	err := call()
	e.Kind, e.Status = trace.AppReturn, uint32(StatusOf(err))
	t.actor.Emit(e)
	if t.onCall != nil {
		t.onCall(t.step, op, path, err)
	}
	return err
}

func (t *tracedFS) Open(path string, p nt.CreateParams) (File, error) {
	op := "open"
	if p.Disposition == nt.FileCreate {
		op = "create"
	}
	var f File
	err := t.do(op, path, 0, 0, func() (err error) {
		f, err = t.fs.Open(path, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &tracedFile{t: t, f: f, path: path}, nil
}

func (t *tracedFS) Delete(path string) error {
	return t.do("delete", path, 0, 0, func() error { return t.fs.Delete(path) })
}

func (t *tracedFS) Rename(from, to string) error {
	return t.do("rename", from, 0, 0, func() error { return t.fs.Rename(from, to) })
}

func (t *tracedFS) Mkdir(path string) error {
	return t.do("mkdir", path, 0, 0, func() error { return t.fs.Mkdir(path) })
}

func (t *tracedFS) Stat(path string) (info nt.FileInfo, err error) {
	err = t.do("stat", path, 0, 0, func() (err error) {
		info, err = t.fs.Stat(path)
		return err
	})
	return info, err
}

func (t *tracedFS) Find(pattern string) (list []nt.FileInfo, err error) {
	err = t.do("find", pattern, 0, 0, func() (err error) {
		list, err = t.fs.Find(pattern)
		return err
	})
	return list, err
}

type tracedFile struct {
	t    *tracedFS
	f    File
	path string
}

func (f *tracedFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.t.do("read", f.path, off, len(p), func() (err error) {
		n, err = f.f.ReadAt(p, off)
		if n == len(p) && errors.Is(err, io.EOF) {
			err = nil // the read that ends where the file ends got all it asked for
		}
		return err
	})
	return n, err
}

func (f *tracedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.t.do("write", f.path, off, len(p), func() (err error) {
		n, err = f.f.WriteAt(p, off)
		if n < len(p) && err == nil {
			err = io.ErrShortWrite
		}
		return err
	})
	return n, err
}

func (f *tracedFile) Flush() error { return f.t.do("flush", f.path, 0, 0, f.f.Flush) }

func (f *tracedFile) SetSize(size int64) error {
	return f.t.do("set-size", f.path, size, 0, func() error { return f.f.SetSize(size) })
}

func (f *tracedFile) Size() (size int64, err error) {
	err = f.t.do("size", f.path, 0, 0, func() (err error) {
		size, err = f.f.Size()
		return err
	})
	return size, err
}

func (f *tracedFile) Close() error { return f.t.do("close", f.path, 0, 0, f.f.Close) }
