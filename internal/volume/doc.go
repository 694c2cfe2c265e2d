// Package volume is what a share of the embedded server stands on: a tree of files
// as Windows NT shows one, with names that ignore but keep case, DOS attributes,
// NT times and backslash paths.
//
// # Model
//
// A Volume resolves paths, a File moves bytes. Neither knows share modes, oplocks or
// byte-range locks: those belong to the server above. Two volumes exist: Mem keeps
// everything in memory, deterministically, and Dir shows a directory of the host.
//
// A file of Mem has a size and, as on NTFS, a valid data length: bytes between the
// two read as zero and take no memory.
//
// # Locks
//
// A Mem calls the Locker it was given around each operation, and nothing else while
// it holds it. A nil Locker means that one task runs at a time, as in a simulation.
// A Dir leaves exclusion to the host's file system.
//
// # Limits
//
// No alternate streams, no short names, no extended attributes, no security
// descriptors, no hard links. Case folding is per code point, without a locale.
// Peers reach a volume: what it holds is bounded by Limits, a path by MaxPath.
package volume
