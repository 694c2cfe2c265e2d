package report

import (
	"strings"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// system tells what the machines and the link report.
func (n *narrator) system(e *trace.Event) {
	switch e.Kind {
	case trace.LinkDown, trace.LinkUp:
		n.outage(e)
	case trace.SegmentLost:
		n.lost++
		n.story.Facts.PacketsLost++
	case trace.EventLog:
		n.stress(e, n.machine(e), "Event %d in the event log: %s", e.Off, e.Text)
	case trace.Popup:
		n.popup(e)
	case trace.TaskPanic:
		n.stress(e, Nobody, "task %s died: %s", e.Op, firstLine(e.Text))
	default:
		if e.Actor == n.workstation {
			n.circuit(e)
		}
	}
}

// machine is who an event of a workstation belongs to.
func (n *narrator) machine(e *trace.Event) Who {
	if n.workstation != "" && e.Actor != n.workstation {
		return Mailer
	}
	return Redirector
}

func (n *narrator) popup(e *trace.Event) {
	text := strings.TrimSpace(e.Path + " " + e.Text)
	n.stress(e, n.machine(e), "a box on the screen: %q: %s", e.Op, text)
}

func (n *narrator) outage(e *trace.Event) {
	switch {
	case e.Kind == trace.LinkDown && strings.HasSuffix(e.Text, ":reset"):
		n.stress(e, Link, "every connection is reset")
	case e.Kind == trace.LinkDown && strings.HasSuffix(e.Text, ":half-open"):
		n.stress(e, Link, "every connection loses its peer without a word: what either end sends vanishes")
	case e.Kind == trace.LinkDown && !n.isOut:
		n.isOut = true
		n.story.Outages = append(n.story.Outages, Span{From: e.At})
		n.stress(e, Link, "the outage begins: nothing gets through")
	case e.Kind == trace.LinkUp && n.isOut:
		n.isOut = false
		n.story.Outages[len(n.story.Outages)-1].To = e.At
		n.stress(e, Link, "the outage ends")
	}
}

// circuit tells what becomes of the connection to the server, and of oplocks.
func (n *narrator) circuit(e *trace.Event) {
	switch e.Kind {
	case trace.CircuitUp:
		again := ""
		if n.connected {
			again = " again"
		}
		n.connected = true
		n.tell(e, Redirector, classNone, "connects to the server%s", again)
	case trace.CircuitDown:
		if n.connected {
			n.stress(e, Redirector, "the connection to the server breaks: %s", e.Text)
		}
		n.connected = false
		n.wire.broken()
	case trace.TimerFire:
		n.stress(e, Redirector, "gives up waiting for the server's answer to %s", e.Op)
	case trace.OplockBreak:
		n.tell(e, Redirector, classNone, "must give %s up: somebody else opens it", called(e.Path))
	default:
	}
}

// bracketed is a verdict's code; a delivery has none.
func bracketed(op string) string {
	if op == "" {
		return "-"
	}
	return op
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
