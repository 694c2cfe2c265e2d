package registry

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxFileSize bounds a .reg file, in bytes.
//
// src: assumed (a thousand times what the values of the table need)
const MaxFileSize = 1 << 20

// ErrTooLarge: the file holds more than MaxFileSize bytes.
var ErrTooLarge = errors.New("file is too large")

// SyntaxError is a place where a file departs from the format.
type SyntaxError struct {
	File   string
	Line   int    // 1-based
	Column int    // 1-based, in characters
	Text   string // the line
	Msg    string
}

// Error formats e as file:line:column: what is wrong: the line.
func (e *SyntaxError) Error() string {
	const most = 80
	text := e.Text
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "..."
	}
	return fmt.Sprintf("%s:%d:%d: %s: %q", e.File, e.Line, e.Column, e.Msg, text)
}

// rootKeys are the roots that Registry Editor knows.
var rootKeys = []string{
	"HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_CLASSES_ROOT", "HKEY_USERS",
	"HKEY_CURRENT_CONFIG", "HKEY_DYN_DATA",
}

// Parse reads a REGEDIT4 file, in UTF-8 or Latin-1, with CRLF or LF line ends. The
// name is used in errors only. Text that departs from the format is a *SyntaxError.
func Parse(name string, r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > MaxFileSize {
		return nil, fmt.Errorf("%s: %w (limit %d bytes)", name, ErrTooLarge, MaxFileSize)
	}
	p := &parser{name: name, lines: splitLines(b)}
	if err := p.header(b); err != nil {
		return nil, err
	}
	for p.next() {
		if err := p.statement(); err != nil {
			return nil, err
		}
	}
	return &p.file, nil
}

func splitLines(b []byte) []string {
	text := strings.TrimPrefix(decodeText(b), "\ufeff")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}

// decodeText returns b as it is if it is UTF-8, and else reads it as Latin-1.
func decodeText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// parser walks over the lines; pos is a byte offset into the present one.
type parser struct {
	name  string
	lines []string
	row   int
	pos   int
	file  File
}

func (p *parser) line() string { return p.lines[p.row] }
func (p *parser) rest() string { return p.line()[p.pos:] }

func (p *parser) next() bool {
	p.row++
	p.pos = 0
	return p.row < len(p.lines)
}

// fail reports an error at the present position.
func (p *parser) fail(format string, args ...any) error {
	return &SyntaxError{
		File: p.name, Line: p.row + 1, Column: utf8.RuneCountInString(p.line()[:p.pos]) + 1,
		Text: p.line(), Msg: fmt.Sprintf(format, args...),
	}
}

func (p *parser) header(b []byte) error {
	first := strings.TrimRight(p.line(), " \t")
	switch {
	case first == header:
		return nil
	case len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff):
		return p.fail("this file is UTF-16, the format of Windows 2000 and later; export it as %s", header)
	case strings.HasPrefix(first, "Windows Registry Editor"):
		return p.fail("this is the format of Windows 2000 and later; export the file as %s", header)
	}
	return p.fail("the first line must be %s", header)
}

func (p *parser) statement() error {
	if i := strings.IndexFunc(p.line(), isControl); i >= 0 {
		p.pos = i
		return p.fail("control character")
	}
	p.blanks()
	switch rest := p.rest(); {
	case rest == "" || rest[0] == ';':
		return nil
	case rest[0] == '[':
		return p.section()
	case rest[0] == '"' || rest[0] == '@':
		return p.entry()
	}
	return p.fail(`expected [key], "name"= or @=`)
}

func isControl(r rune) bool { return r < ' ' && r != '\t' }

func (p *parser) blanks() {
	p.pos = len(p.line()) - len(strings.TrimLeft(p.rest(), " \t"))
}

// take consumes s if it comes next.
func (p *parser) take(s string) bool {
	if !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.pos += len(s)
	return true
}

// end demands that nothing but blanks and a comment follow on the line.
func (p *parser) end(after string) error {
	p.blanks()
	if rest := p.rest(); rest != "" && rest[0] != ';' {
		return p.fail("unexpected text after the %s", after)
	}
	return nil
}

func (p *parser) section() error {
	s := Section{Line: p.row + 1}
	start := p.pos
	p.take("[")
	s.Delete = p.take("-")
	n := closingBracket(p.rest())
	if n < 0 {
		p.pos = start
		return p.fail("the key is not closed with ]")
	}
	s.Key = p.rest()[:n]
	if err := p.checkKey(s.Key); err != nil {
		return err
	}
	p.file.Sections = append(p.file.Sections, s)
	return nil
}

// closingBracket finds the ] that ends a key: the first with nothing but a comment
// behind it, for key names may contain brackets.
func closingBracket(s string) int {
	for i := range len(s) {
		if s[i] != ']' {
			continue
		}
		if rest := strings.TrimLeft(s[i+1:], " \t"); rest == "" || rest[0] == ';' {
			return i
		}
	}
	return -1
}

