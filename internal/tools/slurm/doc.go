// Package slurm holds what plays a sweep on more than one machine: scripts for a Slurm
// array, a manifest for Kubernetes, a line for GNU parallel (README.md), and their test.
//
// Model: the test starts munged, slurmctld and slurmd on free ports of this machine, as
// one node, with all of their state in a temporary directory; nothing of the machine's
// own Slurm is read or changed. All processes of the cluster, jobs among them, carry
// its SLURM_CONF, by which they are found and ended.
//
// Limits: the cluster needs root and Linux. It has no accounting, no cgroups and no
// second node, so a shared file system is not tried. Kubernetes itself is not tried.
package slurm
