package volume

import (
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// memFile is an open node.
type memFile struct {
	m      *Mem
	n      *node
	closed bool
}

func (m *Mem) hold(n *node) *memFile {
	n.held++
	f := m.opened.Next()
	f.m, f.n = m, n
	return f
}

// usable says whether data can be read or written.
func (f *memFile) usable() nt.Status {
	switch {
	case f.closed:
		return nt.StatusFileClosed
	case f.n.isDir():
		return nt.StatusInvalidDeviceRequest
	}
	return nt.StatusSuccess
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.enter()
	defer f.m.leave()
	if st := f.usable(); st != nt.StatusSuccess {
		return 0, fail("read", f.n.name, st)
	}
	if off < 0 || off >= f.n.size {
		return 0, io.EOF
	}
	count := int(min(int64(len(p)), f.n.size-off))
	copied := 0
	if off < int64(len(f.n.data)) {
		copied = copy(p[:count], f.n.data[off:])
	}
	clear(p[copied:count]) // beyond the valid data length
	if count < len(p) {
		return count, io.EOF
	}
	return count, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.m.enter()
	defer f.m.leave()
	if st := f.usable(); st != nt.StatusSuccess {
		return 0, fail("write", f.n.name, st)
	}
	if len(p) == 0 {
		return 0, nil
	}
	end := off + int64(len(p))
	if off < 0 || end < 0 {
		return 0, fail("write", f.n.name, nt.StatusInvalidParameter)
	}
	if st := f.m.resize(f.n, max(end, f.n.size)); st != nt.StatusSuccess {
		return 0, fail("write", f.n.name, st)
	}
	f.n.makeRoom(off, end)
	copy(f.n.data[off:end], p)
	f.n.touch(f.m.now())
	return len(p), nil
}

// resize sets the size if the limits allow it.
func (m *Mem) resize(n *node, size int64) nt.Status {
	grow := size - n.size
	if size > m.limits.FileSize || grow > m.limits.Capacity-m.used {
		return nt.StatusDiskFull
	}
	m.used += grow
	n.size = size
	if size < int64(len(n.data)) {
		n.data = n.data[:size]
	}
	return nt.StatusSuccess
}

// makeRoom makes the data the node's own and long enough for a write from off to end,
// behind zeros. The memory doubles as it grows, so a file written in order is copied a
// constant number of times.
func (n *node) makeRoom(off, end int64) {
	have := int64(len(n.data))
	long := max(have, end)
	if n.borrowed || end > int64(cap(n.data)) {
		room := have
		if end > have {
			room = max(end, 2*have)
		}
		grown := n.m.bytes(room)
		copy(grown, n.data)
		n.dropData()
		n.data, n.borrowed = grown, false
	}
	n.data = n.data[:long]
	if off > have {
		clear(n.data[have:off])
	}
}

func (n *node) touch(now nt.FileTime) {
	n.attrs |= nt.AttrArchive
	n.written, n.changed = now, now
}

func (f *memFile) Truncate(size int64) error {
	f.m.enter()
	defer f.m.leave()
	st := f.usable()
	if st == nt.StatusSuccess && size < 0 {
		st = nt.StatusInvalidParameter
	}
	if st == nt.StatusSuccess {
		st = f.m.resize(f.n, size)
	}
	if st != nt.StatusSuccess {
		return fail("set size", f.n.name, st)
	}
	f.n.touch(f.m.now())
	return nil
}

func (f *memFile) Stat() (nt.FileInfo, error) {
	f.m.enter()
	defer f.m.leave()
	if f.closed {
		return nt.FileInfo{}, fail("stat", f.n.name, nt.StatusFileClosed)
	}
	return f.n.info(), nil
}

func (f *memFile) Sync() error { return nil }

func (f *memFile) Close() error {
	f.m.enter()
	defer f.m.leave()
	if f.closed {
		return fail("close", f.n.name, nt.StatusFileClosed)
	}
	f.closed = true
	f.n.held--
	f.m.reclaim(f.n)
	return nil
}
