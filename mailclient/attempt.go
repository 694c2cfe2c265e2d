package mailclient

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// attempt is one pass of the seven steps for one message.
type attempt struct {
	s      *Sender
	remote *tracedFS

	// Local side.
	lock     File   // the outbound mailbag's semaphore
	suffix   string // of LOCKP1ID and of the envelope copy, such as "PBB"
	record   *Record
	file     []byte // of the message; mai has its text
	mai      *MAI
	envelope *Envelope
	atts     [][]byte

	// Remote side; a file that is not open is nil.
	inLock, key, mbg, message, scratch File

	inKey     *Key
	id        ID
	entry     *Record // of the message in the remote queue
	announced bool
}

// step is one of the seven, in the words of the article.
//
// src: KB Q143413
type step struct {
	text string
	do   func(*attempt) error
}

var sevenSteps = [...]step{
	{"locks the local mailbag file", (*attempt).lockLocal},
	{"reads the local key and *.MBG file", (*attempt).readLocal},
	{"opens the remote INQUEUE3.MBG and INQUEUE3.KEY", (*attempt).openInqueue},
	{"writes to the remote postoffice file", (*attempt).writePostoffice},
	{"updates INQUEUE3.MBG and INQUEUE3.KEY and closes them", (*attempt).announce},
	{"updates the local *.KEY and *.MBG files", (*attempt).updateLocal},
	{"removes locks for the local mailbag file", (*attempt).unlockLocal},
}

// run goes through the steps. An error before INQUEUE3.KEY was closed abandons the
// attempt; a later one is logged, because the message is announced.
func (a *attempt) run() error {
	for i, st := range sevenSteps {
		if a.s.cfg.Trace.Wants(trace.AppNote) {
			a.s.cfg.Trace.Emit(trace.Event{Kind: trace.AppNote, Text: "step " + strconv.Itoa(i+1) + ": " + st.text})
		}
		if a.s.cfg.OnStep != nil {
			a.s.cfg.OnStep(i+1, st.text)
		}
		err := st.do(a)
		if err != nil && !a.announced {
			a.abandon()
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		a.logError(err)
	}
	a.s.cfg.Runtime.Free(a.file)
	return nil
}

func (a *attempt) logError(err error) {
	if err != nil {
		a.s.log("%v", err)
	}
}

// now reads the clock.
func (a *attempt) now() time.Time { return a.s.cfg.Runtime.Now() }

// abandon closes what is open and unlocks the local mailbag. The remote semaphore file
// stays: only an open handle of it blocks.
//
// src: KB Q128913 (the handle is the lock)
func (a *attempt) abandon() {
	a.remote.step = "abandon"
	for _, f := range [...]*File{&a.scratch, &a.message, &a.mbg, &a.key, &a.inLock} {
		a.logError(closeFile(f))
	}
	a.logError(a.dropEnvelopeCopy())
	a.logError(a.unlockLocal())
}

// closeFile closes a file that may be open and forgets it.
func closeFile(f *File) error {
	if *f == nil {
		return nil
	}
	err := (*f).Close()
	*f = nil
	return err
}

// openRemote opens a remote file and logs a failure as SESSION.LOG does.
//
// src: KB Q103960
func (a *attempt) openRemote(stepName, path string, p nt.CreateParams) (File, error) {
	a.remote.step = stepName
	f, err := a.remote.Open(path, p)
	if err != nil {
		a.s.log("File I/O: Error opening \"%s\" error code=%d", "N:"+path, StatusOf(err).Win32())
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return f, nil
}

// openInqueue is step 3: semaphore, KEY, MBG.
func (a *attempt) openInqueue() (err error) {
	a.s.update(func(r *Result) {
		if r.AppStart.IsZero() {
			r.AppStart = a.now()
		}
	})
	if a.inLock, err = a.openRemote("3.1", queueLock, openLock); err != nil {
		return err
	}
	if a.key, err = a.openRemote("3.2", queueKey, openUpdate); err != nil {
		return err
	}
	raw := make([]byte, KeySize)
	if err = readFull(a.key, raw, 0); err != nil {
		return fmt.Errorf("read %s: %w", queueKey, err)
	}
	if a.inKey, err = ParseKey(queueKey, raw); err != nil {
		return err
	}
	a.mbg, err = a.openRemote("3.3", queueMBG, openMBG)
	return err
}

// announce is step 5: the record, the KEY, and the closes that make both visible.
func (a *attempt) announce() error {
	a.remote.step = "5.1"
	slot, ok := a.inKey.FreeSlot()
	if !ok {
		return fmt.Errorf("mailbag %s: %w", Inqueue, errFull)
	}
	a.entry.Flags |= RecordHasP1
	if err := writeFull(a.mbg, a.entry.Encode(), int64(slot)*RecordSize); err != nil {
		return fmt.Errorf("write %s: %w", queueMBG, err)
	}
	a.remote.step = "5.2"
	a.inKey.Add(slot)
	a.note(func(n *Announcement) { n.Slot = slot })
	if err := writeFull(a.key, a.inKey.Encode(), 0); err != nil {
		return fmt.Errorf("write %s: %w", queueKey, err)
	}
	a.remote.step = "5.3"
	if err := closeFile(&a.mbg); err != nil {
		return fmt.Errorf("close %s: %w", queueMBG, err)
	}
	if err := closeFile(&a.key); err != nil {
		return fmt.Errorf("close %s: %w", queueKey, err)
	}
	a.announced = true
	a.note(func(n *Announcement) { n.Closed = true })
	a.release()
	return nil
}

// note changes the result's entry for this attempt.
func (a *attempt) note(change func(*Announcement)) {
	a.s.update(func(r *Result) { change(&r.Announcements[len(r.Announcements)-1]) })
}

// release ends step 5: the message file, if it is still open, and the semaphore.
func (a *attempt) release() {
	a.remote.step = "5.4"
	a.logError(closeFile(&a.message))
	a.logError(closeFile(&a.inLock))
	a.logError(a.remote.Delete(queueLock))
	a.s.update(func(r *Result) { r.AppEnd = a.now() })
}

// dropLocal takes the message out of the local postoffice.
func (a *attempt) dropLocal() error {
	if err := a.dropRecord(); err != nil {
		return errors.Join(err, a.dropEnvelopeCopy())
	}
	return a.releaseLocal()
}

// dropRecord takes the record out of the outbound mailbag.
func (a *attempt) dropRecord() error {
	_, err := removeMAI(a.s.cfg.Local, a.s.bag, a.record.MAI)
	return err
}

// releaseLocal lets go of the files of the message.
func (a *attempt) releaseLocal() error {
	var err error
	if a.record.Flags&RecordHasP1 != 0 {
		err = a.s.cfg.Local.Delete(P1Path(a.record.MAI))
	}
	if a.mai == nil {
		return err
	}
	return errors.Join(err, releaseMessage(a.s.cfg.Local, a.record.MAI, a.mai.Attachments), a.dropEnvelopeCopy())
}

// releaseMessage counts one mailbag less on a message file and deletes it, and its
// attachments, after the last.
//
// src: KB Q104423
func releaseMessage(fs FS, id ID, atts []AttachmentRef) error {
	left, err := withFile(fs, MAIPath(id), openPatch, func(f File) (uint16, error) {
		return patchRefCount(f, func(n uint16) uint16 { return max(n, 1) - 1 })
	})
	if err != nil || left > 0 {
		return err
	}
	err = fs.Delete(MAIPath(id))
	for _, a := range atts {
		err = errors.Join(err, fs.Delete(ATTPath(a.ID)))
	}
	return err
}
