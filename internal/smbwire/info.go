package smbwire

import (
	"fmt"
	"math"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Levels of QUERY_PATH_INFORMATION and QUERY_FILE_INFORMATION. From 1000 on
// they are pass-through levels, which need CapPassThrough.
//
// src: [MS-CIFS] §2.2.2.3.3, [MS-SMB] §2.2.2.3.5, [MS-FSCC] §2.4
const (
	QueryInfoStandard InfoLevel = 0x0001
	QueryInfoEASize   InfoLevel = 0x0002
	QueryFileBasic    InfoLevel = 0x0101
	QueryFileStandard InfoLevel = 0x0102
	QueryFileEA       InfoLevel = 0x0103
	QueryFileName     InfoLevel = 0x0104
	QueryFileAll      InfoLevel = 0x0107
	QueryFileAltName  InfoLevel = 0x0108
	QueryFileStream   InfoLevel = 0x0109
	PassBasic         InfoLevel = 1004
	PassStandard      InfoLevel = 1005
	PassInternal      InfoLevel = 1006
	PassEA            InfoLevel = 1007
	PassAccess        InfoLevel = 1008
	PassName          InfoLevel = 1009
	PassPosition      InfoLevel = 1014
	PassMode          InfoLevel = 1016
	PassAlignment     InfoLevel = 1017
	PassAll           InfoLevel = 1018
	PassAltName       InfoLevel = 1021
	PassStream        InfoLevel = 1022
	PassNetworkOpen   InfoLevel = 1034
	PassAttributeTag  InfoLevel = 1035
)

// FileInformation holds what any query level can carry. A level carries some of
// the fields; the others are zero after decoding.
type FileInformation struct {
	nt.FileInfo
	Links         uint32
	DeletePending bool
	Directory     bool
	EASize        uint32
	FileID        uint64
	Access        nt.AccessMask
	Position      int64
	Mode          nt.CreateOptions
	Alignment     uint32
	ReparseTag    uint32
	ShortName     string
	Streams       []StreamInformation
}

// StreamInformation describes one data stream; a file's own is "::$DATA".
//
// src: [MS-FSCC] §2.4.43
type StreamInformation struct {
	Name       string
	Size       int64
	Allocation int64
}

// infoGroup is a run of fields that several levels share.
type infoGroup struct {
	encode func(i *FileInformation, e *encoder)
	decode func(i *FileInformation, d *decoder)
}

// The groups of fields, in wire order within each.
//
// src: [MS-CIFS] §2.2.8.3, [MS-FSCC] §2.4
var (
	groupDOS        = infoGroup{(*FileInformation).encodeDOS, (*FileInformation).decodeDOS}
	groupTimes      = infoGroup{(*FileInformation).encodeTimes, (*FileInformation).decodeTimes}
	groupAttributes = infoGroup{(*FileInformation).encodeAttributes, (*FileInformation).decodeAttributes}
	groupSizes      = infoGroup{(*FileInformation).encodeSizes, (*FileInformation).decodeSizes}
	groupLinks      = infoGroup{(*FileInformation).encodeLinks, (*FileInformation).decodeLinks}
	groupReserved16 = infoGroup{(*FileInformation).encodeReserved16, (*FileInformation).decodeReserved16}
	groupReserved32 = infoGroup{(*FileInformation).encodeReserved32, (*FileInformation).decodeReserved32}
	groupID         = infoGroup{(*FileInformation).encodeID, (*FileInformation).decodeID}
	groupEA         = infoGroup{(*FileInformation).encodeEA, (*FileInformation).decodeEA}
	groupAccess     = infoGroup{(*FileInformation).encodeAccess, (*FileInformation).decodeAccess}
	groupPosition   = infoGroup{(*FileInformation).encodePosition, (*FileInformation).decodePosition}
	groupMode       = infoGroup{(*FileInformation).encodeMode, (*FileInformation).decodeMode}
	groupAlignment  = infoGroup{(*FileInformation).encodeAlignment, (*FileInformation).decodeAlignment}
	groupName       = infoGroup{(*FileInformation).encodeName, (*FileInformation).decodeName}
	groupShortName  = infoGroup{(*FileInformation).encodeShortName, (*FileInformation).decodeShortName}
	groupReparse    = infoGroup{(*FileInformation).encodeReparse, (*FileInformation).decodeReparse}
	groupStreams    = infoGroup{(*FileInformation).encodeStreams, (*FileInformation).decodeStreams}
)

// fileLevels gives the groups of each query level. Reserved fields that end a
// level are optional when decoding, because senders leave them out.
//
// src: [MS-CIFS] §2.2.8.3, [MS-FSCC] §2.4
var fileLevels = map[InfoLevel][]infoGroup{
	QueryInfoStandard: {groupDOS},
	QueryInfoEASize:   {groupDOS, groupEA},
	QueryFileBasic:    {groupTimes, groupAttributes, groupReserved32},
	QueryFileStandard: {groupSizes, groupLinks, groupReserved16},
	QueryFileEA:       {groupEA},
	QueryFileName:     {groupName},
	QueryFileAll: {
		groupTimes, groupAttributes, groupReserved32,
		groupSizes, groupLinks, groupReserved16, groupEA, groupName,
	},
	QueryFileAltName: {groupShortName},
	QueryFileStream:  {groupStreams},
	PassBasic:        {groupTimes, groupAttributes, groupReserved32},
	PassStandard:     {groupSizes, groupLinks, groupReserved16},
	PassInternal:     {groupID},
	PassEA:           {groupEA},
	PassAccess:       {groupAccess},
	PassName:         {groupName},
	PassPosition:     {groupPosition},
	PassMode:         {groupMode},
	PassAlignment:    {groupAlignment},
	// src: trace smbtorture.hex (Samba answers it like QueryFileAll, not as
	// [MS-FSCC] §2.4.2 has it)
	PassAll: {
		groupTimes, groupAttributes, groupReserved32,
		groupSizes, groupLinks, groupReserved16, groupEA, groupName,
	},
	PassAltName:      {groupShortName},
	PassStream:       {groupStreams},
	PassNetworkOpen:  {groupTimes, groupSizes, groupAttributes, groupReserved32},
	PassAttributeTag: {groupAttributes, groupReparse},
}

// unknownLevel is the error for a level that this package does not know.
func unknownLevel(l InfoLevel) error {
	return fmt.Errorf("information level %#x: %w", uint16(l), nt.StatusInvalidInfoClass)
}

// EncodeFileInformation returns what level carries of i. A level it does not
// know is nt.StatusInvalidInfoClass.
func EncodeFileInformation(level InfoLevel, i *FileInformation, fl Flags2) ([]byte, error) {
	groups, ok := fileLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	e := newEncoder(CmdTransaction2, fl)
	for _, g := range groups {
		g.encode(i, e)
	}
	return e.buf, e.error()
}

// DecodeFileInformation is the inverse of EncodeFileInformation.
func DecodeFileInformation(level InfoLevel, b []byte, fl Flags2) (*FileInformation, error) {
	groups, ok := fileLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	d := newDecoder(CmdTransaction2, b, fl)
	i := new(FileInformation)
	for _, g := range groups {
		g.decode(i, d)
	}
	if d.err != nil {
		return nil, d.err
	}
	return i, nil
}

func (i *FileInformation) encodeDOS(e *encoder) {
	e.dateTime(dosOfFileTime(i.Created))
	e.dateTime(dosOfFileTime(i.Accessed))
	e.dateTime(dosOfFileTime(i.Written))
	e.saturated32(i.Size)
	e.saturated32(i.Allocation)
	e.u16(uint16(i.Attributes))
}

// saturated32 writes the nearest to v that 32 bits hold, so that one large file
// does not spoil a listing.
//
// src: assumed (old clients cannot be told more)
func (e *encoder) saturated32(v int64) { e.u32(uint32(max(0, min(v, math.MaxUint32)))) }

func (i *FileInformation) decodeDOS(d *decoder) {
	i.Created = d.dateTime("CreationDate").fileTime()
	i.Accessed = d.dateTime("LastAccessDate").fileTime()
	i.Written = d.dateTime("LastWriteDate").fileTime()
	i.Size = int64(d.u32("FileDataSize"))
	i.Allocation = int64(d.u32("FileAllocationSize"))
	i.Attributes = d.attrs16("Attributes")
}

func (i *FileInformation) encodeTimes(e *encoder) {
	e.fileTime(i.Created)
	e.fileTime(i.Accessed)
	e.fileTime(i.Written)
	e.fileTime(i.Changed)
}

func (i *FileInformation) decodeTimes(d *decoder) {
	i.Created = d.fileTime("CreationTime")
	i.Accessed = d.fileTime("LastAccessTime")
	i.Written = d.fileTime("LastWriteTime")
	i.Changed = d.fileTime("LastChangeTime")
}

func (i *FileInformation) encodeAttributes(e *encoder) { e.u32(uint32(i.Attributes)) }
func (i *FileInformation) decodeAttributes(d *decoder) {
	i.Attributes = nt.FileAttributes(d.u32("ExtFileAttributes"))
}

func (i *FileInformation) encodeSizes(e *encoder) {
	e.i64(i.Allocation)
	e.i64(i.Size)
}

func (i *FileInformation) decodeSizes(d *decoder) {
	i.Allocation = d.i64("AllocationSize")
	i.Size = d.i64("EndOfFile")
}

func (i *FileInformation) encodeLinks(e *encoder) {
	e.u32(i.Links)
	e.bool8(i.DeletePending)
	e.bool8(i.Directory)
}

func (i *FileInformation) decodeLinks(d *decoder) {
	i.Links = d.u32("NumberOfLinks")
	i.DeletePending = d.bool8("DeletePending")
	i.Directory = d.bool8("Directory")
}

func (i *FileInformation) encodeReserved16(e *encoder) { e.zeros(2) }
func (i *FileInformation) decodeReserved16(d *decoder) { d.skipOptional(2) }
func (i *FileInformation) encodeReserved32(e *encoder) { e.zeros(4) }
func (i *FileInformation) decodeReserved32(d *decoder) { d.skipOptional(4) }

// skipOptional skips n bytes unless nothing is left.
func (d *decoder) skipOptional(n int) {
	if d.remaining() > 0 {
		d.skip("Reserved", n)
	}
}

func (i *FileInformation) encodeID(e *encoder)       { e.u64(i.FileID) }
func (i *FileInformation) decodeID(d *decoder)       { i.FileID = d.u64("IndexNumber") }
func (i *FileInformation) encodeEA(e *encoder)       { e.u32(i.EASize) }
func (i *FileInformation) decodeEA(d *decoder)       { i.EASize = d.u32("EaSize") }
func (i *FileInformation) encodeAccess(e *encoder)   { e.u32(uint32(i.Access)) }
func (i *FileInformation) decodeAccess(d *decoder)   { i.Access = nt.AccessMask(d.u32("AccessFlags")) }
func (i *FileInformation) encodePosition(e *encoder) { e.i64(i.Position) }
func (i *FileInformation) decodePosition(d *decoder) { i.Position = d.i64("CurrentByteOffset") }
func (i *FileInformation) encodeMode(e *encoder)     { e.u32(uint32(i.Mode)) }
func (i *FileInformation) decodeMode(d *decoder)     { i.Mode = nt.CreateOptions(d.u32("Mode")) }

func (i *FileInformation) encodeAlignment(e *encoder) { e.u32(i.Alignment) }
func (i *FileInformation) decodeAlignment(d *decoder) { i.Alignment = d.u32("AlignmentRequirement") }
func (i *FileInformation) encodeReparse(e *encoder)   { e.u32(i.ReparseTag) }
func (i *FileInformation) decodeReparse(d *decoder)   { i.ReparseTag = d.u32("ReparseTag") }
func (i *FileInformation) encodeName(e *encoder)      { e.name32("FileName", i.Name) }
func (i *FileInformation) decodeName(d *decoder)      { i.Name = d.name32("FileName") }
func (i *FileInformation) encodeShortName(e *encoder) { e.name32("FileName", i.ShortName) }
func (i *FileInformation) decodeShortName(d *decoder) { i.ShortName = d.name32("FileName") }

// name32 writes a string without terminator behind its length in bytes.
func (e *encoder) name32(field, s string) {
	at := len(e.buf)
	e.u32(0)
	e.chars(field, s)
	e.patch32(at, uint32(len(e.buf)-at-4))
}

func (d *decoder) name32(field string) string {
	return d.chars(field, int(d.u32(field)))
}

// streamAlign is what an entry of a stream list is aligned to.
//
// src: [MS-FSCC] §2.4.43
const streamAlign = 8

func (i *FileInformation) encodeStreams(e *encoder) {
	for n, s := range i.Streams {
		e.align(streamAlign)
		at := len(e.buf)
		e.u32(0) // next entry
		lengthAt := len(e.buf)
		e.u32(0)
		e.i64(s.Size)
		e.i64(s.Allocation)
		start := len(e.buf)
		e.chars("StreamName", s.Name)
		e.patch32(lengthAt, uint32(len(e.buf)-start))
		if n < len(i.Streams)-1 {
			e.align(streamAlign)
			e.patch32(at, uint32(len(e.buf)-at))
		}
	}
}

func (i *FileInformation) decodeStreams(d *decoder) {
	for more := d.remaining() > 0; more && d.err == nil; {
		start := d.off
		next := int64(d.u32("NextEntryOffset"))
		n := int(d.u32("StreamNameLength"))
		s := StreamInformation{Size: d.i64("StreamSize"), Allocation: d.i64("StreamAllocationSize")}
		s.Name = d.chars("StreamName", n)
		i.Streams = append(i.Streams, s)
		more = d.nextEntry(start, next)
	}
}

// nextEntry moves to the entry that begins next bytes behind start, which must
// not overlap what has been read. It reports false at the end of the list.
func (d *decoder) nextEntry(start int, next int64) bool {
	if d.err != nil || next == 0 {
		return false
	}
	to := int64(start) + next
	if to < int64(d.off) || to >= int64(d.end) {
		d.fail("NextEntryOffset", "not behind the entry, or beyond the data")
		return false
	}
	d.off = int(to)
	return true
}
