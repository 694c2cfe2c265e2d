package mailclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// lockName is the file whose suffix reserves a sender's private files in P1.
//
// src: KB Q119642, Q128913 (PBB to PZZ; PAA is not used)
const lockName = `P1\LOCKP1ID.`

// lockSuffix returns the i-th suffix: PBB, PBC, and so on to PZZ.
func lockSuffix(i int) string {
	const letters = 25 // B to Z
	return "P" + string(rune('B'+i/letters%letters)) + string(rune('B'+i%letters))
}

// lockLocal is step 1.
func (a *attempt) lockLocal() (err error) {
	fs := a.s.cfg.Local
	if a.lock, err = fs.Open(LockPath(a.s.bag), openLock); err != nil {
		return fmt.Errorf("open %s: %w", LockPath(a.s.bag), err)
	}
	for i := range a.s.cfg.NameAttempts {
		suffix := lockSuffix(i)
		err = writeFile(fs, lockName+suffix, createNew, nil)
		if err == nil {
			a.suffix = suffix
			return nil
		}
		if !isCollision(err) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", lockName+lockSuffix(0), errNames)
}

// readLocal is step 2: it chooses the message and reads all of it.
func (a *attempt) readLocal() error {
	b, err := openMailbagRead(a.s.cfg.Local, a.s.bag)
	if err != nil {
		a.logCritical(err)
		return err
	}
	list, err := b.records()
	if err = errors.Join(err, b.close()); err != nil {
		return err
	}
	if err = a.choose(list); err != nil {
		return err
	}
	if err = a.readMessage(); err != nil {
		return err
	}
	return writeFile(a.s.cfg.Local, a.envelopeCopy(), createNew, a.envelope.Encode())
}

// logCritical says that the outbound mailbag's KEY is hidden, locked or corrupt.
//
// src: KB Q127002
func (a *attempt) logCritical(err error) {
	if key := KeyPath(a.s.bag); isFinding(err) && strings.Contains(err.Error(), key) {
		a.s.log("A Critical error has occurred M:%s", key)
	}
}

// choose takes the message of the attempts before this one, else the oldest.
func (a *attempt) choose(list []slotted) error {
	want := a.s.Progress().LocalID
	for _, s := range list {
		if want != 0 && s.record.MAI != want {
			continue
		}
		a.record = s.record
		a.s.update(func(r *Result) { r.LocalID, r.Token = s.record.MAI, s.record.Token() })
		return nil
	}
	return errNothing
}

// readMessage reads the message file, makes the envelope and reads the attachments.
func (a *attempt) readMessage() error {
	f, err := a.readLocalFile(MAIPath(a.record.MAI), maxMAI+1, CodeNoMessageFile)
	if err != nil {
		return err
	}
	a.file = f.Data
	if a.mai, err = ParseMAI(f.Path, f.Data); err != nil {
		return &localError{CodeBadMessageFile, f.Path, err}
	}
	if err = a.findEnvelope(); err != nil {
		return err
	}
	if err = errors.Join(a.checkLife(), a.checkSize()); err != nil {
		return err
	}
	a.atts = nil
	for _, ref := range a.mai.Attachments {
		if f, err = a.readLocalFile(ATTPath(ref.ID), maxATT, CodeNoAttachment); err != nil {
			return err
		}
		a.atts = append(a.atts, f.Data)
	}
	return nil
}

// readLocalFile reads one file of the message; code says what it means if there is none.
func (a *attempt) readLocalFile(path string, limit int64, code Code) (*Found, error) {
	f, err := readWhole(a.s.cfg.Runtime, a.s.cfg.Local, path, limit)
	if isMissing(err) {
		err = &localError{code, path, err}
	}
	return f, err
}

// findEnvelope reads the envelope of a forwarded message, or makes that of one from here.
func (a *attempt) findEnvelope() error {
	if a.record.Flags&RecordHasP1 == 0 {
		a.envelope = a.makeEnvelope()
		return nil
	}
	f, err := a.readLocalFile(P1Path(a.record.MAI), maxSmallFile, CodeNoRoutingFile)
	if err != nil {
		return err
	}
	if a.envelope, err = ParseEnvelope(f.Path, f.Data); err != nil {
		return &localError{CodeBadRoutingFile, f.Path, err}
	}
	return nil
}

// readWhole reads a file that must be there.
func readWhole(mem rt.Memory, fs FS, path string, limit int64) (*Found, error) {
	f, err := find(mem, fs, path, limit, nil)
	if err == nil && f.Status != nt.StatusSuccess {
		err = &nt.Error{Op: "open", Path: path, Status: f.Status}
	}
	return f, err
}

// makeEnvelope lists the recipients whose mail goes by the remote postoffice, and the
// originator.
func (a *attempt) makeEnvelope() *Envelope {
	v := &Envelope{MAI: a.record.MAI, Rcpts: []Rcpt{{RcptFrom, a.mai.From}}}
	add := func(kind RcptKind, list []Address) {
		for _, r := range list {
			if bag, ok := a.s.dir.external(r.Network, r.PO); ok && bag == a.s.bag {
				v.Rcpts = append(v.Rcpts, Rcpt{kind, r})
			}
		}
	}
	add(RcptTo, a.mai.To)
	add(RcptCc, a.mai.Cc)
	return v
}

// envelopeCopy names the sender's own copy of the envelope.
func (a *attempt) envelopeCopy() string {
	return `P1\` + a.record.MAI.String() + "." + a.suffix
}

// dropEnvelopeCopy deletes the copy if this attempt may have made one.
func (a *attempt) dropEnvelopeCopy() error {
	if a.record == nil || a.suffix == "" {
		return nil
	}
	if err := a.s.cfg.Local.Delete(a.envelopeCopy()); err != nil && !isMissing(err) {
		return err
	}
	return nil
}

// updateLocal is step 6.
func (a *attempt) updateLocal() error {
	if !a.s.cfg.UnlockBeforeCleanup {
		return a.dropLocal()
	}
	err := a.unlockLocal()
	return errors.Join(err, a.releaseLocal(), a.dropRecord())
}

// unlockLocal is step 7.
func (a *attempt) unlockLocal() error {
	fs := a.s.cfg.Local
	var errs []error
	if a.suffix != "" {
		errs = append(errs, fs.Delete(lockName+a.suffix))
		a.suffix = ""
	}
	if a.lock != nil {
		errs = append(errs, closeFile(&a.lock), fs.Delete(LockPath(a.s.bag)))
	}
	return errors.Join(errs...)
}
