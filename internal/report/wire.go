package report

import (
	"strings"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// wire follows the SMBs of one workstation: which FID is which file, and which
// requests are outstanding.
type wire struct {
	asked map[uint16]request // by MID
	files map[uint16]string  // by FID
	key   fidState           // the INQUEUE3.KEY that the sender has written
	mai   fidState           // the message file
	seen  bool               // a WRITE of the message file was seen: pages need not be followed
}

type request struct {
	path     string
	off, len int64
}

// fidState is an open file at the server that the story waits for.
type fidState struct {
	fid     uint16
	open    bool
	written bool
}

func newWire() *wire {
	return &wire{asked: map[uint16]request{}, files: map[uint16]string{}}
}

// broken forgets everything that died with the circuit, but for what the server has
// to close by itself.
func (w *wire) broken() {
	clear(w.asked)
	clear(w.files)
}

// smb follows one SMB of the sender's workstation.
func (n *narrator) smb(e *trace.Event) {
	if e.Actor != n.workstation {
		return
	}
	if e.Kind == trace.SMBSend {
		n.asks(e)
		return
	}
	n.answered(e)
}

func (n *narrator) asks(e *trace.Event) {
	r := request{path: e.Path, off: e.Off, len: e.Len}
	if r.path == "" {
		r.path = n.wire.files[e.FID]
	}
	n.wire.asked[e.MID] = r
	if e.Op == "CLOSE" {
		delete(n.wire.files, e.FID)
	}
	if strings.HasPrefix(e.Op, "WRITE") && leaf(r.path) == inqueueKey {
		n.wire.key.written = true
	}
}

func (n *narrator) answered(e *trace.Event) {
	r, ok := n.wire.asked[e.MID]
	if !ok {
		return // an oplock break, or a circuit's last words
	}
	delete(n.wire.asked, e.MID)
	switch {
	case e.Status != 0:
	case strings.HasPrefix(e.Op, "NT_CREATE"), strings.HasPrefix(e.Op, "OPEN"):
		n.opened(e.FID, r.path)
	case n.plain:
		n.plainAnswer(e, r)
	case strings.HasPrefix(e.Op, "WRITE") && n.isMessage(r.path):
		n.wire.seen = true
		n.hold(e, r.off, r.off+r.len)
	case e.Op == "CLOSE" && !n.closesSeen:
		n.closedAtServer(e, r.path)
	}
}

func (n *narrator) opened(fid uint16, path string) {
	n.wire.files[fid] = path
	switch {
	case leaf(path) == inqueueKey:
		n.wire.key = fidState{fid: fid, open: true}
	case isMessageFile(path):
		n.wire.mai = fidState{fid: fid, open: true}
	}
}

// clean follows the message by its pages and buffers, where no SMB is traced.
func (n *narrator) clean(e *trace.Event) {
	if e.Status == 0 && !n.wire.seen && n.isMessage(e.Path) {
		n.hold(e, e.Off, e.Off+e.Len)
	}
}

// file tells of a file at the server or in the sender's cache.
func (n *narrator) file(e *trace.Event) {
	switch {
	case e.Kind == trace.FileClosed:
		n.fileClosed(e)
	case e.Actor != n.workstation:
	case e.Kind == trace.FileFlush:
		n.flush(e)
	case e.Kind == trace.FileLost:
		n.stress(e, Redirector, "throws %d bytes of %s away: they can no longer be sent", e.Len, called(e.Path))
	case e.Kind == trace.FileDormant && n.isMessage(e.Path):
		n.tell(e, Redirector, classNone, "keeps the message file open at the server, closed as it is here")
	}
}

// fileClosed tells of a close at the server if it is one of the sender's: the Mailer
// closes the same files.
func (n *narrator) fileClosed(e *trace.Event) {
	key, mai := &n.wire.key, &n.wire.mai
	switch {
	case leaf(e.Path) == inqueueKey && key.open && key.fid == e.FID:
		n.closedAtServer(e, e.Path)
	case n.isMessage(e.Path) && mai.open && mai.fid == e.FID:
		n.closedAtServer(e, e.Path)
	}
}

func (n *narrator) closedAtServer(e *trace.Event, path string) {
	switch {
	case leaf(path) == inqueueKey && n.wire.key.written:
		n.wire.key = fidState{}
		n.announced = true
		f := &n.story.Facts
		f.Announced, f.HeldThen = at(e), n.heldNow()
		n.stress(e, Server, "%s is closed: the mail is announced. The message file has %s", inqueueKey, n.share())
	case n.isMessage(path):
		n.wire.mai = fidState{}
		n.stress(e, Server, "the message file is closed: %s", n.share())
	}
}

func (n *narrator) flush(e *trace.Event) {
	switch {
	case !n.isMessage(e.Path):
	case e.Status != 0:
		n.stress(e, Redirector, "cannot send the rest of the message: %s", because(e.Status))
	case e.Len > 0:
		n.tell(e, Redirector, classNone, "starts to send %d bytes of the message (%s)", e.Len, e.Text)
	}
}
