// Package smb2remote is a share of an SMB2 or SMB3 server as a file system of NT
// opens, through github.com/hirochachacha/go-smb2. In live runs the Mailer reads
// through it, so that what the reader saw is told by an implementation that is
// not ours; it is also the modern baseline of a benchmark. No other package
// imports go-smb2.
//
// Model: one FS is one TCP connection, one session, one tree. An operation that
// takes longer than the timeout closes the connection; from then on every
// operation fails and the caller dials again: Gone tells. Each frame is one write to
// the connection. There are no locks in this package: go-smb2's share and files may be
// used by several goroutines at once.
//
// Limits, all of go-smb2:
//   - OpenFile always shares read and write. The share access of a caller is not
//     honoured, so nothing keeps two Mailers on one postoffice apart: two live
//     Mailers are not supported. Opens of others that share nothing still
//     exclude this one, because the server checks both sides.
//   - A disposition that may create the file also asks for write access.
//   - Opens ask for no oplock, whatever the caller wants; the options
//     DirectoryFile and DeleteOnClose, and superseding, are refused; the other
//     options and the attributes but read-only are dropped.
//   - It reports a missing name and a missing directory alike: here both are
//     STATUS_OBJECT_NAME_NOT_FOUND, except for the directory of a Find. Denied
//     access and a file that cannot be deleted are both STATUS_ACCESS_DENIED.
//   - Delete of a read-only file clears the attribute and tries again.
//   - Find reads the whole directory and filters it here.
//   - Nothing is cached and no lease is asked for. A write is cut into WRITEs of at most
//     1 MB (64 KB before SMB 2.1), of no more than there are credits for (128 at most,
//     64 KB each), and each is answered before the next is sent; reads likewise. Messages
//     are signed, and encrypted if the server says so. There are no byte-range locks.
package smb2remote
