package bench

import (
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
	opens map[uint16]string // requests outstanding: MID to path
	files map[uint16]string // open files: FID to path
	moves map[uint16]string // CLOSEs, RENAMEs and DELETEs outstanding: MID to path

	lastDone   time.Duration // when the last CLOSE, RENAME or DELETE of the message's files was answered
	keyClose   time.Duration // when the sender's INQUEUE3.KEY was last closed at the server
	reached    bool          // lastDone is set
	keyReached bool
	cut        bool // the circuit died before the last of them was answered

	serverTells bool   // the server records its own closes: no need to wait for replies
	onClose     func() // told when lastDone changes; may be nil
}

// watched is what a Result needs of the trace: what see looks at.
func watched(actor string, k trace.Kind) bool {
	switch k {
	case trace.FileClosed:
		return true
	case trace.CircuitDown, trace.SMBSend, trace.SMBRecv:
		return actor == machine.ActorSenderHost
	default:
		return false
	}
}

func newWireWatch(actor string, role func(string) workload.Role) *wireWatch {
	return &wireWatch{actor: actor, role: role, opens: map[uint16]string{}, files: map[uint16]string{}, moves: map[uint16]string{}}
}

// see takes the next event of the trace.
func (w *wireWatch) see(e *Event) {
	if e.Kind == trace.FileClosed && e.Text == w.actor && w.role(fileOf(e.Path)) == workload.Announces {
		w.keyClose, w.keyReached, w.serverTells = e.At, true, true
	}
	if e.Actor != w.actor {
		return
	}
	switch {
	case e.Kind == trace.CircuitDown:
		w.cut = w.cut || w.open()
		clear(w.opens)
		clear(w.files)
		clear(w.moves)
	case e.Kind == trace.SMBSend && opens(e.Op):
		w.opens[e.MID] = fileOf(e.Path)
	case e.Kind == trace.SMBRecv && opens(e.Op):
		if path, ok := w.opens[e.MID]; ok && nt.Status(e.Status) == nt.StatusSuccess {
			w.files[e.FID] = path
			w.cut = w.cut && !w.owns(path) // another attempt
		}
		delete(w.opens, e.MID)
	case e.Kind == trace.SMBSend && closes(e.Op):
		w.moves[e.MID] = w.files[e.FID]
		delete(w.files, e.FID)
	case e.Kind == trace.SMBSend && moves(e.Op):
		w.moves[e.MID] = fileOf(e.Path)
	case e.Kind == trace.SMBRecv && closes(e.Op):
		w.closed(w.moves[e.MID], e.At)
		delete(w.moves, e.MID)
	case e.Kind == trace.SMBRecv && moves(e.Op):
		w.renamed(w.moves[e.MID], e)
		delete(w.moves, e.MID)
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
	for _, path := range w.files { // map order: only whether any matches leaves the loop
		if w.owns(path) {
			return true
		}
	}
	for _, path := range w.moves { // map order: only whether any matches leaves the loop
		if w.owns(path) {
			return true
		}
	}
	return false
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
