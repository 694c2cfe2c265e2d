package volume

import (
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// Mem is a volume in memory.
type Mem struct {
	clock  Clock
	lock   Locker
	memory rt.Memory // nil: the garbage collector's
	limits Limits

	copies  []*node          // of an image's nodes, by their index; nil: not made yet
	nodes   *slab.Slab[node] // where nodes come from
	opened  *slab.Slab[memFile]
	root    *node
	used    int64 // bytes, by file size
	entries int
}

// node is a file or a directory. A removed node has no parent but lives on in the
// Files that hold it.
type node struct {
	m                                   *Mem // whose it is; nil: an Image's, and it never changes
	index                               int  // of an Image's
	borrowed                            bool // children, order and data are an Image's
	parent                              *node
	name                                string
	attrs                               nt.FileAttributes
	created, accessed, written, changed nt.FileTime

	children map[string]*node // by folded name, see current; nil: a file
	order    []string         // the keys of children, sorted; nil: not made yet

	data []byte // up to the valid data length
	size int64  // ≥ len(data)
	held int    // Files that hold the node
}

// NewMem returns an empty volume. A nil lock means that one task runs at a time.
func NewMem(clock Clock, lock Locker, limits Limits) *Mem {
	m := &Mem{clock: clock, lock: lock, limits: limits}
	m.root = m.newNode(nil, "", 0)
	m.root.children = map[string]*node{}
	return m
}

func (m *Mem) enter() {
	if m.lock != nil {
		m.lock.Lock()
	}
}

func (m *Mem) leave() {
	if m.lock != nil {
		m.lock.Unlock()
	}
}

func (m *Mem) now() nt.FileTime { return nt.FileTimeOf(m.clock.Now()) }

func (m *Mem) newNode(parent *node, name string, attrs nt.FileAttributes) *node {
	n, now := m.nodes.Next(), m.now()
	n.m, n.parent, n.name, n.attrs = m, parent, name, attrs&settable
	n.created, n.accessed, n.written, n.changed = now, now, now, now
	return n
}

func (n *node) isDir() bool { return n.children != nil }

func (n *node) info() nt.FileInfo {
	return nt.FileInfo{
		Name: n.name, Size: n.size, Allocation: allocation(n.size), Attributes: shown(n.attrs, n.isDir()),
		Created: n.created, Accessed: n.accessed, Written: n.written, Changed: n.changed,
	}
}

// sorted returns the folded names of the children in order.
func (n *node) sorted() []string {
	if n.order == nil {
		n.order = make([]string, 0, len(n.children))
		for key := range n.children { // map order: sorted below
			n.order = append(n.order, key)
		}
		slices.Sort(n.order)
	}
	return n.order
}

// attach gives a child its place under key, its folded name.
func (n *node) attach(child *node, key string) {
	n.ownChildren()
	child.parent = n
	n.children[key] = child
	n.order = nil
}

func (n *node) detach(child *node) {
	n.ownChildren()
	delete(n.children, Fold(child.name))
	child.parent = nil
	n.order = nil
}

// find resolves a path.
func (m *Mem) find(path string) (*node, nt.Status) {
	dir, key, st := m.findParent(path)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case key == "":
		return m.root, nt.StatusSuccess
	}
	if n := m.child(dir, key); n != nil {
		return n, nt.StatusSuccess
	}
	return nil, nt.StatusObjectNameNotFound
}

// findParent resolves all of a path but its last name, which it returns folded; "" is the
// root.
func (m *Mem) findParent(path string) (dir *node, key string, st nt.Status) {
	if key, st = foldValid(path); st != nt.StatusSuccess {
		return nil, "", st
	}
	dir = m.root
	for {
		end := strings.IndexByte(key, '\\')
		if end < 0 {
			return dir, key, nt.StatusSuccess
		}
		if dir = m.child(dir, key[:end]); dir == nil || !dir.isDir() {
			return nil, "", nt.StatusObjectPathNotFound
		}
		key = key[end+1:]
	}
}

// Stat describes a file or directory.
func (m *Mem) Stat(path string) (nt.FileInfo, error) {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st != nt.StatusSuccess {
		return nt.FileInfo{}, fail("stat", path, st)
	}
	return n.info(), nil
}

// Find is Stat for who may then open the file.
func (m *Mem) Find(path string) (Found, error) {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st != nt.StatusSuccess {
		return Found{}, fail("find", path, st)
	}
	return Found{Info: n.info(), at: n}, nil
}

func (n *node) open() (File, error) {
	n.m.enter()
	defer n.m.leave()
	if n.parent == nil && n != n.m.root {
		return nil, fail("open", n.name, nt.StatusObjectNameNotFound)
	}
	return n.m.hold(n), nil
}

// Open opens an existing file or directory.
func (m *Mem) Open(path string) (File, error) {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st != nt.StatusSuccess {
		return nil, fail("open", path, st)
	}
	return m.hold(n), nil
}

// Create makes an empty file and opens it.
func (m *Mem) Create(path string, attrs nt.FileAttributes) (File, error) {
	m.enter()
	defer m.leave()
	n, st := m.add(path, attrs|nt.AttrArchive)
	if st != nt.StatusSuccess {
		return nil, fail("create", path, st)
	}
	return m.hold(n), nil
}

// Mkdir makes a directory.
func (m *Mem) Mkdir(path string, attrs nt.FileAttributes) error {
	m.enter()
	defer m.leave()
	n, st := m.add(path, attrs&^nt.AttrTemporary)
	if st != nt.StatusSuccess {
		return fail("mkdir", path, st)
	}
	n.children = map[string]*node{}
	return nil
}

