package mailclient

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the configuration files.
//
// src: KB Q77926
const (
	ControlSize  = 8
	MasterSize   = 176
	flagSize     = 2
	accessRecord = 69
	netPOHead    = 4
	netPORecord  = 43

	controlLetterOff = 4
	nameField        = maxName + 1
)

// formatLabel marks a MASTER.GLB as one of ours.
const formatLabel = "EMU-MSMAIL v1"

// maxDirectory bounds the users and the external postoffices.
//
// src: KB Q126592, Q123376 (500 users a postoffice)
const maxDirectory = 500

// Control is the content of CONTROL.GLB: the counters that names of files come from.
//
// src: KB Q87388, Q148515
type Control struct {
	Mailbag ID // names of user, postoffice and gateway files
	Letter  ID // names of MAI, ATT and P1 files
}

// Encode returns the 8 bytes of the file.
func (c *Control) Encode() []byte {
	return append(encodeID(c.Mailbag), encodeID(c.Letter)...)
}

// ParseControl reads CONTROL.GLB.
func ParseControl(b []byte) (*Control, error) {
	if len(b) != ControlSize {
		return nil, sizeError(ControlPath, len(b), ControlSize)
	}
	return &Control{Mailbag: decodeID(b), Letter: decodeID(b[controlLetterOff:])}, nil
}

func encodeID(id ID) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(id)) }
func decodeID(b []byte) ID  { return ID(binary.LittleEndian.Uint32(b)) }

func sizeError(file string, got, want int) error {
	return &FormatError{file, "file", int64(got), ReasonSize, fmt.Sprintf("%d bytes, want %d", got, want)}
}

// Master is the content of MASTER.GLB: who this postoffice is.
//
// src: KB Q77926, Q132744; assumed (fields)
type Master struct{ Network, PO string }

// masterLabelOff is where the label stands.
//
// src: assumed (EMU-MSMAIL v1)
const masterLabelOff = 2 * nameField

// Encode returns the 176 bytes of the file.
func (m *Master) Encode() []byte {
	b := make([]byte, MasterSize)
	copy(b[:maxName], m.Network)
	copy(b[nameField:nameField+maxName], m.PO)
	copy(b[masterLabelOff:], formatLabel)
	return b
}

// ParseMaster reads MASTER.GLB.
func ParseMaster(b []byte) (*Master, error) {
	if len(b) != MasterSize {
		return nil, sizeError(MasterPath, len(b), MasterSize)
	}
	label, ok := cString(b[masterLabelOff:])
	if !ok || label != formatLabel {
		return nil, &FormatError{MasterPath, "label", masterLabelOff, ReasonField, fmt.Sprintf("%q, want %q", label, formatLabel)}
	}
	f := fields{file: MasterPath, b: b}
	m := &Master{Network: f.name("network", 0), PO: f.name("postoffice", nameField)}
	return m, f.err
}

// Mailbag ties a name to the mailbag that its mail goes to.
type Mailbag struct {
	Name string // mailbox of a user, or NETWORK/PO of another postoffice
	ID   ID
}

// fields reads names and numbers of fixed records and keeps the first error.
type fields struct {
	file string
	b    []byte
	err  error
}

func (f *fields) name(field string, off int) string {
	s, ok := cString(f.b[off : off+nameField])
	if err := validateName(s); (!ok || err != nil) && f.err == nil {
		f.err = &FormatError{f.file, field, int64(off), ReasonField, fmt.Sprintf("%q", f.b[off:off+nameField])}
	}
	return s
}

func (f *fields) id(field string, off int) ID {
	s, ok := cString(f.b[off : off+idLen+1])
	id, hex := parseID(s)
	if (!ok || !hex) && f.err == nil {
		f.err = &FormatError{f.file, field, int64(off), ReasonField, fmt.Sprintf("%q", f.b[off:off+idLen+1])}
	}
	return id
}

// zeros demands that the rest of a record is unused.
func (f *fields) zeros(from, to int) {
	if i := firstNonZero(f.b[from:to]); i >= 0 && f.err == nil {
		f.err = &FormatError{f.file, "reserved", int64(from + i), ReasonField, "not zero"}
	}
}

// encodeUsers returns ACCESS2.GLB, one record a user.
//
// src: KB Q77926 (69 bytes a record), Q107767 (it holds the name of the user's mailbag);
// assumed (fields).
func encodeUsers(users []Mailbag) []byte {
	b := make([]byte, len(users)*accessRecord)
	for i, u := range users {
		r := b[i*accessRecord:]
		copy(r[:maxName], u.Name)
		copy(r[nameField:], u.ID.String())
	}
	return b
}

func parseUsers(b []byte) ([]Mailbag, error) {
	if n := len(b) / accessRecord; len(b)%accessRecord != 0 || n > maxDirectory {
		return nil, sizeError(accessPath, len(b), min(n, maxDirectory)*accessRecord)
	}
	f := fields{file: accessPath, b: b}
	var users []Mailbag
	for off := 0; off < len(b); off += accessRecord {
		users = append(users, Mailbag{Name: f.name("user", off), ID: f.id("mailbag", off+nameField)})
		f.zeros(off+nameField+idLen, off+accessRecord)
	}
	return users, f.err
}

// External is another postoffice and the mailbag that holds the mail for it.
type External struct {
	Network, PO string
	ID          ID
}

// encodeExternals returns NETPO.GLB: a count and one record a postoffice.
//
// src: KB Q77926 (43 bytes a record behind 4); assumed (fields)
func encodeExternals(list []External) []byte {
	b := make([]byte, netPOHead+len(list)*netPORecord)
	binary.LittleEndian.PutUint32(b, uint32(len(list)))
	for i, x := range list {
		r := b[netPOHead+i*netPORecord:]
		copy(r[:maxName], x.Network)
		copy(r[nameField:nameField+maxName], x.PO)
		copy(r[2*nameField:], x.ID.String())
	}
	return b
}

func parseExternals(b []byte) ([]External, error) {
	n := max(len(b)-netPOHead, 0) / netPORecord
	if len(b) != netPOHead+n*netPORecord || n > maxDirectory {
		return nil, sizeError(netPOPath, len(b), netPOHead+min(n, maxDirectory)*netPORecord)
	}
	if count := binary.LittleEndian.Uint32(b); int64(count) != int64(n) {
		return nil, &FormatError{netPOPath, "count", 0, ReasonField, fmt.Sprintf("%d, file has %d", count, n)}
	}
	f := fields{file: netPOPath, b: b}
	var list []External
	for off := netPOHead; off < len(b); off += netPORecord {
		list = append(list, External{
			Network: f.name("network", off), PO: f.name("postoffice", off+nameField), ID: f.id("mailbag", off+2*nameField),
		})
		f.zeros(off+2*nameField+idLen, off+netPORecord)
	}
	return list, f.err
}
