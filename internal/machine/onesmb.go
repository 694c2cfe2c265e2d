package machine

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// oneSMBConn is the receiver of a redirector that takes it for granted that a segment
// holds one SMB. When there is another in it, it takes more than its share, cannot make
// sense of what follows, and resets the connection. Two messages that arrive at the same
// time have come in one segment.
//
// src: KB Q161968; that any two SMBs do it is assumed (the article has the reply to
// Session Setup and another).
type oneSMBConn struct {
	link.Conn
	rt   rt.Runtime
	last time.Time // when the last message arrived
}

func (c *oneSMBConn) Recv() ([]byte, error) {
	b, err := c.Conn.Recv()
	if err != nil {
		return nil, err
	}
	now := c.rt.Now()
	if now.Equal(c.last) {
		_ = c.Close() // the reset
		return nil, link.ErrReset
	}
	c.last = now
	return b, nil
}
