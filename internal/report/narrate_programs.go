package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// sending tells what the sending program does and is told.
func (n *narrator) sending(e *trace.Event) {
	switch e.Kind {
	case trace.AppNote:
		n.tell(e, Sender, classNone, "%s", e.Text)
	case trace.MailLog:
		n.logLine(e, Sender)
	case trace.Verdict:
		n.verdict(e, Sender)
	case trace.AppReturn:
		call := n.calls[e.Actor]
		delete(n.calls, e.Actor)
		n.returned(e, e.At-call.At)
	default:
	}
}

// returned tells of one call of the sender that has returned after d. Reads and
// calls on lesser files are told only if they fail.
func (n *narrator) returned(e *trace.Event, d time.Duration) {
	switch {
	case n.plain:
		n.plainCall(e, d)
	case e.Op == "delete" && leaf(e.Path) == inqueueLock && nt.Status(e.Status) == nt.StatusObjectNameNotFound:
		n.tell(e, Sender, classNone, "finds the queue's lock gone: the Mailer has taken and removed it")
	case e.Status != 0:
		m := n.tell(e, Sender, classNone, "cannot %s %s: %s", e.Op, called(e.Path), because(e.Status))
		m.Key = e.Op != "delete"
	case e.Op == "create" && isMessageFile(e.Path):
		n.newMessage(e)
		n.tell(e, Sender, classNone, "creates the message file, %s", leaf(e.Path))
	case n.isMessage(e.Path):
		n.messageCall(e, d)
	case leaf(e.Path) == inqueueKey:
		n.keyCall(e, d)
	case e.Op == "create" && strings.HasSuffix(leaf(e.Path), ".P1"):
		n.tell(e, Sender, classNone, "writes the envelope, %s", leaf(e.Path))
	case e.Op == "write" && leaf(e.Path) == inqueueMBG:
		n.tell(e, Sender, classNone, "adds a record to %s: told \"written\" %s", inqueueMBG, after(d))
	}
}

func (n *narrator) messageCall(e *trace.Event, d time.Duration) {
	switch e.Op {
	case "write":
		n.tell(e, Sender, classAppWrite, "writes %d bytes of the message: told \"written\" %s; the server has %d",
			e.Len, after(d), n.heldNow())
	case "close":
		n.stress(e, Sender, "closes the message file: told \"closed\" %s; the server has %s", after(d), n.share())
	case "flush":
		n.stress(e, Sender, "asks for the message to be sent (FlushFileBuffers): returns %s; the server has %s",
			after(d), n.share())
	}
}

func (n *narrator) keyCall(e *trace.Event, d time.Duration) {
	switch e.Op {
	case "open", "create":
		n.queued = false
		n.tell(e, Sender, classNone, "opens %s", inqueueKey)
	case "write":
		n.queued = true
		n.tell(e, Sender, classNone, "announces the mail in %s: told \"written\" %s", inqueueKey, after(d))
	case "close":
		n.keyClose(e, d)
	}
}

// keyClose tells of the sender's last word; an abandoned attempt closes the KEY too,
// but has not written it.
func (n *narrator) keyClose(e *trace.Event, d time.Duration) {
	if !n.queued {
		n.tell(e, Sender, classNone, "closes %s", inqueueKey)
		return
	}
	n.story.Facts.Told = at(e)
	n.stress(e, Sender, "closes %s: told \"closed\" %s. For the sender the mail is sent; the server has %s of it",
		inqueueKey, after(d), n.share())
}

// mailing tells what the Mailer does at the postoffice.
func (n *narrator) mailing(e *trace.Event) {
	switch e.Kind {
	case trace.AppNote:
		n.tell(e, Mailer, classNone, "%s", e.Text)
	case trace.MailLog:
		n.logLine(e, Mailer)
	case trace.Verdict:
		n.verdict(e, Mailer)
	case trace.AppReturn:
		delete(n.calls, e.Actor)
		n.lookCall(e)
	default:
	}
}

// lookCall follows one look of the Mailer through its calls: the KEY says whether
// there is mail, and only if there is does it open the MBG and the message file.
func (n *narrator) lookCall(e *trace.Event) {
	name, opens := leaf(e.Path), e.Op == "open"
	switch {
	case opens && e.Status != 0 && (name == inqueueKey || name == inqueueLock):
		n.tell(e, Mailer, classLook, "looks: cannot open %s: %s", called(e.Path), because(e.Status))
	case opens && name == inqueueKey:
		n.found, n.looked = false, false
	case opens && name == inqueueMBG && e.Status == 0:
		n.found = true
	case opens && isMessageFile(e.Path) && !n.looked:
		n.look, n.looked = e, true
	case e.Op == "close" && name == inqueueKey && !n.found:
		n.tell(e, Mailer, classLook, "looks: no mail is announced")
	}
}

// endLook tells what the Mailer finds when it opens a message file, once the event
// after the open is there: it may be the server's own word. At the end it is nil.
func (n *narrator) endLook(next *trace.Event) {
	if n.look == nil {
		return
	}
	e, held := n.look, n.heldNow()
	n.look = nil
	if next != nil && next.Kind == trace.FileState && leaf(next.Path) == leaf(e.Path) {
		held = max(next.Off, 0)
	}
	if f := &n.story.Facts; f.Looked == nil && n.isMessage(e.Path) {
		f.Looked, f.HeldAtLook = at(e), held
	}
	if e.Status != 0 {
		n.stress(e, Mailer, "looks: mail is announced, but cannot open the message file: %s", because(e.Status))
		return
	}
	n.stress(e, Mailer, "looks: mail is announced; the message file has %d of %d bytes", held, n.size)
}

// verdict tells how a mail program judges the message.
func (n *narrator) verdict(e *trace.Event, who Who) {
	f := &n.story.Facts
	if who == Mailer || f.Verdict == "" {
		f.Verdict, f.VerdictAt = strings.TrimSpace(bracketed(e.Op)), at(e)
	}
	text, reason, _ := strings.Cut(e.Text, " reason=")
	if strings.HasPrefix(e.Op, "[") && !strings.HasPrefix(text, e.Op) {
		text = e.Op + " " + text
	}
	text += verdictNote(e, reason)
	if n.plain && text == n.judged {
		n.tell(e, who, classLook, "still: %s", text)
		return
	}
	n.judged = text
	n.stress(e, who, "%s", text)
}

// verdictNote says in brackets what the verdict rests on.
func verdictNote(e *trace.Event, reason string) string {
	if e.Len > 0 && 0 <= e.Off && e.Off < e.Len {
		return fmt.Sprintf(" (%d of %d bytes)", e.Off, e.Len)
	}
	if reason, _, _ = strings.Cut(reason, ":"); reason != "" {
		return " (" + strings.ToLower(reason) + ")"
	}
	return ""
}

// logLine tells a line of a mail program's log if it speaks of trouble that no call
// has shown.
func (n *narrator) logLine(e *trace.Event, who Who) {
	for _, sign := range [...]string{"Failure queuing", "Drive in Error"} {
		if strings.Contains(e.Text, sign) {
			n.tell(e, who, classNone, "log: %s", e.Text)
			return
		}
	}
}
