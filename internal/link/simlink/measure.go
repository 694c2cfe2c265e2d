package simlink

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Measurement is what a bulk transfer saw, in the terms of the theories that
// package link knows.
type Measurement struct {
	SegmentsPerSecond float64 // sent by the client, repeated ones included
	BytesPerSecond    float64 // received whole by the server
	Stats             link.Stats
}

// bulkMessage is the size of the messages of Measure.
//
// src: assumed (large against a segment, so that the rest in the last one does not
// matter).
const bulkMessage = 64 << 10

// Measure sends from client to server without a pause for d. It is called from a
// task. If the connection dies it goes on with a new one.
func Measure(r rt.Runtime, p link.Profile, opt Options, d time.Duration) (Measurement, error) {
	l, err := New(r, p, opt)
	if err != nil {
		return Measurement{}, fmt.Errorf("measure: %w", err)
	}
	b := &bulk{r: r, l: l, listener: l.Listener(), mu: r.NewMutex(), end: r.Now().Add(d)}
	r.Go("bulk sink", b.sink)
	for r.Now().Before(b.end) {
		b.pour()
	}
	return b.result(d), b.listener.Close()
}

// bulk is a transfer without an end.
type bulk struct {
	r        rt.Runtime
	l        *Link
	listener link.Listener
	end      time.Time
	mu       rt.Mutex
	received int64 // +checklocks:mu
}

// pour sends on one connection until it dies or the time is over.
func (b *bulk) pour() {
	c, err := b.l.Dialer().Dial(b.end.Sub(b.r.Now()))
	if err != nil {
		return
	}
	stop := b.r.AfterFunc(b.end.Sub(b.r.Now()), func() { b.closeConn(c) })
	msg := make([]byte, bulkMessage)
	for err == nil {
		err = c.Send(msg)
	}
	stop.Stop()
}

func (b *bulk) closeConn(c link.Conn) {
	_ = c.Close() // a simulated connection closes without an error
}

// sink receives from one connection after the other.
func (b *bulk) sink() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.drain(c)
		b.closeConn(c)
	}
}

func (b *bulk) drain(c link.Conn) {
	for {
		msg, err := c.Recv()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.received += int64(len(msg))
		b.mu.Unlock()
		b.r.Free(msg)
	}
}

func (b *bulk) result(d time.Duration) Measurement {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.l.Stats()
	return Measurement{
		SegmentsPerSecond: float64(s.Up.Segments+s.Retransmits) / d.Seconds(),
		BytesPerSecond:    float64(b.received) / d.Seconds(),
		Stats:             s,
	}
}
