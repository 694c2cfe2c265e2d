package smbwire

// InfoLevel selects what a TRANSACTION2 query or set carries. Which values have
// a meaning depends on the subcommand.
//
// src: [MS-CIFS] §2.2.2.3
type InfoLevel uint16

// FindFlags steer a directory search.
//
// src: [MS-CIFS] §2.2.6.2.1
type FindFlags uint16

// Find flags.
const (
	FindCloseAfterRequest FindFlags = 0x0001
	FindCloseAtEOS        FindFlags = 0x0002
	FindReturnResumeKeys  FindFlags = 0x0004
	FindContinueFromLast  FindFlags = 0x0008
	FindWithBackupIntent  FindFlags = 0x0010
)

// FindFirst2Request begins a directory search.
//
// src: [MS-CIFS] §2.2.6.2.1
type FindFirst2Request struct {
	SearchAttributes uint16
	SearchCount      uint16
	Flags            FindFlags
	Level            InfoLevel // a Find level
	StorageType      uint32
	FileName         string // pattern
}

// Encode puts r into t; the limits are the caller's to set.
func (r *FindFirst2Request) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.u16(r.SearchAttributes)
	e.u16(r.SearchCount)
	e.u16(uint16(r.Flags))
	e.u16(uint16(r.Level))
	e.u32(r.StorageType)
	e.str("FileName", r.FileName)
	t.set(Trans2FindFirst2, e.buf, nil)
	return e.error()
}

// Decode reads r from the parameters of t.
func (r *FindFirst2Request) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.SearchAttributes = d.u16("SearchAttributes")
	r.SearchCount = d.u16("SearchCount")
	r.Flags = FindFlags(d.u16("Flags"))
	r.Level = InfoLevel(d.u16("InformationLevel"))
	r.StorageType = d.u32("SearchStorageType")
	r.FileName = d.str("FileName")
	return d.error()
}

// FindFirst2Response gives the first entries; EncodeFindEntries and
// DecodeFindEntries turn them into Data and back.
//
// src: [MS-CIFS] §2.2.6.2.2
type FindFirst2Response struct {
	SID            SID
	SearchCount    uint16 // entries in Data
	EndOfSearch    bool
	EAErrorOffset  uint16
	LastNameOffset uint16 // of the last entry, within Data
	Data           []byte
}

// Encode puts r into t.
func (r *FindFirst2Response) Encode(t *Transaction2Response, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.u16(uint16(r.SID))
	e.searchResult(r.SearchCount, r.EndOfSearch, r.EAErrorOffset, r.LastNameOffset)
	t.set(e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *FindFirst2Response) Decode(t *Transaction2Response, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.SID = SID(d.u16("SID"))
	r.SearchCount, r.EndOfSearch, r.EAErrorOffset, r.LastNameOffset = d.searchResult()
	r.Data = t.Data
	return d.error()
}

// searchResult writes what the parameters of both Find responses end with.
func (e *encoder) searchResult(count uint16, end bool, eaError, lastName uint16) {
	e.u16(count)
	e.bool8(end)
	e.u8(0)
	e.u16(eaError)
	e.u16(lastName)
}

func (d *decoder) searchResult() (count uint16, end bool, eaError, lastName uint16) {
	return d.u16("SearchCount"), d.u16("EndOfSearch") != 0,
		d.u16("EaErrorOffset"), d.u16("LastNameOffset")
}

// FindNext2Request continues a directory search.
//
// src: [MS-CIFS] §2.2.6.3.1
type FindNext2Request struct {
	SID         SID
	SearchCount uint16
	Level       InfoLevel
	ResumeKey   uint32
	Flags       FindFlags
	FileName    string // of the last entry returned
}

// Encode puts r into t; the limits are the caller's to set.
func (r *FindNext2Request) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.u16(uint16(r.SID))
	e.u16(r.SearchCount)
	e.u16(uint16(r.Level))
	e.u32(r.ResumeKey)
	e.u16(uint16(r.Flags))
	e.str("FileName", r.FileName)
	t.set(Trans2FindNext2, e.buf, nil)
	return e.error()
}

// Decode reads r from the parameters of t.
func (r *FindNext2Request) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.SID = SID(d.u16("SID"))
	r.SearchCount = d.u16("SearchCount")
	r.Level = InfoLevel(d.u16("InformationLevel"))
	r.ResumeKey = d.u32("ResumeKey")
	r.Flags = FindFlags(d.u16("Flags"))
	r.FileName = d.str("FileName")
	return d.error()
}

// FindNext2Response gives further entries.
//
// src: [MS-CIFS] §2.2.6.3.2
type FindNext2Response struct {
	SearchCount    uint16 // entries in Data
	EndOfSearch    bool
	EAErrorOffset  uint16
	LastNameOffset uint16 // of the last entry, within Data
	Data           []byte
}

