// Package metamorph plays random workloads twice, through the redirector with its
// Cache Manager and through the plain client that caches nothing, and compares what
// the applications were told and what the server holds in the end. Without link
// faults a cache must not be seen, whatever the registry says.
//
// A Workload is a text that can be played again: the links, the registry of each
// machine, and one or more threads of operations. Threads run side by side, each on
// files of its own and on both workstations; within a thread one operation follows
// the other, so that what each of them returns is defined.
//
// # What may differ
//
// NT documents switches that let another machine see data late. The reference run,
// which comes first, keeps account of who has what open (see account), and decides for
// each operation what is compared:
//
//   - A handle that may delay writes without an oplock (write-only: KB Q163401; deny-write:
//     KB Q102981, BufFilesDenyWrite) keeps another machine from the file's data: what it
//     reads meanwhile is not compared, and it does not write (the order of two delayed
//     writes at the server is not defined).
//   - A close returns before the server has the CLOSE (KB Q148811, KB Q190812). Before
//     another machine turns to the file, or a search looks at it, the first machine is
//     waited for, unless a batch oplock was held, which makes the server wait.
//   - A read cache that the read-only attribute allows (BufReadOnlyFiles) is not told of
//     another machine's writes: KB Q102981. Neither it nor that of a deny-write open is told of
//     another machine's locks.
//   - The end of a level II oplock is not acknowledged ([MS-CIFS] §3.2.5.42): it may still be
//     on its way when the write that caused it has been answered. Before a machine turns to a
//     file that another one has changed, it asks the server something, behind which the break
//     cannot be left.
//   - A query by name shows what the server has, not what is in the cache: sizes are
//     compared only if nobody has the file open for writing.
//   - A file is not renamed while it is open: its redirectors would go on to know it by its
//     old name.
//   - Of a lock that is refused a server tells STATUS_FILE_LOCK_CONFLICT if the same was refused
//     before; a redirector that refuses it under an oplock does not. The two count as one.
//   - Times are not compared.
//
// Settings that make NT fail by themselves are not drawn: a limit of so few requests
// that an open and the flush that it waits for cannot be outstanding together (KB Q233082), and
// timers shorter than it takes the link to flush what a workload writes (KB Q129202).
package metamorph
