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
// No options, fragments, ICMP, path MTU discovery, TCP keep-alive (the session's is an option), urgent data, TIME_WAIT
// or simultaneous open. The congestion window is not reset after idle time. After
// Close, what the peer still sends is acknowledged and thrown away. The two directions
// of a half-duplex medium do not disturb each other. The accept queue holds 64.
package simlink
