package smb1client

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
)

func TestDispositionOf(t *testing.T) {
	for _, c := range []struct {
		name string
		flag int
		want nt.Disposition
	}{
		{"open", os.O_RDONLY, nt.FileOpen},
		{"truncate", os.O_WRONLY | os.O_TRUNC, nt.FileOverwrite},
		{"create if missing", os.O_RDWR | os.O_CREATE, nt.FileOpenIf},
		{"create or truncate", os.O_RDWR | os.O_CREATE | os.O_TRUNC, nt.FileOverwriteIf},
		{"create only", os.O_RDWR | os.O_CREATE | os.O_EXCL, nt.FileCreate},
	} {
		if got := dispositionOf(c.flag); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSharePath(t *testing.T) {
	for in, want := range map[string]string{
		"": "", ".": "", `\`: "", "a": "a", "/a/b/": `a\b`, `.\a`: "a", "./a/b": `a\b`, `a\b.txt`: `a\b.txt`,
	} {
		if got := sharePath(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPathErrors(t *testing.T) {
	for _, c := range []struct {
		status nt.Status
		want   error
	}{
		{nt.StatusObjectNameNotFound, fs.ErrNotExist},
		{nt.StatusObjectPathNotFound, fs.ErrNotExist},
		{nt.StatusObjectNameCollision, fs.ErrExist},
		{nt.StatusAccessDenied, fs.ErrPermission},
		{nt.StatusFileClosed, fs.ErrClosed},
	} {
		err := pathError("open", "f", &nt.Error{Op: "create", Status: c.status})
		if !errors.Is(err, c.want) || !errors.Is(err, c.status) {
			t.Errorf("%v: got %v, want %v and the status", c.status, err, c.want)
		}
		if errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%v is everything", c.status)
		}
	}
}
