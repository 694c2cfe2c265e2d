package smbwire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Buffer format codes that precede a dialect, a string or a data block.
//
// src: [MS-CIFS] §2.2.2.5
const (
	formatData    = 0x01
	formatDialect = 0x02
	formatASCII   = 0x04
)

// cp437 holds the characters of bytes 0x80 to 0xFF of OEM code page 437.
//
// src: assumed (a US system; the protocol names no code page)
const cp437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ" +
	"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
	"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// cp437Runes is cp437, indexable by byte value less 0x80.
var cp437Runes = []rune(cp437)

// oemByte returns the OEM byte of r, '?' if there is none.
func oemByte(r rune) byte {
	if r < utf8.RuneSelf {
		return byte(r)
	}
	for i, c := range cp437Runes {
		if c == r {
			return byte(0x80 + i)
		}
	}
	return '?'
}

func appendOEM(dst []byte, s string) []byte {
	for _, r := range s {
		dst = append(dst, oemByte(r))
	}
	return dst
}

func appendUTF16(dst []byte, s string) []byte {
	for _, r := range s {
		if r > maxUnit {
			var hi rune
			hi, r = utf16.EncodeRune(r)
			dst = append(dst, byte(hi), byte(hi>>8))
		}
		dst = append(dst, byte(r), byte(r>>8))
	}
	return dst
}

// maxUnit is the last character that UTF-16 has in one unit.
const maxUnit = 0xFFFF

// usualName is as long as most strings are; longer ones take more allocations.
const usualName = 128

func oemString(b []byte) string {
	var room [usualName]byte
	s := room[:0]
	for _, c := range b {
		r := rune(c)
		if c >= utf8.RuneSelf {
			r = cp437Runes[c-0x80]
		}
		s = utf8.AppendRune(s, r)
	}
	return string(s)
}

// utf16String decodes b, whose odd last byte, if any, is ignored. An unpaired
// surrogate becomes U+FFFD.
func utf16String(b []byte) string {
	s, _ := utf16Until(noUnit, b)
	return s
}

// noUnit is in no string.
const noUnit = -1

// utf16Until is utf16String up to a unit end, and returns how many bytes that took.
func utf16Until(end rune, b []byte) (string, int) {
	var room [usualName]byte
	s, rest := room[:0], b
	for ; len(rest) >= 2; rest = rest[2:] {
		r := rune(binary.LittleEndian.Uint16(rest))
		if r == end {
			break
		}
		if utf16.IsSurrogate(r) {
			var next rune
			if len(rest) >= 4 {
				next = rune(binary.LittleEndian.Uint16(rest[2:]))
			}
			if r = utf16.DecodeRune(r, next); r != utf8.RuneError {
				rest = rest[2:]
			}
		}
		s = utf8.AppendRune(s, r)
	}
	return string(s), len(b) - len(rest)
}

// str reads a string in the encoding of the message. Where the section ends the
// terminator may be missing, as some senders leave it out, and so may be the
// string: an absent string is empty.
func (d *decoder) str(field string) string {
	if d.flags2.Unicode() {
		d.align(2)
	}
	return d.strHere(field)
}

// strHere is str without alignment.
func (d *decoder) strHere(field string) string {
	if !d.flags2.Unicode() {
		return d.oem(field)
	}
	if d.err != nil {
		return ""
	}
	s, n := utf16Until(0, d.msg[d.off:d.end])
	d.off = min(d.off+n+2, d.end)
	return s
}

// oem reads an OEM string whatever the flags.
func (d *decoder) oem(field string) string { return oemString(d.oemBytes(field)) }

func (d *decoder) oemBytes(field string) []byte {
	if d.err != nil {
		return nil
	}
	b := d.msg[d.off:d.end]
	n := bytes.IndexByte(b, 0)
	if n < 0 {
		d.off = d.end
		return b
	}
	d.take(field, n+1)
	return b[:n]
}

// chars reads a string of n bytes, and only up to a NUL in them.
func (d *decoder) chars(field string, n int) string {
	b := d.take(field, n)
	if !d.flags2.Unicode() {
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b = b[:i]
		}
		return oemString(b)
	}
	s, _ := utf16Until(0, b)
	return s
}

// path reads the buffer format byte of a string and the string.
func (d *decoder) path(field string) string {
	d.format(formatASCII)
	return d.str(field)
}
