package mailclient

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
)

// Sizes of a KEY file.
//
// src: KB Q77926 (560 bytes, bitmap of 512), Q119088 (4096 headers)
const (
	KeySize      = 560
	MaxSlots     = 4096
	keyBitmapLen = MaxSlots / 8
	keyBitmapOff = KeySize - keyBitmapLen
	keyFieldsLen = 0x0C
)

// Key is the content of a KEY file: the index of one mailbag. The zero value is a
// valid empty mailbag.
//
// src: KB Q77926, Q119088 (counters and bitmap exist), Q104279 (560 zeros are empty);
// assumed (offsets and polarity are ours, EMU-MSMAIL v1).
type Key struct {
	New    uint16 // added since the owner's last login
	Unread uint16
	Live   uint16 // Slots less the set bits below Slots
	Slots  uint16 // allocated records of the MBG
	Seq    uint32 // one more on every write
	// Deleted has bit i set when slot i is free; bits from Slots on are clear.
	Deleted [keyBitmapLen]byte
}

// Encode returns the 560 bytes of the file.
func (k *Key) Encode() []byte { return k.append(make([]byte, 0, KeySize)) }

func (k *Key) append(b []byte) []byte {
	for _, v := range [...]uint16{k.New, k.Unread, k.Live, k.Slots} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, k.Seq)
	b = append(b, make([]byte, keyBitmapOff-keyFieldsLen)...)
	return append(b, k.Deleted[:]...)
}

// ParseKey reads the KEY file called file.
func ParseKey(file string, b []byte) (*Key, error) {
	k := &Key{}
	if err := k.parse(file, b); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Key) parse(file string, b []byte) error {
	if len(b) != KeySize {
		return &FormatError{file, "file", int64(len(b)), ReasonSize, fmt.Sprintf("%d bytes, want %d", len(b), KeySize)}
	}
	*k = Key{
		New:    binary.LittleEndian.Uint16(b[0:]),
		Unread: binary.LittleEndian.Uint16(b[2:]),
		Live:   binary.LittleEndian.Uint16(b[4:]),
		Slots:  binary.LittleEndian.Uint16(b[6:]),
		Seq:    binary.LittleEndian.Uint32(b[8:]),
	}
	copy(k.Deleted[:], b[keyBitmapOff:])
	if i := firstNonZero(b[keyFieldsLen:keyBitmapOff]); i >= 0 {
		return &FormatError{file, "reserved", int64(keyFieldsLen + i), ReasonField, "not zero"}
	}
	return k.validate(file)
}

func (k *Key) validate(file string) error {
	if k.Slots > MaxSlots {
		return &FormatError{file, "nSlots", 6, ReasonField, fmt.Sprintf("%d, at most %d", k.Slots, MaxSlots)}
	}
	free, beyond := k.countDeleted()
	switch live := int(k.Slots) - free; {
	case beyond:
		return &FormatError{file, "bitmap", keyBitmapOff, ReasonField, "bits set beyond the slots"}
	case int(k.Live) != live:
		return &FormatError{file, "nLive", 4, ReasonField, fmt.Sprintf("%d, bitmap has %d", k.Live, live)}
	case k.Unread > k.Live:
		return &FormatError{file, "nUnread", 2, ReasonField, fmt.Sprintf("%d of %d live", k.Unread, k.Live)}
	}
	return nil
}

// countDeleted counts the slots that are free, and tells whether a bit is set where there
// is no slot.
func (k *Key) countDeleted() (free int, beyond bool) {
	used := k.bitmap()
	for _, b := range used {
		free += bits.OnesCount8(b)
	}
	last := k.Slots % 8 // slots of the last byte, if that is not full
	beyond = last > 0 && used[len(used)-1]>>last != 0
	var none [keyBitmapLen]byte
	return free, beyond || !bytes.Equal(k.Deleted[len(used):], none[len(used):])
}

// bitmap is the part of Deleted that has slots.
func (k *Key) bitmap() []byte { return k.Deleted[:(min(int(k.Slots), MaxSlots)+7)/8] }

func (k *Key) isDeleted(slot int) bool { return k.Deleted[slot/8]&(1<<(slot%8)) != 0 }

// IsLive reports whether the slot is allocated and not deleted.
func (k *Key) IsLive(slot int) bool {
	return slot >= 0 && slot < int(k.Slots) && !k.isDeleted(slot)
}

// LiveSlots yields the live slots in ascending order.
func (k *Key) LiveSlots() iter.Seq[int] {
	return func(yield func(int) bool) {
		for slot := range int(k.Slots) {
			if !k.isDeleted(slot) && !yield(slot) {
				return
			}
		}
	}
}

// FreeSlot returns the slot that the next record takes: the lowest deleted one, else
// the next. It is false for a full mailbag.
func (k *Key) FreeSlot() (slot int, ok bool) {
	for i, b := range k.bitmap() {
		if b != 0 {
			return i*8 + bits.TrailingZeros8(b), true
		}
	}
	return int(k.Slots), k.Slots < MaxSlots
}

// Add announces the record in slot, which FreeSlot returned.
func (k *Key) Add(slot int) {
	if slot == int(k.Slots) {
		k.Slots++
	}
	k.Deleted[slot/8] &^= 1 << (slot % 8)
	k.Live++
	k.New++
	k.Unread++
	k.Seq++
}

// Remove marks the live slot deleted. Its record is taken to have been new and unread,
// as those of a queue are.
func (k *Key) Remove(slot int) {
	k.Deleted[slot/8] |= 1 << (slot % 8)
	k.Live--
	k.New = max(k.New, 1) - 1
	k.Unread = min(max(k.Unread, 1)-1, k.Live)
	k.Seq++
}

// markRead counts one unread record less; its owner has seen what was new.
//
// src: KB Q77926 (new since the last login, unread)
func (k *Key) markRead() {
	k.New = 0
	k.Unread = max(k.Unread, 1) - 1
	k.Seq++
}

// trim gives up free slots at the end that the MBG file, of records whole records,
// never held: what remains when a record was announced and then lost.
func (k *Key) trim(records int64) {
	for int64(k.Slots) > records && k.isDeleted(int(k.Slots)-1) {
		k.Slots--
		k.Deleted[k.Slots/8] &^= 1 << (k.Slots % 8)
	}
}

// firstNonZero returns the index of the first byte that is not zero, or -1.
func firstNonZero(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return -1
}