// Encode puts r into t.
func (r *FindNext2Response) Encode(t *Transaction2Response, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.searchResult(r.SearchCount, r.EndOfSearch, r.EAErrorOffset, r.LastNameOffset)
	t.set(e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *FindNext2Response) Decode(t *Transaction2Response, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.SearchCount, r.EndOfSearch, r.EAErrorOffset, r.LastNameOffset = d.searchResult()
	r.Data = t.Data
	return d.error()
}

// QueryFSInformationRequest asks about the volume. The response is Data alone,
// for DecodeFSInformation.
//
// src: [MS-CIFS] §2.2.6.4.1
type QueryFSInformationRequest struct{ Level InfoLevel }

// Encode puts r into t; the limits are the caller's to set.
func (r *QueryFSInformationRequest) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.u16(uint16(r.Level))
	t.set(Trans2QueryFS, e.buf, nil)
	return e.error()
}

// Decode reads r from the parameters of t.
func (r *QueryFSInformationRequest) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.Level = InfoLevel(d.u16("InformationLevel"))
	return d.error()
}

// QueryPathInformationRequest asks about a path. The response is Data, for
// DecodeFileInformation.
//
// src: [MS-CIFS] §2.2.6.6.1
type QueryPathInformationRequest struct {
	Level    InfoLevel
	FileName string
	Data     []byte // the list of extended attributes to query, or none
}

// Encode puts r into t; the limits are the caller's to set.
func (r *QueryPathInformationRequest) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.levelAndName(r.Level, r.FileName)
	t.set(Trans2QueryPath, e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *QueryPathInformationRequest) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.Level, r.FileName = d.levelAndName()
	r.Data = t.Data
	return d.error()
}

func (e *encoder) levelAndName(l InfoLevel, name string) {
	e.u16(uint16(l))
	e.u32(0) // reserved
	e.str("FileName", name)
}

func (d *decoder) levelAndName() (InfoLevel, string) {
	l := InfoLevel(d.u16("InformationLevel"))
	d.skip("Reserved", 4)
	return l, d.str("FileName")
}

// SetPathInformationRequest changes a path as Data says, which
// EncodeSetInformation makes.
//
// src: [MS-CIFS] §2.2.6.7.1
type SetPathInformationRequest struct {
	Level    InfoLevel
	FileName string
	Data     []byte
}

// Encode puts r into t; the limits are the caller's to set.
func (r *SetPathInformationRequest) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.levelAndName(r.Level, r.FileName)
	t.set(Trans2SetPath, e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *SetPathInformationRequest) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.Level, r.FileName = d.levelAndName()
	r.Data = t.Data
	return d.error()
}

// QueryFileInformationRequest asks about FID. The response is Data, for
// DecodeFileInformation.
//
// src: [MS-CIFS] §2.2.6.8.1
type QueryFileInformationRequest struct {
	FID   FID
	Level InfoLevel
	Data  []byte // the list of extended attributes to query, or none
}

// Encode puts r into t; the limits are the caller's to set.
func (r *QueryFileInformationRequest) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.fid(r.FID)
	e.u16(uint16(r.Level))
	t.set(Trans2QueryFile, e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *QueryFileInformationRequest) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.FID = d.fid()
	r.Level = InfoLevel(d.u16("InformationLevel"))
	r.Data = t.Data
	return d.error()
}

// SetFileInformationRequest changes FID as Data says, which
// EncodeSetInformation makes.
//
// src: [MS-CIFS] §2.2.6.9.1
type SetFileInformationRequest struct {
	FID   FID
	Level InfoLevel
	Data  []byte
}

// Encode puts r into t; the limits are the caller's to set.
func (r *SetFileInformationRequest) Encode(t *Transaction2Request, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	e.fid(r.FID)
	e.u16(uint16(r.Level))
	e.u16(0) // reserved
	t.set(Trans2SetFile, e.buf, r.Data)
	return e.error()
}

// Decode reads r from t; Data aliases it.
func (r *SetFileInformationRequest) Decode(t *Transaction2Request, fl Flags2) error {
	d := newDecoder(CmdTransaction2, t.Params, fl)
	r.FID = d.fid()
	r.Level = InfoLevel(d.u16("InformationLevel"))
	r.Data = t.Data
	return d.error()
}

// InformationResponse answers the queries and sets of this file. It has two
// bytes of parameters, except for QueryFSInformation, which has none.
//
// src: [MS-CIFS] §2.2.6.6.2
type InformationResponse struct {
	HasEAErrorOffset bool
	EAErrorOffset    uint16
	Data             []byte
}

// Encode puts r into t.
func (r *InformationResponse) Encode(t *Transaction2Response, fl Flags2) error {
	e := newEncoder(CmdTransaction2, fl)
	if r.HasEAErrorOffset {
		e.u16(r.EAErrorOffset)
	}
	t.set(e.buf, r.Data)
	return e.error()
}

// FindClose2Request ends a directory search.
//
// src: [MS-CIFS] §2.2.4.48.1
type FindClose2Request struct{ SID SID }

// Command returns CmdFindClose2.
func (*FindClose2Request) Command() Command { return CmdFindClose2 }

func (r *FindClose2Request) encode(e *encoder) { e.u16(uint16(r.SID)) }
func (r *FindClose2Request) decode(d *decoder) { r.SID = SID(d.u16("SearchHandle")) }

// FindClose2Response answers a FindClose2Request.
type FindClose2Response struct{}

// Command returns CmdFindClose2.
func (*FindClose2Response) Command() Command { return CmdFindClose2 }

func (*FindClose2Response) encode(*encoder) {}
func (*FindClose2Response) decode(*decoder) {}
