package smbwire

import (
	"encoding/binary"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// maxChain bounds the bodies of one message.
//
// src: assumed (the longest chain that the tables of [MS-CIFS] allow is shorter)
const maxChain = 16

// chainAlign is what a block in an AndX chain is aligned to.
//
// src: assumed (a choice of the sender; Samba and Windows do so)
const chainAlign = 4

// Body is the words and bytes of one command in one direction. The set of
// bodies is closed: they are the structs of this package.
type Body interface {
	Command() Command
	encode(e *encoder)
	decode(d *decoder)
}

// Message is one SMB message. A chain longer than one is an AndX chain.
type Message struct {
	Header Header
	Chain  []Body
}

// Parse decodes b, a whole message without its NetBIOS header. The message
// aliases b. An error is a *FormatError.
func Parse(b []byte) (*Message, error) {
	w := NewParser(nil)
	return w.Parse(b)
}

// Parser parses messages. It is for who reads many, one at a time: they take fewer
// allocations.
type Parser struct {
	d      decoder
	bodies *bodies
}

// NewParser returns a parser whose messages are from slabs of a runtime, if that has any.
func NewParser(runtime any) Parser { return Parser{bodies: slab.SetFrom(runtime, newBodies)} }

// parsed is a message with a chain for most.
type parsed struct {
	m     Message
	chain [1]Body
}

// Parse is the function Parse.
func (w *Parser) Parse(b []byte) (*Message, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return nil, err
	}
	w.d.msg, w.d.flags2, w.d.err = b, h.Flags2, nil // block sets what is of a block
	p := w.bodies.messages.Next()
	p.m.Header, p.m.Chain = h, p.chain[:0]
	if err := p.m.parseChain(&w.d, w.bodies); err != nil {
		return nil, err
	}
	return &p.m, nil
}

func (m *Message) parseChain(d *decoder, room *bodies) error {
	next, off := m.Header.Command, HeaderSize
	for next != CmdNoAndX || len(m.Chain) == 0 {
		d.cmd = next
		d.block(off)
		if len(m.Chain) == maxChain {
			d.fail("AndXCommand", "chain too long")
		}
		next, off = m.parseBlock(d, room)
		if d.err != nil {
			return d.err
		}
	}
	return nil
}

// parseBlock decodes the block that d has entered and returns what follows it.
func (m *Message) parseBlock(d *decoder, room *bodies) (next Command, off int) {
	next = CmdNoAndX
	body := room.newBody(d.cmd, &m.Header, d.wordCount)
	if body == nil {
		d.fail("WordCount", "not one that the command has")
	}
	if d.err != nil {
		return next, 0
	}
	if hasAndX(d.cmd, body) {
		next, off = d.andX()
	}
	body.decode(d)
	d.bytes()
	m.Chain = append(m.Chain, body)
	return next, off
}

// andX reads the AndX header. A block may only follow this one, so that a chain
// has an end.
//
// src: [MS-CIFS] §2.2.3.4
func (d *decoder) andX() (next Command, off int) {
	b := d.take("AndXCommand", 4)
	if b == nil {
		return CmdNoAndX, 0
	}
	next, off = Command(b[0]), int(binary.LittleEndian.Uint16(b[2:])) // b[1] is reserved
	if next != CmdNoAndX && off < d.byteEnd {
		d.fail("AndXOffset", "not behind the block")
	}
	return next, off
}

// hasAndX reports whether the block of b, a body of cmd, begins with an AndX header.
func hasAndX(cmd Command, b Body) bool {
	switch b.(type) {
	case *ErrorReply, *Unknown:
		return false
	}
	return cmd.isAndX()
}

// Append writes the message behind dst. Header.Command and the AndX headers are
// taken from the chain; whether the chain holds the bodies that Header.Flags
// promises is the caller's affair. An error is a *FormatError, and dst comes
// back as it was.
func (m *Message) Append(dst []byte) ([]byte, error) { return new(Encoder).Append(dst, m) }

// Encoder appends messages. It is for who writes many, one at a time: what it needs while
// it writes one serves the next. The zero value is ready.
type Encoder struct{ e encoder }

// Append is Message.Append.
func (w *Encoder) Append(dst []byte, m *Message) ([]byte, error) {
	if len(m.Chain) == 0 {
		return dst, &FormatError{Command: m.Header.Command, Field: "Chain", Reason: "message without a body"}
	}
	h := m.Header
	h.Command = m.Chain[0].Command()
	e := &w.e // begin sets what is of a block
	e.buf, e.base, e.flags2, e.err = h.encode(dst), len(dst), h.Flags2, nil
	e.reply, e.failed = h.IsReply(), h.Status != nt.StatusSuccess
	for i, b := range m.Chain {
		e.block(b, m.Chain[i+1:])
	}
	if e.err != nil {
		return dst, e.err
	}
	return e.buf, nil
}

// block writes b, which the bodies in rest follow.
func (e *encoder) block(b Body, rest []Body) {
	e.begin(b.Command())
	andX := hasAndX(e.cmd, b)
	offsetPos := 0
	if andX {
		e.u8(uint8(nextCommand(rest)))
		e.u8(0)
		offsetPos = e.hole16()
	}
	b.encode(e)
	e.finish()
	if len(rest) == 0 {
		return
	}
	if !andX {
		e.fail("AndXCommand", "command cannot be followed by another")
		return
	}
	e.align(chainAlign)
	e.put16("AndXOffset", offsetPos, e.pos())
}

func nextCommand(rest []Body) Command {
	if len(rest) == 0 {
		return CmdNoAndX
	}
	return rest[0].Command()
}
