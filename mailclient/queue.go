package mailclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// QueueLock is how a program keeps others off INQUEUE3 while it empties it.
type QueueLock uint8

// The locks.
const (
	// LockHeld opens the semaphore INQUEUE3.0LK and keeps the KEY open, too.
	//
	// src: KB Q103960 (semaphore); assumed (the KEY)
	LockHeld QueueLock = iota
	// LockSemaphore opens the semaphore, and the KEY for each access alone.
	//
	// src: KB Q103960 (External)
	LockSemaphore
	// LockLegacy is a program of version 2, or one with -V20: it knows no semaphore and
	// keeps the KEY open for reading, denying others to read it.
	//
	// src: KB Q103960 (READ | DENY_READ)
	LockLegacy
)

// String names the lock.
func (l QueueLock) String() string {
	names := [...]string{"held", "semaphore", "legacy"}
	if int(l) < len(names) {
		return names[l]
	}
	return "lock?"
}

// DriveStatus is the status of a postoffice on the screen of EXTERNAL.
//
// src: KB Q131680
type DriveStatus string

// The statuses.
const (
	DriveStart DriveStatus = "START" // MASTER.GLB has not been read
	DriveOK    DriveStatus = "OK"
	DriveError DriveStatus = "ERROR"
	DriveFull  DriveStatus = "FULL"
)

// Opens of INQUEUE3.KEY by the locks that do not keep it.
//
// src: KB Q103960
var (
	openKeyLegacy = nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareWrite, Disposition: nt.FileOpen}
	openKeyUpdate = nt.CreateParams{Access: nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen}
)

// Cycle looks at INQUEUE3 once. The error is for what is no finding about the mail, such
// as a transport that broke; what was decided before it is in the report.
//
// src: KB Q100826, Q103960
func (m *Mailer) Cycle() (CycleReport, error) {
	report := CycleReport{Status: DriveOK}
	err := m.cycle(&report)
	if err != nil {
		report.Status = DriveError
	}
	return report, err
}

func (m *Mailer) cycle(report *CycleReport) error {
	if full, err := m.isFull(); err != nil || full {
		report.Status, report.Skipped = DriveFull, "the disk is full"
		return err
	}
	if m.cfg.QueueLock == LockLegacy {
		return m.pass(report)
	}
	lock, err := m.fs.Open(queueLock, openLock)
	if err != nil {
		if isDenied(err) {
			report.Skipped = "another program has the queue"
			return nil
		}
		return fmt.Errorf("open %s: %w", queueLock, err)
	}
	err = m.pass(report)
	return errors.Join(err, lock.Close(), m.unlock(err))
}

// unlock deletes the semaphore after a cycle that worked. Somebody else may have opened
// it by then, and an existing file does not block.
//
// src: KB Q128913
func (m *Mailer) unlock(failed error) error {
	if failed != nil {
		return nil
	}
	if err := m.fs.Delete(queueLock); err != nil && !isDenied(err) && !isMissing(err) {
		return fmt.Errorf("delete %s: %w", queueLock, err)
	}
	return nil
}

// pass opens the queue and handles its records.
func (m *Mailer) pass(report *CycleReport) error {
	mode := [...]nt.CreateParams{LockHeld: openUpdate, LockSemaphore: openRead, LockLegacy: openKeyLegacy}[m.cfg.QueueLock]
	key, err := m.fs.Open(queueKey, mode)
	if err != nil {
		return m.queueError(report, queueKey, err)
	}
	q := newMailbag(Inqueue)
	q.keyFile = key
	err = m.open(q)
	if m.cfg.QueueLock == LockSemaphore {
		err = errors.Join(err, closeFile(&q.keyFile))
	}
	if err != nil {
		return errors.Join(m.queueError(report, queueMBG, err), q.close())
	}
	m.isBad = false
	if report.Live = int(q.key.Live); report.Live > 0 {
		err = m.empty(q, report)
	}
	return errors.Join(err, q.close())
}

// open reads the KEY and, if it announces anything, opens the MBG. The writer may still
// have the MBG open when its KEY is already free.
func (m *Mailer) open(q *mailbag) (err error) {
	if err = q.readKey(); err != nil || q.key.Live == 0 {
		return err
	}
	if q.mbgFile, err = m.fs.Open(queueMBG, openRead); err != nil {
		return err
	}
	if err = q.readMBGSize(); err != nil || m.dir != nil {
		return err
	}
	m.dir, err = readDirectory(m.fs)
	return err
}

// queueError sorts a failure to open the queue: busy, broken, or the transport's.
//
// src: KB Q264331 ([001]), Q118619 (Drive in Error), Q103960 (error 32), Q132878 (START)
func (m *Mailer) queueError(report *CycleReport, what string, err error) error {
	switch {
	case isDenied(err):
		m.log("File I/O: Error opening \"%s\" error code=%d", "N:"+what, StatusOf(err).Win32())
		report.Skipped = "another program has " + what
		return nil
	case isMissing(err) || reasonOf(err) != ReasonNone:
		report.Status, report.Skipped = DriveError, "broken: "+err.Error()
		if strings.Contains(err.Error(), MasterPath) {
			report.Status = DriveStart
		}
		m.log("Drive in Error: N")
		m.queueVerdict(report, err)
		return nil
	}
	return fmt.Errorf("open %s: %w", what, err)
}

// removeRecord marks a record of the queue deleted and says whether it did. A KEY that
// somebody else has keeps the record, which is then handled again by the next cycle.
//
// src: KB Q120220, Q136379
func (m *Mailer) removeRecord(q *mailbag, it *item) (bool, error) {
	if m.cfg.QueueLock == LockHeld {
		err := q.remove(it.key.slot)
		if it.record == nil && err == nil {
			q.key.trim(q.mbgSize / RecordSize)
			err = q.writeKey()
		}
		return err == nil, err
	}
	return m.removeByName(q, it)
}

// removeByName opens the KEY for one update, since others may have changed it.
func (m *Mailer) removeByName(q *mailbag, it *item) (bool, error) {
	mode := openUpdate
	if m.cfg.QueueLock == LockLegacy {
		mode = openKeyUpdate // beside the handle that denies reading
	}
	key, err := m.fs.Open(queueKey, mode)
	if isDenied(err) {
		m.log("File I/O: Error opening \"%s\" error code=%d", "N:"+queueKey, StatusOf(err).Win32())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now := newMailbag(Inqueue)
	now.keyFile, now.mbgFile = key, q.mbgFile
	if m.cfg.QueueLock == LockLegacy {
		now.keyFile = q.keyFile
	}
	if err = now.readKey(); err == nil && now.key.IsLive(it.key.slot) {
		now.keyFile = key
		err = now.remove(it.key.slot)
		q.key = now.key
	}
	return err == nil, errors.Join(err, key.Close())
}
