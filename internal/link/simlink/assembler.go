package simlink

import (
	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// assembler cuts the stream into messages.
type assembler struct {
	memory  rt.Memory
	header  [link.FrameHeaderLen]byte
	have    int // bytes of the header
	msg     []byte
	filled  int // bytes of msg
	ready   [][]byte
	taken   int // ready[:taken] has been handed out
	waiting int // bytes in ready[taken:], with their headers
}

func (a *assembler) write(p []byte) {
	for len(p) > 0 {
		if a.have < len(a.header) {
			n := copy(a.header[a.have:], p)
			a.have += n
			p = p[n:]
			a.begin()
			continue
		}
		n := copy(a.msg[a.filled:], p)
		a.filled += n
		p = p[n:]
		a.end()
	}
}

// begin prepares for the message when its header is complete.
func (a *assembler) begin() {
	if a.have < len(a.header) {
		return
	}
	h, err := link.ParseFrameHeader(a.header)
	invariant.Check(err == nil, "simlink sent a bad header: %v", err)
	if h.Type == link.SessionKeepAlive {
		a.have = 0 // says that the peer is there, and nothing else
		return
	}
	a.msg = a.memory.Bytes(h.Length)
	a.filled = 0
	a.end()
}

// end hands the message over when it is complete.
func (a *assembler) end() {
	if a.filled < len(a.msg) {
		return
	}
	a.ready = append(a.ready, a.msg)
	a.waiting += len(a.msg) + link.FrameHeaderLen
	a.msg, a.have = nil, 0
}

// any reports whether there is a complete message.
func (a *assembler) any() bool { return a.taken < len(a.ready) }

// next takes the oldest complete message.
func (a *assembler) next() (msg []byte, ok bool) {
	if !a.any() {
		return nil, false
	}
	msg = a.ready[a.taken]
	a.ready[a.taken] = nil
	a.taken++
	a.waiting -= len(msg) + link.FrameHeaderLen
	if a.taken == len(a.ready) {
		a.ready, a.taken = a.ready[:0], 0
	}
	return msg, true
}

// discard throws complete messages away: nobody will take them.
func (a *assembler) discard() {
	clear(a.ready)
	a.ready, a.taken, a.waiting = a.ready[:0], 0, 0
}

// amid reports whether the stream stands inside a message.
func (a *assembler) amid() bool { return a.have > 0 }
