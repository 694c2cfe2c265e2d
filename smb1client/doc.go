// Package smb1client is an SMB1 client: the dialect NT LM 0.12 over any transport that
// carries whole messages.
//
// # Model
//
// A Client is a virtual circuit, a Session a user logged on to it, a Tree a share.
// Exchange is the one way to ask the server something: it takes a permit, as the
// circuit bears min(MaxCmds, MaxMpxCount) requests at once, sends under a resource,
// so that requests leave in the order of the calls, and waits for the reply that the
// receive task brings. Behind Tree's calls there is no cache and no retry: what they
// return, the server said. Share and File put an API like that of package os on top.
//
// A circuit dies once: by Close, by the transport, by a reply that makes no sense or
// by the timer of a request. Then every waiter gets one error, later calls fail at
// once, and each tree's handler is told.
//
// Oplock breaks are run on a task of their own for each file, in the order in which
// they came, once Create has returned the file's handle. That task and the caller of
// Create may run in any order from then on: a handler that keeps a table of handles
// must expect a break for one that its other task is about to enter.
//
// A raw exchange, ReadRaw or WriteRaw, is possible only while nothing else is
// outstanding on the circuit and nobody waits to send, and keeps everything else from
// being sent until it is done: its data has no header by which it could be told from
// a reply. A request that waits at the server, for a lock or for a change in a
// directory, has no timer, occupies a permit and keeps raw exchanges from happening.
// Ping, an ECHO without a permit, finds out whether the server is still there.
//
// # Tasks
//
// One receive task for as long as the circuit is up; one task for each file that has
// breaks to run; one task that closes a lost circuit and tells the handlers. When
// Close has returned, nothing is left but handlers that have not returned.
//
// # Lock order
//
//	Client.slots    a permit; held while a request is outstanding
//	  Client.sending    rt.Resource; held while a message is encoded and sent, or
//	                    through a raw exchange
//	    Client.mu           never held across a wait or a call of a handler
//
// # Limits
//
// No dialect but NT LM 0.12, no share-level security, no clear-text passwords, no
// signatures: a server that requires one of these is refused by name. No MPX
// transfers, no named pipes, no DFS. Of the subcommands of NT_TRANSACT there is only
// NOTIFY_CHANGE. Only requests that wait at the server can be cancelled. A search
// returns at most MaxFindEntries entries; one request of it asks for as many bytes as
// Options.SearchBuffer. Acknowledging a break needs no permit, but the writes that a
// handler does first need one each: a server with a MaxMpxCount of 1 that grants
// oplocks can make a client wait for itself until a timer fires. Requests without a timer
// can take all permits: then the unlock that would end them waits for one, and only
// CancelWaits helps.
package smb1client
