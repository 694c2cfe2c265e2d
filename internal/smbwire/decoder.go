package smbwire

import (
	"encoding/binary"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// decoder reads one block of a message: first its words, then its bytes. The
// first thing that does not fit is kept as err; it ends the section, so that every
// read after it gives zero and decode methods need no checks of their own.
type decoder struct {
	msg       []byte // from the start of the header
	off       int
	end       int // of the section being read
	cmd       Command
	flags2    Flags2
	wordCount int
	byteStart int
	byteEnd   int
	inBytes   bool
	err       *FormatError
}

// newDecoder reads b, a run of parameters or data that has no words.
func newDecoder(cmd Command, b []byte, fl Flags2) *decoder {
	return &decoder{msg: b, end: len(b), cmd: cmd, flags2: fl, inBytes: true, byteEnd: len(b)}
}

// error returns err without making a typed nil of it.
func (d *decoder) error() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

func (d *decoder) fail(field, reason string) {
	if d.err == nil {
		d.err = &FormatError{Command: d.cmd, Field: field, Offset: d.off, Reason: reason}
		d.end = d.off
	}
}

// block enters the block at off and reads its word count.
func (d *decoder) block(off int) {
	d.off, d.inBytes = off, false
	if off >= len(d.msg) {
		d.fail("WordCount", "beyond the message")
		return
	}
	d.wordCount = int(d.msg[off])
	d.off = off + 1
	d.end = d.off + 2*d.wordCount
	if d.end+2 > len(d.msg) {
		d.fail("WordCount", "words beyond the message")
		return
	}
	d.byteStart = d.end + 2
	d.byteEnd = d.byteStart + int(binary.LittleEndian.Uint16(d.msg[d.end:]))
	if d.byteEnd > len(d.msg) {
		d.fail("ByteCount", "bytes beyond the message")
	}
}

// bytes leaves the words, which must have been read to their end.
func (d *decoder) bytes() {
	if d.inBytes || d.err != nil {
		return
	}
	if d.off != d.end {
		d.fail("WordCount", "words left over")
		return
	}
	d.inBytes, d.off, d.end = true, d.byteStart, d.byteEnd
}

// take returns the next n bytes, nil when they are not there.
func (d *decoder) take(field string, n int) []byte {
	if !d.has(field, n) {
		return nil
	}
	b := d.msg[d.off : d.off+n : d.off+n]
	d.off += n
	return b
}

// has reports whether n bytes are left of the section; it is an error if not.
func (d *decoder) has(field string, n int) bool {
	if n >= 0 && n <= d.end-d.off {
		return true
	}
	d.fail(field, "beyond its section")
	return false
}

func (d *decoder) u8(field string) uint8 {
	if !d.has(field, 1) {
		return 0
	}
	v := d.msg[d.off]
	d.off++
	return v
}

func (d *decoder) u16(field string) uint16 {
	if !d.has(field, 2) {
		return 0
	}
	v := binary.LittleEndian.Uint16(d.msg[d.off:])
	d.off += 2
	return v
}

func (d *decoder) u32(field string) uint32 {
	if !d.has(field, 4) {
		return 0
	}
	v := binary.LittleEndian.Uint32(d.msg[d.off:])
	d.off += 4
	return v
}

func (d *decoder) u64(field string) uint64 {
	if !d.has(field, 8) {
		return 0
	}
	v := binary.LittleEndian.Uint64(d.msg[d.off:])
	d.off += 8
	return v
}

func (d *decoder) i64(field string) int64             { return int64(d.u64(field)) }
func (d *decoder) fid() FID                           { return FID(d.u16("FID")) }
func (d *decoder) bool8(field string) bool            { return d.u8(field) != 0 }
func (d *decoder) fileTime(f string) nt.FileTime      { return nt.FileTime(d.u64(f)) }
func (d *decoder) skip(field string, n int)           { d.take(field, n) }
func (d *decoder) remaining() int                     { return d.end - d.off }
func (d *decoder) utime(field string) UTime           { return UTime(d.u32(field)) }
func (d *decoder) attrs16(f string) nt.FileAttributes { return nt.FileAttributes(d.u16(f)) }

// timeout32 reads a signed count of milliseconds; -1 means for ever.
func (d *decoder) timeout32() time.Duration {
	return time.Duration(int32(d.u32("Timeout"))) * time.Millisecond
}

// blob returns the next n bytes, aliasing the message; nil for none.
func (d *decoder) blob(field string, n int) []byte {
	if n == 0 {
		return nil
	}
	return d.take(field, n)
}

// rest returns what is left of the section.
func (d *decoder) rest() []byte { return d.blob("Bytes", d.remaining()) }

// at returns n bytes from off bytes behind the start of the header. They lie
// behind the words of the block but, since ByteCount wraps in large messages,
// not always within its bytes.
func (d *decoder) at(field string, off, n int) []byte {
	if n == 0 || d.err != nil {
		return nil
	}
	if off < d.byteStart || n > len(d.msg)-off {
		d.fail(field, "outside the message")
		return nil
	}
	return d.msg[off : off+n : off+n]
}

// align skips to a multiple of n from the start of the header; the padding may
// be missing where the section ends.
func (d *decoder) align(n int) {
	d.off = min(d.off+(n-d.off%n)%n, d.end)
}

// format expects the buffer format byte want.
func (d *decoder) format(want uint8) {
	if got := d.u8("BufferFormat"); d.err == nil && got != want {
		d.off--
		d.fail("BufferFormat", "unexpected buffer format")
	}
}
