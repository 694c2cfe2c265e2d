package conformance

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// worldCommands are steps of the world around the actors.
var worldCommands = []command{
	{
		usage: "after DURATION", about: "lets time pass", who: noActor, on: everywhere,
		parse: func(a *args) action {
			d := a.duration()
			return func(s *story) outcome { s.w.rt.Sleep(d); return outcome{} }
		},
	},
	{
		usage: "join LABEL [within=DURATION]", about: "waits for the end of a step in the background; its outcome, and the time since it began, are this step's",
		who: noActor, on: everywhere, parse: parseJoin,
	},
	{
		usage: "still LABEL", about: "a step in the background has not ended", who: noActor, on: everywhere, parse: parseStill,
	},
	{
		usage: "cut reset|silence [DURATION] [ACTOR]", about: "the circuits of ws1's link, or another actor's, are reset; or it carries nothing for a time", who: noActor, on: simulated,
		parse: parseCut,
	},
	{
		usage: "settle [within=DURATION]", about: "waits until no workstation has anything left to write or close",
		who: noActor, on: everywhere, parse: parseSettle,
	},
	{
		usage: "look PATH", about: "what the server holds: size (absent), content, and opens on our servers",
		who: serverActor, on: everywhere,
		parse: func(a *args) action {
			path := a.word("PATH")
			return func(s *story) outcome { return s.w.state(path).outcome() }
		},
	},
}

var errStillWaiting = errors.New("it has not ended")

func parseJoin(a *args) action {
	label := a.word("LABEL")
	within := a.durationOf("within", time.Hour)
	return func(s *story) outcome {
		r := s.running(label)
		if r == nil {
			return voided("the step was not begun in the background")
		}
		if !r.over.Wait(within) {
			return failed(errStillWaiting)
		}
		return r.result.outcome
	}
}

func parseStill(a *args) action {
	label := a.word("LABEL")
	return func(s *story) outcome {
		r := s.running(label)
		if r == nil {
			return voided("the step was not begun in the background")
		}
		if r.over.Wait(0) {
			return failed(errors.New("it has ended: " + r.result.String()))
		}
		return outcome{}
	}
}

func parseCut(a *args) action {
	how := a.word("reset or silence")
	var silence time.Duration
	switch how {
	case "reset":
	case "silence":
		silence = a.duration()
	default:
		a.fail("%q is neither reset nor silence", how)
	}
	actor := "ws1"
	if a.more() {
		actor = a.word("ACTOR")
	}
	return func(s *story) outcome { return s.w.cut(actor, silence) }
}

// cut resets the link of an actor, or silences it for a time.
func (w *world) cut(actor string, silence time.Duration) outcome {
	l := w.links[actor]
	switch {
	case l == nil:
		return voided(actor + " has no link")
	case silence > 0:
		l.Down(silence)
	default:
		l.Reset()
	}
	return outcome{}
}

func parseSettle(a *args) action {
	within := a.durationOf("within", time.Hour)
	return func(s *story) outcome {
		end := s.w.rt.Now().Add(within)
		for _, name := range []string{"ws1", "ws2"} {
			ws := s.w.ws[name]
			if ws == nil {
				continue
			}
			for ws.DirtyBytes() > 0 || !ws.Idle().Wait(0) {
				if !s.w.rt.Now().Before(end) {
					return failed(nt.StatusIOTimeout)
				}
				s.w.rt.Sleep(settlePoll)
			}
		}
		return outcome{}
	}
}

// settlePoll separates two looks at whether anything is left to write.
const settlePoll = 10 * time.Millisecond

// running is a step in the background.
type running struct {
	over   rt.Event
	result ended
}
