package smbwire

import "fmt"

// PID identifies a client process; it joins PIDHigh and PIDLow of the header.
type PID uint32

// TID identifies a tree connection.
type TID uint16

// UID identifies a logged-on user.
type UID uint16

// MID identifies a request among those outstanding in one process.
type MID uint16

// FID identifies an open file on one virtual circuit.
type FID uint16

// SID identifies an open directory search.
type SID uint16

// Values with a meaning of their own.
//
// src: [MS-CIFS] §2.2.1.6
const (
	NoTID TID = 0xFFFF
	NoFID FID = 0xFFFF
	// BreakMID is the MID of an oplock break that a server sends.
	//
	// src: [MS-CIFS] §3.3.4.2
	BreakMID MID = 0xFFFF
)

// String gives the FID as traces print it.
func (f FID) String() string { return fmt.Sprintf("0x%04x", uint16(f)) }

// Flags is the 8-bit flags field of the header.
//
// src: [MS-CIFS] §2.2.3.1
type Flags uint8

// Flags bits.
const (
	FlagLockAndRead   Flags = 0x01 // the server has LOCK_AND_READ; NEGOTIATE only
	FlagBufAvail      Flags = 0x02
	FlagCaseless      Flags = 0x08
	FlagCanonical     Flags = 0x10
	FlagOplock        Flags = 0x20 // core opens: ask for an exclusive oplock
	FlagOplockBatch   Flags = 0x40 // core opens: ask for a batch oplock
	FlagReply         Flags = 0x80 // the message is a response
	flagOplockRequest       = FlagOplock | FlagOplockBatch
)

// Flags2 is the 16-bit flags field of the header.
//
// src: [MS-CIFS] §2.2.3.1, [MS-SMB] §2.2.3.1
type Flags2 uint16

// Flags2 bits.
const (
	Flags2LongNames        Flags2 = 0x0001
	Flags2EAs              Flags2 = 0x0002
	Flags2Signature        Flags2 = 0x0004
	Flags2Compressed       Flags2 = 0x0008
	Flags2SignatureNeeded  Flags2 = 0x0010
	Flags2IsLongName       Flags2 = 0x0040
	Flags2ReparsePath      Flags2 = 0x0400
	Flags2ExtendedSecurity Flags2 = 0x0800
	Flags2DFS              Flags2 = 0x1000
	Flags2PagingIO         Flags2 = 0x2000 // reads need execute permission only
	Flags2NTStatus         Flags2 = 0x4000 // Status is an NTSTATUS, not a DOS error
	Flags2Unicode          Flags2 = 0x8000
)

// Unicode reports whether strings of the message are UTF-16.
func (f Flags2) Unicode() bool { return f&Flags2Unicode != 0 }

// Capabilities are exchanged in NEGOTIATE and SESSION_SETUP_ANDX.
//
// src: [MS-CIFS] §2.2.4.52.2, [MS-SMB] §2.2.4.5.2.1
type Capabilities uint32

// Capability bits.
const (
	CapRawMode          Capabilities = 0x00000001
	CapMPXMode          Capabilities = 0x00000002
	CapUnicode          Capabilities = 0x00000004
	CapLargeFiles       Capabilities = 0x00000008
	CapNTSMBs           Capabilities = 0x00000010
	CapRPCRemoteAPIs    Capabilities = 0x00000020
	CapStatus32         Capabilities = 0x00000040
	CapLevelIIOplocks   Capabilities = 0x00000080
	CapLockAndRead      Capabilities = 0x00000100
	CapNTFind           Capabilities = 0x00000200
	CapDFS              Capabilities = 0x00001000
	CapPassThrough      Capabilities = 0x00002000
	CapLargeReadX       Capabilities = 0x00004000
	CapLargeWriteX      Capabilities = 0x00008000
	CapExtendedSecurity Capabilities = 0x80000000
)

// SecurityMode is what a server says of logons and signatures.
//
// src: [MS-CIFS] §2.2.4.52.2
type SecurityMode uint8

// Security mode bits.
const (
	SecurityUser              SecurityMode = 0x01 // clear: share-level access control
	SecurityEncryptPasswords  SecurityMode = 0x02 // clear: plaintext passwords
	SecuritySignaturesEnabled SecurityMode = 0x04
	SecuritySignaturesNeeded  SecurityMode = 0x08
)
