package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

// ls lists a directory, what matches a pattern, or one file.
func (j *fsJob) ls() error {
	pattern := j.path
	switch {
	case pattern == "":
		pattern = "*"
	case !volume.HasWildcard(pattern):
		info, err := j.fs.Stat(pattern)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return j.show([]nt.FileInfo{named(info, pattern)})
		}
		pattern += `\*`
	}
	list, err := j.fs.Find(pattern)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(i nt.FileInfo) bool { return i.Name == "." || i.Name == ".." })
	slices.SortFunc(list, func(a, b nt.FileInfo) int {
		return strings.Compare(strings.ToUpper(a.Name), strings.ToUpper(b.Name))
	})
	if len(list) == 0 && volume.HasWildcard(j.path) {
		return &nt.Error{Op: "find", Path: j.path, Status: nt.StatusNoSuchFile}
	}
	return j.show(list)
}

func (j *fsJob) stat() error {
	info, err := j.fs.Stat(j.path)
	if err != nil {
		return err
	}
	return j.show([]nt.FileInfo{named(info, j.path)})
}

// named is info with the last part of path as its name: a query has none.
func named(info nt.FileInfo, path string) nt.FileInfo {
	info.Name = path[strings.LastIndexByte(path, '\\')+1:]
	return info
}

// entryJSON is an object of `fs ls --json` and `fs stat --json`; times are null where
// the server keeps none.
type entryJSON struct {
	Schema     string     `json:"schema"`
	Commit     string     `json:"commit"`
	Name       string     `json:"name"`
	Directory  bool       `json:"directory"`
	Size       int64      `json:"size"`
	Allocation int64      `json:"allocation"`
	Attributes string     `json:"attributes"`
	Created    *time.Time `json:"created"`
	Accessed   *time.Time `json:"accessed"`
	Written    *time.Time `json:"written"`
	Changed    *time.Time `json:"changed"`
}

