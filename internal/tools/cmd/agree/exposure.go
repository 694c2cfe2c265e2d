package main

import (
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// exposure is when a message could be met without its end, seen at the sender's end of
// the wire, which is the same in every world.
type exposure struct {
	Locked    time.Duration // INQUEUE3.0LK was opened
	Unlocked  time.Duration // and closed
	Announced time.Duration // INQUEUE3.KEY was closed: whoever opens it finds the message named
	Whole     time.Duration // the last WRITE of the message file was answered
}

// exposureOf reads the trace of a trial; of several attempts it is the last one's.
func exposureOf(events []bench.Event) (x exposure) {
	paths, asked := map[uint16]string{}, map[uint16]string{} // by FID; by MID of what waits for an answer
	for i := range events {
		e := &events[i]
		if e.Actor != machine.ActorSenderHost {
			continue
		}
		open, write := e.Op == "NT_CREATE_ANDX", strings.HasPrefix(e.Op, "WRITE")
		switch {
		case e.Kind == trace.SMBSend && open:
			asked[e.MID] = strings.ToUpper(e.Path)
		case e.Kind == trace.SMBSend && (e.Op == "CLOSE" || write):
			asked[e.MID] = paths[e.FID]
		case e.Kind != trace.SMBRecv:
		case open:
			paths[e.FID] = asked[e.MID]
			if strings.HasSuffix(asked[e.MID], lockFile) {
				x.Locked = e.At
			}
		case e.Op == "CLOSE" && strings.HasSuffix(asked[e.MID], lockFile):
			x.Unlocked = e.At
		case e.Op == "CLOSE" && strings.HasSuffix(asked[e.MID], mailclient.KeyPath(mailclient.Inqueue)):
			x.Announced = e.At
		case write && strings.HasSuffix(asked[e.MID], ".MAI"):
			x.Whole = e.At
		}
	}
	return x
}

// lockFile is what sender and Mailer open before the queue.
const lockFile = "INQUEUE3.0LK"

// window is how long the message is announced and not whole.
func (x exposure) window() time.Duration {
	if x.Announced == 0 {
		return 0
	}
	return max(0, x.Whole-x.Announced)
}

// looks is how long a Mailer may begin a look that meets the message in its window. A
// server that keeps it waiting at a file that the sender has open, for up to hold, lets
// it in as soon as the sender closes: looks begun up to so long before count as well.
func (x exposure) looks(hold time.Duration) time.Duration {
	from := x.Announced - hold
	if x.Announced-x.Unlocked <= hold { // it may have waited at the lock before
		from = max(x.Unlocked-hold, x.Locked)
	}
	if hold == 0 {
		from = x.Announced
	}
	if x.window() == 0 {
		return 0
	}
	return x.Whole - from
}

// predicted is the rate of looks that meet a message in its window: one look every poll,
// at a phase that is as likely as any other.
func predicted(list []exposure, hold, poll time.Duration) float64 {
	sum := 0.0
	for _, x := range list {
		sum += min(1, float64(x.looks(hold))/float64(poll))
	}
	return sum / float64(max(1, len(list)))
}

func medianWindow(list []exposure) time.Duration {
	if len(list) == 0 {
		return 0
	}
	var all []time.Duration
	for _, x := range list {
		all = append(all, x.window())
	}
	slices.Sort(all)
	return all[len(all)/2].Round(time.Millisecond)
}
