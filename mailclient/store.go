package mailclient

import (
	"errors"
	"fmt"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// MailbagError says that a message could not be put into a mailbag.
//
// src: KB Q87408, Q87415
type MailbagError struct {
	Mailbag string
	Err     error
}

// Error formats e with the line of the log.
func (e *MailbagError) Error() string {
	return fmt.Sprintf("ERROR MAILING TO MAILBAG: %s: %v", e.Mailbag, e.Err)
}

// Unwrap returns the cause.
func (e *MailbagError) Unwrap() error { return e.Err }

// newFileError says that a message or attachment file could not be made.
type newFileError struct {
	words string // a client's
	err   error
}

// Error formats the cause: only a client has words for it.
func (e *newFileError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *newFileError) Unwrap() error { return e.err }

// newFile is err, if any, as a failure to make a file for which a client has words.
func newFile(words string, err error) error {
	if err == nil {
		return nil
	}
	return &newFileError{words, err}
}

// store writes a new message to a postoffice: attachments, message file, and a record
// in each mailbag. The names that CONTROL.GLB gave are known before anything is written.
//
// src: KB Q148515, Q77628 (order)
type store struct {
	fs    FS
	mem   rt.Memory // of the message; nil: allocated
	names *names
	bags  []string
	flags RecordFlags // of the records, beside those of the message
	// envelope, if set, is stored beside the message file.
	envelope *Envelope
	// retry, if set, is asked whether to try again after an error; it may sleep.
	retry func(error) bool
}

// put stores what build makes for the names that were allocated. A message that some of
// the mailbags did not take is in the others; one that none took is gone.
func (s *store) put(attachments []Attachment, build func(first, id ID) (*MAI, error)) error {
	var m *MAI
	var encoded []byte
	var id ID
	err := s.again(func() (err error) {
		m, encoded, id, err = s.writeFiles(attachments, build)
		return err
	})
	if err != nil {
		return err
	}
	record := recordOf(m, encoded, id)
	giveBack(s.mem, encoded)
	record.Flags |= s.flags
	var errs []error
	for _, bag := range s.bags {
		if err := s.again(func() error { return addRecord(s.fs, bag, record) }); err != nil {
			errs = append(errs, &MailbagError{bag, err})
		}
	}
	if failed := len(errs); failed > 0 {
		errs = append(errs, s.takeBack(id, m, failed))
	}
	return errors.Join(errs...)
}

// again calls do until it succeeds or is not worth another try.
func (s *store) again(do func() error) error {
	for {
		err := do()
		if err == nil || s.retry == nil || !s.retry(err) {
			return err
		}
	}
}

// takeBack counts the mailbags that did not take the message, and deletes its files
// after the last.
func (s *store) takeBack(id ID, m *MAI, bags int) (err error) {
	if bags == len(s.bags) && s.envelope != nil {
		err = s.fs.Delete(P1Path(id))
	}
	for range bags {
		if err == nil {
			err = releaseMessage(s.fs, id, m.Attachments)
		}
	}
	return err
}

// writeFiles makes the message file and its attachments.
func (s *store) writeFiles(attachments []Attachment, build func(first, id ID) (*MAI, error)) (m *MAI, encoded []byte, id ID, err error) {
	var file File
	first, err := s.names.allocate(s.fs, len(attachments), func(i ID) (err error) {
		id = i
		file, err = s.fs.Open(MAIPath(i), s.names.create(createNew.Access, createNew.Share))
		return newFile(TransmitError, err)
	})
	if err == nil {
		m, encoded, err = s.writeMessage(file, attachments, func() (*MAI, error) { return build(first, id) })
	}
	if err == nil && s.envelope != nil {
		s.envelope.MAI = id
		err = writeFile(s.fs, P1Path(id), createNew, s.envelope.Encode())
	}
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		if file != nil {
			s.discard(id, first, len(attachments))
		}
		return nil, nil, 0, fmt.Errorf("message file %v: %w", id, err)
	}
	return m, encoded, id, nil
}

// discard deletes what a failed writeFiles has made; what it cannot delete is an orphan.
func (s *store) discard(id, first ID, atts int) {
	_ = s.fs.Delete(MAIPath(id)) // the error that counts is the one before
	if s.envelope != nil {
		_ = s.fs.Delete(P1Path(id)) // the same
	}
	for i := range atts {
		_ = s.fs.Delete(ATTPath(first + ID(i))) // the same
	}
}

func (s *store) writeMessage(file File, attachments []Attachment, build func() (*MAI, error)) (*MAI, []byte, error) {
	m, err := build()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range attachments {
		if err := writeFile(s.fs, ATTPath(m.Attachments[i].ID), createNew, a.Data); err != nil {
			return nil, nil, newFile(AttachmentError, err)
		}
	}
	m.RefCount = uint16(len(s.bags))
	encoded, err := m.encode(s.mem)
	if err != nil {
		return nil, nil, err
	}
	return m, encoded, newFile(TransmitError, writeFull(file, encoded, 0))
}
