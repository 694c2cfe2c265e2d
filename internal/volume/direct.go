package volume

import (
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// ReadFile returns the contents of a file.
func (m *Mem) ReadFile(path string) ([]byte, error) {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	if st == nt.StatusSuccess && n.isDir() {
		st = nt.StatusFileIsADirectory
	}
	if st != nt.StatusSuccess {
		return nil, fail("read", path, st)
	}
	return n.contents(), nil
}

// contents copies the file, zeros beyond the valid data length included.
func (n *node) contents() []byte {
	b := make([]byte, n.size)
	copy(b, n.data)
	return b
}

// WriteFile makes data the contents of a file, which it creates if need be.
func (m *Mem) WriteFile(path string, data []byte) error {
	m.enter()
	defer m.leave()
	n, st := m.find(path)
	switch {
	case st == nt.StatusObjectNameNotFound:
		n, st = m.add(path, nt.AttrArchive)
	case st == nt.StatusSuccess && n.isDir():
		st = nt.StatusFileIsADirectory
	}
	if st == nt.StatusSuccess {
		st = m.resize(n, int64(len(data)))
	}
	if st != nt.StatusSuccess {
		return fail("write", path, st)
	}
	n.data, n.borrowed = slices.Clone(data), false
	n.touch(m.now())
	return nil
}

// MkdirAll makes a directory and those above it that are missing.
func (m *Mem) MkdirAll(path string) error {
	list, st := names(path)
	if st != nt.StatusSuccess {
		return fail("mkdir", path, st)
	}
	for i := range list {
		dir := strings.Join(list[:i+1], `\`)
		switch info, err := m.Stat(dir); {
		case err == nil && !info.IsDir():
			return fail("mkdir", dir, nt.StatusObjectNameCollision)
		case err != nil:
			if err := m.Mkdir(dir, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// Snapshot returns the contents of every file by its path, and nil by the path of
// every directory, which ends in a backslash.
func (m *Mem) Snapshot() map[string][]byte {
	m.enter()
	defer m.leave()
	all := map[string][]byte{}
	m.snapshot(m.root, "", all)
	return all
}

func (m *Mem) snapshot(dir *node, prefix string, all map[string][]byte) {
	for _, key := range dir.sorted() {
		child := m.current(dir.children[key])
		if child.isDir() {
			all[prefix+child.name+`\`] = nil
			m.snapshot(child, prefix+child.name+`\`, all)
			continue
		}
		all[prefix+child.name] = child.contents()
	}
}
