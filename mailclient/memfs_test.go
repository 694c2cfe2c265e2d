package mailclient

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// memFS is a file server's volume with share modes and nothing else: what is written is
// there at once.
type memFS struct {
	dirs    map[string]bool
	files   map[string]*memNode
	noShare bool // share modes are not enforced, as with PC-NFS (KB Q126750)
}

type memNode struct {
	data  []byte
	opens []*memFile
}

type memFile struct {
	fs     *memFS
	path   string
	node   *memNode
	params nt.CreateParams
	closed bool
}

func newMemFS() *memFS {
	return &memFS{dirs: map[string]bool{"": true}, files: map[string]*memNode{}}
}

func fail(op, path string, st nt.Status) error { return &nt.Error{Op: op, Path: path, Status: st} }

func parent(path string) string {
	i := strings.LastIndexByte(path, '\\')
	return path[:max(i, 0)]
}

func (m *memFS) Open(path string, p nt.CreateParams) (File, error) {
	path = strings.ToUpper(path)
	n, exists := m.files[path]
	switch {
	case m.dirs[path]:
		return nil, fail("open", path, nt.StatusFileIsADirectory)
	case !m.dirs[parent(path)]:
		return nil, fail("open", path, nt.StatusObjectPathNotFound)
	case !exists && (p.Disposition == nt.FileOpen || p.Disposition == nt.FileOverwrite):
		return nil, fail("open", path, nt.StatusObjectNameNotFound)
	case exists && p.Disposition == nt.FileCreate:
		return nil, fail("open", path, nt.StatusObjectNameCollision)
	case exists && !m.noShare && slices.ContainsFunc(n.opens, func(o *memFile) bool { return conflicts(o.params, p) }):
		return nil, fail("open", path, nt.StatusSharingViolation)
	case !exists:
		n = &memNode{}
		m.files[path] = n
	}
	if p.Disposition == nt.FileOverwriteIf || p.Disposition == nt.FileOverwrite || p.Disposition == nt.FileSupersede {
		n.data = nil
	}
	f := &memFile{fs: m, path: path, node: n, params: p}
	n.opens = append(n.opens, f)
	return f, nil
}

// conflicts reports whether two opens of one file exclude each other.
func conflicts(a, b nt.CreateParams) bool {
	denies := func(x, y nt.CreateParams) bool {
		return y.Access.CanRead() && x.Share&nt.ShareRead == 0 || y.Access.CanWrite() && x.Share&nt.ShareWrite == 0
	}
	return denies(a, b) || denies(b, a)
}

func (m *memFS) Delete(path string) error {
	path = strings.ToUpper(path)
	n, ok := m.files[path]
	if !ok {
		return fail("delete", path, nt.StatusObjectNameNotFound)
	}
	if len(n.opens) > 0 && !m.noShare {
		return fail("delete", path, nt.StatusSharingViolation)
	}
	delete(m.files, path)
	return nil
}

func (m *memFS) Rename(from, to string) error {
	n, ok := m.files[strings.ToUpper(from)]
	if !ok {
		return fail("rename", from, nt.StatusObjectNameNotFound)
	}
	delete(m.files, strings.ToUpper(from))
	m.files[strings.ToUpper(to)] = n
	return nil
}

func (m *memFS) Mkdir(path string) error {
	path = strings.ToUpper(path)
	if m.dirs[path] {
		return fail("mkdir", path, nt.StatusObjectNameCollision)
	}
	if !m.dirs[parent(path)] {
		return fail("mkdir", path, nt.StatusObjectPathNotFound)
	}
	m.dirs[path] = true
	return nil
}

func (m *memFS) Stat(path string) (nt.FileInfo, error) {
	path = strings.ToUpper(path)
	if m.dirs[path] {
		return nt.FileInfo{Name: path, Attributes: nt.AttrDirectory}, nil
	}
	n, ok := m.files[path]
	if !ok {
		return nt.FileInfo{}, fail("stat", path, nt.StatusObjectNameNotFound)
	}
	return nt.FileInfo{Name: path, Size: int64(len(n.data))}, nil
}

func (m *memFS) Find(pattern string) ([]nt.FileInfo, error) {
	pattern = strings.ToUpper(pattern)
	dir := parent(pattern)
	ext := strings.TrimPrefix(strings.TrimPrefix(pattern, dir+`\*`), ".*")
	var list []nt.FileInfo
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		if parent(path) == dir && strings.HasSuffix(path, ext) {
			list = append(list, nt.FileInfo{Name: path[len(dir)+1:], Size: int64(len(m.files[path].data))})
		}
	}
	return list, nil
}

