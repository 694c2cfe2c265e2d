package smb1client

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// QueryPath describes a file or directory that need not be open. The Name is the last
// part of path.
func (t *Tree) QueryPath(path string) (FileInfo, error) {
	i, err := t.query("query", path,
		&smbwire.QueryPathInformationRequest{Level: smbwire.QueryFileAll, FileName: rooted(path)})
	i.Name = baseName(path)
	return i, err
}

// QueryFile describes an open file. The Name is the last part of what the server
// calls it.
func (t *Tree) QueryFile(h FileHandle) (FileInfo, error) {
	fid, err := t.fid("query", h)
	if err != nil {
		return FileInfo{}, err
	}
	i, err := t.query("query", "", &smbwire.QueryFileInformationRequest{FID: fid, Level: smbwire.QueryFileAll})
	i.Name = baseName(i.Name)
	return i, err
}

// query asks at level QueryFileAll.
//
// src: [MS-CIFS] §2.2.8.3.10 (SMB_QUERY_FILE_ALL_INFO)
func (t *Tree) query(op, path string, req trans2Call) (nt.FileInfo, error) {
	r, fl, err := t.trans2(op, path, req)
	if err != nil {
		return nt.FileInfo{}, err
	}
	i, err := smbwire.DecodeFileInformation(smbwire.QueryFileAll, r.Data, fl)
	switch {
	case err != nil:
		return nt.FileInfo{}, malformedReply(op, path, err)
	case i.Directory:
		i.Attributes |= nt.AttrDirectory
	}
	return i.FileInfo, nil
}

// SetSize makes the file size bytes long.
//
// src: [MS-CIFS] §2.2.8.4.6 (SMB_SET_FILE_END_OF_FILE_INFO)
func (t *Tree) SetSize(h FileHandle, size int64) error {
	fid, err := t.fid("set size", h)
	if err != nil {
		return err
	}
	if size < 0 {
		return &nt.Error{Op: "set size", Status: nt.StatusInvalidParameter}
	}
	data, err := smbwire.EncodeSetInformation(smbwire.SetFileEndOfFile, &smbwire.FileChange{EndOfFile: size}, t.c.flags2)
	if err != nil {
		return errorFor("set size", "", err)
	}
	_, _, err = t.trans2("set size", "",
		&smbwire.SetFileInformationRequest{FID: fid, Level: smbwire.SetFileEndOfFile, Data: data})
	return err
}

// trans2Call is a TRANSACTION2 subcommand.
type trans2Call interface {
	Encode(t *smbwire.Transaction2Request, fl smbwire.Flags2) error
}

// trans2 carries out a subcommand. The flags returned are those that the reply is
// encoded with.
func (t *Tree) trans2(op, path string, call trans2Call) (*smbwire.Transaction2Response, smbwire.Flags2, error) {
	return t.trans2Within(maxTransaction, op, path, call)
}

// trans2Within is trans2 with at most that many bytes of data in the reply.
func (t *Tree) trans2Within(limit int, op, path string, call trans2Call) (*smbwire.Transaction2Response, smbwire.Flags2, error) {
	req := &smbwire.Transaction2Request{MaxParams: maxTransParams, MaxData: uint16(limit)}
	if err := call.Encode(req, t.c.flags2); err != nil {
		return nil, 0, &nt.Error{Op: op, Path: path, Status: nt.StatusInvalidParameter, Err: err}
	}
	reply, err := t.request(op, path, req)
	if err != nil {
		return nil, 0, err
	}
	r, ok := reply.Chain[0].(*smbwire.Transaction2Response)
	if !ok {
		return nil, 0, badReply(op)
	}
	return r, reply.Header.Flags2, nil
}

// malformedReply: the reply could be parsed, and what it carries could not.
func malformedReply(op, path string, err error) error {
	return &nt.Error{Op: op, Path: path, Status: nt.StatusInvalidNetworkResponse, Err: err}
}
