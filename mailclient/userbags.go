package mailclient

import (
	"errors"
	"fmt"
)

// failedRcpt is a recipient that a message did not reach.
type failedRcpt struct {
	address Address
	code    Code
	reason  Reason
}

// deliver puts a message that passed its tests into the users' mailbags.
func (m *Mailer) deliver(q *mailbag, it *item, report *CycleReport) error {
	isLast := it.state.waits+1 >= m.cfg.Retries
	denied, err := m.openPatch(it)
	if err != nil {
		return err
	}
	if denied && !isLast {
		it.state.waits++
		report.Waiting++
		return nil
	}
	failed, busy, err := m.deliverAll(it, isLast)
	if err == nil && busy {
		it.state.waits++
		report.Waiting++
		return closeFile(&it.patch)
	}
	if err = errors.Join(err, m.setRefCount(it)); err != nil {
		return err
	}
	if err = m.tellFailed(it, failed); err != nil {
		return err
	}
	isOrphan := len(it.state.done) == 0
	if err = m.finish(q, it, report); err != nil || !isOrphan {
		return err
	}
	return m.deleteMessage(it)
}

// deleteMessage deletes a message file that no mailbag points at, and its attachments.
func (m *Mailer) deleteMessage(it *item) error {
	paths := []string{MAIPath(it.record.MAI)}
	if it.mai != nil {
		for _, a := range it.mai.Attachments {
			paths = append(paths, ATTPath(a.ID))
		}
	}
	for _, path := range paths {
		if err := m.fs.Delete(path); err != nil && !isFinding(err) {
			return fmt.Errorf("delete %s: %w", path, err)
		}
	}
	return nil
}

// openPatch reopens the message file for its reference counter. A writer that has not
// closed it yet denies that although the file is whole.
func (m *Mailer) openPatch(it *item) (denied bool, err error) {
	path := MAIPath(it.record.MAI)
	it.patch, err = m.fs.Open(path, openPatch)
	switch {
	case err == nil:
		return false, nil
	case isDenied(err):
		m.log("File I/O: Error opening \"%s\" error code=%d", "N:"+path, StatusOf(err).Win32())
		return true, nil
	}
	return false, fmt.Errorf("open %s: %w", path, err)
}

// setRefCount writes how many mailbags point at the message file and closes it. Without
// the file, the count that its writer gave it stays.
func (m *Mailer) setRefCount(it *item) error {
	if it.patch == nil {
		return nil
	}
	_, err := patchRefCount(it.patch, func(uint16) uint16 { return uint16(len(it.state.done)) })
	if isEOF(err) {
		err = nil // an older reader delivered a file too short to have a counter
	}
	if err = errors.Join(err, closeFile(&it.patch)); err != nil {
		return fmt.Errorf("reference counter of %s: %w", MAIPath(it.record.MAI), err)
	}
	return nil
}

// deliverAll tries each recipient that does not have the message yet. With busy, some
// mailbag was in use and the record waits; on the last try it fails instead.
//
// src: KB Q111558, Q138054, Q127919
func (m *Mailer) deliverAll(it *item, isLast bool) (failed []failedRcpt, busy bool, err error) {
	r := *it.record
	r.Flags &^= RecordHasP1
	it.verdict.Delivered = nil
	for _, a := range it.envelope.Recipients() {
		bag, ok := m.lookup(a)
		if !ok {
			failed = append(failed, failedRcpt{a, CodeUnknownAddress, ReasonMissing})
			continue
		}
		if !it.state.done[bag] {
			f, wait, err := m.addTo(bag, &r, a, isLast)
			if err != nil {
				return nil, false, errors.Join(err, closeFile(&it.patch))
			}
			if busy = busy || wait; wait {
				continue
			}
			if f != nil {
				failed = append(failed, *f)
				continue
			}
			it.state.done[bag] = true
		}
		it.verdict.Delivered = append(it.verdict.Delivered, a)
	}
	return failed, busy, nil
}

// lookup finds a local user's mailbag.
func (m *Mailer) lookup(a Address) (string, bool) {
	bag, ok := m.dir.user(a)
	if ok {
		return bag, true
	}
	if dir, err := readDirectory(m.fs); err == nil { // the user may be new
		m.dir = dir
	}
	return m.dir.user(a)
}

// addTo puts the record into one mailbag and sorts what can go wrong.
func (m *Mailer) addTo(bag string, r *Record, a Address, isLast bool) (f *failedRcpt, wait bool, err error) {
	err = addRecord(m.fs, bag, r)
	switch {
	case err == nil:
		return nil, false, nil
	case errors.Is(err, errFull):
		return &failedRcpt{a, CodeFullMailbag, ReasonSize}, false, nil
	case isDenied(err) && !isLast:
		return nil, true, nil
	case isDenied(err):
		return &failedRcpt{a, CodeContention, ReasonDenied}, false, nil
	case isMissing(err):
		return &failedRcpt{a, CodeUndeliverable, ReasonMissing}, false, nil
	case reasonOf(err) != ReasonNone:
		return &failedRcpt{a, CodeUndeliverable, reasonOf(err)}, false, nil
	}
	return nil, false, err
}

// tellFailed sends one notice for each code among the failed recipients; the first
// code is the verdict's.
func (m *Mailer) tellFailed(it *item, failed []failedRcpt) error {
	var codes []Code
	rcpts := map[Code][]Address{}
	for _, f := range failed {
		if rcpts[f.code] == nil {
			codes = append(codes, f.code)
		}
		rcpts[f.code] = append(rcpts[f.code], f.address)
		it.verdict.Failed = append(it.verdict.Failed, f.address)
	}
	for i, code := range codes {
		n := m.notice(it, code, rcpts[code])
		if i == 0 {
			it.verdict.Code, it.verdict.Reason, it.verdict.NDR = code, failed[0].reason, n.entry()
		}
		if err := m.tell(n, it.mai); err != nil {
			return err
		}
	}
	return nil
}
