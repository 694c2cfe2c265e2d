package rdr

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

const (
	// semaphoreLimit is how many writes in a row a handle gets past the semaphore that
	// the defect of UseWriteBehind=0 overruns.
	//
	// src: assumed (KB Q169742 says "copying a file": a run of writes, of no stated length)
	semaphoreLimit = 16

	// invalidTIDLoop is how long an invalid TID is retried.
	//
	// src: KB Q130003 ("approximately 14 minutes later")
	invalidTIDLoop = 14 * time.Minute
	// invalidTIDPause separates two of its tries.
	//
	// src: assumed (KB Q130003: "excessive network traffic")
	invalidTIDPause = time.Second
)

// ErrStop is the cause of every error once the machine has stopped.
//
// src: KB Q228538
var ErrStop = errors.New("STOP 0x0000001E KMODE_EXCEPTION_NOT_HANDLED in rdr.sys")

// ask makes a call by name. With the defect of KB Q130003 an invalid TID is tried again
// for minutes, and nothing is logged.
func (c *circuit) ask(call func(Remote) error) error {
	err := c.timed(call)
	if !c.r.cfg.NtrdrQuirkInvalidTidLoop14Min {
		return err
	}
	r := c.r.rt
	for until := r.Now().Add(invalidTIDLoop); c.isInvalidTID(err) && r.Now().Before(until); {
		r.Sleep(invalidTIDPause)
		err = call(c.remote)
	}
	return err
}

// timed makes a call and notes how quick an answer can be.
func (c *circuit) timed(call func(Remote) error) error {
	r := c.r
	begun := r.rt.Elapsed()
	err := call(c.remote)
	if took := r.rt.Elapsed() - begun; !circuitGone(err) {
		r.mu.Lock()
		if c.roundTrip == 0 || took < c.roundTrip {
			c.roundTrip = took
		}
		r.mu.Unlock()
	}
	return err
}

// isInvalidTID reports whether the server, on a circuit that is up, said that the share
// is no longer connected.
func (c *circuit) isInvalidTID(err error) bool {
	return errors.Is(err, nt.StatusNetworkNameDeleted) && c.remote.Err() == nil
}

// overrunsSemaphore counts a write that had to be awaited because UseWriteBehind is 0,
// and reports whether the redirector's semaphore fails it.
//
// src: KB Q169742, KB Q216795
func (o *serverOpen) overrunsSemaphore() bool {
	r := o.f.r
	if !r.cfg.NtrdrQuirkSemaphore298 || r.cfg.UseWriteBehind || !r.cfg.governs(o.writeOnly()) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o.posts++
	return o.posts > r.cfg.SemaphoreWrites
}

// ignoresBreak reports whether an oplock break goes unanswered: that of a file that the
// application has modified. The server waits as long as it waits for anybody, unless the
// file is closed before.
//
// src: KB Q163525 (a modified document; that a file only read is not affected is assumed)
func (o *serverOpen) ignoresBreakLocked() bool {
	return o.f.r.cfg.NtrdrQuirkIgnoreOplockBreak && o.written != 0
}

// stopIfNoDormantFiles stops the machine: the defect of DormantFileLimit=0.
//
// src: KB Q228538 (that it happens when a file would become dormant is assumed)
func (r *Redirector) stopIfNoDormantFilesLocked() {
	if r.cfg.NtrdrQuirkDormantZeroStop && r.cfg.DormantFileLimit == 0 {
		r.stopped = true
	}
}

// running fails if the machine has stopped.
func (r *Redirector) running() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return &nt.Error{Status: nt.StatusUnsuccessful, Err: ErrStop}
	}
	return nil
}

// afterDOSWrite raises the false alarm that the first write by an MS-DOS program causes.
//
// src: KB Q111027 (that it is the first alone is assumed)
func (h *Handle) afterDOSWrite() {
	if !h.r.cfg.NtrdrQuirkInt21LostWrite {
		return
	}
	h.r.mu.Lock()
	first := h.dos
	h.dos = h.dos && !first
	h.r.mu.Unlock()
	if first {
		h.r.popUp(h.f.path)
	}
}
