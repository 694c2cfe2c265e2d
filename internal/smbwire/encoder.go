package smbwire

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// encoder writes one block after the other behind buf. The first value that the
// format cannot carry is kept as err.
type encoder struct {
	buf     []byte
	base    int // where the header, or the parameters, begin in buf
	cmd     Command
	flags2  Flags2
	reply   bool
	failed  bool // the message's status is not success
	wordPos int  // of WordCount of the block
	bytePos int  // of ByteCount of the block; 0 while its words are written
	large   bool // ByteCount may wrap
	err     *FormatError
}

// newEncoder writes a run of parameters or data.
func newEncoder(cmd Command, fl Flags2) *encoder {
	return &encoder{buf: make([]byte, 0, usualRun), cmd: cmd, flags2: fl}
}

// usualRun is as long as most parameters are, and the data of a search for one file.
const usualRun = 128

// error returns err without making a typed nil of it.
func (e *encoder) error() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

func (e *encoder) fail(field, reason string) {
	if e.err == nil {
		e.err = &FormatError{Command: e.cmd, Field: field, Offset: e.pos(), Reason: reason}
	}
}

// pos is the offset from the start of the header of what is written next.
func (e *encoder) pos() int { return len(e.buf) - e.base }

// begin starts a block.
func (e *encoder) begin(c Command) {
	e.cmd, e.wordPos, e.bytePos, e.large = c, len(e.buf), 0, false
	e.u8(0)
}

// bytes ends the words of the block.
func (e *encoder) bytes() {
	n := len(e.buf) - e.wordPos - 1
	if n%2 != 0 || n/2 > math.MaxUint8 {
		e.fail("WordCount", "not a whole number of words, or too many")
	}
	e.buf[e.wordPos] = byte(n / 2)
	e.bytePos = len(e.buf)
	e.u16(0)
}

// finish ends the block.
func (e *encoder) finish() {
	if e.bytePos == 0 {
		e.bytes()
	}
	n := len(e.buf) - e.bytePos - 2
	if n > math.MaxUint16 && !e.large {
		e.fail("ByteCount", "more than 65535 bytes")
	}
	e.patch16(e.bytePos, n)
}

func (e *encoder) u8(v uint8)   { e.buf = append(e.buf, v) }
func (e *encoder) u16(v uint16) { e.buf = binary.LittleEndian.AppendUint16(e.buf, v) }
func (e *encoder) u32(v uint32) { e.buf = binary.LittleEndian.AppendUint32(e.buf, v) }
func (e *encoder) u64(v uint64) { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }

func (e *encoder) i64(v int64)              { e.u64(uint64(v)) }
func (e *encoder) fid(v FID)                { e.u16(uint16(v)) }
func (e *encoder) fileTime(v nt.FileTime)   { e.u64(uint64(v)) }
func (e *encoder) blob(b []byte)            { e.buf = append(e.buf, b...) }
func (e *encoder) patch16(at, v int)        { binary.LittleEndian.PutUint16(e.buf[at:], uint16(v)) }
func (e *encoder) patch32(at int, v uint32) { binary.LittleEndian.PutUint32(e.buf[at:], v) }

func (e *encoder) bool8(v bool) {
	if v {
		e.u8(1)
		return
	}
	e.u8(0)
}

func (e *encoder) zeros(n int) {
	for range n {
		e.buf = append(e.buf, 0)
	}
}

// align pads with zeros to a multiple of n from the start of the header.
func (e *encoder) align(n int) { e.zeros((n - e.pos()%n) % n) }

// count8, count16 and count32 write a length or offset that the field must hold.
func (e *encoder) count8(field string, n int) {
	if n < 0 || n > math.MaxUint8 {
		e.fail(field, "does not fit in 8 bits")
	}
	e.u8(uint8(n))
}

func (e *encoder) count16(field string, n int) {
	if n < 0 || n > math.MaxUint16 {
		e.fail(field, "does not fit in 16 bits")
	}
	e.u16(uint16(n))
}

func (e *encoder) count32(field string, n int64) {
	if n < 0 || n > math.MaxUint32 {
		e.fail(field, "does not fit in 32 bits")
	}
	e.u32(uint32(n))
}

// hole16 leaves room for a value that put16 fills in later.
func (e *encoder) hole16() int {
	e.u16(0)
	return len(e.buf) - 2
}

func (e *encoder) put16(field string, at, v int) {
	if v < 0 || v > math.MaxUint16 {
		e.fail(field, "does not fit in 16 bits")
	}
	e.patch16(at, v)
}

// attrs16 writes the attributes that 16 bits hold.
func (e *encoder) attrs16(a nt.FileAttributes) { e.count16("FileAttributes", int(a)) }

// timeout32 writes d in whole milliseconds; negative values mean for ever.
func (e *encoder) timeout32(d time.Duration) {
	ms := d.Milliseconds()
	if ms < math.MinInt32 || ms > math.MaxInt32 {
		e.fail("Timeout", "does not fit in 32 bits of milliseconds")
	}
	e.u32(uint32(int32(ms)))
}

// str writes s with its terminator in the encoding of the message.
func (e *encoder) str(field, s string) {
	if e.flags2.Unicode() {
		e.align(2)
	}
	e.strHere(field, s)
}

// strHere is str without alignment.
func (e *encoder) strHere(field, s string) {
	e.chars(field, s)
	e.u8(0)
	if e.flags2.Unicode() {
		e.u8(0)
	}
}

// chars writes s without terminator or alignment.
func (e *encoder) chars(field, s string) {
	if strings.IndexByte(s, 0) >= 0 {
		e.fail(field, "string contains NUL")
	}
	if e.flags2.Unicode() {
		e.buf = appendUTF16(e.buf, s)
		return
	}
	e.buf = appendOEM(e.buf, s)
}

// oem writes s as an OEM string with its terminator whatever the flags.
func (e *encoder) oem(field, s string) {
	if strings.IndexByte(s, 0) >= 0 {
		e.fail(field, "string contains NUL")
	}
	e.buf = appendOEM(e.buf, s)
	e.u8(0)
}

// path writes the buffer format byte of a string and the string.
func (e *encoder) path(field, s string) {
	e.u8(formatASCII)
	e.str(field, s)
}
