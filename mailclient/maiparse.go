package mailclient

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ParseMAI reads the message file called file. Its tests come in the order of the
// verdict table: head, length, elements, mandatory fields, checksum; the FormatError of
// the first that fails has the Reason.
func ParseMAI(file string, b []byte) (*MAI, error) {
	if err := checkMAILength(file, b); err != nil {
		return nil, err
	}
	m := &MAI{}
	if err := m.parseHead(file, b); err != nil {
		return nil, err
	}
	if err := m.parseFields(&elements{file: file, b: b[maiHeadLen:], off: maiHeadLen}); err != nil {
		return nil, err
	}
	if got, want := maiChecksum(b), storedChecksum(b); got != want {
		return nil, &FormatError{
			file, "checksum", maiSumOff, ReasonChecksum,
			fmt.Sprintf("file has %08X, says %08X", got, want),
		}
	}
	return m, nil
}

// checkMAILength compares the length that the outermost element declares with the size
// of the file.
func checkMAILength(file string, b []byte) error {
	switch {
	case len(b) < maiHeadLen:
		return &FormatError{
			file, "head", int64(len(b)), ReasonTruncated,
			fmt.Sprintf("%d bytes, at least %d", len(b), maiHeadLen),
		}
	case b[0] != elemMessage || b[1] != 0x83:
		return &FormatError{file, "message", 0, ReasonTLV, fmt.Sprintf("begins with %02X %02X", b[0], b[1])}
	}
	declared := maiFrameLen + int64(b[maiLenOff])<<16 + int64(b[maiLenOff+1])<<8 + int64(b[maiLenOff+2])
	switch size := int64(len(b)); {
	case declared > size:
		return &FormatError{file, "length", maiLenOff, ReasonTruncated, fmt.Sprintf("declares %d bytes, file has %d", declared, size)}
	case declared < size:
		return &FormatError{file, "length", maiLenOff, ReasonTrailing, fmt.Sprintf("declares %d bytes, file has %d", declared, size)}
	}
	return nil
}

// parseHead reads the fixed elements. They must stand where an agent patches them, so
// the head is compared with what it would be for the values found.
func (m *MAI) parseHead(file string, b []byte) error {
	m.RefCount = binary.LittleEndian.Uint16(b[maiRefOff:])
	m.Hops = binary.LittleEndian.Uint16(b[0x19:])
	m.Vendor37 = binary.LittleEndian.Uint16(b[0x20:])
	want := m.appendHead(make([]byte, 0, maiHeadLen))
	copy(want[maiLenOff:maiFrameLen], b[maiLenOff:])
	copy(want[maiSumOff:], b[maiSumOff:maiHeadLen])
	for i, c := range want {
		if b[i] != c {
			return &FormatError{file, "head", int64(i), ReasonTLV, fmt.Sprintf("0x%02X, want 0x%02X", b[i], c)}
		}
	}
	return nil
}

// fieldOrder is the documented order of fields, by identifier and qualifier; a field with
// the same or a higher rank may follow.
//
// src: KB Q87379
var fieldOrder = [...][2]byte{
	{elemField, fieldFrom},
	{elemField, fieldTo},
	{elemField, fieldCc},
	{elemField, fieldPosted},
	{elemField, fieldPrecedence},
	{elemField, fieldSubject},
	{elemVendor, vendorRoute},
	{elemVendor, vendorATT},
	{elemField, fieldText},
}

// parseFields reads the elements behind the head.
func (m *MAI) parseFields(r *elements) error {
	last := -1
	var seen [len(fieldOrder)]bool
	for len(r.b) > 0 {
		e, err := r.next("field")
		if err != nil {
			return err
		}
		rank := slices.Index(fieldOrder[:], [2]byte{e.id, e.qualifier})
		if rank < last || rank < 0 || rank == last && e.id != elemVendor {
			r.off = e.off
			return r.bad("field", "element %02X %02X is unknown or out of order", e.id, e.qualifier)
		}
		last, seen[rank] = rank, true
		if err := m.parseField(r, e); err != nil {
			return err
		}
	}
	for rank, name := range [...]string{0: "From", 1: "To", 3: "Posted-Date"} {
		if name != "" && !seen[rank] {
			return r.bad(name, "mandatory field is absent")
		}
	}
	return nil
}

