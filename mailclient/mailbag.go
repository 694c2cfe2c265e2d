package mailclient

import (
	"errors"
	"fmt"
	"sort"
)

// errFull says that a mailbag has no free slot.
var errFull = errors.New("mailbag is full")

// mailbag is an open pair of KEY and MBG.
type mailbag struct {
	name             string
	keyPath, mbgPath string
	keyFile, mbgFile File
	key              Key
	mbgSize          int64
	raw              [KeySize + 1]byte // of the KEY while it is read or written
}

func newMailbag(name string) *mailbag {
	return &mailbag{name: name, keyPath: KeyPath(name), mbgPath: MBGPath(name)}
}

// slotted is a live record with the slot it is in.
type slotted struct {
	slot   int
	record *Record
}

// openMailbag opens the pair for an update and reads the KEY.
//
// src: KB Q101749, Q85058
func openMailbag(fs FS, name string) (*mailbag, error) {
	return openPair(fs, name, true)
}

// openMailbagRead opens the pair to look at it.
func openMailbagRead(fs FS, name string) (*mailbag, error) {
	return openPair(fs, name, false)
}

func openPair(fs FS, name string, write bool) (*mailbag, error) {
	kp, mp := openRead, openRead
	if write {
		kp, mp = openUpdate, openMBG
	}
	b := newMailbag(name)
	var err error
	if b.keyFile, err = fs.Open(b.keyPath, kp); err != nil {
		return nil, fmt.Errorf("mailbag %s: %w", name, err)
	}
	if err = b.readKey(); err == nil {
		b.mbgFile, err = fs.Open(b.mbgPath, mp)
	}
	if err == nil {
		err = b.readMBGSize()
	}
	if err != nil {
		return nil, fmt.Errorf("mailbag %s: %w", name, errors.Join(err, b.close()))
	}
	return b, nil
}

func (b *mailbag) readKey() error {
	raw, err := readInto(b.raw[:], b.keyFile, 0)
	if err != nil {
		return err
	}
	return b.key.parse(b.keyPath, raw)
}

// readMBGSize applies the size rule.
//
// src: KB Q77926
func (b *mailbag) readMBGSize() (err error) {
	if b.mbgSize, err = b.mbgFile.Size(); err != nil {
		return err
	}
	if b.mbgSize%RecordSize != 0 {
		return &FormatError{b.mbgPath, "file", b.mbgSize, ReasonSize, fmt.Sprintf("%d bytes, not a multiple of %d", b.mbgSize, RecordSize)}
	}
	return nil
}

// close closes the MBG and then the KEY: until then nobody else sees the update.
func (b *mailbag) close() error {
	err := closeFile(&b.mbgFile)
	return errors.Join(err, closeFile(&b.keyFile))
}

// rawRecord reads the bytes of one record, fewer where the file ends.
func (b *mailbag) rawRecord(slot int) ([]byte, error) {
	return readUpTo(nil, b.mbgFile, int64(slot)*RecordSize, RecordSize)
}

// records reads the live records that are sane, oldest first: message names come from
// a counter, so their order is that of arrival.
func (b *mailbag) records() ([]slotted, error) {
	var list []slotted
	for slot := range b.key.LiveSlots() {
		raw, err := b.rawRecord(slot)
		if err != nil {
			return nil, err
		}
		if r, err := ParseRecord(b.mbgPath, int64(slot)*RecordSize, raw); err == nil {
			list = append(list, slotted{slot, r})
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].record.MAI < list[j].record.MAI })
	return list, nil
}

// add writes the record and then announces it.
//
// src: KB Q85058 (KEY, MBG, KEY)
func (b *mailbag) add(r *Record) error {
	slot, ok := b.key.FreeSlot()
	if !ok {
		return errFull
	}
	if b.key.Slots == 0 && b.mbgSize > 0 { // the KEY was reset by hand
		if err := b.mbgFile.SetSize(0); err != nil {
			return err
		}
	}
	if err := writeFull(b.mbgFile, r.Encode(), int64(slot)*RecordSize); err != nil {
		return err
	}
	b.key.Add(slot)
	return b.writeKey()
}

// remove marks a slot deleted.
func (b *mailbag) remove(slot int) error {
	b.key.Remove(slot)
	return b.writeKey()
}

func (b *mailbag) writeKey() error { return writeFull(b.keyFile, b.key.append(b.raw[:0]), 0) }

// addRecord puts one record into a mailbag.
func addRecord(fs FS, name string, r *Record) error {
	b, err := openMailbag(fs, name)
	if err != nil {
		return err
	}
	if err = errors.Join(b.add(r), b.close()); err != nil {
		return fmt.Errorf("mailbag %s: %w", name, err)
	}
	return nil
}

// removeMAI deletes the record of a message from a mailbag. It is false if there is none.
func removeMAI(fs FS, name string, id ID) (bool, error) {
	b, err := openMailbag(fs, name)
	if err != nil {
		return false, err
	}
	list, err := b.records()
	found := false
	for _, s := range list {
		if err == nil && !found && s.record.MAI == id {
			found, err = true, b.remove(s.slot)
		}
	}
	if err = errors.Join(err, b.close()); err != nil {
		return found, fmt.Errorf("mailbag %s: %w", name, err)
	}
	return found, nil
}
