package machine

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/mailclient"
)

// SubFS is the part of fs below dir.
func SubFS(fs mailclient.FS, dir string) mailclient.FS {
	if dir == "" {
		return fs
	}
	return subFS{fs, dir + `\`}
}

type subFS struct {
	fs     mailclient.FS
	prefix string
}

func (s subFS) Open(path string, p nt.CreateParams) (mailclient.File, error) {
	return s.fs.Open(s.prefix+path, p)
}
func (s subFS) Delete(path string) error                   { return s.fs.Delete(s.prefix + path) }
func (s subFS) Rename(from, to string) error               { return s.fs.Rename(s.prefix+from, s.prefix+to) }
func (s subFS) Mkdir(path string) error                    { return s.fs.Mkdir(s.prefix + path) }
func (s subFS) Stat(path string) (nt.FileInfo, error)      { return s.fs.Stat(s.prefix + path) }
func (s subFS) Find(pattern string) ([]nt.FileInfo, error) { return s.fs.Find(s.prefix + pattern) }
