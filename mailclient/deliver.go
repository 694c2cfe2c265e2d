package mailclient

import (
	"errors"
	"fmt"
	"maps"
	"sort"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// item is one live record while a cycle handles it.
type item struct {
	key      itemKey
	state    *itemState
	record   *Record
	envelope *Envelope
	file     []byte // the message's; mai has its text
	mai      *MAI   // nil if the checks did not need it whole
	verdict  Verdict
	patch    File // the message file, open for its reference counter; nil if denied
}

// empty handles the live records, oldest first.
func (m *Mailer) empty(q *mailbag, report *CycleReport) error {
	m.log("Delivering new mail to %s/%s.", m.dir.self.Network, m.dir.self.PO)
	m.log("Processing received mail queue at: N: %s/%s.", m.dir.self.Network, m.dir.self.PO)
	items, err := m.liveItems(q)
	if err != nil {
		return err
	}
	for _, it := range items[:min(len(items), m.cfg.PerPass)] {
		if err := m.handle(q, it, report); err != nil {
			return err
		}
		m.cfg.Runtime.Free(it.file)
	}
	m.log("Delivering of mail from INQUEUE3 is complete.")
	return nil
}

// liveItems reads every live record and forgets what is no longer in the queue.
func (m *Mailer) liveItems(q *mailbag) ([]*item, error) {
	var list []*item
	live := map[itemKey]bool{}
	for slot := range q.key.LiveSlots() {
		raw, err := q.rawRecord(slot)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", q.mbgPath, err)
		}
		it := &item{key: itemKey{slot: slot}}
		record, j := judgeRecord(q.mbgPath, int64(slot)*RecordSize, raw)
		if record != nil && m.isStale(q, slot, record) {
			record, j = nil, Judgement{
				Code: CodeUndeliverable, Reason: ReasonAhead,
				Detail: fmt.Sprintf("%s: slot %d still has the record of %v", q.mbgPath, slot, record.MAI),
			}
		}
		it.verdict = Verdict{Slot: slot, Size: -1, Code: j.Code, Reason: j.Reason, Detail: j.Detail}
		if record != nil {
			it.learn(record)
		}
		live[it.key] = true
		list = append(list, it)
	}
	maps.DeleteFunc(m.items, func(k itemKey, _ *itemState) bool { return !live[k] })
	sort.SliceStable(list, func(i, j int) bool { return list[i].key.mai < list[j].key.mai })
	return list, nil
}

// isStale reports whether a slot that was used again still shows its last record: the
// KEY arrived ahead of the MBG. Without a later KEY it is the removal that was lost.
func (m *Mailer) isStale(q *mailbag, slot int, r *Record) bool {
	last, ok := m.last[slot]
	return ok && last.mai == r.MAI && q.key.Seq > last.seq
}

// learn fills in what the record tells.
func (it *item) learn(r *Record) {
	it.record, it.key.mai = r, r.MAI
	v := &it.verdict
	v.MAI, v.Token, v.Subject, v.Path, v.Declared = r.MAI, r.Token(), r.Subject, MAIPath(r.MAI), int64(r.Size)
}

// handle takes one record as far as this cycle can.
func (m *Mailer) handle(q *mailbag, it *item, report *CycleReport) error {
	it.state = m.items[it.key]
	if it.state == nil {
		it.state = &itemState{done: map[string]bool{}, forwarded: map[string]bool{}}
		m.items[it.key] = it.state
	}
	j := Judgement{Code: it.verdict.Code, Reason: it.verdict.Reason, Detail: it.verdict.Detail, Wait: it.record == nil}
	if it.record != nil {
		var err error
		if j, err = m.examine(it); err != nil {
			return err
		}
	}
	switch {
	case j.Wait && it.state.waits+1 < m.cfg.Retries:
		it.state.waits++
		report.Waiting++
		m.log("%s", j.Detail)
		return nil
	case !j.Passed():
		return m.refuse(q, it, j, report)
	}
	return m.deliver(q, it, report)
}

