package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// Levels of QUERY_FS_INFORMATION.
//
// src: [MS-CIFS] §2.2.2.3.2, [MS-FSCC] §2.5
const (
	FSInfoAllocation InfoLevel = 0x0001
	FSInfoVolume     InfoLevel = 0x0002
	FSVolume         InfoLevel = 0x0102
	FSSize           InfoLevel = 0x0103
	FSDevice         InfoLevel = 0x0104
	FSAttribute      InfoLevel = 0x0105
	PassFSVolume     InfoLevel = 1001
	PassFSSize       InfoLevel = 1003
	PassFSDevice     InfoLevel = 1004
	PassFSAttribute  InfoLevel = 1005
	PassFSFullSize   InfoLevel = 1007
)

// FSInformation holds what any level can carry of a volume. A level carries
// some of the fields; the others are zero after decoding.
type FSInformation struct {
	FSID               uint32
	TotalUnits         int64
	FreeUnits          int64 // for the caller
	ActualFreeUnits    int64 // for anyone; PassFSFullSize only
	SectorsPerUnit     uint32
	BytesPerSector     uint32
	Created            nt.FileTime
	SerialNumber       uint32
	Label              string
	DeviceType         uint32
	Characteristics    uint32
	Attributes         uint32
	MaxComponentLength uint32
	FileSystemName     string
}

// fsCodec is the encoding of one level.
type fsCodec struct {
	encode func(i *FSInformation, e *encoder)
	decode func(i *FSInformation, d *decoder)
}

var (
	fsVolume    = fsCodec{(*FSInformation).encodeVolume, (*FSInformation).decodeVolume}
	fsSize      = fsCodec{(*FSInformation).encodeSize, (*FSInformation).decodeSize}
	fsDevice    = fsCodec{(*FSInformation).encodeDevice, (*FSInformation).decodeDevice}
	fsAttribute = fsCodec{(*FSInformation).encodeAttribute, (*FSInformation).decodeAttribute}
)

// fsLevels gives the encoding of each level.
//
// src: [MS-CIFS] §2.2.8.2, [MS-FSCC] §2.5
var fsLevels = map[InfoLevel]fsCodec{
	FSInfoAllocation: {(*FSInformation).encodeAllocation, (*FSInformation).decodeAllocation},
	FSInfoVolume:     {(*FSInformation).encodeLabel, (*FSInformation).decodeLabel},
	FSVolume:         fsVolume,
	FSSize:           fsSize,
	FSDevice:         fsDevice,
	FSAttribute:      fsAttribute,
	PassFSVolume:     fsVolume,
	PassFSSize:       fsSize,
	PassFSDevice:     fsDevice,
	PassFSAttribute:  fsAttribute,
	PassFSFullSize:   {(*FSInformation).encodeFullSize, (*FSInformation).decodeFullSize},
}

// EncodeFSInformation returns what level carries of i. A level it does not know
// is nt.StatusInvalidInfoClass.
func EncodeFSInformation(level InfoLevel, i *FSInformation, fl Flags2) ([]byte, error) {
	codec, ok := fsLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	e := newEncoder(CmdTransaction2, fl)
	codec.encode(i, e)
	return e.buf, e.error()
}

// DecodeFSInformation is the inverse of EncodeFSInformation.
func DecodeFSInformation(level InfoLevel, b []byte, fl Flags2) (*FSInformation, error) {
	codec, ok := fsLevels[level]
	if !ok {
		return nil, unknownLevel(level)
	}
	d := newDecoder(CmdTransaction2, b, fl)
	i := new(FSInformation)
	codec.decode(i, d)
	if d.err != nil {
		return nil, d.err
	}
	return i, nil
}

func (i *FSInformation) encodeAllocation(e *encoder) {
	e.u32(i.FSID)
	e.u32(i.SectorsPerUnit)
	e.saturated32(i.TotalUnits)
	e.saturated32(i.FreeUnits)
	e.count16("cbSector", int(i.BytesPerSector))
}

