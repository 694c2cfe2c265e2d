package smbserver

import (
	"errors"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// transaction2 handles the subcommands. Requests that come in parts are refused:
// none that is handled here needs more than one message.
//
// src: [MS-CIFS] §3.3.5.58
func (c *core) transaction2(x *exchange, t *smbwire.Transaction2Request) (smbwire.Body, nt.Status) {
	if int(t.TotalParams) > len(t.Params) || int(t.TotalData) > len(t.Data) {
		return nil, nt.StatusNotSupported
	}
	fl := x.req.Header.Flags2
	out, st := c.subcommand(x, t, fl)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case len(out.Params) > int(t.MaxParams) || len(out.Data) > int(t.MaxData):
		return nil, nt.StatusBufferTooSmall
	}
	return out, nt.StatusSuccess
}

func (c *core) subcommand(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	switch t.Subcommand() {
	case smbwire.Trans2FindFirst2:
		return c.findFirst(x, t, fl)
	case smbwire.Trans2FindNext2:
		return c.findNext(x, t, fl)
	case smbwire.Trans2QueryFS:
		return c.queryFS(x, t, fl)
	case smbwire.Trans2QueryPath:
		return c.queryPath(x, t, fl)
	case smbwire.Trans2QueryFile:
		return c.queryFile(x, t, fl)
	case smbwire.Trans2SetPath:
		return c.setPath(x, t, fl)
	case smbwire.Trans2SetFile:
		return c.setFile(x, t, fl)
	case smbwire.Trans2GetDFSReferral:
		return nil, nt.StatusNotSupported
	}
	return nil, nt.StatusNotImplemented
}

// answerInfo makes the reply of a query, or of a set, which has no data.
func answerInfo(data []byte, hasEA bool, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var out smbwire.Transaction2Response
	r := smbwire.InformationResponse{HasEAErrorOffset: hasEA, Data: data}
	return &out, statusOf(r.Encode(&out, fl))
}

// What the volume is.
//
// src: [MS-FSCC] §2.5.1, §2.5.10
const (
	deviceDisk       = 0x07
	deviceIsRemote   = 0x10
	fsCasePreserved  = 0x02
	fsUnicodeOnDisk  = 0x04
	maxComponentName = 255
)

func (c *core) queryFS(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.QueryFSInformationRequest
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	total, free := x.tree.share.vol.Space()
	data, err := smbwire.EncodeFSInformation(r.Level, &smbwire.FSInformation{
		TotalUnits: total / unitSize, FreeUnits: free / unitSize, ActualFreeUnits: free / unitSize,
		SectorsPerUnit: sectorsInUnit, BytesPerSector: sectorSize,
		Label: x.tree.share.name, DeviceType: deviceDisk, Characteristics: deviceIsRemote,
		Attributes: fsCasePreserved | fsUnicodeOnDisk, MaxComponentLength: maxComponentName,
		FileSystemName: nativeFS,
	}, fl)
	if err != nil {
		return nil, statusOf(err)
	}
	return answerInfo(data, false, fl)
}

