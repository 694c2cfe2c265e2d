// Package rdr is the redirector of Windows NT 3.5x: it turns an application's file
// calls into SMBs, decides what may be cached and when it is sent, and decides when
// a call returns. It is the subject of this project.
//
// Two layers buffer writes. L1 is the Cache Manager (package ntcache), on while
// UtilizeNtCaching is 1 and the open may be cached; L2 is the redirector's own three
// write-behind buffers a file, for handles that cannot use L1. UseWriteBehind=0
// makes every write return only after its WRITE has been answered; which handles it
// governs is NtrdrWriteBehindScope.
//
// What the failure of KB Q143413 needs, and where it is in the code:
//
//   - a write completes when its data is in a buffer: Handle.WriteAt;
//   - a close completes before the server has the data: Handle.Close;
//   - flushing is serial within a file and concurrent across files: fcb.flush under
//     ntcache's writer resource, ntcache.Manager.WriteBehind;
//   - on a slow link requests of several files interleave, because raw mode is not
//     used there (KB Q152081: not for what takes longer than 5 seconds), nor while any
//     other request is outstanding: rawObstacle. A raw transfer locks the circuit;
//   - a broken circuit kills its FIDs; the dirty data is lost, and only a pop-up and
//     the event log say so: circuit.OnCircuitLost, fcb.LostData.
//
// The last property, a reader that acts on the small file, is package mailclient's.
//
// Byte-range locks stay on this machine while an exclusive or batch oplock keeps the
// others out, and go to the server before that is released: lockTable. Elsewhere each is
// a request. Between handles of one machine the server decides: as long as one of several
// has a lock there, none is served from a cache, because pages and ranges do not match.
//
// A WritePolicy takes the place of NT's own machinery. What applications change is then kept
// in one queue a circuit, in the order of their calls; the policy, a pure function, says what
// a call awaits, what is sent next and what a failure ends. A policy can be stricter than NT
// and never laxer: where the rights of an open forbid buffering, a write waits for its own
// answer. Raw mode and lock buffers are not used with a policy. Package indexlast is one to
// begin one's own with. The built-in ones:
//
//   - WriteThrough promises that what a call returned for is at the server, and costs a round
//     trip a call;
//   - FlushOnClose promises that a file is at the server when its close has returned without
//     an error, and costs the close the time of its data; there is no order between files;
//   - Ordered promises that the server has at any time a beginning of what the applications
//     did, across all files, a new and empty file excepted, because opens may overtake. A
//     write waits only while NtrdrQueueLimit bytes are queued. It cannot promise what comes
//     after: when the circuit breaks, the end of what was reported as done is lost, and only
//     the event log and later calls say so;
//   - Ordered with Durable makes a close return when every earlier write is acknowledged,
//     with the error if there is one, and costs that time.
//
// Writes of one file are under way together and end in any order, so that a broken circuit
// can leave a hole at the end of one file. With Ordered a failure that no call was told of
// makes every later call fail, on a new circuit too, until an application has been told and
// all its older handles are closed; a program that goes on after one error is not protected.
// SET of the size, RENAME and MKDIR wait for their answers.
//
// Lock order, outermost first:
//
//	Redirector.connecting       rt.Resource; held across connecting to the server
//	fcb.opening                 rt.Resource; held across an open's request
//	lockTable.moving            rt.Resource; held across a break's flush and locks
//	fcb.io                      rt.Resource; held across an application's read or write
//	  writeBehind.sending       rt.Resource; held across the WRITE of an L2 buffer
//	  lockTable.sending         rt.Resource; held across the WRITE of a lock buffer
//	  SharedCacheMap.writing    rt.Resource, of ntcache; held across paging writes
//	    Redirector.mu           tables, FCB fields, event log; never held across a
//	                            call into Remote or ntcache
//
// Limits: there are no named pipes; events that are never raised are in EventTypes, with
// the reason. A file that is renamed while it is open stays known by its old name. What
// is written raw behind the application and lost with its circuit is counted as lost even
// if the server had got it. A dirty page that is written behind while another machine has
// locked some of its bytes, as a reader beside a deny-write writer can, is refused whole and
// lost.
package rdr
