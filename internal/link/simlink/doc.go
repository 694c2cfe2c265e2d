// Package simlink is a link with a modelled TCP on it, packet by packet, made for
// virtual time: slow start, congestion avoidance, retransmission timeouts, delayed
// acknowledgements, connection set-up and tear-down, resets, half-open ends.
//
// # Model
//
// A Link joins one client machine with one server machine. Dialer is the client's
// end, Listener the server's. Each connection has a tcb at both ends: a state
// machine without clock, timer or task, which is told what happened and leaves the
// segments to send and the times at which it wants to be called again. An endpoint
// does what its tcb decided and wakes the tasks that wait in Send and Recv.
//
// A segment becomes a packet of its length and 40 bytes, and a link.Medium decides what
// becomes of it: lost at random, dropped from the full queue, or delivered after waiting,
// serialization and half the round-trip time. Packets stay in order. During an outage
// every packet offered vanishes; those on their way arrive. The packets of a half-open
// connection vanish for good, at both ends.
//
// The flavour tcp-nt351 ignores duplicate acknowledgements, because NT gained fast
// retransmit with 4.0 SP2 (KB Q162179). Its receiver keeps what arrives out of order.
//
// Set-up and teardown are packets that can be lost: SYN, SYN-ACK and their repetitions, FINs
// in both directions, TIME_WAIT for the side that closed first, a RST for what belongs to
// no connection. Each connection has a port of its own, so TIME_WAIT never refuses one.
//
// A receiver whose reader lags behind shuts its window; the sender then probes it, at
// intervals that double up to 240 s, and does not give up, answered or not (KB Q153596). Both ends avoid the silly window (RFC 1122 §4.2.3.3, §4.2.3.4).
//
// A message is a NetBIOS session packet: a header of 4 bytes, then the message.
//
// # Locks
//
//	endpoint.sending      rt.Resource: one message at a time; held across waits
//	  Link.mu             rt.Mutex: everything else; never held across a wait
//	    trace.Recorder    through Options.Trace; Options.Tap runs here as well
//
// # Limits
//
// No options, fragments, ICMP, path MTU discovery, TCP keep-alive (the session's is an
// option), urgent data or simultaneous open. Sequence numbers do not wrap. The congestion
// window is not reset after idle time. A connection can be half-closed from one side only:
// who has received a FIN may go on sending, and who sent it acknowledges that and throws it
// away, for as long as the peer takes to close (NT's wait for the peer's FIN had a limit
// that no source of ours gives). The two directions of a half-duplex medium do not disturb
// each other. The accept queue holds 64.
package simlink
