package report

import (
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// findPlain finds who is who in a trace that is not of mail: the program is the first
// that calls, and its workstation the first that writes.
func (c *cast) findPlain(events []trace.Event) {
	for i := range events {
		e := &events[i]
		if c.sender == "" && e.Kind == trace.AppCall {
			c.sender, c.plain = e.Actor, true
		}
		writes := e.Kind == trace.SMBSend && strings.HasPrefix(e.Op, "WRITE") || e.Kind == trace.PageDirty || e.Kind == trace.BufferFill
		if c.workstation == "" && writes {
			c.workstation = e.Actor
		}
	}
}

// plain is who takes a part where there is no mail.
func (w Who) plain() Who {
	switch w {
	case Sender:
		return Program
	case Mailer:
		return Reader
	default:
		return w
	}
}

// plainCall tells of a call of a program that is not of mail. What only reads is told if
// it fails.
func (n *narrator) plainCall(e *trace.Event, d time.Duration) {
	name := leaf(e.Path)
	if e.Status != 0 {
		n.stress(e, Sender, "cannot %s %s: %s", e.Op, name, because(e.Status))
		return
	}
	n.story.Facts.WentOn = at(e)
	switch e.Op {
	case "read", "lock", "unlock":
	case "write":
		n.tell(e, Sender, classAppWrite, "writes %d bytes of %s: told \"written\" %s", e.Len, name, after(d))
	case "close", "rename", "delete", "flush":
		n.stress(e, Sender, "%s %s: told so %s", thirdPerson[e.Op], name, after(d))
	default:
		n.tell(e, Sender, classNone, "%ss %s: told so %s", e.Op, name, after(d))
	}
}

var thirdPerson = map[string]string{"close": "closes", "rename": "renames", "delete": "deletes", "flush": "flushes"}

// plainAnswer tells what the server has done for it.
func (n *narrator) plainAnswer(e *trace.Event, r request) {
	name := leaf(r.path)
	switch {
	case strings.HasPrefix(e.Op, "WRITE"):
		n.tell(e, Server, classWire, "has %d bytes of %s from %d on", r.len, name, r.off)
	case e.Op == "CLOSE":
		n.tell(e, Server, classNone, "has closed %s", name)
	case e.Op == "RENAME":
		n.stress(e, Server, "has renamed %s", name)
	case e.Op == "DELETE":
		n.stress(e, Server, "has deleted %s", name)
	default:
		return
	}
	n.story.Facts.LastChange = at(e)
}