func (f *memFile) use(op string) error {
	if f.closed {
		return fail(op, f.path, nt.StatusInvalidHandle)
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.use("read"); err != nil {
		return 0, err
	}
	if !f.params.Access.CanRead() {
		return 0, fail("read", f.path, nt.StatusAccessDenied)
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.use("write"); err != nil {
		return 0, err
	}
	if !f.params.Access.CanWrite() {
		return 0, fail("write", f.path, nt.StatusAccessDenied)
	}
	if need := int(off) + len(p); need > len(f.node.data) {
		f.node.data = append(f.node.data, make([]byte, need-len(f.node.data))...)
	}
	return copy(f.node.data[off:], p), nil
}

func (f *memFile) Flush() error { return f.use("flush") }

func (f *memFile) SetSize(size int64) error {
	if err := f.use("set size"); err != nil {
		return err
	}
	f.node.data = append(f.node.data, make([]byte, max(0, int(size)-len(f.node.data)))...)[:size]
	return nil
}

func (f *memFile) Size() (int64, error) { return int64(len(f.node.data)), f.use("size") }

func (f *memFile) Close() error {
	if err := f.use("close"); err != nil {
		return err
	}
	f.closed = true
	f.node.opens = slices.DeleteFunc(f.node.opens, func(o *memFile) bool { return o == f })
	return nil
}

// wire is a client's way to a memFS: it takes time, and it can break. A break closes the
// client's files at the server and kills its handles; the next call by name reconnects.
type wire struct {
	fs      *memFS
	rt      rt.Runtime
	latency time.Duration
	down    bool // no reconnect
	open    []*wireFile
	// before, if set, may fail a call.
	before func(op, path string) error
	// openFails, if set, may fail an open.
	openFails func(path string, p nt.CreateParams) error
}

type wireFile struct {
	w    *wire
	f    File
	path string
	dead bool
}

var errCircuit = fail("circuit", "", nt.StatusVirtualCircuitClosed)

func (w *wire) cut() {
	for _, f := range w.open {
		f.dead = true
		f.f.Close()
	}
	w.open = nil
}

func (w *wire) call(op, path string) error {
	if w.latency > 0 {
		w.rt.Sleep(w.latency)
	}
	if w.down {
		return errCircuit
	}
	if w.before != nil {
		return w.before(op, path)
	}
	return nil
}

func (w *wire) Open(path string, p nt.CreateParams) (File, error) {
	if err := w.call("open", path); err != nil {
		return nil, err
	}
	if w.openFails != nil {
		if err := w.openFails(path, p); err != nil {
			return nil, err
		}
	}
	f, err := w.fs.Open(path, p)
	if err != nil {
		return nil, err
	}
	wf := &wireFile{w: w, f: f, path: path}
	w.open = append(w.open, wf)
	return wf, nil
}

func (w *wire) Delete(path string) error {
	if err := w.call("delete", path); err != nil {
		return err
	}
	return w.fs.Delete(path)
}

func (w *wire) Rename(from, to string) error {
	if err := w.call("rename", from); err != nil {
		return err
	}
	return w.fs.Rename(from, to)
}

func (w *wire) Mkdir(path string) error {
	if err := w.call("mkdir", path); err != nil {
		return err
	}
	return w.fs.Mkdir(path)
}

func (w *wire) Stat(path string) (nt.FileInfo, error) {
	if err := w.call("stat", path); err != nil {
		return nt.FileInfo{}, err
	}
	return w.fs.Stat(path)
}

func (w *wire) Find(pattern string) ([]nt.FileInfo, error) {
	if err := w.call("find", pattern); err != nil {
		return nil, err
	}
	return w.fs.Find(pattern)
}

func (f *wireFile) call(op string) error {
	if f.dead {
		return errCircuit
	}
	return f.w.call(op, f.path)
}

func (f *wireFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.call("read"); err != nil {
		return 0, err
	}
	return f.f.ReadAt(p, off)
}

func (f *wireFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.call("write"); err != nil {
		return 0, err
	}
	return f.f.WriteAt(p, off)
}

func (f *wireFile) Flush() error {
	if err := f.call("flush"); err != nil {
		return err
	}
	return f.f.Flush()
}

func (f *wireFile) SetSize(size int64) error {
	if err := f.call("set-size"); err != nil {
		return err
	}
	return f.f.SetSize(size)
}

func (f *wireFile) Size() (int64, error) {
	if err := f.call("size"); err != nil {
		return 0, err
	}
	return f.f.Size()
}

func (f *wireFile) Close() error {
	if err := f.call("close"); err != nil {
		return err
	}
	f.w.open = slices.DeleteFunc(f.w.open, func(o *wireFile) bool { return o == f })
	return f.f.Close()
}
