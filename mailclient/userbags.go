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
	it.verdict.Delivered = nil
	var onward []string // outbound mailbags
	rcpts := map[string][]Address{}
	for _, a := range it.envelope.Recipients() {
		d, err := m.resolve(a)
		switch {
		case err != nil:
		case d.fail != CodeNone:
			failed = append(failed, failedRcpt{a, d.fail, d.reason})
		case d.outbound != "":
			if rcpts[d.outbound] == nil {
				onward = append(onward, d.outbound)
			}
			rcpts[d.outbound] = append(rcpts[d.outbound], a)
		default:
			var f *failedRcpt
			var wait bool
			f, wait, err = m.deliverTo(it, a, d.bags, isLast)
			busy = busy || wait
			if f != nil {
				failed = append(failed, *f)
			}
		}
		if err != nil {
			return nil, false, errors.Join(err, closeFile(&it.patch))
		}
	}
	for _, bag := range onward {
		f, err := m.sendOn(it, bag, rcpts[bag])
		if err != nil {
			return nil, false, errors.Join(err, closeFile(&it.patch))
		}
		failed = append(failed, f...)
	}
	return failed, busy, nil
}

// deliverTo puts the record into the mailbags of one recipient: its own, or those of a
// group's members. Each mailbag gets a message once.
//
// src: KB Q77926 (no mailbag has two records of one message)
func (m *Mailer) deliverTo(it *item, a Address, bags []string, isLast bool) (failed *failedRcpt, busy bool, err error) {
	r := *it.record
	r.Flags &^= RecordHasP1
	for _, bag := range bags {
		if it.state.done[bag] {
			continue
		}
		f, wait, err := m.addTo(bag, &r, a, isLast)
		switch {
		case err != nil:
			return nil, false, err
		case wait:
			busy = true
		case f != nil:
			failed = f
		default:
			it.state.done[bag] = true
		}
	}
	if !busy && failed == nil {
		it.verdict.Delivered = append(it.verdict.Delivered, a)
	}
	return failed, busy, nil
}

// sendOn forwards the message once to each outbound mailbag.
func (m *Mailer) sendOn(it *item, bag string, rcpts []Address) ([]failedRcpt, error) {
	if !it.state.forwarded[bag] {
		failed, err := m.forward(it, bag, rcpts)
		if err != nil || len(failed) > 0 {
			return failed, err
		}
		it.state.forwarded[bag] = true
	}
	it.verdict.Delivered = append(it.verdict.Delivered, rcpts...)
	return nil, nil
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

// routeLine precedes the postoffices that a message has come through.
//
// src: KB Q154783
const routeLine = "Message followed the following route:"

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
		if code == CodeHopCount || code == CodeCircularRoute {
			n.details = append([]string{routeLine}, it.mai.Route...)
		}
		if i == 0 {
			it.verdict.Code, it.verdict.Reason, it.verdict.NDR = code, failed[0].reason, n.entry()
		}
		if err := m.tell(n, it.mai); err != nil {
			return err
		}
	}
	return nil
}
