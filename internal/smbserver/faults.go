package smbserver

import (
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// Faults are what a story lets go wrong at a server. The zero value is a healthy one.
type Faults struct {
	// Delay is how late each request is taken up.
	Delay time.Duration
	// RefuseRaw declines raw requests as a server without free raw work items does.
	//
	// src: KB Q146005
	RefuseRaw bool
}

// SetFaults changes what goes wrong from now on.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.core.faults = f
}

// StrayBreak breaks an oplock that a client has not got, on each of its circuits that has
// a tree. A client is meant by the name that it was served under, or logged on with.
func (s *Server) StrayBreak(client string) { s.step(strayInput{client}) }

// strayInput: a story wants a break of a FID that there is not.
type strayInput struct{ client string }

func (strayInput) isInput() {}

func (c *core) stray(client string) {
	for _, cir := range c.circuits.all() {
		if cir.client != client && !strings.EqualFold(cir.workstation, client) {
			continue
		}
		if trees := cir.trees.all(); len(trees) > 0 {
			c.sendBreak(&openFile{fid: strayFID, cir: cir, tree: trees[0], f: &fcb{}}, nt.OplockNone)
		}
	}
}

// strayFID is one that no circuit comes to.
//
// src: assumed (any that is never given out)
const strayFID smbwire.FID = 0x7777

// RawWritesRejected counts the raw writes that were declined for want of resources, as
// the performance counter of that name.
//
// src: KB Q146005
func (s *Server) RawWritesRejected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.rawRejected
}
