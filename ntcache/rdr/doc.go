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
