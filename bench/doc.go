// Package bench runs trials: one message sent through a redirector under a policy,
// over a link, to a postoffice that a Mailer reads, and what became of it. A trial
// is a Spec and gives a Result; a Matrix is policies times links times losses, with
// the same seeds in every cell, so that cells can be compared pair by pair.
//
// Run is the simulated trial: everything happens on one simrt kernel and the same
// Spec gives the same Result and trace checksum on every machine of one
// architecture. RunLive is the same story in real time against a real server.
//
// Limits: one workload, one message of a given size. Statistics cover the simulated
// population only.
package bench
