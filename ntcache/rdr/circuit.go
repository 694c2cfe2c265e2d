package rdr

import (
	"errors"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// circuitHandler ties what a circuit reports to that circuit: a late report of an
// old one must not touch its successor.
type circuitHandler struct {
	r      *Redirector
	remote Remote
}

// OnBreak flushes what the oplock protected, forgets it if nothing may be cached any
// more, and acknowledges. A dormant file is closed instead.
//
// src: [MS-CIFS] §3.2.5.42; KB Q129202
func (c *circuitHandler) OnBreak(h nt.FileHandle, to nt.OplockLevel) {
	r := c.r
	r.mu.Lock()
	f := r.byFID[h]
	if f == nil {
		r.early[h] = to
	}
	r.mu.Unlock()
	if f != nil {
		f.breakOplock(c.remote, h, to)
	}
}

// OnCircuitLost kills the circuit's handles and throws their dirty data away: no
// FID outlives its circuit, so it can never be sent.
//
// src: KB Q184998, KB Q163401
func (c *circuitHandler) OnCircuitLost(err error) {
	r := c.r
	r.mu.Lock()
	if r.remote == c.remote {
		r.remote = nil
	}
	clear(r.early)
	files := r.filesLocked()
	r.mu.Unlock()
	r.logCircuitLost(err)
	for _, f := range files {
		f.circuitLost(c.remote, err)
	}
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
	var inner *nt.Error
	if errors.As(err, &inner) {
		return &nt.Error{Op: op, Path: path, Status: st, Err: inner.Err}
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
