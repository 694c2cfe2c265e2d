package mailclient

import "github.com/ntrdr/ntrdr/internal/nt"

// Unshared is a postoffice on a server that does not enforce share modes: every file is
// opened so that others can do what they like with it.
//
// src: KB Q126750 (PC-NFS without file locking)
func Unshared(fs FS) FS { return unshared{fs} }

type unshared struct{ FS }

// Open opens a file and denies nothing.
func (u unshared) Open(path string, p nt.CreateParams) (File, error) {
	p.Share = nt.ShareRead | nt.ShareWrite | nt.ShareDelete
	return u.FS.Open(path, p)
}
