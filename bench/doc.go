// Package bench runs trials: a workload goes through a redirector under a policy, over
// a link, to a server where a reader looks, and what became of it. The workload is one
// message sent to a postoffice that a Mailer reads, or one of package workload. A trial
// is a Spec and gives a Result; a Matrix is policies times links times losses
// times workloads, with the same seeds in every cell, so that cells can be compared pair
// by pair.
//
// Run is the simulated trial: everything happens on one simrt kernel and the same
// Spec gives the same Result and trace checksum on every machine of one
// architecture. RunLive is the same story in real time against a real server, and there
// alone the policy can be SMB2, whose sender is go-smb2. The Mailer's looks have the phase
// that they have in simulation. A server may hold an SMB1 opener that meets a sharing
// violation, as NT's does and Samba, and not an SMB2 one: a live Mailer by go-smb2 then
// meets fewer half-written messages (Peer.SMB1Mailer has it read by SMB1).
//
// A Tally counts the results of one cell in constant memory; tallies of shards merge
// into exactly the Tally of one run. A Cell is its summary: Clopper-Pearson bounds of
// rates, and the comparison with the first policy seed by seed, McNemar's exact test for
// rates and paired differences and ratios for times, corrected by Holm for the number
// of comparisons of a run.
//
// An Exploration disturbs one trial after each packet of the sender's link in turn, and
// holds at each moment what the server has been given against a prefix of what the
// application has done.
//
// A Journal holds what a sweep, or a shard of one, has played so far; a Record of the
// journals makes the files of results. Memory is constant in the number of trials. On
// disk, lines of failing trials are bounded by default above ManyTrials; the cells grow
// with the number of records, which a long run writes ever more seldom.
//
// Limits: one message a trial, one reader. An interval covers the simulated
// population only: how another choice of seeds could have come out. It covers neither
// an error of the model, nor an assumed parameter, nor a real link.
package bench
