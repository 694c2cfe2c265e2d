package bench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/mailclient"
)

// prefixWatch holds what the sender's workstation has made of the server's files, and
// nobody else, against what the application has done: at each moment it must be the
// result of a prefix of the application's operations, of which the last may be half
// done. Then what is missing is a suffix.
//
// A file that is missing and an empty one are taken for the same, so that a new empty
// file may be early. When the application is told that something failed, it knows that
// its last operations may be lost: the files of those that the server has not seen by then
// are held to nothing until they are made anew.
//
// Memory: the files that were touched, twice, and the operations that the server has not
// seen yet. A change at the server costs about as much time as it has bytes, and so does
// an operation.
type prefixWatch struct {
	base  func(path string) []byte // what the server held in the beginning
	now   func() time.Duration
	twins map[string]*twin // by folded path
	log   []*appOp         // the operations beyond the least prefix that can be
	wrong int              // files that differ from that prefix
	found string           // the first violation; "" is none
}

// twin is a file as that prefix leaves it, and as the server has it.
type twin struct {
	path        string
	app, server []byte
	differ      int  // bytes that do
	free        bool // held to nothing
}

// appOp is an operation of the application on a file, in the words of the server.
type appOp struct {
	smbserver.Changed
	failed bool
}

func newPrefixWatch(base func(string) []byte, now func() time.Duration) *prefixWatch {
	return &prefixWatch{base: base, now: now, twins: map[string]*twin{}}
}

