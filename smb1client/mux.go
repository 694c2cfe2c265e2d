package smb1client

import (
	"cmp"
	"errors"
	"slices"

	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// maxQuarantine is how many MIDs are kept out of use because a reply may still come.
//
// src: assumed (far more than requests outstanding, far fewer than MIDs)
const maxQuarantine = 1024

var (
	// errUnknownMID: nobody waits for this reply. It is discarded.
	//
	// src: [MS-CIFS] §3.2.5.1; KB Q103879 (a reply has the MID of its request)
	errUnknownMID = errors.New("reply to no request")
	// errLateReply: the reply to a request that was given up. It is discarded.
	errLateReply = errors.New("late reply")
	// errWrongCommand: the MID is right and the command is not.
	errWrongCommand = errors.New("reply of another command")
	errNoMID        = errors.New("every MID is in use")
)

// mux hands out MIDs and finds out whom a reply is for. It has no I/O, no clock and
// no lock of its own. Its lists are looked up linearly: few requests are outstanding.
type mux struct {
	next       smbwire.MID
	waiting    []*call       // in the order of the calls
	rawRead    *call         // waits for a block without a header, else nil
	quarantine []smbwire.MID // oldest first
}

// add gives w a MID that no outstanding request and no late reply has.
//
// src: [MS-CIFS] §2.2.1.6.2
func (m *mux) add(w *call) error {
	if len(m.waiting)+len(m.quarantine) >= int(smbwire.BreakMID) {
		return errNoMID
	}
	for m.next == smbwire.BreakMID || m.find(m.next) != nil || slices.Contains(m.quarantine, m.next) {
		m.next++
	}
	w.mid = m.next
	m.next++
	m.await(w)
	return nil
}

// await makes w wait for a reply to its MID.
func (m *mux) await(w *call) {
	m.waiting = append(m.waiting, w)
	if w.rawMax > 0 {
		m.rawRead = w
	}
}

// find returns the request that waits for a reply to mid, else nil.
func (m *mux) find(mid smbwire.MID) *call {
	for _, w := range m.waiting {
		if w.mid == mid {
			return w
		}
	}
	return nil
}

// mostUrgent returns the request whose time is over first, the oldest of several, and nil
// without one.
func (m *mux) mostUrgent() *call {
	if len(m.waiting) == 0 {
		return nil
	}
	return slices.MinFunc(m.waiting, func(a, b *call) int { return cmp.Compare(a.due, b.due) })
}

// match finds the request that a reply answers. The request stays until finish. A
// WRITE_RAW that the server declines is answered by WRITE_COMPLETE, and what should be
// WRITE_COMPLETE can be WRITE_RAW.
//
// src: [MS-CIFS] §3.2.5.18; the latter: measured on Samba 4.17
func (m *mux) match(mid smbwire.MID, command smbwire.Command) (*call, error) {
	w := m.find(mid)
	switch {
	case w == nil && m.released(mid):
		return nil, errLateReply
	case w == nil:
		return nil, errUnknownMID
	case w.command == smbwire.CmdWriteRaw && command == smbwire.CmdWriteComplete,
		w.command == smbwire.CmdWriteComplete && command == smbwire.CmdWriteRaw:
	case w.command != command:
		return w, errWrongCommand
	}
	return w, nil
}

// released takes mid out of the quarantine and reports whether it was there.
func (m *mux) released(mid smbwire.MID) bool {
	i := slices.Index(m.quarantine, mid)
	if i < 0 {
		return false
	}
	m.quarantine = slices.Delete(m.quarantine, i, i+1)
	return true
}

// has reports whether w still waits.
func (m *mux) has(w *call) bool { return slices.Contains(m.waiting, w) }

// finish frees the MID of w and reports whether w was still waiting.
func (m *mux) finish(w *call) bool {
	i := slices.Index(m.waiting, w)
	if i < 0 {
		return false
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	if m.rawRead == w {
		m.rawRead = nil
	}
	return true
}

// abandon gives w up: its MID is not used again until a reply came, or until the
// quarantine is full and it is the oldest there.
func (m *mux) abandon(w *call) {
	if !m.finish(w) {
		return
	}
	if len(m.quarantine) == maxQuarantine {
		m.quarantine = slices.Delete(m.quarantine, 0, 1)
	}
	m.quarantine = append(m.quarantine, w.mid)
}

// drain forgets all requests and returns them in the order of their calls.
func (m *mux) drain() []*call {
	all := m.waiting
	m.waiting, m.rawRead = nil, nil
	return all
}
