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
	used    int64
	entries int
}

// Image returns the content as it is now.
func (m *Mem) Image() *Image {
	m.enter()
	defer m.leave()
	return &Image{root: m.root.freeze(), used: m.used, entries: m.entries}
}

// freeze copies a node with all below it.
func (n *node) freeze() *node {
	frozen := *n
	frozen.m, frozen.parent, frozen.open = nil, nil, 0
	frozen.data = slices.Clone(n.data)
	if n.isDir() {
		frozen.order = slices.Clone(n.sorted())
		frozen.children = make(map[string]*node, len(n.children))
		for key, child := range n.children { // map order: a map is filled
			frozen.children[key] = child.freeze()
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
	m.root = m.adopt(nil, img.root)
	return m
}

// Borrow takes the memory of new data, and what else comes in numbers, from r from now on.
func (m *Mem) Borrow(r rt.Memory) {
	m.memory = r
	m.adopted, m.opened = slab.From[node](r), slab.From[memFile](r)
}

// bytes returns n bytes of any content.
func (m *Mem) bytes(n int64) []byte {
	if m.memory == nil {
		return make([]byte, n)
	}
	return m.memory.Bytes(int(n))
}

// adopt makes a node of an image one of m, which may change.
func (m *Mem) adopt(parent, n *node) *node {
	own := m.adopted.Next()
	*own = *n
	own.m, own.parent, own.borrowed = m, parent, true
	return own
}

// child returns the node by a name in a directory, which may then be changed; nil if
// there is none.
func (m *Mem) child(dir *node, name string) *node {
	key := Fold(name)
	n := dir.children[key]
	if n == nil || n.m == m {
		return n
	}
	dir.ownChildren()
	n = m.adopt(dir, n)
	dir.children[key] = n
	return n
}

// ownChildren comes before a change of a directory.
func (n *node) ownChildren() {
	if n.borrowed {
		n.children, n.borrowed = maps.Clone(n.children), false
	}
}

// ownData comes before a change of a file's data.
func (n *node) ownData() {
	if n.borrowed {
		n.data, n.borrowed = slices.Clone(n.data), false
	}
}
