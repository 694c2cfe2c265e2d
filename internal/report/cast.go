package report

import (
	"strings"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// cast says who is who in a trace. Actors are told apart by what they do, because
// their names are the business of whoever recorded them.
type cast struct {
	sender      string // the mail program that goes through the seven steps
	workstation string // the one whose redirector sends the message file
	plain       bool   // the sender is another program, and its workstation's files are no mail
	closesSeen  bool   // the server records its own closes
	size        int64  // of the whole message file: the most that an attempt has written
}

// newCast reads the whole trace once.
func newCast(events []trace.Event) *cast {
	c := &cast{}
	for i := range events {
		e := &events[i]
		c.findSender(e)
		c.findWorkstation(e)
		c.closesSeen = c.closesSeen || e.Kind == trace.FileClosed
		if isMessageFile(e.Path) && c.writes(e) {
			c.size = max(c.size, e.Off+e.Len)
		}
	}
	if c.sender == "" {
		c.findPlain(events)
	}
	return c
}

func (c *cast) findSender(e *trace.Event) {
	steps := e.Kind == trace.AppNote && strings.HasPrefix(e.Text, "step ")
	creates := e.Kind == trace.AppCall && e.Op == "create" && isMessageFile(e.Path)
	if c.sender == "" && (steps || creates) {
		c.sender = e.Actor
	}
}

// findWorkstation finds the workstation that opens a message file first: to create it.
func (c *cast) findWorkstation(e *trace.Event) {
	opens := e.Kind == trace.SMBSend && strings.HasPrefix(e.Op, "NT_CREATE") || e.Kind == trace.PageDirty ||
		e.Kind == trace.BufferFill || e.Kind == trace.PageClean
	if c.workstation == "" && opens && isMessageFile(e.Path) {
		c.workstation = e.Actor
	}
}

// writes reports whether the event is a write of the sender, at any of its layers.
func (c *cast) writes(e *trace.Event) bool {
	switch e.Kind {
	case trace.AppCall:
		return e.Actor == c.sender && e.Op == "write"
	case trace.PageDirty, trace.BufferFill:
		return e.Actor == c.workstation
	default:
		return false
	}
}

// leaf is a path's last component, in upper case.
func leaf(path string) string {
	return strings.ToUpper(path[strings.LastIndexAny(path, `\/`)+1:])
}

// isMessageFile reports whether the path is a message of the postoffice.
func isMessageFile(path string) bool { return strings.HasSuffix(leaf(path), ".MAI") }

// The files of the queue, as they are called in paths.
const (
	inqueueKey  = "INQUEUE3.KEY"
	inqueueMBG  = "INQUEUE3.MBG"
	inqueueLock = "INQUEUE3.0LK"
	controlFile = "CONTROL.GLB"
)

// called names a file as a story does.
func called(path string) string {
	switch name := leaf(path); {
	case isMessageFile(path):
		return "the message file"
	case name == inqueueLock:
		return "the queue's lock"
	case strings.HasSuffix(name, ".P1"):
		return "the envelope"
	case strings.HasSuffix(name, ".ATT"):
		return "an attachment"
	default:
		return name
	}
}
