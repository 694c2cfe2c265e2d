package nt

import "time"

// AccessMask is the DesiredAccess of an open.
//
// src: [MS-CIFS] §2.2.4.64.1
type AccessMask uint32

// Access rights.
//
// src: [MS-CIFS] §2.2.4.64.1
const (
	FileReadData        AccessMask = 0x00000001
	FileWriteData       AccessMask = 0x00000002
	FileAppendData      AccessMask = 0x00000004
	FileReadEA          AccessMask = 0x00000008
	FileWriteEA         AccessMask = 0x00000010
	FileExecute         AccessMask = 0x00000020
	FileReadAttributes  AccessMask = 0x00000080
	FileWriteAttributes AccessMask = 0x00000100
	Delete              AccessMask = 0x00010000
	ReadControl         AccessMask = 0x00020000
	Synchronize         AccessMask = 0x00100000
	MaximumAllowed      AccessMask = 0x02000000
	GenericAll          AccessMask = 0x10000000
	GenericExecute      AccessMask = 0x20000000
	GenericWrite        AccessMask = 0x40000000
	GenericRead         AccessMask = 0x80000000
)

// The generic rights of a file.
//
// src: Win32 documentation, "File Security and Access Rights"
const (
	fileGenericRead    = ReadControl | Synchronize | FileReadData | FileReadEA | FileReadAttributes
	fileGenericWrite   = ReadControl | Synchronize | FileWriteData | FileAppendData | FileWriteEA | FileWriteAttributes
	fileGenericExecute = ReadControl | Synchronize | FileExecute | FileReadAttributes
)

// Mapped replaces generic rights by the specific ones that they stand for, as the
// object manager does before a file system sees the mask.
func (a AccessMask) Mapped() AccessMask {
	for _, g := range [...]struct{ generic, specific AccessMask }{
		{GenericRead, fileGenericRead},
		{GenericWrite, fileGenericWrite},
		{GenericExecute, fileGenericExecute},
		{GenericAll, fileGenericRead | fileGenericWrite | fileGenericExecute | Delete},
	} {
		if a&g.generic != 0 {
			a = a&^g.generic | g.specific
		}
	}
	return a
}

// CanRead reports whether the mask lets its holder read file data.
func (a AccessMask) CanRead() bool {
	return a&(FileReadData|FileExecute|GenericRead|GenericExecute|GenericAll|MaximumAllowed) != 0
}

// CanWrite reports whether the mask lets its holder write file data.
func (a AccessMask) CanWrite() bool {
	return a&(FileWriteData|FileAppendData|GenericWrite|GenericAll|MaximumAllowed) != 0
}

// CanDelete reports whether the mask lets its holder delete or rename the file.
func (a AccessMask) CanDelete() bool { return a&(Delete|GenericAll|MaximumAllowed) != 0 }

// ShareAccess says what others may do while the file is open.
//
// src: [MS-CIFS] §2.2.4.64.1
type ShareAccess uint32

// Share access bits; ShareNone is deny-all, ShareRead deny-write,
// ShareRead|ShareWrite deny-none.
const (
	ShareNone   ShareAccess = 0
	ShareRead   ShareAccess = 1
	ShareWrite  ShareAccess = 2
	ShareDelete ShareAccess = 4
)

// DenyNone reports whether the share access denies neither readers nor writers.
func (s ShareAccess) DenyNone() bool { return s&(ShareRead|ShareWrite) == ShareRead|ShareWrite }

// String names the share access in the words of the DOS share modes.
func (s ShareAccess) String() string {
	switch s & (ShareRead | ShareWrite) {
	case ShareNone:
		return "deny-all"
	case ShareRead:
		return "deny-write"
	case ShareWrite:
		return "deny-read"
	}
	return "deny-none"
}

// Disposition says what to do when the file exists, or does not.
//
// src: [MS-CIFS] §2.2.4.64.1
type Disposition uint32

// The six dispositions.
const (
	FileSupersede   Disposition = 0
	FileOpen        Disposition = 1
	FileCreate      Disposition = 2
	FileOpenIf      Disposition = 3
	FileOverwrite   Disposition = 4
	FileOverwriteIf Disposition = 5
)

// String names the disposition.
func (d Disposition) String() string {
	names := [...]string{"supersede", "open", "create", "open-if", "overwrite", "overwrite-if"}
	if int(d) < len(names) {
		return names[d]
	}
	return "disposition?"
}

// CreateAction says what an open did.
//
// src: [MS-CIFS] §2.2.4.64.2
type CreateAction uint32

