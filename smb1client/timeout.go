package smb1client

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// errTimer is the cause that a timed-out request gives to the circuit's death.
type errTimer struct{ command smbwire.Command }

func (e errTimer) Error() string { return fmt.Sprintf("the timer of %v expired", e.command) }

// alarm is the one timer that all requests of a circuit share. A reply leaves it alone:
// when it goes off, what is outstanding then has mostly been sent since.
type alarm struct {
	timer rt.Timer      // nil until there is a request to time
	at    time.Duration // when it goes off, by the runtime's Elapsed; rt.Forever if it does not
}

// timeout is the time that w may take; a long-term request is not timed.
//
// src: KB Q102067; [MS-CIFS] §3.2.6.1
func (c *Client) timeout(w *call, bytes int) time.Duration {
	if w.longTerm || w.unanswered || c.opt.RequestTimeout == nil {
		return rt.Forever
	}
	return c.opt.RequestTimeout(bytes)
}

func (c *Client) startTimerLocked(w *call, timeout time.Duration) {
	now := c.rt.Elapsed()
	if timeout < rt.Forever-now {
		w.due = now + timeout
		c.setAlarmLocked(w.due, now)
	}
}

// setAlarmLocked makes the alarm go off at a time, unless it does so before.
func (c *Client) setAlarmLocked(at, now time.Duration) {
	switch {
	case at >= c.alarm.at:
		return
	case c.alarm.timer == nil:
		c.alarm.timer = c.rt.AfterFunc(at-now, c.timersExpired)
	default:
		c.alarm.timer.Reset(at - now)
	}
	c.alarm.at = at
}

// timersExpired ends the circuit if a request has had its time.
func (c *Client) timersExpired() {
	for {
		now := c.rt.Elapsed()
		c.mu.Lock()
		w := c.mux.mostUrgent()
		if w == nil || w.due > now {
			c.alarm.at = rt.Forever
			if w != nil {
				c.setAlarmLocked(w.due, now)
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		c.lose(w, nt.StatusUnexpectedNetworkError, errTimer{w.command}) // unless its reply has come just now
	}
}
