// Package machine assembles workstations and servers: a workstation is a mail agent
// on the redirector on the Cache Manager on the SMB1 client on a link, all on one
// Runtime. Nothing below knows the whole; to go from simulation to a live run, a
// caller swaps the Runtime and the link here and nowhere else. In a live world the sending
// side can be an SMB2Client in place of a workstation.
package machine