// Create actions.
const (
	FileSuperseded  CreateAction = 0
	FileOpened      CreateAction = 1
	FileCreated     CreateAction = 2
	FileOverwritten CreateAction = 3
)

// CreateOptions are the option bits of an open.
//
// src: [MS-CIFS] §2.2.4.64.1
type CreateOptions uint32

// Create options.
const (
	DirectoryFile        CreateOptions = 0x00000001
	WriteThrough         CreateOptions = 0x00000002
	SequentialOnly       CreateOptions = 0x00000004
	NoIntermediateBuffer CreateOptions = 0x00000008
	NonDirectoryFile     CreateOptions = 0x00000040
	RandomAccess         CreateOptions = 0x00000800
	DeleteOnClose        CreateOptions = 0x00001000
)

// FileAttributes are the extended file attributes.
//
// src: [MS-CIFS] §2.2.1.2.3
type FileAttributes uint32

// File attributes.
const (
	AttrReadOnly  FileAttributes = 0x00000001
	AttrHidden    FileAttributes = 0x00000002
	AttrSystem    FileAttributes = 0x00000004
	AttrDirectory FileAttributes = 0x00000010
	AttrArchive   FileAttributes = 0x00000020
	AttrNormal    FileAttributes = 0x00000080
	AttrTemporary FileAttributes = 0x00000100
)

// OplockLevel is an opportunistic lock, as granted in NT_CREATE_ANDX.
//
// src: [MS-CIFS] §2.2.4.64.2
type OplockLevel uint8

// Oplock levels.
const (
	OplockNone      OplockLevel = 0
	OplockExclusive OplockLevel = 1
	OplockBatch     OplockLevel = 2
	OplockLevelII   OplockLevel = 3
)

// String names the level.
func (l OplockLevel) String() string {
	names := [...]string{"none", "exclusive", "batch", "level II"}
	if int(l) < len(names) {
		return names[l]
	}
	return "oplock?"
}

// FileTime is a time in units of 100 ns since 1601-01-01 UTC; 0 is "no time".
//
// src: [MS-DTYP] §2.3.3
type FileTime uint64

// unixEpoch is 1970-01-01 in 100 ns units since 1601.
const unixEpoch = 116444736000000000

// FileTimeOf converts t; the zero time gives 0.
func FileTimeOf(t time.Time) FileTime {
	if t.IsZero() {
		return 0
	}
	return FileTime(t.Unix()*10_000_000 + int64(t.Nanosecond())/100 + unixEpoch)
}

// Time converts f to UTC; 0 gives the zero time.
func (f FileTime) Time() time.Time {
	if f == 0 {
		return time.Time{}
	}
	n := int64(f) - unixEpoch
	sec, rest := n/10_000_000, n%10_000_000
	return time.Unix(sec, rest*100).UTC()
}

// CreateParams are the arguments of an open or create.
type CreateParams struct {
	Access      AccessMask
	Share       ShareAccess
	Disposition Disposition
	Options     CreateOptions
	Attributes  FileAttributes
	Oplock      OplockLevel // the level to ask for; OplockNone asks for none
}

// FileHandle names an open file at a server. Circuit is the virtual circuit it
// lives and dies with: FIDs restart from the beginning on a new connection, so a
// FID alone can name a different file after a reconnect.
//
// src: KB Q184998
type FileHandle struct {
	Circuit uint32
	FID     uint16
}

// CreateResult is what the server said of an opened file.
type CreateResult struct {
	Action     CreateAction
	Oplock     OplockLevel
	Size       int64 // EndOfFile, bytes
	Allocation int64
	Attributes FileAttributes
	Created    FileTime
	Accessed   FileTime
	Written    FileTime
	Changed    FileTime
	Directory  bool
}

// FileInfo is a directory entry or the answer to a query.
type FileInfo struct {
	Name       string
	Size       int64
	Allocation int64
	Attributes FileAttributes
	Created    FileTime
	Accessed   FileTime
	Written    FileTime
	Changed    FileTime
}

// IsDir reports whether the entry is a directory.
func (i FileInfo) IsDir() bool { return i.Attributes&AttrDirectory != 0 }

// LockRange is a byte range to lock or unlock.
type LockRange struct {
	Offset, Length uint64
	Shared         bool
}

// WriteMode modifies one write request.
//
// src: [MS-CIFS] §2.2.4.43.1
type WriteMode uint16

// WriteModeThrough asks the server to commit before it answers.
const WriteModeThrough WriteMode = 1
