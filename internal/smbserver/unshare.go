package smbserver

import "github.com/ntrdr/ntrdr/internal/volume"

// unshareInput: an administrator removes a share.
type unshareInput struct{ name string }

func (unshareInput) isInput() {}

// Unshare removes a share without a word to those who use it: their files are closed
// and their TIDs are invalid from now on.
func (s *Server) Unshare(name string) { s.step(unshareInput{name}) }

func (c *core) unshare(name string) {
	sh := c.shares[volume.Fold(name)]
	delete(c.shares, volume.Fold(name))
	for _, cir := range c.circuits.all() {
		for _, t := range cir.trees.all() {
			if t.share == sh {
				c.disconnectTree(cir, t)
			}
		}
	}
}