func (j *fsJob) show(list []nt.FileInfo) error {
	for _, i := range list {
		var err error
		if j.asJSON {
			err = json.NewEncoder(j.c.stdout).Encode(entryJSON{
				Schema: bench.Schema, Commit: commit(), Name: i.Name, Directory: i.IsDir(), Size: i.Size, Allocation: i.Allocation,
				Attributes: attributeLetters(i.Attributes), Created: timeOrNull(i.Created), Accessed: timeOrNull(i.Accessed),
				Written: timeOrNull(i.Written), Changed: timeOrNull(i.Changed),
			})
		} else {
			_, err = fmt.Fprintf(j.c.stdout, "%-6s %12d  %s  %s\n", attributeLetters(i.Attributes), i.Size,
				i.Written.Time().UTC().Format(time.DateTime), printable(i.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func timeOrNull(t nt.FileTime) *time.Time {
	if t == 0 {
		return nil
	}
	at := t.Time()
	return &at
}

// printable quotes a name that would do something to a terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// attributeLetters are the attributes as ATTRIB shows them, with D for a directory.
func attributeLetters(a nt.FileAttributes) string {
	var b strings.Builder
	for _, l := range []struct {
		bit    nt.FileAttributes
		letter byte
	}{
		{nt.AttrDirectory, 'D'}, {nt.AttrArchive, 'A'}, {nt.AttrSystem, 'S'}, {nt.AttrHidden, 'H'}, {nt.AttrReadOnly, 'R'},
	} {
		if a&l.bit != 0 {
			b.WriteByte(l.letter)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

func (j *fsJob) cat() error { return j.download(j.c.stdout) }

func (j *fsJob) get() error {
	name := named(nt.FileInfo{}, j.path).Name
	if len(j.args) > 0 {
		name = j.args[0]
	}
	if name == "-" {
		return j.download(j.c.stdout)
	}
	return writeFile(filepath.FromSlash(name), j.download)
}

// copyBlock is how much of a file is moved at a time, in bytes; the client asks the
// server for it in as many requests as it must.
const copyBlock = 64 << 10

// download copies the remote file to w.
func (j *fsJob) download(w io.Writer) error {
	f, err := j.fs.Open(j.path, nt.CreateParams{
		Access: nt.GenericRead, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen, Options: nt.NonDirectoryFile,
	})
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	progress := newMeter(j.c, "blocks of 64 KB", blocks(size))
	defer progress.finish()
	buf := make([]byte, copyBlock)
	for off := int64(0); ; {
		n, err := f.ReadAt(buf, off)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return errors.Join(werr, f.Close())
		}
		off += int64(n)
		progress.step()
		switch {
		case errors.Is(err, io.EOF) || err == nil && n == 0:
			return f.Close()
		case err != nil:
			return errors.Join(fmt.Errorf("%d of %d bytes were read: %w", off, size, err), f.Close())
		}
	}
}

func blocks(size int64) int { return int(size/copyBlock) + 1 }

// put copies a local file to the server.
func (j *fsJob) put() error {
	in, size := io.Reader(os.Stdin), int64(0)
	if name := j.args[0]; name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return inputError{err}
		}
		defer func() { _ = f.Close() }() // it was only read
		info, err := f.Stat()
		if err != nil {
			return inputError{err}
		}
		if !info.Mode().IsRegular() {
			return badInput("%s: not a regular file", name)
		}
		in, size = f, info.Size()
	}
	f, err := j.fs.Open(j.path, nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead, Disposition: nt.FileOverwriteIf,
		Options: nt.NonDirectoryFile, Attributes: nt.AttrArchive, Oplock: nt.OplockBatch,
	})
	if err != nil {
		return err
	}
	n, err := j.upload(f, in, size)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%d bytes were written: %w", n, err)
	}
	return nil
}

// upload copies in to f and returns how much was taken.
func (j *fsJob) upload(f mailclient.File, in io.Reader, size int64) (off int64, err error) {
	progress := newMeter(j.c, "blocks of 64 KB", blocks(size))
	defer progress.finish()
	buf := make([]byte, copyBlock)
	for {
		n, rerr := io.ReadFull(in, buf)
		if n > 0 {
			taken, err := f.WriteAt(buf[:n], off)
			off += int64(taken)
			if err != nil {
				return off, err
			}
		}
		progress.step()
		switch {
		case errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF):
			return off, nil
		case rerr != nil:
			return off, inputError{rerr}
		}
	}
}

func (j *fsJob) rm() error    { return j.fs.Delete(j.path) }
func (j *fsJob) mkdir() error { return j.fs.Mkdir(j.path) }

func (j *fsJob) mv() error {
	to := strings.Trim(strings.ReplaceAll(j.args[0], "/", `\`), `\`)
	if to == "" || volume.HasWildcard(to) {
		return badInput("%q is no name of a file", j.args[0])
	}
	return j.fs.Rename(j.path, to)
}

// locker is an open file whose ranges can be locked.
type locker interface {
	Lock(r nt.LockRange, wait bool) error
	Unlock(r nt.LockRange) error
}

// lock holds a byte range.
func (j *fsJob) lock() error {
	f, err := j.fs.Open(j.path, nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen, Options: nt.NonDirectoryFile,
	})
	if err != nil {
		return err
	}
	l, ok := f.(locker)
	if !ok {
		return errors.Join(&nt.Error{Op: "lock", Path: j.path, Status: nt.StatusNotSupported}, f.Close())
	}
	if err := l.Lock(j.locked, j.wait); err != nil {
		return errors.Join(err, f.Close())
	}
	_, perr := fmt.Fprintf(j.c.stdout, "locked %d bytes from %d\n", j.locked.Length, j.locked.Offset)
	hold := j.hold
	if hold == 0 {
		hold = rt.Forever
	}
	if perr == nil {
		j.stop.Wait(hold)
	}
	return errors.Join(perr, l.Unlock(j.locked), f.Close())
}
