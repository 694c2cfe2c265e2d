package bench

import (
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// wireWatch follows one workstation's SMBs in the trace and notes when the server
// answered what. It works on every server, because it sees only the client's end.
type wireWatch struct {
	actor string
	role  func(path string) workload.Role
	opens paths // requests outstanding, by MID
	files paths // open files, by FID
	moves paths // CLOSEs, RENAMEs and DELETEs outstanding, by MID

	lastDone   time.Duration // when the last CLOSE, RENAME or DELETE of the message's files was answered
	keyClose   time.Duration // when the sender's INQUEUE3.KEY was last closed at the server
	reached    bool          // lastDone is set
	keyReached bool
	cut        bool // the circuit died before the last of them was answered

	serverTells bool   // the server records its own closes: no need to wait for replies
	onClose     func() // told when lastDone changes; may be nil
}

// paths are the few paths that numbers stand for.
type paths []numbered

type numbered struct {
	id   uint16
	path string
}

// put gives a number a path, whatever it stood for.
func (p *paths) put(id uint16, path string) {
	p.take(id)
	*p = append(*p, numbered{id, path})
}

// take forgets a number and returns its path, "" if it has none.
func (p *paths) take(id uint16) string {
	for i, n := range *p {
		if n.id == id {
			*p = slices.Delete(*p, i, i+1)
			return n.path
		}
	}
	return ""
}

// watchedKinds are the events that see looks at.
var watchedKinds = [...]trace.Kind{trace.FileClosed, trace.CircuitDown, trace.SMBSend, trace.SMBRecv}

// watched is what a Result needs of the trace: what see looks at.
func watched(actor string, k trace.Kind) bool {
	return slices.Contains(watchedKinds[:], k) && (k == trace.FileClosed || actor == machine.ActorSenderHost)
}

func newWireWatch(actor string, role func(string) workload.Role) *wireWatch {
	return &wireWatch{actor: actor, role: role, opens: make(paths, 0, 2), files: make(paths, 0, 16), moves: make(paths, 0, 4)}
}

// see takes the next event of the trace.
func (w *wireWatch) see(e Event) {
	if e.Kind == trace.FileClosed && e.Text == w.actor && w.role(fileOf(e.Path)) == workload.Announces {
		w.keyClose, w.keyReached, w.serverTells = e.At, true, true
	}
	if e.Actor != w.actor {
		return
	}
	switch {
	case e.Kind == trace.CircuitDown:
		w.cut = w.cut || w.open()
		w.opens, w.files, w.moves = w.opens[:0], w.files[:0], w.moves[:0]
	case e.Kind == trace.SMBSend && opens(e.Op):
		w.opens.put(e.MID, fileOf(e.Path))
	case e.Kind == trace.SMBRecv && opens(e.Op):
		if path := w.opens.take(e.MID); path != "" && nt.Status(e.Status) == nt.StatusSuccess {
			w.files.put(e.FID, path)
			w.cut = w.cut && !w.owns(path) // another attempt
		}
	case e.Kind == trace.SMBSend && closes(e.Op):
		w.moves.put(e.MID, w.files.take(e.FID))
	case e.Kind == trace.SMBSend && moves(e.Op):
		w.moves.put(e.MID, fileOf(e.Path))
	case e.Kind == trace.SMBRecv && closes(e.Op):
		w.closed(w.moves.take(e.MID), e.At)
	case e.Kind == trace.SMBRecv && moves(e.Op):
		w.renamed(w.moves.take(e.MID), &e)
	}
}

// opens reports whether a request opens a file, in SMB1 or SMB2.
func opens(op string) bool { return op == "NT_CREATE_ANDX" || op == machine.SMB2Create }

// closes reports whether a request closes one.
func closes(op string) bool { return op == "CLOSE" || op == machine.SMB2Close }

// moves reports whether a request gives a file another name, or none.
func moves(op string) bool {
	return op == "RENAME" || op == "DELETE" || op == machine.SMB2Rename || op == machine.SMB2Delete
}

func (w *wireWatch) closed(path string, at time.Duration) {
	switch {
	case !w.owns(path):
		return
	case w.role(path) == workload.Announces && !w.serverTells:
		w.keyClose, w.keyReached = at, true
	}
	w.done(at)
}

// renamed notes that the server has given a file another name, or none.
func (w *wireWatch) renamed(path string, e *Event) {
	if !w.owns(path) || nt.Status(e.Status) != nt.StatusSuccess {
		return
	}
	w.done(e.At)
}

// done notes that the server has done what the workload is durable with.
func (w *wireWatch) done(at time.Duration) {
	w.lastDone, w.reached = at, true
	if w.onClose != nil {
		w.onClose()
	}
}

// open reports whether the server may still wait for the CLOSE, RENAME or DELETE of one
// of the message's files.
func (w *wireWatch) open() bool {
	mine := func(n numbered) bool { return w.owns(n.path) }
	return slices.ContainsFunc(w.files, mine) || slices.ContainsFunc(w.moves, mine)
}

func (w *wireWatch) owns(path string) bool { return w.role(path) != workload.Foreign }

// queueKey is the KEY of a postoffice's queue.
var queueKey = mailclient.KeyPath(mailclient.Inqueue)

// isKey reports whether a path is the remote queue's KEY.
func isKey(path string) bool { return strings.HasSuffix(path, queueKey) }

// ofMessage reports whether a path is one that the sender writes for its message at
// the remote postoffice: message, envelope, attachments and INQUEUE3.
func ofMessage(path string) bool {
	for _, suffix := range [...]string{".MAI", ".P1", ".ATT", ".KEY", ".MBG"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

// fileOf strips the leading backslash that paths have on the wire.
func fileOf(path string) string { return strings.ToUpper(strings.TrimPrefix(path, `\`)) }
