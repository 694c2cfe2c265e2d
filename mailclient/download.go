package mailclient

import (
	"cmp"
	"errors"
	"slices"
)

// download reads the messages of the mailbag, oldest first.
func (r *Reader) download() (Inbox, error) {
	b, err := r.open(false)
	if err != nil {
		return nil, err
	}
	in, err := r.headers(b)
	if err = errors.Join(err, b.close()); err != nil {
		return nil, err
	}
	for i := range in {
		if in[i].Record == nil {
			continue
		}
		if err := r.again(func() error { return r.fetch(&in[i]) }); err != nil && !isDenied(err) {
			return in[:i], err
		}
		if !in[i].Whole && !in[i].late && r.cfg.StopOnCorrupt {
			return in[:i+1], nil
		}
	}
	return slices.DeleteFunc(in, func(it Item) bool { return it.late }), nil
}

// headers lists the live records in the order of their message names, which is that of
// arrival; what is no record comes first. A client that shadows has the read ones.
func (r *Reader) headers(b *mailbag) (Inbox, error) {
	var in Inbox
	for slot := range b.key.LiveSlots() {
		raw, err := b.rawRecord(slot)
		if err != nil {
			return nil, err
		}
		record, j := judgeRecord(b.mbgPath, int64(slot)*RecordSize, raw)
		it := Item{Slot: slot, Record: record, Text: MailSystemError, Code: j.Code, Reason: j.Reason, Detail: j.Detail}
		if record != nil {
			it.Token = record.Token()
			if r.cfg.Shadow && record.Flags&RecordRead != 0 {
				continue
			}
		}
		in = append(in, it)
	}
	slices.SortStableFunc(in, func(a, b Item) int { return cmp.Compare(a.name(), b.name()) })
	return in, nil
}

// name is the number of the item's message file, 0 if nothing told.
func (it *Item) name() ID {
	if it.Record == nil {
		return 0
	}
	return it.Record.MAI
}

// fetch reads one message as the verdict table's column of the client says. It is
// denied if the message file is to be tried again.
func (r *Reader) fetch(it *Item) error {
	f, err := find(r.cfg.Runtime, r.fs, MAIPath(it.Record.MAI), maxMAI+1, nil)
	if err != nil {
		return err
	}
	if it.late = isDenied(f.Status) && !r.cfg.LockedIsEmpty; it.late {
		return f.Status
	}
	e := &Evidence{Checks: ChecksFull}
	m, j := e.judgeMessage(f, it.Record)
	switch {
	case isDenied(f.Status):
		j = Judgement{Code: CodeBadMessageFile, Reason: ReasonChecksum, Detail: f.Path + ": locked, its size is taken for 0, and so the checksum differs"}
	case j.Code == CodeBadMessageFile && j.Reason == ReasonHeader:
		it.Detail, j = j.Detail, Judgement{} // the client only warns
	}
	if j.Passed() {
		it.Message, it.Text = m, ""
		if !r.cfg.OmitText {
			it.Text = string(m.Text)
		}
		if j, err = lookAtAttachments(r.fs, m.Attachments); err != nil {
			return err
		}
	}
	if it.Whole = j.Passed(); !it.Whole {
		it.Code, it.Reason, it.Detail = j.Code, j.Reason, j.Detail
	}
	return nil
}

// settle updates the mailbag after a download: whole messages are deleted from it, or
// marked read.
func (r *Reader) settle(in Inbox) error {
	var done Inbox
	for _, it := range in {
		if it.Whole {
			done = append(done, it)
		}
	}
	if len(done) == 0 {
		return nil
	}
	b, err := r.open(true)
	if err != nil {
		return err
	}
	for i := range done {
		if err == nil {
			err = r.settleItem(b, &done[i])
		}
	}
	if err = errors.Join(err, b.close()); err != nil || r.cfg.Shadow {
		return err
	}
	for _, it := range done {
		if err := releaseMessage(r.fs, it.Record.MAI, it.Message.Attachments); err != nil && !isFinding(err) {
			return err
		} else if err != nil {
			r.log("message %v stays: %v", it.Record.MAI, err)
		}
	}
	return nil
}

// settleItem marks one record deleted or read, if it is still there.
func (r *Reader) settleItem(b *mailbag, it *Item) error {
	raw, err := b.rawRecord(it.Slot)
	if err != nil || !b.key.IsLive(it.Slot) {
		return err
	}
	now, err := ParseRecord(b.mbgPath, int64(it.Slot)*RecordSize, raw)
	if err != nil || now.MAI != it.Record.MAI {
		return nil // somebody emptied the mailbag meanwhile
	}
	if r.cfg.Drain {
		return b.remove(it.Slot)
	}
	now.Flags |= RecordRead
	if err := writeFull(b.mbgFile, now.Encode(), int64(it.Slot)*RecordSize); err != nil {
		return err
	}
	b.key.markRead()
	return b.writeKey()
}
