package smbserver

import (
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// wanted reports whether a search for these attributes finds a file: hidden files,
// system files and directories only if asked for.
//
// src: [MS-CIFS] §2.2.1.2.4
func wanted(search, file nt.FileAttributes) bool {
	const special = nt.AttrHidden | nt.AttrSystem | nt.AttrDirectory
	return file&special&^search == 0
}

// admitPath is admit for a path: nobody may have it open who would mind.
func (c *core) admitPath(x *exchange, path string, access nt.AccessMask) (*fcb, nt.Status) {
	f := c.openedFile(x, volume.Fold(path), access, shareAll)
	if f == nil {
		return nil, nt.StatusSuccess
	}
	return f, c.admit(x, f, access, shareAll, access&writeRights != 0)
}

// deleteFiles deletes one file, or all that match.
//
// src: [MS-CIFS] §3.3.5.9
func (c *core) deleteFiles(x *exchange, r *smbwire.DeleteRequest) (smbwire.Body, nt.Status) {
	dir, name := volume.Split(r.FileName)
	if volume.HasWildcard(name) {
		return reply(&smbwire.DeleteResponse{}, c.deleteMatching(x, dir, name, r.SearchAttributes))
	}
	info, err := x.tree.share.vol.Stat(r.FileName)
	switch {
	case err != nil:
		return nil, statusOf(err)
	case info.IsDir():
		return nil, nt.StatusFileIsADirectory
	case !wanted(r.SearchAttributes, info.Attributes):
		return nil, nt.StatusNoSuchFile
	}
	return reply(&smbwire.DeleteResponse{}, c.deletePath(x, r.FileName, false))
}

// deletePage is how many entries are looked at in one go.
//
// src: assumed (any number bounds the memory)
const deletePage = 256

// deleteMatching stops at the first file that cannot be deleted. A name is passed
// over once it has been dealt with, so a command that is tried again goes on where
// it stood.
func (c *core) deleteMatching(x *exchange, dir, pattern string, attrs nt.FileAttributes) nt.Status {
	after := ""
	for {
		page, err := x.tree.share.vol.List(dir, pattern, after, deletePage)
		if err != nil {
			return statusOf(err)
		}
		for _, info := range page {
			after = info.Name
			if info.IsDir() || !wanted(attrs, info.Attributes) {
				continue
			}
			if st := c.deletePath(x, volume.Join(dir, info.Name), false); st != nt.StatusSuccess {
				return st
			}
			x.done++
		}
		switch {
		case len(page) == deletePage:
		case x.done == 0:
			return nt.StatusNoSuchFile
		default:
			return nt.StatusSuccess
		}
	}
}

// deletePath deletes a file or a directory now, or when those who have it open and allow
// its deletion have closed it.
func (c *core) deletePath(x *exchange, path string, dir bool) nt.Status {
	f, st := c.admitPath(x, path, nt.Delete)
	switch {
	case st != nt.StatusSuccess:
		return st
	case f == nil:
		return c.remove(x, path, dir)
	}
	return c.markDeleted(f)
}

func (c *core) remove(x *exchange, path string, dir bool) nt.Status {
	sh := x.tree.share
	err := sh.vol.Remove(path)
	if err == nil {
		c.tell(sh, path, nt.NotifyRemoved, nameKind(dir))
		c.did(x.cir, sh, Changed{Kind: ChangeRemoved, Path: path})
	}
	return statusOf(err)
}

// markDeleted has a file deleted with its last close, if the volume would.
func (c *core) markDeleted(f *fcb) nt.Status {
	vol := f.share.vol
	info, err := f.file.Stat()
	switch {
	case err != nil:
		return statusOf(err)
	case f.key == "":
		return nt.StatusAccessDenied
	case info.Attributes&nt.AttrReadOnly != 0:
		return nt.StatusCannotDelete
	}
	if f.dir {
		if list, err := vol.List(f.path, "*", "", 1); err != nil {
			return statusOf(err)
		} else if len(list) > 0 {
			return nt.StatusDirectoryNotEmpty
		}
	}
	f.deletePending = true
	return nt.StatusSuccess
}

// rename renames one file or directory; wildcards are not expanded.
//
// src: [MS-CIFS] §3.3.5.10
func (c *core) rename(x *exchange, r *smbwire.RenameRequest) (smbwire.Body, nt.Status) {
	from, to := r.OldFileName, r.NewFileName
	if volume.HasWildcard(from) || volume.HasWildcard(to) {
		return nil, nt.StatusObjectNameInvalid
	}
	info, err := x.tree.share.vol.Stat(from)
	switch {
	case err != nil:
		return nil, statusOf(err)
	case !wanted(r.SearchAttributes|nt.AttrDirectory, info.Attributes):
		return nil, nt.StatusNoSuchFile
	}
	return reply(&smbwire.RenameResponse{}, c.renamePath(x, from, to))
}

// renamePath moves a path, which nobody may have open who would mind, nor anything
// below it.
func (c *core) renamePath(x *exchange, from, to string) nt.Status {
	f, st := c.admitPath(x, from, nt.Delete)
	if st != nt.StatusSuccess {
		return st
	}
	sh, below := x.tree.share, volume.Fold(from)+`\`
	c.closeCachedAll(x.cir, func(o *openFile) bool {
		return o.f.share == sh && strings.HasPrefix(o.f.key, below)
	})
	for key := range sh.files { // map order: only whether there is one matters
		if strings.HasPrefix(key, below) {
			return nt.StatusAccessDenied
		}
	}
	if err := sh.vol.Rename(from, to); err != nil {
		return statusOf(err)
	}
	c.did(x.cir, sh, Changed{Kind: ChangeRenamed, Path: from, To: to})
	if info, err := sh.vol.Stat(to); err == nil {
		c.tell(sh, from, nt.NotifyOldName, nameKind(info.IsDir()))
		c.tell(sh, to, nt.NotifyNewName, nameKind(info.IsDir()))
	}
	if f != nil {
		delete(sh.files, f.key)
		f.path, f.key = strings.Trim(to, `\`), volume.Fold(to)
		sh.files[f.key] = f
	}
	return nt.StatusSuccess
}

func (c *core) mkdir(x *exchange, path string) nt.Status {
	st := statusOf(x.tree.share.vol.Mkdir(path, 0))
	if st == nt.StatusSuccess {
		c.tell(x.tree.share, path, nt.NotifyAdded, nt.NotifyDirName)
	}
	return st
}

func (c *core) rmdir(x *exchange, path string) nt.Status {
	info, err := x.tree.share.vol.Stat(path)
	switch {
	case err != nil:
		return statusOf(err)
	case !info.IsDir():
		return nt.StatusNotADirectory
	}
	return c.deletePath(x, path, true)
}

// checkDirectory says of anything missing that the path is.
//
// src: [MS-CIFS] §2.2.4.17.2
func (c *core) checkDirectory(x *exchange, path string) nt.Status {
	info, err := x.tree.share.vol.Stat(path)
	switch st := statusOf(err); {
	case st == nt.StatusObjectNameNotFound:
		return nt.StatusObjectPathNotFound
	case st != nt.StatusSuccess:
		return st
	case !info.IsDir():
		return nt.StatusNotADirectory
	}
	return nt.StatusSuccess
}

func (c *core) queryInformation(x *exchange, r *smbwire.QueryInformationRequest) (smbwire.Body, nt.Status) {
	info, err := x.tree.share.vol.Stat(r.FileName)
	return reply(&smbwire.QueryInformationResponse{
		FileAttributes: info.Attributes & dosAttributes, FileSize: size32(info.Size),
		LastWriteTime: smbwire.UTimeOf(info.Written.Time()),
	}, statusOf(err))
}

func (c *core) setInformation(x *exchange, r *smbwire.SetInformationRequest) (smbwire.Body, nt.Status) {
	attrs := r.FileAttributes & dosAttributes
	if attrs == 0 {
		attrs = nt.AttrNormal
	}
	err := x.tree.share.vol.Change(r.FileName, volume.Change{
		Written: stamp(r.LastWriteTime.Time()), Attributes: attrs,
	})
	c.tellIf(err, x.tree.share, r.FileName)
	return reply(&smbwire.SetInformationResponse{}, statusOf(err))
}

func (c *core) queryInformation2(x *exchange, r *smbwire.QueryInformation2Request) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	info, err := o.f.file.Stat()
	return reply(&smbwire.QueryInformation2Response{
		Created:  smbwire.DOSDateTimeOf(info.Created.Time()),
		Accessed: smbwire.DOSDateTimeOf(info.Accessed.Time()),
		Written:  smbwire.DOSDateTimeOf(info.Written.Time()),
		DataSize: size32(info.Size), AllocationSize: size32(info.Allocation),
		FileAttributes: info.Attributes & dosAttributes,
	}, statusOf(err))
}

func (c *core) setInformation2(x *exchange, r *smbwire.SetInformation2Request) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	err := x.tree.share.vol.Change(o.f.path, volume.Change{
		Created: stamp(r.Created.Time()), Accessed: stamp(r.Accessed.Time()), Written: stamp(r.Written.Time()),
	})
	c.tellIf(err, x.tree.share, o.f.path)
	return reply(&smbwire.SetInformation2Response{}, statusOf(err))
}

// Units of QUERY_INFORMATION_DISK and of the information levels.
//
// src: assumed (sectors of 512 bytes, clusters of 32 KB so that 16 bits count a 2 GB disk)
const (
	sectorSize    = 512
	sectorsInUnit = 64
	unitSize      = sectorSize * sectorsInUnit
)

func (c *core) queryDisk(x *exchange) (smbwire.Body, nt.Status) {
	total, free := x.tree.share.vol.Space()
	units := func(n int64) uint16 { return uint16(min(n/unitSize, 0xFFFF)) }
	return &smbwire.QueryInformationDiskResponse{
		TotalUnits: units(total), FreeUnits: units(free), BlocksPerUnit: sectorsInUnit, BlockSize: sectorSize,
	}, nt.StatusSuccess
}
