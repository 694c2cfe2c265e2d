package smb1client

import (
	"maps"
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

const (
	// maxEarlyBreaks bounds the breaks kept for files whose create is outstanding.
	//
	// src: assumed (as many as creates can be outstanding)
	maxEarlyBreaks = 256

	// maxPendingBreaks bounds the breaks of one file that wait for its handler; an
	// oplock can be broken to level II and then to none.
	//
	// src: assumed (twice what a correct server sends)
	maxPendingBreaks = 4
)

// openFile is a FID that the server gave out.
type openFile struct {
	fid     smbwire.FID
	tree    *Tree
	oplock  nt.OplockLevel
	known   bool // Create has returned the handle to its caller
	working bool // a task is running the file's breaks
	pending []nt.OplockLevel
}

type earlyBreak struct {
	fid   smbwire.FID
	level nt.OplockLevel
}

// fileTable knows the open FIDs of a circuit and the breaks on their way to a
// handler. It is changed by the receive task in the order of the messages, so that a
// break directly behind the reply that made its FID known finds it.
type fileTable struct {
	open     map[smbwire.FID]*openFile
	closing  []smbwire.FID // closed here, and the server has not said so of theirs yet
	creating int           // creates outstanding
	early    []earlyBreak  // arrived while creating > 0, of FIDs not yet known
}

func newFileTable() fileTable { return fileTable{open: map[smbwire.FID]*openFile{}} }

// opened registers f, with the breaks that overtook its create's reply.
func (t *fileTable) opened(f *openFile) {
	rest := t.early[:0]
	for _, b := range t.early {
		if b.fid == f.fid {
			f.add(b.level)
		} else {
			rest = append(rest, b)
		}
	}
	t.early = rest
	t.open[f.fid] = f
}

// createEnded: one create fewer is outstanding.
func (t *fileTable) createEnded() {
	t.creating--
	if t.creating == 0 {
		t.early = nil
	}
}

// handled marks fid as known to the caller of Create; its breaks may be run now. It
// returns the file if there are any.
func (t *fileTable) handled(fid smbwire.FID) *openFile {
	f := t.open[fid]
	if f == nil {
		return nil
	}
	f.known = true
	return f.start()
}

// broken notes a break. It returns the file if its breaks need a task to run them,
// and false if the break is for no file.
func (t *fileTable) broken(fid smbwire.FID, level nt.OplockLevel) (*openFile, bool) {
	f := t.open[fid]
	if f == nil {
		if t.creating == 0 || len(t.early) == maxEarlyBreaks {
			return nil, false
		}
		t.early = append(t.early, earlyBreak{fid, level})
		return nil, true
	}
	f.add(level)
	return f.start(), true
}

// holds reports whether the client has an oplock on fid that can be broken, as far as
// the server knows.
func (t *fileTable) holds(fid smbwire.FID) bool {
	f := t.open[fid]
	return f != nil && f.oplock != nt.OplockNone || slices.Contains(t.closing, fid)
}

func (f *openFile) add(level nt.OplockLevel) {
	f.oplock = level
	if len(f.pending) < maxPendingBreaks {
		f.pending = append(f.pending, level)
	}
}

// start returns f if a task is to be started for it.
func (f *openFile) start() *openFile {
	if !f.known || f.working || len(f.pending) == 0 {
		return nil
	}
	f.working = true
	return f
}

// next takes the oldest break of f, unless f has been closed. Without one the
// file's task ends.
func (t *fileTable) next(f *openFile) (nt.OplockLevel, bool) {
	if t.open[f.fid] != f || len(f.pending) == 0 {
		f.working = false
		return 0, false
	}
	level := f.pending[0]
	f.pending = f.pending[1:]
	return level, true
}

// closed forgets fid: what the server still says of it is void.
func (t *fileTable) closed(fid smbwire.FID) {
	delete(t.open, fid)
	t.closing = append(t.closing, fid)
}

// closeEnded: the server has answered a CLOSE of fid, or never will.
func (t *fileTable) closeEnded(fid smbwire.FID) {
	i := slices.Index(t.closing, fid)
	t.closing = slices.Delete(t.closing, i, i+1)
}

// closedAll forgets the files of tree.
func (t *fileTable) closedAll(tree *Tree) {
	maps.DeleteFunc(t.open, func(_ smbwire.FID, f *openFile) bool { return f.tree == tree })
}
