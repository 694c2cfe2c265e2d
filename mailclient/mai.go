package mailclient

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Offsets of a message file's fixed head.
//
// src: KB Q104423 (reference counter at 0x0B; the elements around it in its dump);
// assumed (checksum element 0x40, EMU-MSMAIL v1).
const (
	maiLenOff   = 0x02
	maiRefOff   = 0x0B
	maiSumOff   = 0x27
	maiHeadLen  = 0x2B
	maiFrameLen = 5                       // identifier and length code, not counted by it
	maxMAI      = maiFrameLen + 1<<24 - 1 // src: RFC 841 §4 (three length octets)
	postedForm  = "20060102-1504"         // src: RFC 841 (Posted-Date)
	hopCount    = 10                      // src: KB Q154783
	maxRcpts    = 2000                    // src: KB Q77926 (size of a MEM file)
	maxATTs     = 255                     // src: assumed (no documented limit)
	maxATT      = maxMAI                  // src: assumed (keeps one file in memory)
	maxATTName  = 255                     // src: assumed (a long file name)
	midFIPS     = 0x01                    // src: RFC 841 (Message, FIPS standard)
	vendorRef   = 0x31                    // src: assumed (not shown in KB Q104423)
	vendorForm  = 0x32                    // src: KB Q104423
	vendorHops  = 0x33                    // src: KB Q104423, Q154783
	vendor37    = 0x37                    // src: KB Q104423 (meaning unknown)
	vendorSum   = 0x40                    // src: assumed (EMU-MSMAIL v1)
	vendorATT   = 0x41                    // src: assumed (EMU-MSMAIL v1)
	vendorRoute = 0x42                    // src: assumed (EMU-MSMAIL v1)
	maxRoute    = 64                      // src: assumed (more than any hop count)
	maiFormat   = 2                       // src: KB Q104423
)

// MAI is the content of a message file.
type MAI struct {
	RefCount    uint16 // mailbags that point at the file
	Hops        uint16
	Vendor37    uint16
	From        Address
	To, Cc      []Address
	Posted      time.Time // whole minutes, UTC
	Priority    uint8     // 1 to 5
	Subject     string
	Route       []string // NETWORK/PO of the postoffices that have forwarded it
	Attachments []AttachmentRef
	Text        []byte
}

// AttachmentRef is what a message file says of one attachment.
type AttachmentRef struct {
	ID        ID
	Size, CRC uint32
	Name      string
}

// Encode returns the bytes of the file, with its checksum.
func (m *MAI) Encode() ([]byte, error) { return m.encode(nil) }

// encode is Encode into memory of mem.
func (m *MAI) encode(mem rt.Memory) ([]byte, error) {
	b := m.appendFields(m.appendHead(roomFor(mem, len(m.Text))))
	if len(b) > maxMAI {
		return nil, fmt.Errorf("message file of %d bytes: at most %d", len(b), maxMAI)
	}
	n := len(b) - maiFrameLen
	b[maiLenOff], b[maiLenOff+1], b[maiLenOff+2] = byte(n>>16), byte(n>>8), byte(n)
	binary.LittleEndian.PutUint32(b[maiSumOff:], maiChecksum(b))
	return b, nil
}

// roomFor borrows memory of mem for a text of n bytes with the head and fields that most
// messages have.
func roomFor(mem rt.Memory, n int) []byte { return bytesOf(mem, n+1024)[:0] }

func (m *MAI) appendHead(b []byte) []byte {
	b = append(appendLength3(append(b, elemMessage), 0), midFIPS)
	for _, v := range [...]struct {
		qualifier byte
		value     uint16
	}{{vendorRef, m.RefCount}, {vendorForm, maiFormat}, {vendorHops, m.Hops}, {vendor37, m.Vendor37}} {
		b = appendQualified(b, elemVendor, v.qualifier, []byte{elemInteger, 2, byte(v.value), byte(v.value >> 8)})
	}
	return appendQualified(b, elemVendor, vendorSum, []byte{elemInteger, 4, 0, 0, 0, 0})
}

func (m *MAI) appendFields(b []byte) []byte {
	b = appendAddresses(b, fieldFrom, []Address{m.From})
	b = appendAddresses(b, fieldTo, m.To)
	if len(m.Cc) > 0 {
		b = appendAddresses(b, fieldCc, m.Cc)
	}
	date := appendElem(nil, elemString, []byte(m.Posted.UTC().Format(postedForm)))
	b = appendQualified(b, elemField, fieldPosted, appendElem(nil, elemDate, date))
	b = appendQualified(b, elemField, fieldPrecedence, appendElem(nil, elemInteger, []byte{m.Priority, 0}))
	b = appendQualified(b, elemField, fieldSubject, appendElem(nil, elemString, []byte(m.Subject)))
	for _, po := range m.Route {
		b = appendQualified(b, elemVendor, vendorRoute, []byte(po))
	}
	for _, a := range m.Attachments {
		b = appendQualified(b, elemVendor, vendorATT, a.encode())
	}
	return appendText(b, m.Text)
}

func appendAddresses(b []byte, field byte, list []Address) []byte {
	c := make([]byte, 0, 64) // room for one or two
	for _, a := range list {
		c = appendElem(c, elemString, []byte(a.String()))
	}
	return appendQualified(b, elemField, field, c)
}

// Both length codes of the Text field have three octets, so that every size of message
// file can be reached.
//
// src: RFC 841 §4
const (
	textStringFrame = 1 + 4                       // identifier, length code
	textFrame       = 1 + 4 + 1 + textStringFrame // the same, qualifier, and the string's
)

// appendText appends the Text field.
func appendText(b, text []byte) []byte {
	b = append(appendLength3(append(b, elemField), 1+textStringFrame+len(text)), fieldText)
	return append(appendLength3(append(b, elemString), len(text)), text...)
}

func (a *AttachmentRef) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(a.ID))
	b = binary.LittleEndian.AppendUint32(b, a.Size)
	b = binary.LittleEndian.AppendUint32(b, a.CRC)
	return append(b, a.Name...)
}

func le16(v uint16) []byte { return []byte{byte(v), byte(v >> 8)} }

// maiChecksum covers the file's size and its bytes, but for the reference counter,
// which readers change in place, and the checksum itself.
//
// src: KB Q107756 (the size is one component); assumed (CRC-32, EMU-MSMAIL v1)
func maiChecksum(b []byte) uint32 {
	head := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+maiHeadLen), uint32(len(b)))
	head = append(head, b[:maiHeadLen]...)
	clear(head[4+maiRefOff : 4+maiRefOff+2])
	clear(head[4+maiSumOff:])
	return crc32.Update(crc32.ChecksumIEEE(head), crc32.IEEETable, b[maiHeadLen:])
}

// storedChecksum returns the checksum that an encoded message file carries.
func storedChecksum(b []byte) uint32 { return binary.LittleEndian.Uint32(b[maiSumOff:]) }
