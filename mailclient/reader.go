package mailclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// ReaderConfig is everything that a Reader needs. DefaultReaderConfig fills in what has
// a documented value; the caller sets the rest.
type ReaderConfig struct {
	Runtime rt.Runtime
	PO      FS
	Trace   *trace.Actor // nil records nothing
	Mailbox string       // the user
	// Backoff separates the attempts at a mailbag that somebody else has open.
	Backoff time.Duration
	Tries   int
	// Drain takes what could be read whole out of the mailbag, as a client without inbox
	// shadowing does.
	//
	// src: KB Q96718
	Drain bool
	// StopOnCorrupt makes the reader stop at the first bad message.
	//
	// src: KB Q104277
	StopOnCorrupt bool
}

// Defaults of a reader.
//
// src: KB Q86100 (SpoolerBackoffInterval of 2000 ms); assumed (tries)
const (
	defaultBackoff     = 2 * time.Second
	defaultReaderTries = 3
)

// DefaultReaderConfig returns the defaults.
func DefaultReaderConfig() ReaderConfig {
	return ReaderConfig{Backoff: defaultBackoff, Tries: defaultReaderTries}
}

// Item is one message of a mailbag.
type Item struct {
	Slot   int
	Record *Record // nil if the MBG does not have the record
	Token  Token
	Whole  bool
	// Code and Reason say what is wrong with an item that is not whole. Code is what a
	// Mailer would say; the user sees Text.
	Code    Code
	Reason  Reason
	Detail  string
	Text    string
	Message *MAI // nil unless whole
}

// Inbox is what a reader found.
type Inbox []Item

// Copies counts the items with a token: those that are whole and those that are not.
func (in Inbox) Copies(token Token) (whole, corrupt int) {
	for _, it := range in {
		switch {
		case it.Token != token:
		case it.Whole:
			whole++
		default:
			corrupt++
		}
	}
	return whole, corrupt
}

// Reader is a user's mail client reading its mailbag on the postoffice.
type Reader struct {
	cfg ReaderConfig
	fs  *tracedFS
	bag string // read on first use
}

// NewReader checks the configuration. It opens nothing.
func NewReader(cfg ReaderConfig) (*Reader, error) {
	if cfg.Runtime == nil || cfg.PO == nil {
		return nil, errors.New("reader: runtime and postoffice are needed")
	}
	if cfg.Tries <= 0 || cfg.Backoff < 0 {
		return nil, fmt.Errorf("reader: tries %d or back-off %v out of range", cfg.Tries, cfg.Backoff)
	}
	return &Reader{cfg: cfg, fs: &tracedFS{fs: cfg.PO, actor: cfg.Trace}}, validateName(cfg.Mailbox)
}

// Read lists the mailbag, oldest first, and verifies every message. The error is for a
// mailbag that cannot be read at all.
func (r *Reader) Read() (Inbox, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	b, err := r.open()
	if err != nil {
		if reasonOf(err) != ReasonNone || isMissing(err) {
			err = fmt.Errorf("%s: %w", HeaderRetrievalError, err)
		}
		return nil, err
	}
	in, err := r.list(b)
	return in, errors.Join(err, b.close())
}

func (r *Reader) load() error {
	if r.bag != "" {
		return nil
	}
	dir, err := readDirectory(r.fs)
	if err != nil {
		return err
	}
	a := Address{dir.self.Network, dir.self.PO, r.cfg.Mailbox}
	bag, ok := dir.user(a)
	if !ok {
		return fmt.Errorf("%v: %w", a, errNoRoute)
	}
	r.bag = bag
	return nil
}

// open backs off from a mailbag that is in use.
//
// src: KB Q86100
func (r *Reader) open() (b *mailbag, err error) {
	for try := range r.cfg.Tries {
		if try > 0 {
			r.cfg.Runtime.Sleep(r.cfg.Backoff)
		}
		if b, err = openPair(r.fs, r.bag, r.cfg.Drain); err == nil || !isDenied(err) {
			return b, err
		}
	}
	return nil, err
}

func (r *Reader) list(b *mailbag) (Inbox, error) {
	var in Inbox
	for slot := range b.key.LiveSlots() {
		it, err := r.item(b, slot)
		if err != nil {
			return in, err
		}
		in = append(in, it)
		if !it.Whole && r.cfg.StopOnCorrupt {
			break
		}
	}
	sortInbox(in)
	if !r.cfg.Drain {
		return in, nil
	}
	return in, r.drain(b, in)
}

// item reads one message as the verdict table's column of the client says.
func (r *Reader) item(b *mailbag, slot int) (Item, error) {
	it := Item{Slot: slot, Text: MailSystemError}
	raw, err := b.rawRecord(slot)
	if err != nil {
		return it, err
	}
	record, j := judgeRecord(MBGPath(b.name), int64(slot)*RecordSize, raw)
	if record != nil {
		it.Record, it.Token = record, record.Token()
		e := &Evidence{Checks: ChecksFull}
		if it.Message, j, err = e.lookAtMessage(r.fs, record); err != nil {
			return it, err
		}
	}
	if j.Code == CodeBadMessageFile && j.Reason == ReasonHeader {
		it.Detail, j = j.Detail, Judgement{} // the client only warns
	}
	if !j.Passed() {
		it.Message = nil
		it.Code, it.Reason, it.Detail = j.Code, j.Reason, j.Detail
		return it, nil
	}
	it.Whole, it.Text = true, string(it.Message.Text)
	return it, nil
}

// drain takes the whole items out of the mailbag and lets go of their files.
func (r *Reader) drain(b *mailbag, in Inbox) error {
	for _, it := range in {
		if !it.Whole {
			continue
		}
		if err := b.remove(it.Slot); err != nil {
			return err
		}
		if err := releaseMessage(r.fs, it.Record.MAI, it.Message.Attachments); err != nil && !isDenied(err) {
			return err
		}
	}
	return nil
}
