package report

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Tell makes the story of a run.
func Tell(run Run) *Story {
	n := &narrator{
		cast:  newCast(run.Events),
		story: &Story{Title: run.Title, Outcome: run.Outcome},
		wire:  newWire(),
		calls: map[string]trace.Event{},
	}
	n.story.Plain = n.plain
	for i := range run.Events {
		n.event(&run.Events[i])
	}
	n.finish()
	return n.story
}

// narrator goes through the events in order.
type narrator struct {
	*cast
	story *Story
	wire  *wire                  // of the sender's workstation
	calls map[string]trace.Event // each mail program's call that has not returned

	message   string   // the message file of the present attempt
	held      coverage // what the server holds of it
	connected bool
	isOut     bool // an outage is on
	queued    bool // the sender has written the KEY that it has open
	announced bool
	looked    bool         // the Mailer has opened the message file in this look
	look      *trace.Event // that open, until it is known what the server held
	found     bool         // it has opened the MBG, so there is mail
	lost      int          // packets lost that no moment has told of
	judged    string       // the last verdict
}

// event dispatches by who acts.
func (n *narrator) event(e *trace.Event) {
	n.story.End = max(n.story.End, e.At)
	n.endLook(e)
	switch e.Kind {
	case trace.AppCall:
		n.calls[e.Actor] = *e
	case trace.AppReturn, trace.AppNote, trace.MailLog, trace.Verdict:
		n.program(e)
	case trace.SMBSend, trace.SMBRecv:
		n.smb(e)
	case trace.PageClean, trace.BufferDone:
		n.clean(e)
	case trace.FileClosed, trace.FileState, trace.FileFlush, trace.FileLost, trace.FileDormant:
		n.file(e)
	default:
		n.system(e)
	}
}

// program tells what a mail program does.
func (n *narrator) program(e *trace.Event) {
	if e.Actor == n.sender {
		n.sending(e)
		return
	}
	n.mailing(e)
}

// tell adds a moment that may be folded or left out.
func (n *narrator) tell(e *trace.Event, who Who, c class, format string, args ...any) *Moment {
	if n.plain {
		who = who.plain()
	}
	m := Moment{At: e.At, Who: who, Text: fmt.Sprintf(format, args...), class: c}
	if n.message != "" {
		m.Held, m.Total = n.heldNow(), n.size
	}
	n.story.Moments = append(n.story.Moments, m)
	return &n.story.Moments[len(n.story.Moments)-1]
}

// stress adds a moment that must be shown.
func (n *narrator) stress(e *trace.Event, who Who, format string, args ...any) {
	n.tell(e, who, classNone, format, args...).Key = true
}

// heldNow is what the server has answered for of the message file.
func (n *narrator) heldNow() int64 { return n.held.bytes() }

// share says how much of the message file the server has.
func (n *narrator) share() string { return fmt.Sprintf("%d of %d bytes", n.heldNow(), n.size) }

// newMessage turns to the message file of another attempt.
func (n *narrator) newMessage(e *trace.Event) {
	n.lost = 0
	n.message, n.held = e.Path, coverage{}
	n.announced = false
	f := &n.story.Facts
	f.MessageFile, f.Size, f.LastWrite = leaf(e.Path), n.size, nil
	n.story.Held = append(n.story.Held, Level{At: e.At})
}

// isMessage reports whether the path is the present attempt's message file.
func (n *narrator) isMessage(path string) bool {
	return n.message != "" && leaf(path) == leaf(n.message)
}

// hold notes bytes of the message file that the server has answered for.
func (n *narrator) hold(e *trace.Event, from, to int64) {
	before := n.heldNow()
	n.held.add(from, to)
	if n.heldNow() == before {
		return
	}
	n.story.Held = append(n.story.Held, Level{e.At, n.heldNow()})
	lost := n.lost
	n.lost = 0
	if n.heldNow() < n.size {
		n.tell(e, Server, classWire, "has the next %d bytes of the message%s", n.heldNow()-before, lostText(lost)).lost = lost
		return
	}
	n.story.Facts.LastWrite = at(e)
	late := ""
	if n.announced {
		late = ", too late: the mail was announced before"
	}
	n.stress(e, Server, "gets the last WRITE of the message file: %s%s", n.share(), late)
}

func (n *narrator) finish() {
	n.endLook(nil)
	if n.isOut {
		last := len(n.story.Outages) - 1
		n.story.Outages[last].To = n.story.End
	}
}

func at(e *trace.Event) *time.Duration {
	t := e.At
	return &t
}

// because names an error as an application sees it.
func because(status uint32) string {
	st := nt.Status(status)
	words := map[nt.Status]string{
		nt.StatusSharingViolation:   "somebody else has it open",
		nt.StatusObjectNameNotFound: "it is not there",
		nt.StatusObjectPathNotFound: "it is not there",
	}
	if w, ok := words[st]; ok {
		return fmt.Sprintf("%s (error %d)", w, st.Win32())
	}
	return fmt.Sprintf("error %d, %v", st.Win32(), st)
}

// after says how long a call took.
func after(d time.Duration) string {
	if d < 10*time.Millisecond {
		return "at once"
	}
	return fmt.Sprintf("after %.2f s", d.Seconds())
}
