// Package tcplink carries messages over real TCP in real time, as NetBIOS session
// packets: direct hosting, or after an RFC 1002 session request. A Shaper makes the
// connections of one client slow and lossy, in the client's own process.
//
// # Model
//
// A Shaper stands between the client and its sockets. Each direction is a link.Wire
// that all its connections share; what is written, and what is read, is cut into
// segments, each of which waits for the window of 8760 bytes, for the line and for half
// the round-trip time. Both ends' kernels see a perfect connection, so a lost segment
// cannot be lost: it stalls its direction instead, for as long as the retransmissions
// of tcp-nt351 would have taken, timeouts doubling, and the sixth loss in a row aborts
// the connection.
//
// # Locks
//
//	Conn.sendMu      one message at a time; held while the socket blocks
//	  Shaper.mu      lines, weather, outages, counts; never held across a wait
//	    trace.Recorder
//
// Each shaped connection has two goroutines, one a direction. They end when the
// connection is closed or dies, or at the latest when its linger time is over. The socket
// of a half-open connection stays open until the Shaper is closed, so that the server does
// not hear of the client's end.
//
// # Limits
//
// Slow start and packets without data are not modelled: stalls slow a link down, yet
// less than lost packets would (compare package simlink). The queue does not drop; a
// writer waits for room in it. Deadlines of a shaped net.Conn act on the socket, not on
// the shaped end. Times are as good as the machine's timers.
package tcplink
