// Package capture writes and reads pcapng files of SMB traffic.
//
// A Writer turns the SMB messages of link.Conns into packets as they could have
// been seen at the client: Ethernet, IPv4, TCP with a handshake, right sequence
// numbers and checksums, and a NetBIOS session header before each message. The
// messages and their times are real, in simulated time too; the packets are made
// up, so a capture shows no loss, no retransmission and no TCP timing. Those are
// known to the link alone, which has a packet tap of its own.
//
// A Reader takes messages out of a capture again, of this package's or of another
// program's making: it follows each TCP stream, drops what came twice and puts in
// order what came out of order. A stream in which bytes are missing is given up.
//
// Locks: a Writer calls the Locker that it was given around every packet group; on
// simrt, where one task runs at a time, it needs none. Nothing here waits.
//
// Limits: IPv4 only; at most maxStreams streams in a capture, each with at most
// maxPending bytes out of order and messages of at most link.MaxMessage bytes.
package capture