func (c *core) queryPath(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.QueryPathInformationRequest
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	info, err := x.tree.share.vol.Stat(r.FileName)
	if err != nil {
		return nil, statusOf(err)
	}
	f := x.tree.share.files[volume.Fold(r.FileName)]
	if f != nil && f.deletePending {
		return nil, nt.StatusDeletePending
	}
	return fileInfo(r.Level, info, `\`+volume.Respell(r.FileName, info.Name), false, fl)
}

func (c *core) queryFile(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.QueryFileInformationRequest
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	info, err := o.f.file.Stat()
	if err != nil {
		return nil, statusOf(err)
	}
	return fileInfo(r.Level, info, `\`+o.f.path, o.f.deletePending, fl)
}

// fileInfo encodes any level but the pass-through ones, which NT 3.51 did not know.
//
// src: [MS-SMB] §2.2.2.3.5 (CapPassThrough)
func fileInfo(level smbwire.InfoLevel, info nt.FileInfo, path string, pending bool, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	if level >= smbwire.PassBasic {
		return nil, nt.StatusInvalidInfoClass
	}
	shortName := info.Name
	if level == smbwire.QueryFileAltName && !isShort(shortName) {
		return nil, nt.StatusObjectNameNotFound
	}
	info.Name = path
	data, err := smbwire.EncodeFileInformation(level, &smbwire.FileInformation{
		FileInfo: info, Links: 1, DeletePending: pending, Directory: info.IsDir(), ShortName: shortName,
		Streams: streams(info),
	}, fl)
	if err != nil {
		return nil, statusOf(err)
	}
	return answerInfo(data, true, fl)
}

// isShort reports whether a name can stand for its own short name; no others are
// made up.
//
// src: [MS-FSCC] §2.1.5.2.1
func isShort(name string) bool {
	base, ext, _ := strings.Cut(name, ".")
	return len(base) > 0 && len(base) <= 8 && len(ext) <= 3 && !strings.ContainsAny(ext, ".") &&
		!strings.ContainsAny(name, " +,;=[]")
}

// streams lists the one stream that a file has.
func streams(info nt.FileInfo) []smbwire.StreamInformation {
	if info.IsDir() {
		return nil
	}
	return []smbwire.StreamInformation{{Name: "::$DATA", Size: info.Size, Allocation: info.Allocation}}
}

func (c *core) setFile(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.SetFileInformationRequest
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	change, err := decodeChange(r.Level, r.Data, fl)
	if err != nil {
		return nil, statusOf(err)
	}
	switch r.Level {
	case smbwire.SetFileDisposition:
		st = c.setDisposition(o, change.Delete)
	case smbwire.SetFileAllocation:
		st = c.setAllocation(o, change.Allocation)
	case smbwire.SetFileEndOfFile:
		st = c.setSize(o, change.EndOfFile)
	default:
		err := x.tree.share.vol.Change(o.f.path, basicChange(change))
		c.tellIf(err, x.tree.share, o.f.path)
		st = statusOf(err)
	}
	if st != nt.StatusSuccess {
		return nil, st
	}
	return answerInfo(nil, true, fl)
}

// decodeChange refuses the pass-through levels, as fileInfo does, and makes anything
// malformed an invalid parameter.
func decodeChange(level smbwire.InfoLevel, data []byte, fl smbwire.Flags2) (*smbwire.FileChange, error) {
	if level >= smbwire.PassBasic {
		return nil, nt.StatusInvalidInfoClass
	}
	change, err := smbwire.DecodeSetInformation(level, data, fl)
	if err != nil && statusOf(err) != nt.StatusInvalidInfoClass {
		return nil, nt.StatusInvalidParameter
	}
	return change, err
}

// basicChange leaves alone what is 0 or -1.
//
// src: [MS-FSCC] §2.4.7
func basicChange(c *smbwire.FileChange) volume.Change {
	keep := func(t nt.FileTime) nt.FileTime {
		if int64(t) <= 0 {
			return 0
		}
		return t
	}
	return volume.Change{
		Created: keep(c.Created), Accessed: keep(c.Accessed), Written: keep(c.Written), Attributes: c.Attributes,
	}
}

// setDisposition marks a file for deletion, or saves it.
func (c *core) setDisposition(o *openFile, del bool) nt.Status {
	switch {
	case !o.access.CanDelete():
		return nt.StatusAccessDenied
	case !del:
		o.f.deletePending = false
		return nt.StatusSuccess
	}
	return c.markDeleted(o.f)
}

// setAllocation cuts a file that is larger; it reserves nothing.
//
// src: [MS-FSA] §2.1.5.15.1
func (c *core) setAllocation(o *openFile, size int64) nt.Status {
	switch {
	case o.access&writeRights == 0:
		return nt.StatusAccessDenied
	case size >= o.f.size():
		return nt.StatusSuccess
	}
	return c.setSize(o, size)
}

// setPath changes a path. What needs an open file is done as if it were opened for
// the purpose.
func (c *core) setPath(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.SetPathInformationRequest
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	change, err := decodeChange(r.Level, r.Data, fl)
	if err != nil {
		return nil, statusOf(err)
	}
	var st nt.Status
	switch r.Level {
	case smbwire.SetFileDisposition:
		if change.Delete {
			st = c.setPathDeleted(x, r.FileName)
		}
	case smbwire.SetFileEndOfFile:
		st = c.setPathSize(x, r.FileName, change.EndOfFile)
	case smbwire.SetFileAllocation:
		st = nt.StatusSuccess
	default:
		err := x.tree.share.vol.Change(r.FileName, basicChange(change))
		c.tellIf(err, x.tree.share, r.FileName)
		st = statusOf(err)
	}
	if st != nt.StatusSuccess {
		return nil, st
	}
	return answerInfo(nil, true, fl)
}

func (c *core) setPathDeleted(x *exchange, path string) nt.Status {
	info, err := x.tree.share.vol.Stat(path)
	if err != nil {
		return statusOf(err)
	}
	return c.deletePath(x, path, info.IsDir())
}

func (c *core) setPathSize(x *exchange, path string, size int64) nt.Status {
	f, st := c.admitPath(x, path, nt.FileWriteData)
	switch {
	case st != nt.StatusSuccess:
		return st
	case f != nil:
		c.breakLevelII(f, nil)
		c.tell(f.share, f.path, nt.NotifyModified, nt.NotifySize|nt.NotifyLastWrite)
		return c.sized(x, path, f.file.Truncate(size), size)
	}
	file, err := x.tree.share.vol.Open(path)
	if err != nil {
		return statusOf(err)
	}
	return c.sized(x, path, errors.Join(file.Truncate(size), file.Close()), size)
}

// sized tells that a path has got a size, if it has.
func (c *core) sized(x *exchange, path string, err error, size int64) nt.Status {
	if err == nil {
		c.did(x.cir, x.tree.share, Changed{Kind: ChangeSized, Path: path, Off: size})
	}
	return statusOf(err)
}
