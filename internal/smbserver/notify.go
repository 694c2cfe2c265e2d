package smbserver

import (
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// watch is what a client wants to know of an open directory. It begins with the first
// request and ends with the FID: what happens between requests is kept.
//
// src: [MS-CIFS] §3.3.5.59.4
type watch struct {
	filter  nt.NotifyFilter
	tree    bool
	limit   int // bytes of changes kept
	changes []nt.Change
	size    int  // of changes, bytes
	lost    bool // there were more changes than fit
}

// changeSize bounds the bytes that a change takes in a reply.
//
// src: [MS-CIFS] §2.2.7.4.2 (12 bytes, the name in UTF-16, padding)
func changeSize(name string) int { return 12 + 2*len(name) + 3 }

// maxWatch bounds the changes that are kept for one directory, in bytes.
//
// src: assumed (what fits into one reply of NT's buffers)
const maxWatch = 4096

// ntTransact handles the one subcommand there is. A request that comes in parts is
// refused.
//
// src: [MS-CIFS] §3.3.5.59
func (c *core) ntTransact(x *exchange, t *smbwire.NTTransactRequest) (smbwire.Body, nt.Status) {
	var r smbwire.NotifyChangeRequest
	switch {
	case int(t.TotalParams) > len(t.Params) || int(t.TotalData) > len(t.Data) || t.Function != smbwire.NTTransactNotifyChange:
		return nil, nt.StatusNotSupported
	case r.Decode(t) != nil:
		return nil, nt.StatusInvalidParameter
	}
	return c.notifyChange(x, &r)
}

// notifyChange answers with the changes there are, or waits for one.
//
// src: [MS-CIFS] §3.3.5.59.4
func (c *core) notifyChange(x *exchange, r *smbwire.NotifyChangeRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case !o.f.dir || r.Filter == 0:
		return nil, nt.StatusInvalidParameter
	}
	if o.watch == nil {
		o.watch = &watch{limit: min(int(min(r.MaxParams, maxWatch)), x.cir.room(notifyOverhead))}
		c.watchers = append(c.watchers, o)
	}
	w := o.watch
	w.filter, w.tree = r.Filter, r.WatchTree
	switch {
	case w.lost:
		w.lost = false
		return &smbwire.NTTransactResponse{}, nt.StatusNotifyEnumDir
	case len(w.changes) == 0:
		x.watching = o
		return nil, nt.StatusPending
	}
	params := smbwire.EncodeChanges(w.changes)
	w.changes, w.size = nil, 0
	return &smbwire.NTTransactResponse{TotalParams: uint32(len(params)), Params: params}, nt.StatusSuccess
}

// notifyOverhead is what a reply needs beside the changes: header, words, byte count
// and padding.
//
// src: [MS-CIFS] §2.2.4.62.2
const notifyOverhead = smbwire.HeaderSize + 1 + 36 + 2 + 3

// tell notes a change of a path for those who watch its directory.
func (c *core) tell(sh *share, path string, action nt.NotifyAction, kind nt.NotifyFilter) {
	for _, o := range c.watchers {
		if o.f.share != sh || o.watch.filter&kind == 0 {
			continue
		}
		if name, ok := below(o.f.path, path, o.watch.tree); ok {
			o.watch.add(nt.Change{Action: action, Name: name})
		}
	}
}

// tellIf notes that attributes or times of path were changed, if they were.
func (c *core) tellIf(err error, sh *share, path string) {
	if err == nil {
		c.tell(sh, path, nt.NotifyModified, nt.NotifyAttributes|nt.NotifyLastWrite|nt.NotifyCreation|nt.NotifyLastAccess)
	}
}

// nameKind is what a name that comes or goes is called in a filter.
func nameKind(dir bool) nt.NotifyFilter {
	if dir {
		return nt.NotifyDirName
	}
	return nt.NotifyFileName
}

// below gives the name of path relative to dir, if it is in dir or, with deep, below.
func below(dir, path string, deep bool) (string, bool) {
	path = strings.Trim(path, `\`)
	if dir != "" {
		if len(path) <= len(dir) || path[len(dir)] != '\\' || volume.Fold(path[:len(dir)]) != volume.Fold(dir) {
			return "", false
		}
		path = path[len(dir)+1:]
	}
	return path, path != "" && (deep || !strings.Contains(path, `\`))
}

// add keeps a change; one that says nothing new is dropped.
func (w *watch) add(ch nt.Change) {
	n := len(w.changes)
	switch {
	case w.lost || n > 0 && w.changes[n-1] == ch && ch.Action == nt.NotifyModified:
	case w.size+changeSize(ch.Name) > w.limit:
		w.changes, w.size, w.lost = nil, 0, true
	default:
		w.changes, w.size = append(w.changes, ch), w.size+changeSize(ch.Name)
	}
}

// answerWatchers resumes those who wait for changes that are there now. It is done at
// the end of a step, so that what one request changes is told in one reply.
func (c *core) answerWatchers() {
	if len(c.watchers) == 0 {
		return
	}
	for _, x := range slices.Clone(c.parked) {
		if o := x.watching; o != nil && (o.watch.lost || len(o.watch.changes) > 0) {
			c.makeReady(x)
		}
	}
}

// unwatch ends the watch of a FID.
func (c *core) unwatch(o *openFile) {
	c.watchers = slices.DeleteFunc(c.watchers, func(other *openFile) bool { return other == o })
}
