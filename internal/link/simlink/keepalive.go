package simlink

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// keepAlive sends a session keep-alive if the connection has been idle for so long.
// A peer that is gone answers with a reset or not at all, and TCP gives up: without
// it a half-open connection would stay forever.
//
// src: RFC 1002 §5.2.2.2; KB Q140325 (half-open connections without traffic)
func (e *endpoint) keepAlive(now time.Duration) {
	if e.closed || e.t.state != established || now < e.used+e.l.opt.KeepAlive {
		return
	}
	e.used = now
	h := link.FrameHeader{Type: link.SessionKeepAlive}.Bytes()
	if e.t.room() >= len(h) {
		e.t.write(h[:])
		e.t.output(now)
	}
}

// watchIdle arms the keep-alive of an open connection. One that is armed rings early enough:
// use only puts it off.
func (e *endpoint) watchIdle() {
	if e.l.opt.KeepAlive > 0 && e.t.state == established && !e.closed {
		e.keep.set(e.l, e.used+e.l.opt.KeepAlive)
	}
}
