package mailclient

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// copyPath is the file that a compress works in.
//
// src: KB Q146113
const copyPath = `MBG\COPY.MBG`

// openAdmin is how ADMIN opens the pair to compress it: others can read.
//
// src: KB Q101749 (READ, WRITE and DENY_WRITE)
var openAdmin = openMBG

// Compress takes the deleted records out of a mailbag, which nothing else ever makes
// smaller, and returns how many. Programs that have read the KEY before know the records
// by slots that are no longer theirs.
//
// src: KB Q146113, Q101749, Q103850
func Compress(fs FS, name string) (removed int, err error) {
	b := newMailbag(name)
	if b.keyFile, err = fs.Open(b.keyPath, openAdmin); err != nil {
		return 0, fmt.Errorf("mailbag %s: %w", name, err)
	}
	if err = b.readKey(); err == nil {
		b.mbgFile, err = fs.Open(b.mbgPath, openAdmin)
	}
	if err == nil {
		removed, err = b.compress(fs)
	}
	if err = errors.Join(err, b.close()); err != nil {
		return 0, fmt.Errorf("mailbag %s: %w", name, err)
	}
	return removed, nil
}

func (b *mailbag) compress(fs FS) (int, error) {
	var kept []byte
	for slot := range b.key.LiveSlots() {
		raw, err := b.rawRecord(slot)
		if err != nil {
			return 0, err
		}
		if len(raw) != RecordSize {
			return 0, &FormatError{b.mbgPath, "record", int64(slot) * RecordSize, ReasonAhead, "announced and not there"}
		}
		kept = append(kept, raw...)
	}
	if err := writeFile(fs, copyPath, createAnyway, kept); err != nil {
		return 0, err
	}
	err := b.mbgFile.SetSize(int64(len(kept)))
	if err == nil && len(kept) > 0 {
		err = writeFull(b.mbgFile, kept, 0)
	}
	if err != nil {
		return 0, err
	}
	removed := int(b.key.Slots) - len(kept)/RecordSize
	b.key.Slots, b.key.Deleted = b.key.Live, [keyBitmapLen]byte{}
	b.key.Seq++
	return removed, errors.Join(b.writeKey(), fs.Delete(copyPath))
}

// ResetMailbag empties a mailbag: 560 zeros and nothing. What its records named is left to
// nobody.
//
// src: KB Q104279, Q264331 (both files together)
func ResetMailbag(fs FS, name string) error {
	return errors.Join(
		writeFile(fs, KeyPath(name), createAnyway, (&Key{}).Encode()),
		writeFile(fs, MBGPath(name), createAnyway, nil),
	)
}

// ReturnQueue sends every message in INQUEUE3 back to where it came from, empties the
// queue and removes the envelopes: the recovery of a queue that is stuck. It returns how
// many it sent back.
//
// src: KB Q221963
func ReturnQueue(cfg MailerConfig) (returned int, err error) {
	m, err := NewMailer(cfg)
	if err != nil {
		return 0, err
	}
	if m.dir, err = readDirectory(m.fs); err != nil {
		return 0, err
	}
	b, err := openMailbag(m.fs, Inqueue)
	if err != nil {
		return 0, err
	}
	list, err := b.records()
	for _, s := range list {
		if err == nil {
			err = m.returnRecord(b, s)
			returned++
		}
	}
	if err = errors.Join(err, b.close()); err != nil {
		return returned, err
	}
	return returned, errors.Join(ResetMailbag(m.fs, Inqueue), m.removeEnvelopes())
}

// returnRecord tells the sender of one message and lets go of it.
func (m *Mailer) returnRecord(q *mailbag, s slotted) error {
	n := &notice{at: m.cfg.Runtime.Now(), record: s.record, code: CodeUndeliverable}
	f, err := find(nil, m.fs, MAIPath(s.record.MAI), maxMAI+1, nil)
	if err != nil {
		return err
	}
	mai, err := ParseMAI(f.Path, f.Data)
	if err == nil {
		n.from, n.rcpts = mai.From, mai.To
	}
	if err = m.tell(n, mai); err != nil {
		return err
	}
	if err = q.remove(s.slot); err != nil || mai == nil {
		return err
	}
	return releaseMessage(m.fs, s.record.MAI, mai.Attachments)
}

// removeEnvelopes deletes everything in P1 but the file that is always there.
//
// src: KB Q221963
func (m *Mailer) removeEnvelopes() error {
	list, err := m.fs.Find(`P1\*.*`)
	for _, info := range list {
		path := `P1\` + strings.ToUpper(info.Name)
		if !info.IsDir() && path != populate {
			err = errors.Join(err, m.fs.Delete(path))
		}
	}
	return err
}

// AddUser gives a mailbox to a new user, as ADMIN does: a mailbag, a record in the list of
// users, and a change of FLAG.GLB that tells running programs.
//
// src: KB Q87388 (the number), Q107767 (the list), Q103421 (FLAG.GLB)
func AddUser(fs FS, mailbox string) error {
	if err := validateName(mailbox); err != nil {
		return err
	}
	users, err := parseFile(fs, accessPath, parseUsers)
	if err != nil {
		return err
	}
	control, err := parseFile(fs, ControlPath, ParseControl)
	if err != nil {
		return err
	}
	id := control.Mailbag
	control.Mailbag++
	if err = ResetMailbag(fs, id.String()); err == nil {
		err = writeFile(fs, ControlPath, openUpdate, control.Encode()[:controlLetterOff])
	}
	if err != nil {
		return err
	}
	if err = writeFile(fs, accessPath, openUpdate, encodeUsers(append(users, Mailbag{Name: mailbox, ID: id}))); err != nil {
		return err
	}
	return touchFlag(fs)
}

// touchFlag changes FLAG.GLB.
//
// src: KB Q103421, Q132059
func touchFlag(fs FS) error {
	flag, err := readFile(fs, flagPath)
	if err != nil {
		return err
	}
	if len(flag) != flagSize {
		return sizeError(flagPath, len(flag), flagSize)
	}
	n := binary.LittleEndian.Uint16(flag) + 1
	return writeFile(fs, flagPath, openUpdate, le16(n))
}
