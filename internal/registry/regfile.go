package registry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// header is the first line of every file of this format.
const header = "REGEDIT4"

// DataKind says how a value's data is written in a .reg file.
type DataKind uint8

// The kinds of data.
const (
	DataString DataKind = iota + 1 // "text", a REG_SZ
	DataDWORD                      // dword:0000002d, a REG_DWORD
	DataHex                        // hex:.. or hex(n):.., bytes of registry type HexType
	DataDelete                     // -, the value is to be deleted
)

// Registry data types that a DataHex can name.
//
// src: KB Q256986 (names); winnt.h of the public SDK (numbers)
const (
	regBinary  = 3
	regDWORD   = 4
	regMultiSZ = 7
)

// Data is the right-hand side of a value: one kind, and the field of that kind.
type Data struct {
	Kind    DataKind
	Text    string // DataString
	DWORD   uint32 // DataDWORD
	HexType uint32 // DataHex: the registry type, 3 for plain hex:
	Bytes   []byte // DataHex
}

// AsDWORD returns the number, which may also be written as hex(4): with the four
// bytes in little-endian order.
func (d Data) AsDWORD() (uint32, bool) {
	switch {
	case d.Kind == DataDWORD:
		return d.DWORD, true
	case d.Kind == DataHex && d.HexType == regDWORD && len(d.Bytes) == 4:
		return binary.LittleEndian.Uint32(d.Bytes), true
	}
	return 0, false
}

// AsList returns the strings of a REG_MULTI_SZ, written as hex(7): in a REGEDIT4
// file one byte a character.
func (d Data) AsList() ([]string, bool) {
	if d.Kind != DataHex || d.HexType != regMultiSZ {
		return nil, false
	}
	text := strings.TrimRight(decodeText(d.Bytes), "\x00")
	if text == "" {
		return nil, true
	}
	return strings.Split(text, "\x00"), true
}

// Entry is one value of a key; the empty Name is the key's default value, "@".
type Entry struct {
	Name string
	Data Data
	Line int // 1-based; 0 for an entry that was not read from a file
}

// Section is a key with the values that a file sets under it.
type Section struct {
	Key     string // from the root key on, without brackets
	Delete  bool   // [-key]: the key is to be deleted
	Line    int
	Entries []Entry
}

// File is a parsed .reg file, in the file's order.
type File struct {
	Sections []Section
}

// hexColumn is where a line of hex bytes is continued on the next.
//
// src: assumed (Registry Editor's exports break near column 80)
const hexColumn = 76

// Write writes f as REGEDIT4 with CRLF line ends. Texts and names with a line
// break in them cannot be written and are an error.
func (f *File) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(header + "\r\n")
	for i := range f.Sections {
		if err := f.Sections[i].appendTo(&b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Section) appendTo(b *strings.Builder) error {
	if strings.ContainsAny(s.Key, "\r\n") {
		return fmt.Errorf("key %q: %w", s.Key, errLineBreak)
	}
	mark := ""
	if s.Delete {
		mark = "-"
	}
	b.WriteString("\r\n[" + mark + s.Key + "]\r\n")
	for i := range s.Entries {
		line, err := s.Entries[i].format()
		if err != nil {
			return err
		}
		b.WriteString(line + "\r\n")
	}
	return nil
}

var errLineBreak = errors.New("a line break cannot be written in this format")

func (e *Entry) format() (string, error) {
	if strings.ContainsAny(e.Name+e.Data.Text, "\r\n") {
		return "", fmt.Errorf("value %q: %w", e.Name, errLineBreak)
	}
	name := "@"
	if e.Name != "" {
		name = quote(e.Name)
	}
	switch e.Data.Kind {
	case DataString:
		return name + "=" + quote(e.Data.Text), nil
	case DataDWORD:
		return fmt.Sprintf("%s=dword:%08x", name, e.Data.DWORD), nil
	case DataHex:
		return hexLines(name+"="+hexPrefix(e.Data.HexType), e.Data.Bytes), nil
	case DataDelete:
		return name + "=-", nil
	}
	return "", fmt.Errorf("value %q: data kind %d does not exist", e.Name, e.Data.Kind)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func hexPrefix(regType uint32) string {
	if regType == regBinary {
		return "hex:"
	}
	return fmt.Sprintf("hex(%x):", regType)
}

func hexLines(line string, data []byte) string {
	var out strings.Builder
	for i, c := range data {
		line += fmt.Sprintf("%02x", c)
		if i == len(data)-1 {
			break
		}
		line += ","
		if len(line) >= hexColumn {
			out.WriteString(line + "\\\r\n")
			line = "  "
		}
	}
	out.WriteString(line)
	return out.String()
}
