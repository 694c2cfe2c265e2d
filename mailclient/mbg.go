package mailclient

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Sizes and offsets of an MBG record.
//
// src: KB Q108027 (dump of two records), Q97025, Q122335 (subject of 40
// characters), Q77926 (116 bytes), Q87417 (not encrypted).
const (
	RecordSize  = 116
	maxSubject  = 40
	recSender   = 0x02
	recSubject  = 0x0D
	recPosted   = 0x38
	recPriority = 0x42
	recMAI      = 0x43
	recATTs     = 0x4C
	recSize     = 0x4E
	recHours    = 0x58
	recCRC      = 0x6C
)

// RecordFlags are the flags of an MBG record.
//
// src: assumed (the two bytes are unknown in KB Q108027)
type RecordFlags uint16

// Record flags.
//
// src: assumed (EMU-MSMAIL v1)
const (
	RecordRead        RecordFlags = 0x0001
	RecordUrgent      RecordFlags = 0x0002
	RecordAttachments RecordFlags = 0x0004
	RecordHasP1       RecordFlags = 0x8000 // the record also names an envelope
)

// Useful life of a message, in hours.
//
// src: KB Q173203, Q96455
const (
	usefulLife       = 24
	usefulLifeUrgent = 2
)

// Record is one header of a mailbag: it points to a message file and sums it up.
type Record struct {
	Flags    RecordFlags
	Sender   string // mailbox, at most 10 characters
	Subject  string // at most 40 characters
	Posted   time.Time
	Priority uint8
	MAI      ID
	ATTs     uint16
	Size     uint32 // bytes of the message file, as its writer declared
	Hours    uint16 // useful life
	CRC      uint32 // the message file's checksum, as its writer declared
}

// Token returns the token in the record's subject.
func (r *Record) Token() Token { return TokenOf(r.Subject) }

// Encode returns the 116 bytes of the record. Names that are too long are cut.
func (r *Record) Encode() []byte {
	var b [RecordSize]byte
	r.put(&b)
	return b[:]
}

func (r *Record) put(b *[RecordSize]byte) {
	binary.LittleEndian.PutUint16(b[:], uint16(r.Flags))
	copy(b[recSender:recSender+maxName], r.Sender)
	copy(b[recSubject:recSubject+maxSubject], r.Subject)
	putMinute(b[recPosted:], r.Posted)
	b[recPriority] = r.Priority
	copy(b[recMAI:], r.MAI.String())
	binary.LittleEndian.PutUint16(b[recATTs:], r.ATTs)
	binary.LittleEndian.PutUint32(b[recSize:], r.Size)
	binary.LittleEndian.PutUint16(b[recHours:], r.Hours)
	binary.LittleEndian.PutUint32(b[recCRC:], r.CRC)
}

// putMinute writes a time as minute, hour, day, month and year.
func putMinute(b []byte, t time.Time) {
	year, month, day := t.UTC().Date()
	hour, minute, _ := t.UTC().Clock()
	for i, v := range [...]int{minute, hour, day, int(month), year} {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(v))
	}
}

// ParseRecord reads one record of the MBG file called file; off is where the record
// begins in it.
func ParseRecord(file string, off int64, b []byte) (*Record, error) {
	bad := func(at int, field string, reason Reason, detail string) (*Record, error) {
		return nil, &FormatError{file, field, off + int64(at), reason, detail}
	}
	if len(b) != RecordSize {
		return bad(len(b), "record", ReasonSize, fmt.Sprintf("%d bytes, want %d", len(b), RecordSize))
	}
	r := &Record{
		Flags:    RecordFlags(binary.LittleEndian.Uint16(b)),
		Priority: b[recPriority],
		ATTs:     binary.LittleEndian.Uint16(b[recATTs:]),
		Size:     binary.LittleEndian.Uint32(b[recSize:]),
		Hours:    binary.LittleEndian.Uint16(b[recHours:]),
		CRC:      binary.LittleEndian.Uint32(b[recCRC:]),
	}
	var ok bool
	if r.MAI, ok = parseID(string(b[recMAI : recMAI+idLen])); !ok || b[recMAI+idLen] != 0 {
		return bad(recMAI, "MAI prefix", ReasonField, "not 8 hexadecimal digits and a NUL")
	}
	if r.Posted, ok = parseMinute(b[recPosted:]); !ok {
		return bad(recPosted, "date", ReasonField, "no such minute")
	}
	if r.Sender, ok = cString(b[recSender:recSubject]); !ok {
		return bad(recSender, "sender", ReasonField, "not NUL-padded")
	}
	if r.Subject, ok = cString(b[recSubject : recSubject+maxSubject+1]); !ok {
		return bad(recSubject, "subject", ReasonField, "not NUL-padded")
	}
	var again [RecordSize]byte
	if r.put(&again); !bytes.Equal(again[:], b) {
		return bad(0, "reserved", ReasonField, "not zero")
	}
	return r, nil
}

// parseMinute reads what putMinute wrote.
func parseMinute(b []byte) (time.Time, bool) {
	var v [5]int
	for i := range v {
		v[i] = int(binary.LittleEndian.Uint16(b[2*i:]))
	}
	t := time.Date(v[4], time.Month(v[3]), v[2], v[1], v[0], 0, 0, time.UTC)
	same := t.Minute() == v[0] && t.Hour() == v[1] && t.Day() == v[2] && int(t.Month()) == v[3] && t.Year() == v[4]
	return t, same
}

// cString reads a string whose field is filled up with NULs, at least one.
func cString(b []byte) (string, bool) {
	i := bytes.IndexByte(b, 0)
	if i < 0 || firstNonZero(b[i:]) >= 0 {
		return "", false
	}
	return string(b[:i]), true
}
