package mailclient

import "fmt"

// Identifier octets of FIPS PUB 98 elements.
//
// src: RFC 841 §4; KB Q93239 (that a message file consists of them)
const (
	elemString  = 0x02
	elemInteger = 0x20
	elemDate    = 0x28
	elemField   = 0x4C
	elemMessage = 0x4D
	elemVendor  = 0x7F

	elemHasQualifier = 0x40 // in the identifier: an octet before the contents says more
	elemHasProps     = 0x80 // in the identifier: a property list follows
)

// Field identifiers, the qualifiers of a field element.
//
// src: RFC 841 §4
const (
	fieldFrom       = 0x01
	fieldPosted     = 0x02
	fieldText       = 0x04
	fieldTo         = 0x05
	fieldCc         = 0x06
	fieldSubject    = 0x07
	fieldPrecedence = 0x18
)

// appendElem appends an element without a qualifier.
func appendElem(b []byte, id byte, contents []byte) []byte {
	return append(appendLength(append(b, id), len(contents)), contents...)
}

// appendQualified appends an element with a qualifier, which its length includes.
func appendQualified(b []byte, id, qualifier byte, contents []byte) []byte {
	b = append(appendLength(append(b, id), len(contents)+1), qualifier)
	return append(b, contents...)
}

// appendLength appends the shortest length code for n.
//
// src: RFC 841 §4 (one octet below 128, else 0x80 plus the number of octets that follow)
func appendLength(b []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n <= 0xFF:
		return append(b, 0x81, byte(n))
	case n <= 0xFFFF:
		return append(b, 0x82, byte(n>>8), byte(n))
	}
	return appendLength3(b, n)
}

// appendLength3 appends the length code of three octets, whatever n is.
func appendLength3(b []byte, n int) []byte {
	return append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
}

// element is one decoded element.
type element struct {
	id, qualifier byte
	body          []byte
	off           int64 // of the identifier, in the file
	bodyOff       int64
}

// elements reads consecutive elements.
type elements struct {
	file string
	b    []byte
	off  int64 // of b[0] in the file
}

func (r *elements) bad(field, format string, args ...any) error {
	return &FormatError{r.file, field, r.off, ReasonTLV, fmt.Sprintf(format, args...)}
}

// take removes n bytes from the front.
func (r *elements) take(n int) []byte {
	p := r.b[:n]
	r.b, r.off = r.b[n:], r.off+int64(n)
	return p
}

// next reads one element, naming it field in errors.
func (r *elements) next(field string) (element, error) {
	e := element{off: r.off}
	if len(r.b) < 2 {
		return e, r.bad(field, "%d bytes left for an element", len(r.b))
	}
	e.id = r.b[0]
	if e.id&elemHasProps != 0 {
		return e, r.bad(field, "identifier 0x%02X with a property list", e.id)
	}
	r.take(1)
	n, err := r.length(field)
	if err != nil {
		return e, err
	}
	if e.id&elemHasQualifier != 0 {
		if n == 0 {
			return e, r.bad(field, "no qualifier")
		}
		e.qualifier = r.take(1)[0]
		n--
	}
	e.bodyOff = r.off
	e.body = r.take(n)
	return e, nil
}

// length reads a length code and checks it against the bytes that remain.
func (r *elements) length(field string) (int, error) {
	octets := 0
	n := int(r.b[0])
	if n >= 0x80 {
		octets = n - 0x80
		n = 0
	}
	if octets > 3 || octets == 0 && r.b[0] == 0x80 {
		return 0, r.bad(field, "length code 0x%02X", r.b[0])
	}
	if len(r.b) < 1+octets {
		return 0, r.bad(field, "length code cut short")
	}
	for _, c := range r.b[1 : 1+octets] {
		n = n<<8 | int(c)
	}
	if n > len(r.b)-1-octets {
		return 0, r.bad(field, "length %d overruns the %d bytes left", n, len(r.b)-1-octets)
	}
	r.take(1 + octets)
	return n, nil
}

// inside reads the elements of e's contents.
func (r *elements) inside(e element) *elements {
	return &elements{file: r.file, b: e.body, off: e.bodyOff}
}
