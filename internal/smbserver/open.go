package smbserver

import (
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// openArgs is any open, whatever command it came by.
type openArgs struct {
	nt.CreateParams

	path   string
	hidden bool // hidden and system files may be opened
	nt     bool // NT_CREATE_ANDX
}

// opened is the outcome.
type opened struct {
	o      *openFile
	action nt.CreateAction
	info   nt.FileInfo
}

// openFile opens or creates. It changes nothing before it has been admitted, so it
// can be tried again from the start.
//
// src: [MS-CIFS] §3.3.5.51
func (c *core) openFile(x *exchange, a openArgs) (opened, nt.Status) {
	if x.cir.files.len() >= c.cfg.Limits.MaxOpenFiles {
		return opened{}, nt.StatusTooManyOpenedFiles
	}
	a.Access = specific(a.Access)
	if a.Options&nt.DeleteOnClose != 0 && !a.Access.CanDelete() {
		return opened{}, nt.StatusInvalidParameter
	}
	vol := x.tree.share.vol
	switch found, err := vol.Find(a.path); {
	case err == nil:
		return c.openExisting(x, a, found)
	case statusOf(err) != nt.StatusObjectNameNotFound:
		return opened{}, statusOf(err)
	case a.Disposition == nt.FileOpen || a.Disposition == nt.FileOverwrite:
		return opened{}, nt.StatusObjectNameNotFound
	}
	return c.openNew(x, a)
}

// readOnlyAndGone reports whether an open wants a file to be read-only and to be deleted
// with its close, which cannot be both.
//
// src: [MS-FSA] §2.1.5.1.1; that it holds for a file that is cut too is assumed
func (a openArgs) readOnlyAndGone() bool {
	return a.Attributes&nt.AttrReadOnly != 0 && a.Options&nt.DeleteOnClose != 0
}

// openNew creates a file or directory.
func (c *core) openNew(x *exchange, a openArgs) (opened, nt.Status) {
	if a.readOnlyAndGone() {
		return opened{}, nt.StatusCannotDelete
	}
	key := volume.Fold(a.path)
	dir, _ := volume.Split(key)
	if parent := x.tree.share.files[dir]; parent != nil && parent.deletePending {
		return opened{}, nt.StatusDeletePending
	}
	f := c.slabs.fcbs.Next()
	f.share, f.key, f.path = x.tree.share, key, strings.Trim(a.path, `\`)
	var err error
	vol := x.tree.share.vol
	if a.Options&nt.DirectoryFile == 0 {
		f.file, err = vol.Create(a.path, a.Attributes)
	} else if err = vol.Mkdir(a.path, a.Attributes); err == nil {
		f.dir = true
		f.file, err = vol.Open(a.path)
	}
	if err != nil {
		return opened{}, statusOf(err)
	}
	c.tell(x.tree.share, a.path, nt.NotifyAdded, nameKind(f.dir))
	if !f.dir {
		c.did(x.cir, x.tree.share, Changed{Kind: ChangeCreated, Path: f.path})
	}
	return c.finishOpen(x, f, a, nt.FileCreated)
}

// openExisting opens what is there, and may cut it.
func (c *core) openExisting(x *exchange, a openArgs, found volume.Found) (opened, nt.Status) {
	action, cuts, st := existing(a, found.Info)
	if st != nt.StatusSuccess {
		return opened{}, st
	}
	sh, key := x.tree.share, volume.Fold(a.path)
	need := a.Access
	if cuts {
		need |= nt.FileWriteData
	}
	f := c.openedFile(x, key, need, a.Share)
	if f != nil {
		if st := c.admit(x, f, need, a.Share, cuts); st != nt.StatusSuccess {
			return opened{}, st
		}
	} else {
		file, err := found.Open()
		if err != nil {
			return opened{}, statusOf(err)
		}
		f = c.slabs.fcbs.Next()
		f.share, f.key, f.path = sh, key, volume.Respell(a.path, found.Info.Name)
		f.file, f.dir = file, found.Info.IsDir()
	}
	if cuts {
		if st := c.overwrite(f, a); st != nt.StatusSuccess {
			return opened{}, c.release(f, st)
		}
		c.did(x.cir, sh, Changed{Kind: ChangeSized, Path: f.path})
	}
	return c.finishOpen(x, f, a, action)
}

// release closes a file that an open has not come to use.
func (c *core) release(f *fcb, st nt.Status) nt.Status {
	if len(f.opens) == 0 {
		if err := f.file.Close(); err != nil && st == nt.StatusSuccess {
			return statusOf(err)
		}
	}
	return st
}

// existing decides what an open does to a file that exists.
//
// src: [MS-FSA] §2.1.5.1.2
func existing(a openArgs, info nt.FileInfo) (action nt.CreateAction, cuts bool, st nt.Status) {
	cuts = a.Disposition == nt.FileSupersede || a.Disposition == nt.FileOverwrite || a.Disposition == nt.FileOverwriteIf
	readOnly := info.Attributes&nt.AttrReadOnly != 0 && !info.IsDir()
	switch {
	case a.Disposition > nt.FileOverwriteIf:
		return 0, false, nt.StatusInvalidParameter
	case a.Disposition == nt.FileCreate:
		return 0, false, nt.StatusObjectNameCollision
	case info.IsDir() && a.Options&nt.NonDirectoryFile != 0:
		return 0, false, nt.StatusFileIsADirectory
	case info.IsDir() && cuts:
		return 0, false, nt.StatusObjectNameCollision
	case !info.IsDir() && a.Options&nt.DirectoryFile != 0:
		return 0, false, nt.StatusNotADirectory
	case !a.hidden && info.Attributes&(nt.AttrHidden|nt.AttrSystem) != 0:
		return 0, false, nt.StatusAccessDenied
	case readOnly && a.Options&nt.DeleteOnClose != 0, cuts && a.readOnlyAndGone():
		return 0, false, nt.StatusCannotDelete
	case readOnly && (cuts || a.Access&writeRights != 0):
		return 0, false, nt.StatusAccessDenied
	case a.Disposition == nt.FileSupersede:
		return nt.FileSuperseded, true, nt.StatusSuccess
	case cuts:
		return nt.FileOverwritten, true, nt.StatusSuccess
	}
	return nt.FileOpened, false, nt.StatusSuccess
}

// overwrite empties a file and replaces its attributes.
func (c *core) overwrite(f *fcb, a openArgs) nt.Status {
	c.breakLevelII(f, nil)
	if err := f.file.Truncate(0); err != nil {
		return statusOf(err)
	}
	c.tell(f.share, f.path, nt.NotifyModified, nt.NotifySize|nt.NotifyLastWrite|nt.NotifyAttributes)
	attrs := volume.Change{Attributes: a.Attributes | nt.AttrArchive}
	return statusOf(f.share.vol.Change(f.path, attrs))
}

// finishOpen makes the FID.
func (c *core) finishOpen(x *exchange, f *fcb, a openArgs, action nt.CreateAction) (opened, nt.Status) {
	info, err := f.file.Stat()
	if err != nil {
		return opened{}, c.release(f, statusOf(err))
	}
	o := c.slabs.opens.Next()
	*o = openFile{
		pid: x.req.Header.PID, cir: x.cir, tree: x.tree, uid: x.uid, access: a.Access, share: a.Share, nt: a.nt,
		writeThrough:  a.Options&nt.WriteThrough != 0,
		deleteOnClose: a.Options&nt.DeleteOnClose != 0,
	}
	c.attach(f, o)
	c.grant(o, a.Oplock)
	x.made = o
	return opened{o: o, action: action, info: info}, nt.StatusSuccess
}

func (c *core) ntCreate(x *exchange, r *smbwire.NTCreateAndXRequest) (smbwire.Body, nt.Status) {
	path, st := x.relative(r.RootDirectoryFID, r.FileName)
	if st != nt.StatusSuccess {
		return nil, st
	}
	if r.Flags&smbwire.CreateTargetDirectory != 0 {
		return nil, nt.StatusNotSupported
	}
	out, st := c.openFile(x, openArgs{
		CreateParams: nt.CreateParams{
			Access: r.DesiredAccess, Share: r.ShareAccess & shareAll, Disposition: r.Disposition,
			Options: r.Options, Attributes: r.Attributes, Oplock: r.Flags.Oplock(),
		},
		path: path, hidden: true, nt: true,
	})
	if st != nt.StatusSuccess {
		return nil, st
	}
	reply := c.slabs.creates.Next()
	*reply = smbwire.NTCreateAndXResponse{
		Oplock: out.o.level, FID: out.o.fid, Action: out.action,
		Created: out.info.Created, Accessed: out.info.Accessed,
		Written: out.info.Written, Changed: out.info.Changed,
		Attributes: out.info.Attributes, AllocationSize: out.info.Allocation, EndOfFile: out.info.Size,
		Directory: out.o.f.dir,
	}
	return reply, nt.StatusSuccess
}

// relative resolves a path against an open directory.
func (x *exchange) relative(root uint32, path string) (string, nt.Status) {
	if root == 0 {
		return path, nt.StatusSuccess
	}
	o := x.cir.files.get(smbwire.FID(root))
	if o == nil || o.tree != x.tree || !o.f.dir {
		return "", nt.StatusInvalidHandle
	}
	return volume.Join(o.f.path, path), nt.StatusSuccess
}

// dosAccess translates the access modes of DOS. Compatibility mode is taken as
// deny-none for reading, with EnableSoftCompat, and as deny-all otherwise.
//
// src: [MS-CIFS] §2.2.4.3.1; KB Q102630 (EnableSoftCompat)
func (c *core) dosAccess(m smbwire.AccessMode) (nt.AccessMask, nt.ShareAccess, nt.Status) {
	access, ok := map[smbwire.AccessMode]nt.AccessMask{
		smbwire.AccessRead:      nt.GenericRead,
		smbwire.AccessWrite:     nt.GenericWrite | nt.FileReadAttributes,
		smbwire.AccessReadWrite: nt.GenericRead | nt.GenericWrite,
		smbwire.AccessExecute:   nt.GenericRead | nt.GenericExecute,
	}[m&smbwire.AccessMask]
	share, known := map[smbwire.AccessMode]nt.ShareAccess{
		smbwire.ShareCompatibility: nt.ShareNone,
		smbwire.ShareDenyAll:       nt.ShareNone,
		smbwire.ShareDenyWrite:     nt.ShareRead,
		smbwire.ShareDenyRead:      nt.ShareWrite,
		smbwire.ShareDenyNone:      nt.ShareRead | nt.ShareWrite,
	}[m&smbwire.ShareMask]
	if !ok || !known {
		return 0, 0, nt.StatusInvalidParameter
	}
	if c.cfg.EnableSoftCompat && m&smbwire.ShareMask == smbwire.ShareCompatibility && !specific(access).CanWrite() {
		share = nt.ShareRead | nt.ShareWrite
	}
	return access, share, nt.StatusSuccess
}

// dosOpen is the part that OPEN_ANDX, OPEN and CREATE share.
func (c *core) dosOpen(x *exchange, path string, m smbwire.AccessMode, d nt.Disposition, set func(*openArgs)) (opened, nt.Status) {
	access, share, st := c.dosAccess(m)
	if st != nt.StatusSuccess {
		return opened{}, st
	}
	a := openArgs{path: path, hidden: true, CreateParams: nt.CreateParams{
		Access: access, Share: share, Disposition: d, Options: nt.NonDirectoryFile,
	}}
	if m&smbwire.AccessWriteThrough != 0 {
		a.Options |= nt.WriteThrough
	}
	set(&a)
	return c.openFile(x, a)
}

// dosDisposition translates OpenMode.
//
// src: [MS-CIFS] §2.2.4.41.1
func dosDisposition(m smbwire.OpenMode) (nt.Disposition, nt.Status) {
	d, ok := map[smbwire.OpenMode]nt.Disposition{
		smbwire.OpenModeFailIfExists | smbwire.OpenModeCreate: nt.FileCreate,
		smbwire.OpenModeOpen:                              nt.FileOpen,
		smbwire.OpenModeOpen | smbwire.OpenModeCreate:     nt.FileOpenIf,
		smbwire.OpenModeTruncate:                          nt.FileOverwrite,
		smbwire.OpenModeTruncate | smbwire.OpenModeCreate: nt.FileOverwriteIf,
	}[m]
	if !ok {
		return 0, nt.StatusInvalidParameter
	}
	return d, nt.StatusSuccess
}

func (c *core) openAndX(x *exchange, r *smbwire.OpenAndXRequest) (smbwire.Body, nt.Status) {
	d, st := dosDisposition(r.OpenMode)
	if st != nt.StatusSuccess {
		return nil, st
	}
	out, st := c.dosOpen(x, r.FileName, r.AccessMode, d, func(a *openArgs) {
		a.Attributes = r.FileAttributes
		a.Oplock = dosOplock(r.Flags&smbwire.OpenWantOplock != 0, r.Flags&smbwire.OpenWantBatch != 0)
	})
	if st != nt.StatusSuccess {
		return nil, st
	}
	body := &smbwire.OpenAndXResponse{
		FID: out.o.fid, FileAttributes: out.info.Attributes & dosAttributes, DataSize: size32(out.info.Size),
		LastWriteTime: smbwire.UTimeOf(out.info.Written.Time()),
		AccessRights:  uint16(r.AccessMode & smbwire.AccessMask), OpenResults: openResult(out.action),
	}
	if out.o.level != nt.OplockNone {
		body.OpenResults |= smbwire.OpenOplockGranted
	}
	return body, nt.StatusSuccess
}

func dosOplock(exclusive, batch bool) nt.OplockLevel {
	switch {
	case batch:
		return nt.OplockBatch
	case exclusive:
		return nt.OplockExclusive
	}
	return nt.OplockNone
}

// openResult says what an OPEN_ANDX did: opened, created, truncated.
//
// src: [MS-CIFS] §2.2.4.41.2
func openResult(a nt.CreateAction) uint16 {
	switch a {
	case nt.FileOpened:
		return 1
	case nt.FileCreated:
		return 2
	default:
		return 3
	}
}

// dosAttributes are the attributes that 16-bit fields carry.
//
// src: [MS-CIFS] §2.2.1.2.4
const dosAttributes = nt.AttrReadOnly | nt.AttrHidden | nt.AttrSystem | nt.AttrDirectory | nt.AttrArchive

// size32 is a size in a field that cannot hold it all.
func size32(n int64) uint32 { return uint32(min(n, 0xFFFFFFFF)) }

// openCore never grants an oplock: it would be in the flags of the reply's header,
// where nobody who speaks NT LM 0.12 looks for it.
func (c *core) openCore(x *exchange, r *smbwire.OpenRequest) (smbwire.Body, nt.Status) {
	out, st := c.dosOpen(x, r.FileName, r.AccessMode, nt.FileOpen, func(a *openArgs) {
		a.hidden = r.SearchAttributes&(nt.AttrHidden|nt.AttrSystem) != 0
	})
	if st != nt.StatusSuccess {
		return nil, st
	}
	return &smbwire.OpenResponse{
		FID: out.o.fid, FileAttributes: out.info.Attributes & dosAttributes, FileSize: size32(out.info.Size),
		LastModified: smbwire.UTimeOf(out.info.Written.Time()), AccessMode: r.AccessMode,
	}, nt.StatusSuccess
}

func (c *core) createCore(x *exchange, r *smbwire.CreateRequest) (smbwire.Body, nt.Status) {
	out, st := c.dosCreate(x, r.FileName, r.FileAttributes, r.CreationTime, nt.FileOverwriteIf)
	if st != nt.StatusSuccess {
		return nil, st
	}
	return &smbwire.CreateResponse{FID: out.o.fid}, nt.StatusSuccess
}

func (c *core) createNew(x *exchange, r *smbwire.CreateNewRequest) (smbwire.Body, nt.Status) {
	out, st := c.dosCreate(x, r.FileName, r.FileAttributes, r.CreationTime, nt.FileCreate)
	if st != nt.StatusSuccess {
		return nil, st
	}
	return &smbwire.CreateNewResponse{FID: out.o.fid}, nt.StatusSuccess
}

func (c *core) dosCreate(x *exchange, path string, attrs nt.FileAttributes, at smbwire.UTime, d nt.Disposition) (opened, nt.Status) {
	const mode = smbwire.AccessReadWrite | smbwire.ShareCompatibility
	out, st := c.dosOpen(x, path, mode, d, func(a *openArgs) { a.Attributes = attrs })
	if t := stamp(at.Time()); st == nt.StatusSuccess && t != 0 {
		st = statusOf(x.tree.share.vol.Change(path, volume.Change{Created: t}))
	}
	return out, st
}

func stamp(t time.Time) nt.FileTime { return nt.FileTimeOf(t) }
