// Package smbserver is an SMB1 server that behaves as the Server service of Windows
// NT 3.51: share modes, byte-range locks, oplocks, and FIDs that live and die with
// their virtual circuit.
//
// # Model
//
// All decisions are taken in core.step, which gets one input (a circuit opened or
// closed, a frame arrived, time passed) with the present time and returns the frames
// to send, the circuits to close and when it wants to be called again. It does no
// network I/O, waits for nothing and draws its only randomness, the challenges, from
// the runtime, whose clock it looks at for dates that it sends. Volume I/O is done
// inline.
//
// Server gives it a life: a task that receives for each circuit, one that sends while
// that means to wait, and one timer. A circuit is a transport connection; the circuits
// of one workstation share a client name, by which a new circuit with VcNumber 0 drops
// the ghosts of its predecessors.
//
// A request is an exchange. It runs through its AndX chain at once, unless it meets
// a sharing violation, which is tried again SharingViolationRetries times, or an
// oplock, whose break must be answered first; then it is parked and later resumes at
// the same command, while other requests go on. So is one that the client lets wait:
// for a lock, until it is granted or its time is up, and for a change in a directory.
//
// A READ_RAW is answered by a message without a header. After the interim response to
// a WRITE_RAW the next message of the circuit is its block, whatever it holds.
//
// An open file is a FID on a circuit; all opens of one file share an fcb, which
// holds the share modes, locks and oplocks. A FID that is closed while it has an oplock
// leaves the server's own handle behind, up to CachedOpenLimit, which counts for share
// modes until it has to make way.
//
// # Locks
//
// Server.mu guards the core and all queues; it is held through a step, never across
// a send or a receive that may wait. A volume's own lock is taken inside it, and what a
// link.Prompt needs.
//
// # Limits
//
// The dialect is NT LM 0.12 alone. Not there: MPX transfers, signing, printing, named
// pipes, RAP, NT_TRANSACT but for NOTIFY_CHANGE, CANCEL_LOCK and CHANGE_LOCKTYPE of
// LOCKING_ANDX. What is known of a link is asked once, when the circuit is opened
// (LinkInfoValidTime). A change is told when it is made, not when the file is closed.
// A client that announces a raw block and never sends it keeps a raw work item for as
// long as its circuit is up. IPC$ can be connected and holds nothing. Transactions
// must fit in one message. A Volume on a slow host disk delays every
// client, since its I/O is done in the step.
package smbserver
