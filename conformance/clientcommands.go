package conformance

import (
	"github.com/ntrdr/ntrdr/internal/nt"
)

// clientCommands are what a plain client does besides files: it decides by hand how
// breaks are answered.
var clientCommands = []command{
	{
		usage: "breaks hold|answer", about: "whether oplock breaks stay unanswered until `ack`, or are answered at once (the default)",
		who: plainClient, on: everywhere, parse: parseBreaks,
	},
	{
		usage: "ack HANDLE none|level2", about: "acknowledges an oplock break",
		who: plainClient, on: everywhere, parse: parseAck,
	},
	{
		usage: "lock HANDLE OFFSET+LENGTH [shared] [wait=DURATION]", about: "locks a range of bytes, waiting at the server so long; without wait it fails at once",
		who: plainClient, on: everywhere, parse: parseLock,
	},
	{
		usage: "unlock HANDLE OFFSET+LENGTH", about: "unlocks a range of bytes",
		who: plainClient, on: everywhere, parse: parseUnlock,
	},
}

func parseBreaks(a *args) action {
	actor, how := a.actor, a.word("hold or answer")
	if how != "hold" && how != "answer" {
		a.fail("%q is neither hold nor answer", how)
	}
	return func(s *story) outcome {
		c, o := s.clientOf(actor)
		switch {
		case c == nil:
		case how == "hold":
			c.SetHandler(heldBreaks{})
		default:
			c.SetHandler(nil)
		}
		return o
	}
}

func parseAck(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	to := nt.OplockNone
	switch w := a.word("none or level2"); w {
	case "none":
	case "level2":
		to = nt.OplockLevelII
	default:
		a.fail("%q is neither none nor level2", w)
	}
	return clientHandle(actor, name, func(f *clientFile) error { return f.c.AckBreak(f.h, to) })
}

func parseLock(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	r := a.byteRange()
	r.Shared = a.flag("shared")
	wait := a.durationOf("wait", 0)
	return clientHandle(actor, name, func(f *clientFile) error { return f.c.Lock(f.h, r, wait) })
}

func parseUnlock(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	r := a.byteRange()
	return clientHandle(actor, name, func(f *clientFile) error { return f.c.Unlock(f.h, r) })
}

// clientHandle is an action on a plain client's open file.
func clientHandle(actor, name string, f func(*clientFile) error) action {
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(h file) outcome {
			c, ok := h.(*clientFile)
			if !ok {
				return voided("not a plain client's file")
			}
			return failed(f(c))
		})
	}
}
