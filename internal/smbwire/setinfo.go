package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// Levels of SET_PATH_INFORMATION and SET_FILE_INFORMATION. PassBasic and
// PassPosition serve here too.
//
// src: [MS-CIFS] §2.2.2.3.4, [MS-FSCC] §2.4
const (
	SetInfoStandard    InfoLevel = 0x0001
	SetFileBasic       InfoLevel = 0x0101
	SetFileDisposition InfoLevel = 0x0102
	SetFileAllocation  InfoLevel = 0x0103
	SetFileEndOfFile   InfoLevel = 0x0104
	PassRename         InfoLevel = 1010
	PassDisposition    InfoLevel = 1013
	PassAllocation     InfoLevel = 1019
	PassEndOfFile      InfoLevel = 1020
)

// FileChange holds what any set level can carry. A level carries some of the
// fields; times of 0 and attributes of 0 leave the file's alone.
type FileChange struct {
	Created         nt.FileTime
	Accessed        nt.FileTime
	Written         nt.FileTime
	Changed         nt.FileTime
	Attributes      nt.FileAttributes
	Delete          bool // when the last handle is closed
	Allocation      int64
	EndOfFile       int64
	Position        int64
	ReplaceIfExists bool
	RootDirectory   uint32
	NewName         string
}

// changeCodec is the encoding of one set level.
type changeCodec struct {
	encode func(c *FileChange, e *encoder)
	decode func(c *FileChange, d *decoder)
}

var (
	changeBasic       = changeCodec{(*FileChange).encodeBasic, (*FileChange).decodeBasic}
	changeDisposition = changeCodec{(*FileChange).encodeDisposition, (*FileChange).decodeDisposition}
	changeAllocation  = changeCodec{(*FileChange).encodeAllocation, (*FileChange).decodeAllocation}
	changeEndOfFile   = changeCodec{(*FileChange).encodeEndOfFile, (*FileChange).decodeEndOfFile}
)

// setLevels gives the encoding of each set level.
//
// src: [MS-CIFS] §2.2.8.4, [MS-FSCC] §2.4
var setLevels = map[InfoLevel]changeCodec{
	SetInfoStandard:    {(*FileChange).encodeDOS, (*FileChange).decodeDOS},
	SetFileBasic:       changeBasic,
	SetFileDisposition: changeDisposition,
	SetFileAllocation:  changeAllocation,
	SetFileEndOfFile:   changeEndOfFile,
	PassBasic:          changeBasic,
	PassRename:         {(*FileChange).encodeRename, (*FileChange).decodeRename},
	PassDisposition:    changeDisposition,
	PassPosition:       {(*FileChange).encodePosition, (*FileChange).decodePosition},
	PassAllocation:     changeAllocation,
	PassEndOfFile:      changeEndOfFile,
}

// EncodeSetInformation returns what level carries of c, for the Data of a set
// request. A level it does not know is nt.StatusInvalidInfoClass.
func EncodeSetInformation(level InfoLevel, c *FileChange, fl Flags2) ([]byte, error) {
	codec, ok := setLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	e := newEncoder(CmdTransaction2, fl)
	codec.encode(c, e)
	return e.buf, e.error()
}

// DecodeSetInformation is the inverse of EncodeSetInformation.
func DecodeSetInformation(level InfoLevel, b []byte, fl Flags2) (*FileChange, error) {
	codec, ok := setLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	d := newDecoder(CmdTransaction2, b, fl)
	c := new(FileChange)
	codec.decode(c, d)
	if d.err != nil {
		return nil, d.err
	}
	return c, nil
}

func (c *FileChange) encodeDOS(e *encoder) {
	e.dateTime(dosOfFileTime(c.Created))
	e.dateTime(dosOfFileTime(c.Accessed))
	e.dateTime(dosOfFileTime(c.Written))
	e.zeros(10) // reserved
}

func (c *FileChange) decodeDOS(d *decoder) {
	c.Created = d.dateTime("CreationDate").fileTime()
	c.Accessed = d.dateTime("LastAccessDate").fileTime()
	c.Written = d.dateTime("LastWriteDate").fileTime()
	d.skipOptional(d.remaining())
}

func (c *FileChange) encodeBasic(e *encoder) {
	e.fileTime(c.Created)
	e.fileTime(c.Accessed)
	e.fileTime(c.Written)
	e.fileTime(c.Changed)
	e.u32(uint32(c.Attributes))
	e.zeros(4) // reserved
}

func (c *FileChange) decodeBasic(d *decoder) {
	c.Created = d.fileTime("CreationTime")
	c.Accessed = d.fileTime("LastAccessTime")
	c.Written = d.fileTime("LastWriteTime")
	c.Changed = d.fileTime("ChangeTime")
	c.Attributes = nt.FileAttributes(d.u32("ExtFileAttributes"))
	d.skipOptional(4)
}

func (c *FileChange) encodeDisposition(e *encoder) { e.bool8(c.Delete) }
func (c *FileChange) decodeDisposition(d *decoder) { c.Delete = d.bool8("DeletePending") }
func (c *FileChange) encodeAllocation(e *encoder)  { e.i64(c.Allocation) }
func (c *FileChange) decodeAllocation(d *decoder)  { c.Allocation = d.i64("AllocationSize") }
func (c *FileChange) encodeEndOfFile(e *encoder)   { e.i64(c.EndOfFile) }
func (c *FileChange) decodeEndOfFile(d *decoder)   { c.EndOfFile = d.i64("EndOfFile") }
func (c *FileChange) encodePosition(e *encoder)    { e.i64(c.Position) }
func (c *FileChange) decodePosition(d *decoder)    { c.Position = d.i64("CurrentByteOffset") }

func (c *FileChange) encodeRename(e *encoder) {
	e.bool8(c.ReplaceIfExists)
	e.zeros(3) // reserved
	e.u32(c.RootDirectory)
	e.name32("FileName", c.NewName)
}

func (c *FileChange) decodeRename(d *decoder) {
	c.ReplaceIfExists = d.bool8("ReplaceIfExists")
	d.skip("Reserved", 3)
	c.RootDirectory = d.u32("RootDirectory")
	c.NewName = d.name32("FileName")
}
