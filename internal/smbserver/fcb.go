package smbserver

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// fcb is a file or directory while anyone has it open.
type fcb struct {
	share         *share
	key           string // the folded path
	path          string // as it was first opened
	file          volume.File
	dir           bool
	deletePending bool
	opens         []*openFile  // in the order of opening, never empty
	first         [1]*openFile // the room of opens, for most
	locks         []byteLock   // in the order of locking

	breaking bool           // the holder was told to break and has not answered
	breakTo  nt.OplockLevel // while breaking
}

// openFile is a FID.
type openFile struct {
	fid           smbwire.FID
	pid           smbwire.PID
	cir           *circuit
	tree          *tree
	uid           smbwire.UID
	f             *fcb
	access        nt.AccessMask
	share         nt.ShareAccess
	level         nt.OplockLevel
	nt            bool // opened by NT_CREATE_ANDX: level II is possible
	wrote         bool
	writeThrough  bool
	deleteOnClose bool
	pos           int64     // for SEEK
	cached        bool      // the client has closed it: there is no FID
	behind        nt.Status // of a raw write that nobody has been told of
	refused       bool      // a lock was, last at refusedAt
	refusedAt     uint64
	watch         *watch // of a directory, nil before the first request
}

// Groups of access rights.
//
// src: [MS-CIFS] §2.2.4.64.1
const (
	readRights  = nt.FileReadData | nt.FileExecute
	writeRights = nt.FileWriteData | nt.FileAppendData
	dataRights  = readRights | writeRights | nt.Delete
	allRights   = dataRights | nt.FileReadEA | nt.FileWriteEA | nt.FileReadAttributes |
		nt.FileWriteAttributes | nt.ReadControl | nt.Synchronize
	shareAll = nt.ShareRead | nt.ShareWrite | nt.ShareDelete
)

// specific maps generic rights to those of files.
//
// src: [MS-CIFS] §2.2.4.64.1
func specific(a nt.AccessMask) nt.AccessMask {
	const common = nt.ReadControl | nt.Synchronize
	for _, row := range [...]struct{ generic, rights nt.AccessMask }{
		{nt.GenericRead, nt.FileReadData | nt.FileReadEA | nt.FileReadAttributes | common},
		{nt.GenericWrite, writeRights | nt.FileWriteEA | nt.FileWriteAttributes | common},
		{nt.GenericExecute, nt.FileExecute | nt.FileReadAttributes | common},
		{nt.GenericAll | nt.MaximumAllowed, allRights},
	} {
		if a&row.generic != 0 {
			a = a&^row.generic | row.rights
		}
	}
	return a
}

// statOnly reports whether an open touches no data: it takes no part in share modes
// and breaks no oplock.
//
// src: [MS-FSA] §2.1.5.1.2 (sharing), §2.1.5.1.2.1 (oplocks)
func statOnly(a nt.AccessMask) bool { return a&dataRights == 0 }

// excludes reports whether share denies access.
func excludes(share nt.ShareAccess, access nt.AccessMask) bool {
	return access&readRights != 0 && share&nt.ShareRead == 0 ||
		access&writeRights != 0 && share&nt.ShareWrite == 0 ||
		access&nt.Delete != 0 && share&nt.ShareDelete == 0
}

// shares reports whether one more open goes together with those there are, which it
// must allow and be allowed by.
//
// src: [MS-FSA] §2.1.5.1.2.2
func (f *fcb) shares(access nt.AccessMask, share nt.ShareAccess) bool {
	if statOnly(access) {
		return true
	}
	return !slices.ContainsFunc(f.opens, func(o *openFile) bool {
		return !statOnly(o.access) && (excludes(o.share, access) || excludes(share, o.access))
	})
}

// size is the present size in bytes, 0 if the volume cannot tell.
func (f *fcb) size() int64 {
	info, err := f.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size
}

// attach makes a FID for an open of f.
func (c *core) attach(f *fcb, o *openFile) {
	o.fid = assign(&o.cir.files, o)
	o.f = f
	if len(f.opens) == 0 {
		f.opens = f.first[:0]
		f.share.files[f.key] = f
	}
	f.opens = append(f.opens, o)
}

// close closes a FID: its locks and its oplock go with it, and with the last FID
// the file, which is then deleted if that was asked for.
func (c *core) close(o *openFile) nt.Status {
	o.cir.files.remove(o.fid)
	o.f.dropLocks(o)
	c.endWaits(o)
	c.unwatch(o)
	c.retryLocks(o.f)
	o.f.deletePending = o.f.deletePending || o.deleteOnClose
	c.report(o)
	return c.detach(o)
}

// detach ends an open that has no FID any more.
func (c *core) detach(o *openFile) nt.Status {
	f := o.f
	f.opens = slices.DeleteFunc(f.opens, func(other *openFile) bool { return other == o })
	if o.level >= nt.OplockExclusive && o.level <= nt.OplockBatch {
		o.level = nt.OplockNone
		c.settle(f)
	}
	if len(f.opens) > 0 {
		return nt.StatusSuccess
	}
	delete(f.share.files, f.key)
	st := statusOf(f.file.Close())
	if f.deletePending {
		if st = statusOf(f.share.vol.Remove(f.path)); st == nt.StatusSuccess {
			c.tell(f.share, f.path, nt.NotifyRemoved, nameKind(f.dir))
			c.did(o.cir, f.share, Changed{Kind: ChangeRemoved, Path: f.path})
		}
	}
	return st
}

// report tells of a FID that is being closed.
func (c *core) report(o *openFile) {
	size := o.f.size()
	c.emit(trace.Event{Kind: trace.FileClosed, Path: o.f.path, FID: uint16(o.fid), Off: size, Text: o.cir.client})
	c.did(o.cir, o.f.share, Changed{Kind: ChangeFIDClosed, Path: o.f.path})
	if c.cfg.OnClose != nil {
		c.cfg.OnClose(Closed{
			Client: o.cir.client, Share: o.f.share.name, Path: o.f.path, FID: uint16(o.fid), Size: size,
		})
	}
}

// closeAll closes the FIDs of a circuit that match, lowest first.
func (c *core) closeAll(cir *circuit, match func(*openFile) bool) {
	for _, o := range cir.files.all() {
		if match(o) {
			_ = c.close(o) // nobody is left to be told
		}
	}
	c.closeCachedAll(cir, match)
}

// file finds the FID of a request, unless a raw write before it has failed unnoticed:
// then that is told now. Commands that follow an open in a chain mean the
// file that it opened.
//
// src: [MS-CIFS] §2.2.3.4; §3.2.5.18 (the error of a raw write)
func (x *exchange) file(fid smbwire.FID) (*openFile, nt.Status) {
	o, st := x.handle(fid)
	if st == nt.StatusSuccess && o.behind != nt.StatusSuccess {
		st, o.behind = o.behind, nt.StatusSuccess
		return nil, st
	}
	return o, st
}

// handle is file for commands that must not fail because of an earlier one.
func (x *exchange) handle(fid smbwire.FID) (*openFile, nt.Status) {
	o := x.cir.files.get(fid)
	if x.made != nil {
		o = x.cir.files.get(x.made.fid)
	}
	if o == nil || o.tree != x.tree || o.uid != x.uid {
		return nil, nt.StatusInvalidHandle
	}
	return o, nt.StatusSuccess
}