func (m *MAI) parseField(r *elements, e element) (err error) {
	in := r.inside(e)
	switch {
	case e.id == elemVendor && e.qualifier == vendorRoute:
		return m.parseRoute(in, e)
	case e.id == elemVendor:
		return m.parseAttachment(in, e)
	}
	switch e.qualifier {
	case fieldFrom:
		return m.parseFrom(in)
	case fieldTo:
		m.To, err = in.addresses("To")
	case fieldCc:
		m.Cc, err = in.addresses("Cc")
	case fieldPosted:
		err = m.parsePosted(in)
	case fieldPrecedence:
		err = m.parsePrecedence(in)
	case fieldSubject:
		var s []byte
		s, err = in.only(elemString, "Subject")
		m.Subject = string(s)
	case fieldText:
		m.Text, err = in.only(elemString, "Text")
	}
	return err
}

func (m *MAI) parseFrom(in *elements) error {
	list, err := in.addresses("From")
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return in.bad("From", "%d addresses, want 1", len(list))
	}
	m.From = list[0]
	return nil
}

func (m *MAI) parsePosted(in *elements) error {
	date, err := in.only(elemDate, "Posted-Date")
	if err != nil {
		return err
	}
	inner := &elements{file: in.file, b: date, off: in.off - int64(len(date))}
	s, err := inner.only(elemString, "Posted-Date")
	if err != nil {
		return err
	}
	m.Posted, err = time.Parse(postedForm, string(s))
	if err != nil || len(s) != len(postedForm) {
		return inner.bad("Posted-Date", "%q is not YYYYMMDD-HHMM", s)
	}
	return nil
}

func (m *MAI) parsePrecedence(in *elements) error {
	v, err := in.only(elemInteger, "Precedence")
	if err != nil {
		return err
	}
	if len(v) != 2 || v[1] != 0 {
		return in.bad("Precedence", "% X is not a priority", v)
	}
	m.Priority = v[0]
	return nil
}

func (m *MAI) parseRoute(in *elements, e element) error {
	network, po, _ := strings.Cut(string(e.body), "/")
	if err := errors.Join(validateName(network), validateName(po)); err != nil || len(m.Route) == maxRoute {
		return in.bad("Route", "%q is no postoffice, or one of more than %d", e.body, maxRoute)
	}
	m.Route = append(m.Route, string(e.body))
	return nil
}

func (m *MAI) parseAttachment(in *elements, e element) error {
	if len(e.body) < 12 {
		return in.bad("Attachment", "%d bytes, at least 12", len(e.body))
	}
	if len(m.Attachments) == maxATTs {
		return in.bad("Attachment", "more than %d", maxATTs)
	}
	m.Attachments = append(m.Attachments, AttachmentRef{
		ID:   ID(binary.LittleEndian.Uint32(e.body)),
		Size: binary.LittleEndian.Uint32(e.body[4:]),
		CRC:  binary.LittleEndian.Uint32(e.body[8:]),
		Name: string(e.body[12:]),
	})
	return nil
}

// addresses reads one string an address, at least one.
func (r *elements) addresses(field string) ([]Address, error) {
	var list []Address
	for len(r.b) > 0 || len(list) == 0 {
		e, err := r.next(field)
		if err != nil {
			return nil, err
		}
		a, err := ParseAddress(string(e.body))
		if e.id != elemString || err != nil || len(list) == maxRcpts {
			r.off = e.off
			return nil, r.bad(field, "element %02X %q is not an address, or one too many", e.id, e.body)
		}
		list = append(list, a)
	}
	return list, nil
}

// only reads the single element that the contents must be and returns its contents.
func (r *elements) only(id byte, field string) ([]byte, error) {
	e, err := r.next(field)
	if err != nil {
		return nil, err
	}
	if e.id != id || len(r.b) != 0 {
		return nil, r.bad(field, "element %02X with %d bytes behind it, want %02X alone", e.id, len(r.b), id)
	}
	return e.body, nil
}
