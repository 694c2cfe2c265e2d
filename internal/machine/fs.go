package machine

import (
	"errors"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

// opener is mailclient.FS but for its Open, which returns a type of its own.
type opener[F mailclient.File] interface {
	Open(path string, p nt.CreateParams) (F, error)
	Delete(path string) error
	Rename(from, to string) error
	Mkdir(path string) error
	Stat(path string) (nt.FileInfo, error)
	Find(pattern string) ([]nt.FileInfo, error)
}

type typedFS[F mailclient.File] struct{ opener[F] }

func (t typedFS[F]) Open(path string, p nt.CreateParams) (mailclient.File, error) {
	f, err := t.opener.Open(path, p)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Find answers "nothing matches" with an empty list, as mail agents want it.
func (t typedFS[F]) Find(pattern string) ([]nt.FileInfo, error) {
	list, err := t.opener.Find(pattern)
	if errors.Is(err, nt.StatusNoSuchFile) || errors.Is(err, nt.StatusNoMoreFiles) {
		return nil, nil
	}
	return list, err
}

// FS makes a mail agent's file system of a redirector, or of anything like it.
func FS[F mailclient.File](fs opener[F]) mailclient.FS { return typedFS[F]{fs} }

// LocalFS makes a mail agent's file system of a volume of its own machine. Share
// modes are not enforced: one agent uses it.
func LocalFS(v volume.Volume) mailclient.FS { return localFS{v} }

type localFS struct{ v volume.Volume }

func (l localFS) Open(path string, p nt.CreateParams) (mailclient.File, error) {
	f, err := l.open(path, p)
	if err != nil {
		return nil, err
	}
	overwrites := p.Disposition == nt.FileOverwrite || p.Disposition == nt.FileOverwriteIf || p.Disposition == nt.FileSupersede
	if overwrites {
		if err := f.Truncate(0); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return localFile{f}, nil
}

func (l localFS) open(path string, p nt.CreateParams) (volume.File, error) {
	switch p.Disposition {
	case nt.FileCreate:
		return l.v.Create(path, nt.AttrArchive)
	case nt.FileOpen, nt.FileOverwrite:
		return l.v.Open(path)
	default: // what opens if it can and creates if it must
	}
	f, err := l.v.Open(path)
	if errors.Is(err, nt.StatusObjectNameNotFound) {
		return l.v.Create(path, nt.AttrArchive)
	}
	return f, err
}

func (l localFS) Delete(path string) error              { return l.v.Remove(path) }
func (l localFS) Rename(from, to string) error          { return l.v.Rename(from, to) }
func (l localFS) Mkdir(path string) error               { return l.v.Mkdir(path, 0) }
func (l localFS) Stat(path string) (nt.FileInfo, error) { return l.v.Stat(path) }

// findBatch is how many entries one List returns.
const findBatch = 256

func (l localFS) Find(pattern string) (found []nt.FileInfo, err error) {
	dir, name := "", pattern
	if i := strings.LastIndexByte(pattern, '\\'); i >= 0 {
		dir, name = pattern[:i], pattern[i+1:]
	}
	batch, err := l.v.List(dir, name, "", findBatch)
	found = batch
	for err == nil && len(batch) == findBatch {
		batch, err = l.v.List(dir, name, batch[len(batch)-1].Name, findBatch)
		found = append(found, batch...)
	}
	return found, err
}

type localFile struct{ volume.File }

func (f localFile) Flush() error             { return f.Sync() }
func (f localFile) SetSize(size int64) error { return f.Truncate(size) }

func (f localFile) Size() (int64, error) {
	info, err := f.Stat()
	return info.Size, err
}
