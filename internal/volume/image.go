package volume

import (
	"maps"
	"slices"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// Image is the content of a Mem at one time. It never changes, so any number of volumes,
// on any goroutines, may begin with it: each copies what it changes, when it does.
type Image struct {
	root    *node
	nodes   int
	used    int64
	entries int
}

// Image returns the content as it is now.
func (m *Mem) Image() *Image {
	m.enter()
	defer m.leave()
	img := &Image{used: m.used, entries: m.entries}
	img.root = img.freeze(m, m.root)
	return img
}

// freeze copies a node of m with all below it.
func (img *Image) freeze(m *Mem, n *node) *node {
	frozen := *n
	frozen.m, frozen.parent, frozen.held = nil, nil, 0
	frozen.index = img.nodes
	img.nodes++
	frozen.data = slices.Clone(n.data)
	if n.isDir() {
		frozen.order = slices.Clone(n.sorted())
		frozen.children = make(map[string]*node, len(n.children))
		for _, key := range frozen.order {
			frozen.children[key] = img.freeze(m, m.current(n.children[key]))
		}
	}
	return &frozen
}

// NewMemFrom returns a volume that begins with the content of an image; nil is an empty
// one. A nil lock means that one task runs at a time.
func NewMemFrom(img *Image, clock Clock, lock Locker, limits Limits) *Mem {
	if img == nil {
		return NewMem(clock, lock, limits)
	}
	m := &Mem{clock: clock, lock: lock, limits: limits, used: img.used, entries: img.entries}
	m.copies = make([]*node, img.nodes)
	m.root = m.adopt(nil, img.root)
	return m
}

// Borrow takes the memory of new data, and what else comes in numbers, from r from now on.
func (m *Mem) Borrow(r rt.Memory) {
	m.memory = r
	m.nodes, m.opened = slab.From[node](r), slab.From[memFile](r)
}

// bytes returns n bytes of any content.
func (m *Mem) bytes(n int64) []byte {
	if m.memory == nil {
		return make([]byte, n)
	}
	return m.memory.Bytes(int(n))
}

// dropData gives the memory of a node's data back, if it is the node's own.
func (n *node) dropData() {
	if n.m.memory != nil && !n.borrowed {
		n.m.memory.Free(n.data)
	}
}

// adopt makes a node of an image one of m, which may change. The directory goes on
// holding the image's.
func (m *Mem) adopt(parent, n *node) *node {
	own := m.nodes.Next()
	*own = *n
	own.m, own.parent, own.borrowed = m, parent, true
	m.copies[n.index] = own
	return own
}

// child returns the node by a folded name in a directory, which may then be changed; nil
// if there is none.
func (m *Mem) child(dir *node, key string) *node {
	n := dir.children[key]
	if n == nil {
		return nil
	}
	if n = m.current(n); n.m != m {
		n = m.adopt(dir, n)
	}
	return n
}

// current returns what a directory's child has become: if it is an image's, m's copy, if
// there is one.
func (m *Mem) current(n *node) *node {
	if n.m == nil && m.copies[n.index] != nil {
		return m.copies[n.index]
	}
	return n
}

// ownChildren comes before a change of a directory.
func (n *node) ownChildren() {
	if n.borrowed {
		n.children, n.borrowed = maps.Clone(n.children), false
	}
}