func (i *FSInformation) decodeAllocation(d *decoder) {
	i.FSID = d.u32("idFileSystem")
	i.SectorsPerUnit = d.u32("cSectorUnit")
	i.TotalUnits = int64(d.u32("cUnit"))
	i.FreeUnits = int64(d.u32("cUnitAvailable"))
	i.BytesPerSector = uint32(d.u16("cbSector"))
}

func (i *FSInformation) encodeLabel(e *encoder) {
	e.u32(i.SerialNumber)
	at := len(e.buf)
	e.u8(0)
	e.chars("VolumeLabel", i.Label)
	n := len(e.buf) - at - 1
	if n > 255 {
		e.fail("VolumeLabel", "longer than 255 bytes")
	}
	e.buf[at] = byte(n)
	e.strHere("VolumeLabel", "") // the terminator, which the length does not count
}

func (i *FSInformation) decodeLabel(d *decoder) {
	i.SerialNumber = d.u32("ulVolSerialNbr")
	i.Label = d.chars("VolumeLabel", int(d.u8("cCharCount")))
}

func (i *FSInformation) encodeVolume(e *encoder) {
	e.fileTime(i.Created)
	e.u32(i.SerialNumber)
	at := len(e.buf)
	e.u32(0)
	e.u16(0) // reserved
	e.chars("VolumeLabel", i.Label)
	e.patch32(at, uint32(len(e.buf)-at-6))
}

func (i *FSInformation) decodeVolume(d *decoder) {
	i.Created = d.fileTime("VolumeCreationTime")
	i.SerialNumber = d.u32("SerialNumber")
	n := int(d.u32("VolumeLabelSize"))
	d.skip("Reserved", 2)
	i.Label = d.chars("VolumeLabel", n)
}

func (i *FSInformation) encodeSize(e *encoder) {
	e.i64(i.TotalUnits)
	e.i64(i.FreeUnits)
	e.u32(i.SectorsPerUnit)
	e.u32(i.BytesPerSector)
}

func (i *FSInformation) decodeSize(d *decoder) {
	i.TotalUnits = d.i64("TotalAllocationUnits")
	i.FreeUnits = d.i64("TotalFreeAllocationUnits")
	i.SectorsPerUnit = d.u32("SectorsPerAllocationUnit")
	i.BytesPerSector = d.u32("BytesPerSector")
}

func (i *FSInformation) encodeFullSize(e *encoder) {
	e.i64(i.TotalUnits)
	e.i64(i.FreeUnits)
	e.i64(i.ActualFreeUnits)
	e.u32(i.SectorsPerUnit)
	e.u32(i.BytesPerSector)
}

func (i *FSInformation) decodeFullSize(d *decoder) {
	i.TotalUnits = d.i64("TotalAllocationUnits")
	i.FreeUnits = d.i64("CallerAvailableAllocationUnits")
	i.ActualFreeUnits = d.i64("ActualAvailableAllocationUnits")
	i.SectorsPerUnit = d.u32("SectorsPerAllocationUnit")
	i.BytesPerSector = d.u32("BytesPerSector")
}

func (i *FSInformation) encodeDevice(e *encoder) {
	e.u32(i.DeviceType)
	e.u32(i.Characteristics)
}

func (i *FSInformation) decodeDevice(d *decoder) {
	i.DeviceType = d.u32("DeviceType")
	i.Characteristics = d.u32("DeviceCharacteristics")
}

func (i *FSInformation) encodeAttribute(e *encoder) {
	e.u32(i.Attributes)
	e.u32(i.MaxComponentLength)
	e.name32("FileSystemName", i.FileSystemName)
}

func (i *FSInformation) decodeAttribute(d *decoder) {
	i.Attributes = d.u32("FileSystemAttributes")
	i.MaxComponentLength = d.u32("MaxFileNameLengthInBytes")
	i.FileSystemName = d.name32("FileSystemName")
}