func (m *Mem) add(path string, attrs nt.FileAttributes) (*node, nt.Status) {
	dir, key, st := m.findParent(path)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case key == "" || m.child(dir, key) != nil:
		return nil, nt.StatusObjectNameCollision
	case m.entries >= m.limits.Entries:
		return nil, nt.StatusDiskFull
	}
	_, name := Split(path)
	n := m.newNode(dir, name, attrs)
	dir.attach(n, key)
	dir.written, dir.changed = n.created, n.created
	m.entries++
	return n, nt.StatusSuccess
}

// Remove removes a file, or a directory that is empty.
func (m *Mem) Remove(path string) error {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st == nt.StatusSuccess {
		st = m.remove(n)
	}
	if st != nt.StatusSuccess {
		return fail("remove", path, st)
	}
	return nil
}

func (m *Mem) remove(n *node) nt.Status {
	switch {
	case n == m.root:
		return nt.StatusAccessDenied
	case len(n.children) > 0:
		return nt.StatusDirectoryNotEmpty
	case n.attrs&nt.AttrReadOnly != 0:
		return nt.StatusCannotDelete
	}
	dir := n.parent
	dir.detach(n)
	dir.written = m.now()
	m.entries--
	m.reclaim(n)
	return nt.StatusSuccess
}

// reclaim gives back the space of a node that has neither name nor holder.
func (m *Mem) reclaim(n *node) {
	if n.parent == nil && n.held == 0 && n != m.root {
		m.used -= n.size
		n.dropData()
		n.size, n.data = 0, nil
	}
}

// Rename moves a file or directory.
func (m *Mem) Rename(from, to string) error {
	m.enter()
	defer m.leave()
	n, st := m.find(from)
	if st == nt.StatusSuccess {
		st = m.rename(n, to)
	}
	if st != nt.StatusSuccess {
		return fail("rename", from, st)
	}
	return nil
}

func (m *Mem) rename(n *node, to string) nt.Status {
	dir, key, st := m.findParent(to)
	switch {
	case st != nt.StatusSuccess:
		return st
	case n == m.root:
		return nt.StatusAccessDenied
	case key == "":
		return nt.StatusObjectNameCollision
	}
	if other := m.child(dir, key); other != nil && other != n {
		return nt.StatusObjectNameCollision
	}
	for d := dir; d != nil; d = d.parent {
		if d == n {
			return nt.StatusInvalidParameter // a directory does not move into itself
		}
	}
	old := n.parent
	old.detach(n)
	_, n.name = Split(to)
	dir.attach(n, key)
	n.changed = m.now()
	old.written, dir.written = n.changed, n.changed
	return nt.StatusSuccess
}

// List returns entries of a directory.
func (m *Mem) List(dir, pattern, after string, limit int) ([]nt.FileInfo, error) {
	m.enter()
	defer m.leave()
	d, st := m.find(dir)
	if st == nt.StatusObjectNameNotFound {
		st = nt.StatusObjectPathNotFound
	}
	if st == nt.StatusSuccess && !d.isDir() {
		st = nt.StatusNotADirectory
	}
	if st != nt.StatusSuccess {
		return nil, fail("list", dir, st)
	}
	return m.list(d, pattern, after, limit), nil
}

// usualPage is how many entries a list has room for before it grows.
const usualPage = 8

func (m *Mem) list(dir *node, pattern, after string, limit int) []nt.FileInfo {
	if !HasWildcard(pattern) && pattern != "" {
		return m.listOne(dir, pattern, after, limit)
	}
	order := dir.sorted()
	at, found := slices.BinarySearch(order, Fold(after))
	if found {
		at++
	}
	match := compile(pattern)
	list := make([]nt.FileInfo, 0, min(limit, len(order)-at, usualPage))
	for _, key := range order[at:] {
		if len(list) >= limit {
			break
		}
		if match(key) {
			list = append(list, m.current(dir.children[key]).info())
		}
	}
	return list
}

// listOne is list for a pattern that names one file.
func (m *Mem) listOne(dir *node, name, after string, limit int) []nt.FileInfo {
	key := Fold(name)
	child := dir.children[key]
	if child == nil || limit < 1 || strings.Compare(key, Fold(after)) <= 0 {
		return nil
	}
	return []nt.FileInfo{m.current(child).info()}
}

// Change sets times and attributes.
func (m *Mem) Change(path string, c Change) error {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st != nt.StatusSuccess {
		return fail("change", path, st)
	}
	n.change(c, m.now())
	return nil
}

func (n *node) change(c Change, now nt.FileTime) {
	for _, t := range [...]struct {
		to   *nt.FileTime
		from nt.FileTime
	}{{&n.created, c.Created}, {&n.accessed, c.Accessed}, {&n.written, c.Written}} {
		if t.from != 0 {
			*t.to = t.from
		}
	}
	if c.Attributes != 0 {
		n.attrs = c.Attributes & settable
	}
	n.changed = now
}

// Space returns the capacity and what is free of it, in bytes.
func (m *Mem) Space() (total, free int64) {
	m.enter()
	defer m.leave()
	return m.limits.Capacity, m.limits.Capacity - m.used
}

// SetCapacity changes how many bytes the files may have together. What is there stays.
func (m *Mem) SetCapacity(bytes int64) {
	m.enter()
	defer m.leave()
	m.limits.Capacity = bytes
}
