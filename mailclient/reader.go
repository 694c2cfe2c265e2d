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
	// Poll separates two looks of Run at the mailbag.
	Poll time.Duration
	// Backoff separates the attempts at a file that somebody else has open, Reconnect those
	// at a server that was lost.
	Backoff, Reconnect time.Duration
	Tries              int
	// Drain takes what could be read whole out of the mailbag, as a client without inbox
	// shadowing does.
	//
	// src: KB Q96718
	Drain bool
	// Shadow leaves the mail on the postoffice and marks it read. A client that cannot do
	// that says nothing and shows nothing.
	//
	// src: KB Q96718, Q130750
	Shadow bool
	// StopOnCorrupt makes the reader stop at the first bad message.
	//
	// src: KB Q104277
	StopOnCorrupt bool
	// LockedIsEmpty is the client before 3.2: it takes the size of a message file that is
	// locked exclusively for 0, and so the checksum for wrong. A later one backs off.
	//
	// src: KB Q107756
	LockedIsEmpty bool
	// OmitText leaves the Text of whole items empty: Message has it.
	OmitText bool

	// OnMail, if set, is told of each item that Run downloads; a message that cannot be
	// taken out of the mailbag is downloaded again by every poll.
	//
	// src: KB Q170574
	OnMail func(Item)
	// OnError, if set, is told why a poll of Run failed.
	OnError func(error)
}

// Defaults of a reader.
//
// src: KB Q86100, Q118528 (PollingInterval of 10 minutes; SpoolerBackoffInterval of 2000 ms,
// SpoolerReconnectInterval of 60 s); assumed (tries).
const (
	defaultReaderPoll  = 10 * time.Minute
	defaultBackoff     = 2 * time.Second
	defaultReconnect   = 60 * time.Second
	defaultReaderTries = 3
)

// DefaultReaderConfig returns the defaults. The client is that of version 3.0, whose
// mailbag is looked at and not changed.
func DefaultReaderConfig() ReaderConfig {
	return ReaderConfig{
		Poll: defaultReaderPoll, Backoff: defaultBackoff, Reconnect: defaultReconnect, Tries: defaultReaderTries,
		LockedIsEmpty: true,
	}
}

func (c *ReaderConfig) validate() error {
	switch {
	case c.Runtime == nil || c.PO == nil:
		return errors.New("reader: runtime and postoffice are needed")
	case c.Tries <= 0 || c.Backoff < 0 || c.Reconnect < 0 || c.Poll <= 0:
		return fmt.Errorf("reader: poll %v, tries %d, back-off %v or reconnect %v out of range", c.Poll, c.Tries, c.Backoff, c.Reconnect)
	case c.Drain && c.Shadow:
		return errors.New("reader: mail is either taken away or shadowed")
	}
	return validateName(c.Mailbox)
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
	Message *MAI // nil if the message file is not whole

	late bool // somebody has the message file open: read it another time
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
	cfg  ReaderConfig
	fs   FS
	bag  string           // read at logon
	seen map[itemKey]bool // what Run has shown and left in the mailbag
}

// NewReader checks the configuration. It opens nothing.
func NewReader(cfg ReaderConfig) (*Reader, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Reader{cfg: cfg, fs: &tracedFS{fs: cfg.PO, actor: cfg.Trace}, seen: map[itemKey]bool{}}, nil
}

// Read lists the mailbag, oldest first, and verifies every message. The error is for a
// mailbag that cannot be read at all.
func (r *Reader) Read() (Inbox, error) {
	if err := r.logon(); err != nil {
		return nil, err
	}
	in, err := r.download()
	if err != nil || !r.cfg.Drain && !r.cfg.Shadow {
		return in, err
	}
	err = r.settle(in)
	if isDenied(err) {
		r.log("%s is not updated: %v", KeyPath(r.bag), err)
		if r.cfg.Shadow {
			in = nil
		}
		err = nil
	}
	return in, err
}

// Run polls the mailbag until stop is signaled.
//
// src: KB Q86100 (transient and fatal errors), Q130515 (the NT client only polls)
func (r *Reader) Run(stop rt.Event) {
	for wait := time.Duration(0); !stop.Wait(wait); {
		in, err := r.Read()
		for _, it := range in {
			r.show(it)
		}
		wait = r.pause(err)
		if err != nil {
			r.log("%v", err)
			if r.cfg.OnError != nil {
				r.cfg.OnError(err)
			}
		}
	}
}

// show tells of an item. What stays in the mailbag because it must is told once.
func (r *Reader) show(it Item) {
	key := itemKey{slot: it.Slot, mai: it.name()}
	stays := !it.Whole || !r.cfg.Drain && !r.cfg.Shadow
	if stays && r.seen[key] {
		return
	}
	if stays {
		r.seen[key] = true
	}
	if !it.Whole {
		r.log("MAIL SYSTEM ERROR: %s reason=%s %s", it.Code, it.Reason, it.Detail)
	}
	if r.cfg.OnMail != nil {
		r.cfg.OnMail(it)
	}
}

// pause is how long to wait after a poll that ended with err.
//
// src: KB Q86100
func (r *Reader) pause(err error) time.Duration {
	switch {
	case err == nil || isMissing(err) || reasonOf(err) != ReasonNone:
		return r.cfg.Poll
	case isDenied(err):
		return r.cfg.Backoff
	}
	return r.cfg.Reconnect
}

func (r *Reader) log(format string, args ...any) {
	if r.cfg.Trace.Wants(trace.MailLog) {
		r.cfg.Trace.Emit(trace.Event{Kind: trace.MailLog, Text: fmt.Sprintf(format, args...)})
	}
}

// logon finds the postoffice, which begins with a search, and the user's mailbag in it.
//
// src: KB Q126142 (FindFirstFile at logon), Q152838
func (r *Reader) logon() error {
	if r.bag != "" {
		return nil
	}
	if _, err := r.fs.Find(`*.*`); err != nil {
		return fmt.Errorf("%s: %w", ServerPathError, err)
	}
	dir, err := readDirectory(r.fs)
	if err != nil {
		return fmt.Errorf("%s: %w", ServerPathError, err)
	}
	a := Address{dir.self.Network, dir.self.PO, r.cfg.Mailbox}
	bag, ok := dir.user(a)
	if !ok {
		return fmt.Errorf("%v: %w", a, errNoRoute)
	}
	r.bag = bag
	return nil
}

// again calls try until it is not denied, Tries times at most.
//
// src: KB Q86100
func (r *Reader) again(try func() error) (err error) {
	for i := range r.cfg.Tries {
		if i > 0 {
			r.cfg.Runtime.Sleep(r.cfg.Backoff)
		}
		if err = try(); !isDenied(err) {
			return err
		}
	}
	return err
}

// open opens the mailbag, and backs off from one that is in use.
func (r *Reader) open(write bool) (b *mailbag, err error) {
	err = r.again(func() (err error) {
		b, err = openPair(r.fs, r.bag, write)
		return err
	})
	if reasonOf(err) != ReasonNone || isMissing(err) {
		err = fmt.Errorf("%s: %w", HeaderRetrievalError, err)
	}
	return b, err
}
