package mailclient

import (
	"fmt"
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// messageOpen is how the sender creates the files of step 4.
func (a *attempt) messageOpen(share nt.ShareAccess) nt.CreateParams {
	return a.s.remote.create(a.s.cfg.MessageAccess, share)
}

// writePostoffice is step 4: message file, attachments, envelope.
//
// src: KB Q119642, Q100826 (message file before envelope before queue)
func (a *attempt) writePostoffice() error {
	message, err := a.createMessage()
	if err != nil {
		return err
	}
	a.s.log("Sending P2...")
	a.remote.step = "4.3"
	if err := a.writeChunks(a.message, message); err != nil {
		return fmt.Errorf("write %s: %w", MAIPath(a.id), err)
	}
	a.entry = recordOf(a.mai, message, a.id)
	a.s.cfg.Runtime.Free(message)
	if err := a.writeAttachments(); err != nil {
		return err
	}
	if err := a.writeEnvelope(); err != nil {
		a.s.log("Sending File %v.P1 failed", a.id)
		return err
	}
	return a.finishMessage()
}

// createMessage allocates the remote names, creates the message file and returns what
// belongs there.
func (a *attempt) createMessage() ([]byte, error) {
	a.remote.step = "4.1"
	first, err := a.s.remote.allocate(a.remote, len(a.atts), func(id ID) (err error) {
		a.remote.step = "4.2"
		a.id = id
		a.message, err = a.remote.Open(MAIPath(id), a.messageOpen(a.s.cfg.MessageShare))
		a.remote.step = "4.1"
		return err
	})
	if a.message != nil {
		a.s.update(func(r *Result) { r.Announcements = append(r.Announcements, Announcement{MAI: a.id, Slot: -1}) })
	}
	if err != nil {
		return nil, fmt.Errorf("create message file: %w", err)
	}
	a.s.log("Target file: N:%s", MAIPath(a.id))
	return a.translate(first)
}

// translate makes the remote message file's bytes: the local ones with the names of the
// remote attachments and one mailbag, INQUEUE3, pointing at it.
func (a *attempt) translate(first ID) ([]byte, error) {
	m := *a.mai
	m.RefCount = 1
	m.Attachments = slices.Clone(m.Attachments)
	for i := range m.Attachments {
		m.Attachments[i].ID = first + ID(i)
	}
	return m.encode(a.s.cfg.Runtime)
}

// writeChunks writes a file from beginning to end.
func (a *attempt) writeChunks(f File, data []byte) error {
	off := int64(0)
	for chunk := range slices.Chunk(data, a.s.cfg.Chunk) {
		if err := writeFull(f, chunk, off); err != nil {
			return err
		}
		off += int64(len(chunk))
	}
	return nil
}

func (a *attempt) writeAttachments() error {
	a.remote.step = "4.4"
	for i, data := range a.atts {
		id := a.id - ID(len(a.atts)) + ID(i)
		if err := a.writeNew(ATTPath(id), a.s.cfg.MessageShare, data); err != nil {
			return err
		}
	}
	return nil
}

func (a *attempt) writeEnvelope() error {
	a.remote.step = "4.5"
	a.s.log("Sending P1...")
	v := *a.envelope
	v.MAI = a.id
	if err := a.writeNew(P1Path(a.id), nt.ShareRead, v.Encode()); err != nil {
		return err
	}
	a.s.log("P1 file successfully sent.")
	return nil
}

// writeNew creates, writes and closes one file of step 4.
func (a *attempt) writeNew(path string, share nt.ShareAccess, data []byte) (err error) {
	if a.scratch, err = a.remote.Open(path, a.messageOpen(share)); err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	if err = a.writeChunks(a.scratch, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if a.s.cfg.FlushBeforeKey {
		if err = a.scratch.Flush(); err != nil {
			return fmt.Errorf("flush %s: %w", path, err)
		}
	}
	if err = closeFile(&a.scratch); err != nil {
		return fmt.Errorf("close %s: %w", path, err)
	}
	return nil
}

// finishMessage ends step 4 with the message file.
func (a *attempt) finishMessage() error {
	a.remote.step = "4.6"
	if a.s.cfg.FlushBeforeKey {
		if err := a.message.Flush(); err != nil {
			return fmt.Errorf("flush %s: %w", MAIPath(a.id), err)
		}
	}
	if a.s.cfg.POClose == CloseAfterKey {
		return nil
	}
	if err := closeFile(&a.message); err != nil {
		return fmt.Errorf("close %s: %w", MAIPath(a.id), err)
	}
	return nil
}
