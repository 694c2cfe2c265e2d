// Package link carries whole SMB messages between machines, in order. How they
// are framed and cut into segments is the business of one implementation:
// link/simlink models TCP packet by packet on virtual time, link/tcplink uses
// real TCP and shapes it to the same Profile. What a link does to packets, its rate,
// queue, delay, losses and outages, is a Medium, which both of them use.
//
// # Profiles
//
// A Profile is data, each value with its source. The built-in ones are the text files of
// the directory profiles, which are embedded; a user's own has the same form (FileFormat).
//
// # Weather
//
// Bursts, stalls, jitter and outages are functions of the seed and of time: each has a
// random stream or key of its own, and that of loss in a state is not that of the states.
// Two policies with the same seed meet the same weather, whatever they send. Bernoulli
// loss is one draw a packet and so counts packets: two policies meet the same losses only
// as long as they send alike. Where a comparison is to see the same weather, lose in
// bursts; one of 1 ms is a loss of single packets that comes with time.
//
// # Limits
//
// The two ways have bursts and stalls of their own; outages concern both. The two ways of
// a half-duplex medium do not disturb each other. No packet overtakes another, is
// duplicated or corrupted. A rate does not change with time.
package link

import (
	"errors"
	"time"
)

// MaxMessage is the largest NetBIOS session message, the bound on what Recv
// returns and Send accepts.
//
// src: RFC 1002 §4.3.1 (17-bit length)
const MaxMessage = 131071

// Errors that every implementation returns, wrapped, in these situations.
var (
	// ErrClosed: this end closed the connection.
	ErrClosed = errors.New("connection closed")
	// ErrReset: the peer, or something between, reset the connection.
	ErrReset = errors.New("connection reset")
	// ErrAborted: TCP gave up after its retransmissions.
	ErrAborted = errors.New("connection aborted after retransmissions")
	// ErrTimeout: the connection could not be established in time.
	ErrTimeout = errors.New("connection timed out")
	// ErrRefused: nobody listens there.
	ErrRefused = errors.New("connection refused")
)

// Conn is one transport connection. Send and Recv may be used by different tasks
// at once; several tasks may Send, one Recv.
type Conn interface {
	// Send queues msg and may block while the send buffer is full. The message
	// may be reused when Send returns.
	Send(msg []byte) error
	// Recv returns the next whole message, which the caller owns and may give to
	// Runtime.Free; io.EOF after the peer closed in order.
	Recv() ([]byte, error)
	// Close closes the connection; pending Send and Recv return ErrClosed.
	Close() error
	// LinkSpeed is the transport's estimate in bytes a second, 0 if unknown.
	// The redirector's timers are computed from it (src: KB Q102067).
	LinkSpeed() int64
}

// Delayer is a Conn that knows the delay of its link.
type Delayer interface {
	// LinkDelay is the transport's estimate of one way, 0 if unknown.
	LinkDelay() time.Duration
}

// Prompt is a Conn that can tell whether Send and Recv would wait.
type Prompt interface {
	// TrySend sends msg if that need not wait; else, and if there is an error, which
	// Send will tell, it does nothing and returns false.
	TrySend(msg []byte) bool
	// Pending reports whether Recv would return at once.
	Pending() bool
}

// Dialer opens connections to a server.
type Dialer interface {
	// Dial connects within timeout, or returns ErrTimeout or ErrRefused.
	Dial(timeout time.Duration) (Conn, error)
}

// Listener accepts connections.
type Listener interface {
	Accept() (Conn, error)
	Close() error
}

// Direction tells who sent a message, seen from the tapped end.
type Direction uint8

const (
	// Sent messages left the tapped end.
	Sent Direction = iota
	// Received messages arrived at it.
	Received
)

// Sink sees each message that passes a tapped connection. It must not keep msg.
type Sink interface {
	Message(dir Direction, msg []byte)
}

// Tap returns a Conn that shows every message to s: before it is sent, after it
// has been received.
func Tap(c Conn, s Sink) Conn { return &tapped{Conn: c, sink: s} }

type tapped struct {
	Conn
	sink Sink
}

func (t *tapped) Send(msg []byte) error {
	t.sink.Message(Sent, msg)
	return t.Conn.Send(msg)
}

func (t *tapped) Recv() ([]byte, error) {
	msg, err := t.Conn.Recv()
	if err == nil {
		t.sink.Message(Received, msg)
	}
	return msg, err
}
