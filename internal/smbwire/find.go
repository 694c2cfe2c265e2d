package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// Levels of FIND_FIRST2 and FIND_NEXT2.
//
// src: [MS-CIFS] §2.2.2.3.1
const (
	FindInfoStandard  InfoLevel = 0x0001
	FindInfoEASize    InfoLevel = 0x0002
	FindDirectory     InfoLevel = 0x0101
	FindFullDirectory InfoLevel = 0x0102
	FindNames         InfoLevel = 0x0103
	FindBothDirectory InfoLevel = 0x0104
)

// FindEntry is one entry of a directory search. A level carries some of the
// fields; the others are zero after decoding.
type FindEntry struct {
	ResumeKey uint32 // FindInfoStandard and FindInfoEASize, if asked for
	FileIndex uint32 // other levels
	nt.FileInfo
	EASize    uint32
	ShortName string // at most 12 UTF-16 units; FindBothDirectory only
}

// FindFormat says how entries are laid out.
type FindFormat struct {
	Level      InfoLevel
	Flags2     Flags2
	ResumeKeys bool // FindReturnResumeKeys was set
}

// FindData is the outcome of EncodeFindEntries.
type FindData struct {
	Data           []byte
	Count          int // entries that fitted
	LastNameOffset int // of the last entry's name, within Data
}

// EncodeFindEntries writes as many of the entries as fit into limit bytes. A
// level it does not know is nt.StatusInvalidInfoClass.
func EncodeFindEntries(f FindFormat, entries []FindEntry, limit int) (FindData, error) {
	if !f.known() {
		return FindData{}, unknownLevel(f.Level)
	}
	var out FindData
	e := newEncoder(CmdTransaction2, f.Flags2)
	last := 0
	for i := range entries {
		e.align(f.align())
		start := len(e.buf)
		nameAt := f.encodeEntry(e, &entries[i])
		if e.err != nil {
			return FindData{}, e.err
		}
		if len(e.buf) > limit {
			break
		}
		if i > 0 && !f.isDOS() {
			e.patch32(last, uint32(start-last))
		}
		last = start
		out = FindData{Data: e.buf, Count: i + 1, LastNameOffset: nameAt}
	}
	return out, nil
}

// DecodeFindEntries reads count entries, or fewer if the list ends before.
func DecodeFindEntries(f FindFormat, b []byte, count int) ([]FindEntry, error) {
	if !f.known() {
		return nil, unknownLevel(f.Level)
	}
	d := newDecoder(CmdTransaction2, b, f.Flags2)
	var entries []FindEntry
	for more := count > 0; more && d.err == nil; {
		start := d.off
		entry, next := f.decodeEntry(d)
		entries = append(entries, entry)
		more = len(entries) < count && (f.isDOS() || d.nextEntry(start, next))
	}
	if d.err != nil {
		return nil, d.err
	}
	return entries, nil
}

func (f FindFormat) isDOS() bool { return f.Level == FindInfoStandard || f.Level == FindInfoEASize }

func (f FindFormat) known() bool {
	return f.isDOS() || f.Level >= FindDirectory && f.Level <= FindBothDirectory
}

// align is what an entry is aligned to.
//
// src: [MS-FSCC] §2.4 (eight bytes); assumed (none for the DOS levels, whose
// entries have no link).
func (f FindFormat) align() int {
	if f.isDOS() {
		return 1
	}
	return 8
}

// encodeEntry writes one entry and returns where its name lies.
func (f FindFormat) encodeEntry(e *encoder, x *FindEntry) (nameAt int) {
	switch {
	case f.isDOS():
		return f.encodeDOS(e, x)
	case f.Level == FindNames:
		e.u32(0) // next entry
		e.u32(x.FileIndex)
		nameAt = len(e.buf) + 4
		e.name32("FileName", x.Name)
		return nameAt
	}
	return f.encodeNT(e, x)
}

func (f FindFormat) decodeEntry(d *decoder) (x FindEntry, next int64) {
	switch {
	case f.isDOS():
		return f.decodeDOS(d), 0
	case f.Level == FindNames:
		next = int64(d.u32("NextEntryOffset"))
		x.FileIndex = d.u32("FileIndex")
		x.Name = d.name32("FileName")
		return x, next
	}
	return f.decodeNT(d)
}