// examine opens what the record names, in the Mailer's order.
func (m *Mailer) examine(it *item) (Judgement, error) {
	m.log("INQUEUE file: N:%s", MAIPath(it.record.MAI))
	p1, err := find(m.cfg.Runtime, m.fs, P1Path(it.record.MAI), maxSmallFile, nil)
	if err != nil {
		return Judgement{}, err
	}
	var j Judgement
	if it.envelope, j = judgeEnvelope(p1, it.record); !j.Passed() {
		return j, nil
	}
	it.verdict.Sender, _ = it.envelope.Originator()
	f, err := find(m.cfg.Runtime, m.fs, MAIPath(it.record.MAI), maxMAI+1, m.cfg.OnLook)
	if err != nil {
		return Judgement{}, err
	}
	if f.Status == nt.StatusSuccess {
		it.file, it.verdict.Size = f.Data, int64(len(f.Data))
	}
	e := Evidence{Checks: m.cfg.Checks, DeniedIsCorrupt: m.cfg.DeniedIsCorrupt}
	if it.mai, j = e.judgeMessage(f, it.record); !j.Passed() || it.mai == nil {
		return j, nil
	}
	return lookAtAttachments(m.fs, it.mai.Attachments)
}

// refuse ends a record that cannot be delivered: failure mail, system log, and out of
// the queue. The message file stays as it is; its writer may not be done with it.
func (m *Mailer) refuse(q *mailbag, it *item, j Judgement, report *CycleReport) error {
	it.verdict.Code, it.verdict.Reason, it.verdict.Detail = j.Code, j.Reason, j.Detail
	if it.envelope != nil {
		it.verdict.Failed = it.envelope.Recipients()
	}
	m.logRefusal(j, it)
	n := m.notice(it, j.Code, it.verdict.Failed)
	if j.Code == CodeNoMessageFile {
		n.details = []string{j.Detail}
	}
	it.verdict.NDR = n.entry()
	if err := m.tell(n, it.mai); err != nil {
		return err
	}
	return m.finish(q, it, report)
}

// logRefusal writes the lines of SESSION.LOG that go with a refusal.
//
// src: KB Q99204, Q100826
func (m *Mailer) logRefusal(j Judgement, it *item) {
	switch {
	case j.Reason == ReasonMissing && j.Code == CodeNoMessageFile:
		m.log("N:%s was not found.", it.verdict.Path)
	case j.Code == CodeCorruptMessage:
		m.log("Error opening FIPS file. Failure to open file.")
	}
	m.log("%s", j.Detail)
	m.log("Notice in LOG\\SYSTEM.LOG on: N: %s/%s", m.dir.self.Network, m.dir.self.PO)
}

// notice prepares the failure text for an item.
func (m *Mailer) notice(it *item, code Code, rcpts []Address) *notice {
	return &notice{at: m.cfg.Runtime.Now(), record: it.record, from: it.verdict.Sender, code: code, rcpts: rcpts}
}

// tell writes the notice to SYSTEM.LOG and queues the failure mail. What cannot be
// queued is logged; only a broken transport is an error.
//
// src: KB Q99204
func (m *Mailer) tell(n *notice, original *MAI) error {
	err := appendLog(m.fs, systemLogPath, n.entry())
	if err == nil && m.cfg.SendNDR {
		err = n.send(m.fs, m.dir, &m.names, original)
	}
	if err == nil {
		return nil
	}
	m.log("Failure queuing diagnostic data back to sender due to: %v", err)
	if isFinding(err) {
		return nil
	}
	return err
}

// isFinding reports whether an error tells something about the postoffice rather than
// about the way to it.
func isFinding(err error) bool {
	return isDenied(err) || isMissing(err) || isCollision(err) || reasonOf(err) != ReasonNone ||
		errors.Is(err, errFull) || errors.Is(err, errNames) || errors.Is(err, errNoSender) || errors.Is(err, errNoRoute)
}

// finish marks the record deleted and then deletes the envelope, and concludes.
//
// src: KB Q136379 (the envelope goes only if the queue was updated)
func (m *Mailer) finish(q *mailbag, it *item, report *CycleReport) error {
	delete(m.items, it.key)
	if m.cfg.DeleteP1BeforeQueueUpdate {
		if err := m.deleteP1(it); err != nil {
			return err
		}
	}
	m.conclude(report, it.verdict)
	removed, err := m.removeRecord(q, it)
	if err != nil {
		return fmt.Errorf("write %s: %w", queueKey, err)
	}
	if !removed {
		return nil
	}
	m.last[it.key.slot] = finished{it.key.mai, q.key.Seq}
	return m.deleteP1(it)
}

// deleteP1 deletes the record's envelope, if there is one.
func (m *Mailer) deleteP1(it *item) error {
	if it.record == nil {
		return nil
	}
	if err := m.fs.Delete(P1Path(it.record.MAI)); err != nil && !isFinding(err) {
		return fmt.Errorf("delete %s: %w", P1Path(it.record.MAI), err)
	}
	return nil
}