func (p *parser) checkKey(key string) error {
	root, _, _ := strings.Cut(key, `\`)
	known := func(r string) bool { return strings.EqualFold(r, root) }
	if !slices.ContainsFunc(rootKeys, known) {
		return p.fail("unknown root key; the first is %s", rootKeys[0])
	}
	for part := range strings.SplitSeq(key, `\`) {
		if part == "" {
			return p.fail("empty component in the key")
		}
		p.pos += len(part) + 1
	}
	return nil
}

func (p *parser) entry() error {
	if len(p.file.Sections) == 0 {
		return p.fail("a value before the first [key]")
	}
	section := &p.file.Sections[len(p.file.Sections)-1]
	if section.Delete {
		return p.fail("a value under a deleted key")
	}
	e := Entry{Line: p.row + 1}
	var err error
	if !p.take("@") {
		if e.Name, err = p.quoted(); err != nil {
			return err
		}
	}
	p.blanks()
	if !p.take("=") {
		return p.fail("expected = after the name")
	}
	p.blanks()
	if e.Data, err = p.data(); err != nil {
		return err
	}
	section.Entries = append(section.Entries, e)
	return p.end("value")
}

func (p *parser) quoted() (string, error) {
	start := p.pos
	var out strings.Builder
	for i := p.pos + 1; i < len(p.line()); i++ {
		switch c := p.line()[i]; c {
		case '"':
			p.pos = i + 1
			return out.String(), nil
		case '\\':
			i++
			if i == len(p.line()) || p.line()[i] != '\\' && p.line()[i] != '"' {
				p.pos = i - 1
				return "", p.fail(`only \\ and \" may follow a backslash`)
			}
			out.WriteByte(p.line()[i])
		default:
			out.WriteByte(c)
		}
	}
	p.pos = start
	return "", p.fail("the string is not closed on its line")
}

func (p *parser) data() (Data, error) {
	switch {
	case strings.HasPrefix(p.rest(), `"`):
		text, err := p.quoted()
		return Data{Kind: DataString, Text: text}, err
	case p.take("dword:"):
		return p.dword()
	case p.take("hex:"):
		return p.hexBytes(regBinary)
	case p.take("hex("):
		return p.typedHex()
	case p.take("-"):
		return Data{Kind: DataDelete}, nil
	}
	return Data{}, p.fail(`expected "text", dword:, hex: or -`)
}

func (p *parser) dword() (Data, error) {
	p.blanks()
	n := hexDigits(p.rest())
	if n < 1 || n > 8 {
		return Data{}, p.fail("expected 1 to 8 hex digits after dword:")
	}
	v, err := strconv.ParseUint(p.rest()[:n], 16, 32)
	if err != nil {
		return Data{}, p.fail("dword: %v", err)
	}
	p.pos += n
	return Data{Kind: DataDWORD, DWORD: uint32(v)}, nil
}

func (p *parser) typedHex() (Data, error) {
	n := hexDigits(p.rest())
	if n < 1 || n > 8 {
		return Data{}, p.fail("expected the type's hex digits after hex(")
	}
	v, err := strconv.ParseUint(p.rest()[:n], 16, 32)
	if err != nil {
		return Data{}, p.fail("hex type: %v", err)
	}
	p.pos += n
	if !p.take("):") {
		return Data{}, p.fail("expected ): after the type")
	}
	return p.hexBytes(uint32(v))
}

// hexBytes reads bytes and commas, and goes on in the next line after a comma and
// a backslash. No bytes at all are an empty value.
func (p *parser) hexBytes(regType uint32) (Data, error) {
	d := Data{Kind: DataHex, HexType: regType}
	p.blanks()
	if rest := p.rest(); rest == "" || rest[0] == ';' {
		return d, nil
	}
	for {
		c, err := p.hexByte()
		if err != nil {
			return Data{}, err
		}
		d.Bytes = append(d.Bytes, c)
		p.blanks()
		if !p.take(",") {
			return d, nil
		}
		if err := p.continued(); err != nil {
			return Data{}, err
		}
	}
}

func (p *parser) hexByte() (byte, error) {
	n := hexDigits(p.rest())
	if n < 1 || n > 2 {
		return 0, p.fail("expected a byte of one or two hex digits")
	}
	v, err := strconv.ParseUint(p.rest()[:n], 16, 8)
	if err != nil {
		return 0, p.fail("byte: %v", err)
	}
	p.pos += n
	return byte(v), nil
}

// continued moves to the next line if a backslash ends this one.
func (p *parser) continued() error {
	p.blanks()
	if strings.TrimRight(p.rest(), " \t") != `\` {
		return nil
	}
	if p.row+1 == len(p.lines) {
		return p.fail("the file ends after a continued line")
	}
	p.next()
	if i := strings.IndexFunc(p.line(), isControl); i >= 0 {
		p.pos = i
		return p.fail("control character")
	}
	p.blanks()
	return nil
}

func hexDigits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789abcdefABCDEF"))
}
