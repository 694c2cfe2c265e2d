// Package smbwire is the SMB1 codec: it turns bytes into messages and messages
// into bytes, in both directions, and does nothing else. It knows no clock, no
// connection and no policy, so that client, server, capture and decoder share
// one description of the protocol.
//
// # Model
//
// A Message is a Header and a chain of bodies; a chain longer than one is an
// AndX chain. There is one struct for each command and direction, and where the
// word count changes what the words mean (NEGOTIATE, SESSION_SETUP_ANDX), one
// for each word count. FlagReply in Header.Flags says which direction a message
// has: an oplock break that a server sends unasked is a LockingAndXRequest
// without FlagReply.
//
// A reply of a failed command carries neither words nor bytes and is an
// ErrorReply, whatever the command. Commands this package does not know parse
// to Unknown, so that a server can answer them.
//
// TRANSACTION2 is generic on this level. Its subcommands (FindFirst2Request,
// QueryPathInformationRequest, ...) encode into and decode from a
// Transaction2Request or Transaction2Response. The information levels are
// EncodeFileInformation, EncodeFSInformation, EncodeFindEntries and their
// Decode counterparts. NT_TRANSACT is generic too; NotifyChangeRequest, EncodeChanges
// and DecodeChanges are the one subcommand there is.
//
// # Strings
//
// Strings are UTF-16LE, aligned to two bytes from the start of the header, when
// Flags2Unicode is set, and OEM otherwise. OEM is code page 437, the code page
// of a US system; a character it lacks becomes '?'. Strings inside TRANSACTION2
// parameters are aligned from the start of the parameters, which every peer
// places on a four-byte boundary.
//
// # Aliasing
//
// Byte slices in a parsed message alias the input of Parse: a caller that keeps
// one beyond the life of the buffer copies it.
//
// # Limits
//
// Parse never panics and allocates no more than a small multiple of its input;
// everything malformed is a *FormatError. A chain holds at most sixteen bodies.
// Bytes behind the last block are ignored. Names longer than 255 bytes do not
// fit the DOS find levels. Not implemented: interim responses of transactions,
// TRANSACTION2_SECONDARY, NT_TRANSACT_SECONDARY, extended NT_CREATE_ANDX and OPEN_ANDX responses.
package smbwire
