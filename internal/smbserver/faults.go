package smbserver

import "time"

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

// RawWritesRejected counts the raw writes that were declined for want of resources, as
// the performance counter of that name.
//
// src: KB Q146005
func (s *Server) RawWritesRejected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.rawRejected
}