func (w *prefixWatch) twin(path string) *twin {
	key := strings.ToUpper(strings.Trim(path, `\`))
	t := w.twins[key]
	if t == nil {
		content := w.base(key)
		t = &twin{path: key, app: slices.Clone(content), server: slices.Clone(content)}
		w.twins[key] = t
	}
	return t
}

// call notes an operation while the application does it.
func (w *prefixWatch) call(ch smbserver.Changed, do func() error) error {
	if w.found != "" {
		return do()
	}
	ch.Data = slices.Clone(ch.Data)
	op := &appOp{Changed: ch}
	w.log = append(w.log, op)
	err := do()
	if op.failed = err != nil; op.failed && !slices.Contains(w.log, op) {
		w.apply(op) // the server had done it already
	}
	return w.told(err)
}

// told takes the outcome of any call. An error that says more than that a name is taken
// or missing, or a file in use, tells the application that what it did last may be lost:
// those files are held to nothing until they are made anew.
func (w *prefixWatch) told(err error) error {
	for _, harmless := range [...]nt.Status{
		nt.StatusObjectNameCollision, nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound, nt.StatusNoSuchFile,
		nt.StatusSharingViolation, nt.StatusFileLockConflict, nt.StatusLockNotGranted, nt.StatusDeletePending,
	} {
		if err == nil || errors.Is(err, harmless) {
			return err
		}
	}
	for _, op := range w.log {
		op.failed = true
		w.apply(op)
	}
	w.log = nil
	return err
}

// see takes a change that the sender's workstation has made at the server.
func (w *prefixWatch) see(ch smbserver.Changed) {
	if w.found != "" || ch.Kind == smbserver.ChangeFIDClosed {
		return
	}
	w.change(&ch, func(t *twin) *[]byte { return &t.server })
	w.check()
}

// check looks for the least prefix that the server's files can be the result of. They
// were that of an earlier one or of none before, so what comes before is not looked at.
func (w *prefixWatch) check() {
	for w.wrong > 0 {
		if len(w.log) == 0 {
			w.violation()
			return
		}
		op := w.log[0]
		if w.halfDone(op) {
			return
		}
		w.log = w.log[1:]
		w.apply(op)
	}
}

func (w *prefixWatch) violation() {
	var files []string
	for _, t := range w.twins { // map order: sorted below
		if t.differ > 0 && !t.free {
			files = append(files, fmt.Sprintf("%s (%d bytes differ)", t.path, t.differ))
		}
	}
	slices.Sort(files)
	w.found = fmt.Sprintf("%v: no prefix of the application's operations gives %s", w.now(), strings.Join(files, ", "))
	w.log, w.twins = nil, map[string]*twin{}
}

// apply goes on by one operation.
func (w *prefixWatch) apply(op *appOp) {
	if !op.failed {
		w.change(&op.Changed, func(t *twin) *[]byte { return &t.app })
		return
	}
	if op.Kind == smbserver.ChangeCreated {
		return // at most an empty file
	}
	w.setFree(w.twin(op.Path), true)
	if op.Kind == smbserver.ChangeRenamed {
		w.setFree(w.twin(op.To), true)
	}
}

func (w *prefixWatch) setFree(t *twin, free bool) {
	w.wrong -= t.isWrong()
	t.free = free
	w.wrong += t.isWrong()
}

func (t *twin) isWrong() int {
	if t.differ > 0 && !t.free {
		return 1
	}
	return 0
}

// change does to one side what ch says.
func (w *prefixWatch) change(ch *smbserver.Changed, side func(*twin) *[]byte) {
	t := w.twin(ch.Path)
	anew := side(t) == &t.app
	content := side(t)
	switch ch.Kind {
	case smbserver.ChangeWritten:
		from, to := min(int(ch.Off), len(*content)), int(ch.Off)+len(ch.Data)
		w.edit(t, from, to, func() {
			*content = resized(*content, max(len(*content), to))
			copy((*content)[ch.Off:], ch.Data)
		})
	case smbserver.ChangeCreated, smbserver.ChangeRemoved:
		w.replace(t, side, nil)
		if anew {
			w.setFree(t, false)
		}
	case smbserver.ChangeSized:
		w.replace(t, side, resized(*content, int(ch.Off)))
		if anew && ch.Off == 0 {
			w.setFree(t, false)
		}
	case smbserver.ChangeRenamed:
		to := w.twin(ch.To)
		moved := *content
		w.replace(t, side, nil)
		w.replace(to, side, moved)
		if anew {
			w.setFree(to, t.free)
		}
	case smbserver.ChangeFIDClosed:
	}
}

func (w *prefixWatch) replace(t *twin, side func(*twin) *[]byte, content []byte) {
	w.edit(t, 0, max(len(t.app), len(t.server), len(content)), func() { *side(t) = content })
}

// edit changes bytes from..to of one side.
func (w *prefixWatch) edit(t *twin, from, to int, do func()) {
	w.wrong -= t.isWrong()
	t.differ -= t.count(from, to)
	do()
	t.differ += t.count(from, to)
	w.wrong += t.isWrong()
}

func resized(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	old := len(b)
	b = slices.Grow(b, n-old)[:n]
	clear(b[old:])
	return b
}

// count is how many of the bytes from..to differ or are on one side only.
func (t *twin) count(from, to int) (n int) {
	both := min(len(t.app), len(t.server), to)
	n = max(0, min(max(len(t.app), len(t.server)), to)-max(both, from))
	if both <= from || bytes.Equal(t.app[from:both], t.server[from:both]) {
		return n
	}
	for i := from; i < both; i++ {
		if t.app[i] != t.server[i] {
			n++
		}
	}
	return n
}

// halfDone reports whether the server has the beginning of a write, and all before it.
func (w *prefixWatch) halfDone(op *appOp) bool {
	t := w.twin(op.Path)
	if op.Kind != smbserver.ChangeWritten || w.wrong != t.isWrong() {
		return false
	}
	off, end := int(op.Off), int(op.Off)+len(op.Data)
	if off > len(t.server) || off > len(t.app) || t.differ != t.count(off, end) {
		return false
	}
	j := 0
	for j < len(op.Data) && off+j < len(t.server) && t.server[off+j] == op.Data[j] {
		j++
	}
	return t.count(off+j, end) == 0
}

// loggedFS is the application's file system; it notes every operation.
type loggedFS struct {
	mailclient.FS
	w *prefixWatch
}

func (l loggedFS) Open(path string, p nt.CreateParams) (f mailclient.File, err error) {
	ch := smbserver.Changed{Path: path}
	open := func() error {
		f, err = l.FS.Open(path, p)
		return err
	}
	switch p.Disposition {
	case nt.FileCreate:
		ch.Kind = smbserver.ChangeCreated
		err = l.w.call(ch, open)
	case nt.FileSupersede, nt.FileOverwrite, nt.FileOverwriteIf:
		ch.Kind = smbserver.ChangeSized
		err = l.w.call(ch, open)
	default: // changes nothing but that the file is there
		err = l.w.told(open())
	}
	if err != nil {
		return nil, err
	}
	logged := &loggedFile{File: f, w: l.w, path: path, gone: p.Options&nt.DeleteOnClose != 0}
	if k, ok := f.(workload.Locker); ok {
		return struct {
			*loggedFile
			workload.Locker
		}{logged, k}, nil
	}
	return logged, nil
}

func (l loggedFS) Delete(path string) error {
	return l.w.call(smbserver.Changed{Kind: smbserver.ChangeRemoved, Path: path}, func() error { return l.FS.Delete(path) })
}

func (l loggedFS) Rename(from, to string) error {
	return l.w.call(smbserver.Changed{Kind: smbserver.ChangeRenamed, Path: from, To: to}, func() error { return l.FS.Rename(from, to) })
}

// loggedFile is an open file of it.
type loggedFile struct {
	mailclient.File
	w    *prefixWatch
	path string
	gone bool // with its close
}

func (f *loggedFile) WriteAt(p []byte, off int64) (n int, err error) {
	ch := smbserver.Changed{Kind: smbserver.ChangeWritten, Path: f.path, Off: off, Data: p}
	err = f.w.call(ch, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *loggedFile) SetSize(size int64) error {
	return f.w.call(smbserver.Changed{Kind: smbserver.ChangeSized, Path: f.path, Off: size}, func() error { return f.File.SetSize(size) })
}

func (f *loggedFile) Flush() error { return f.w.told(f.File.Flush()) }

func (f *loggedFile) Close() error {
	if !f.gone {
		return f.w.told(f.File.Close())
	}
	return f.w.call(smbserver.Changed{Kind: smbserver.ChangeRemoved, Path: f.path}, f.File.Close)
}