// encodeDOS writes an entry of the LAN Manager levels.
//
// src: [MS-CIFS] §2.2.8.1.1, §2.2.8.1.2
func (f FindFormat) encodeDOS(e *encoder, x *FindEntry) (nameAt int) {
	if f.ResumeKeys {
		e.u32(x.ResumeKey)
	}
	i := FileInformation{FileInfo: x.FileInfo}
	i.encodeDOS(e)
	if f.Level == FindInfoEASize {
		e.u32(x.EASize)
	}
	at := len(e.buf)
	e.u8(0)
	if e.flags2.Unicode() {
		e.align(2)
	}
	nameAt = len(e.buf)
	e.chars("FileName", x.Name)
	n := len(e.buf) - nameAt
	if n > 255 {
		e.fail("FileName", "longer than 255 bytes")
	}
	e.buf[at] = byte(n)
	e.strHere("FileName", "") // the terminator, which the length does not count
	return nameAt
}

func (f FindFormat) decodeDOS(d *decoder) (x FindEntry) {
	if f.ResumeKeys {
		x.ResumeKey = d.u32("ResumeKey")
	}
	var i FileInformation
	i.decodeDOS(d)
	x.FileInfo = i.FileInfo
	if f.Level == FindInfoEASize {
		x.EASize = d.u32("EaSize")
	}
	n := int(d.u8("FileNameLength"))
	if d.flags2.Unicode() {
		d.align(2)
	}
	x.Name = d.chars("FileName", n)
	d.skipTerminator()
	return x
}

// skipTerminator skips a NUL, which FileNameLength does not count, where there
// is one.
func (d *decoder) skipTerminator() {
	n := 1
	if d.flags2.Unicode() {
		n = 2
	}
	if d.err == nil && d.remaining() >= n && d.msg[d.off] == 0 && d.msg[d.off+n-1] == 0 {
		d.off += n
	}
}

// shortNameSize is the room for a short name in an entry.
//
// src: [MS-CIFS] §2.2.8.1.7
const shortNameSize = 24

// encodeNT writes an entry of the directory levels.
//
// src: [MS-CIFS] §2.2.8.1.4, §2.2.8.1.5, §2.2.8.1.7
func (f FindFormat) encodeNT(e *encoder, x *FindEntry) (nameAt int) {
	e.u32(0) // next entry
	e.u32(x.FileIndex)
	i := FileInformation{FileInfo: x.FileInfo}
	i.encodeTimes(e)
	e.i64(x.Size)
	e.i64(x.Allocation)
	e.u32(uint32(x.Attributes))
	lengthAt := len(e.buf)
	e.u32(0)
	if f.Level != FindDirectory {
		e.u32(x.EASize)
	}
	if f.Level == FindBothDirectory {
		e.shortName(x.ShortName)
	}
	nameAt = len(e.buf)
	e.chars("FileName", x.Name)
	e.patch32(lengthAt, uint32(len(e.buf)-nameAt))
	return nameAt
}

// shortName writes s, which is UTF-16 whatever the flags.
func (e *encoder) shortName(s string) {
	at := len(e.buf)
	e.zeros(2 + shortNameSize)
	b := appendUTF16(nil, s)
	if len(b) > shortNameSize {
		e.fail("ShortName", "longer than 12 characters")
		return
	}
	e.buf[at] = byte(len(b))
	copy(e.buf[at+2:], b)
}

func (d *decoder) shortName() string {
	n := int(d.u8("ShortNameLength"))
	d.skip("Reserved", 1)
	b := d.take("ShortName", shortNameSize)
	if n > len(b) {
		d.fail("ShortNameLength", "longer than its room")
		return ""
	}
	return utf16String(b[:n])
}

func (f FindFormat) decodeNT(d *decoder) (x FindEntry, next int64) {
	next = int64(d.u32("NextEntryOffset"))
	x.FileIndex = d.u32("FileIndex")
	var i FileInformation
	i.decodeTimes(d)
	x.FileInfo = i.FileInfo
	x.Size = d.i64("EndOfFile")
	x.Allocation = d.i64("AllocationSize")
	x.Attributes = nt.FileAttributes(d.u32("ExtFileAttributes"))
	n := int(d.u32("FileNameLength"))
	if f.Level != FindDirectory {
		x.EASize = d.u32("EaSize")
	}
	if f.Level == FindBothDirectory {
		x.ShortName = d.shortName()
	}
	x.Name = d.chars("FileName", n)
	return x, next
}
