package rdr

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// circuit ties what a virtual circuit reports to that circuit: a late report of an
// old one must not touch its successor.
type circuit struct {
	r      *Redirector
	remote Remote
	limits nt.Limits // constant
	queue  *queue    // nil without a policy
	over   rt.Event  // Notification: everything that its loss means has been done

	// Guarded by Redirector.mu.
	roundTrip time.Duration // the quickest answer to a call by name so far; 0: none yet
	lost      bool          // its loss has been reported, or it has been dropped
	logged    bool          // the event log says so
	uses      int           // calls by name under way
	opens     int           // files open on it, dormant ones too
	used      time.Duration // when uses or opens changed last, by rt.Runtime.Elapsed
	waiting   int           // long-term requests outstanding
	echoes    int           // how often the first of them began
}

// OnBreak flushes what the oplock protected, forgets it if nothing may be cached any
// more, and acknowledges. A dormant file is closed instead.
//
// src: [MS-CIFS] §3.2.5.42; KB Q129202
func (c *circuit) OnBreak(h nt.FileHandle, to nt.OplockLevel) {
	r := c.r
	r.mu.Lock()
	o := r.openLocked(h)
	if o != nil && o.ignoresBreakLocked() {
		r.mu.Unlock()
		return
	}
	if o == nil && r.openings > 0 {
		r.early[h] = to
	}
	r.mu.Unlock()
	if o != nil {
		o.f.breakOplock(c.remote, h, to)
	}
}

// OnCircuitLost kills the circuit's handles and throws their dirty data away: no
// FID outlives its circuit, so it can never be sent. A second call waits until the
// first has done that.
//
// src: KB Q184998, KB Q163401
func (c *circuit) OnCircuitLost(err error) {
	r := c.r
	r.mu.Lock()
	if c.lost {
		r.mu.Unlock()
		c.over.Wait(rt.Forever)
		return
	}
	c.lost = true
	clear(r.early)
	files := r.filesLocked()
	inUse := slices.ContainsFunc(files, func(f *fcb) bool { return len(f.opens) > 0 })
	r.mu.Unlock()
	if inUse || errors.Is(err, nt.StatusIOTimeout) {
		c.logLoss(err) // that a server drops an idle circuit is no error
	}
	for _, f := range files {
		f.circuitLost(c.remote, err)
	}
	if c.queue != nil {
		c.queue.broke(err)
	}
	c.end()
}

// end makes room for the next circuit. It comes last: what a file has on a new circuit
// must not be thrown away with the old one's.
func (c *circuit) end() {
	c.r.mu.Lock()
	if c.r.live == c {
		c.r.live = nil
	}
	c.r.mu.Unlock()
	c.over.Set()
}

// logLoss puts the loss of the circuit into the event log, once.
func (c *circuit) logLoss(err error) {
	c.r.mu.Lock()
	logged := c.logged
	c.logged = true
	c.r.mu.Unlock()
	if !logged {
		c.r.logCircuitLost(err)
	}
}

// logIfCircuitLost puts the loss of the live circuit into the event log before what
// followed from it.
func (r *Redirector) logIfCircuitLost() {
	r.mu.Lock()
	live := r.live
	r.mu.Unlock()
	if live == nil {
		return
	}
	if err := live.remote.Err(); err != nil {
		live.logLoss(err)
	}
}

// noticeLoss logs the loss of the circuit under a call by path: no open file may be
// there to show that the circuit was in use.
func (r *Redirector) noticeLoss(err error) {
	if err != nil && circuitGone(err) {
		r.logIfCircuitLost()
	}
}

// goneStatuses say that a circuit died.
var goneStatuses = [...]error{
	nt.StatusUnexpectedNetworkError, nt.StatusNetworkNameDeleted, nt.StatusIOTimeout, nt.StatusFileClosed,
	nt.StatusConnectionDisconnected, nt.StatusConnectionReset, nt.StatusVirtualCircuitClosed, nt.StatusInvalidNetworkResponse,
}

// circuitGone reports whether err says that the circuit died, as opposed to an
// answer of the server.
func circuitGone(err error) bool {
	return err != nil && slices.ContainsFunc(goneStatuses[:], func(st error) bool { return errors.Is(err, st) })
}

// filesLocked returns the FCBs in order of path.
func (r *Redirector) filesLocked() []*fcb {
	files := make([]*fcb, 0, len(r.fcbs))
	for _, f := range r.fcbs { // map order: sorted below
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *fcb) int { return strings.Compare(a.path, b.path) })
	return files
}

// wrap gives err the operation and path that the application used, once.
func wrap(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var st nt.Status
	if !errors.As(err, &st) {
		st = nt.StatusUnexpectedNetworkError
	}
	var (
		inner *nt.Error
		bare  nt.Status
	)
	switch {
	case errors.As(err, &inner):
		err = inner.Err
	case errors.As(err, &bare):
		err = nil // the status says it all
	}
	return &nt.Error{Op: op, Path: path, Status: st, Err: err}
}

// statusOf is err's NTSTATUS for the trace.
func statusOf(err error) uint32 {
	if err == nil {
		return uint32(nt.StatusSuccess)
	}
	var st nt.Status
	if errors.As(err, &st) {
		return uint32(st)
	}
	return uint32(nt.StatusUnsuccessful)
}
