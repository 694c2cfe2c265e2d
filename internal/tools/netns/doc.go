// Package netns puts a real kernel's TCP on a modelled link: two network namespaces,
// a client's and a server's, and between them a relay of IP packets that runs the same
// link.Medium as the simulator. Packets are really lost here, and the kernel's TCP
// really retransmits them.
//
// # Model
//
// Each link is a pair of TUN devices, one in either namespace, and the relay reads
// packets from one and writes to the other those that arrive, when they arrive. Link i,
// counted from 1, has the client at 10.77.i.1 and the server at 10.77.i.2 and a weather
// of its own, of seed Seed+i-1; link 0 is perfect, for what is not under test. The
// namespaces are entered by threads of this process and by the commands that it starts.
//
// Nothing outside of the namespaces is touched, and nothing has to be cleaned up: they
// have no names, TUN devices live as long as the files that hold them, and the kernel
// takes all of it away with the last process inside, however this one ends. Commands
// that were started inside get a signal if this process dies.
//
// # The kernel's TCP
//
// It is held to what NT's could do: Reno's congestion control, MSS 1460, no SACK, no
// timestamps, no window scaling, no RACK, tail loss probes, F-RTO or ECN, a window of
// 8760 bytes, an initial congestion window of one segment, by the sysctls of the
// namespaces and the metrics of their routes (see Flavour). What remains different:
//   - "reno" is Linux's: after three duplicates it stays in recovery until everything
//     that was sent before is acknowledged, as NewReno does.
//   - "nt351" never sees the number of duplicates that a fast retransmit needs, so it
//     recovers by timeouts alone, as NT 3.51 did.
//   - The timeout is never below the smoothed round trip plus the minimum, where the
//     model has the larger of the two.
//   - Linux acknowledges at once at the start of a connection and after a gap, else
//     within 40 to 200 ms by its own measure, where the model has 200 ms always.
//   - A connection is given up after a time, not a number of retransmissions.
//
// # Limits
//
// Linux, root (or CAP_SYS_ADMIN and CAP_NET_ADMIN), /dev/net/tun, and `ip` of the Debian
// package iproute2. IPv4 alone. Times are as good as the machine's timers; a loaded
// machine is a slower link.
package netns
