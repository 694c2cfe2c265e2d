// Package tcplink carries SMB messages over real TCP, in real time, and can shape a
// connection to a link.Profile on the way.
//
// # Model
//
// A message is a NetBIOS session packet: a header of 4 bytes, then the message. A
// Dialer is the client's end; with a Profile it shapes both directions in this
// process: each 1460 bytes of the stream are a segment that waits for the window of
// 8760 bytes, for the line's rate and for half the round-trip time. Real TCP below
// loses nothing, so a lost packet becomes a stall: the segment arrives when the
// retransmission rule of tcp-nt351 would have brought it, and after five
// retransmissions in vain the connection is aborted. An outage is the same with
// every packet lost.
//
// The package runs on goroutines and the machine's clock: it is for live runs alone.
//
// # Locks
//
//	Conn.sending   one message at a time enters the stream; held across writes
//	shaper.mu      the schedule of one direction; never held across a wait
//
// # Limits
//
// The shape is a model above a real TCP: congestion windows are the kernel's, and a
// stall holds what is behind it in order, as a receiver that keeps early segments
// does. A Listener does not shape.
package tcplink
