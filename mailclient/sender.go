package mailclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// POClose says when the sender closes the message file that it has written.
type POClose uint8

// When the message file is closed.
const (
	CloseBeforeKey POClose = iota // at the end of step 4
	CloseAfterKey                 // after step 5 has closed INQUEUE3.KEY (src: KB Q85058, Q86944)
)

// String names the choice as scenarios spell it.
func (c POClose) String() string {
	if c == CloseAfterKey {
		return "after_key"
	}
	return "before_key"
}

// SenderConfig is everything that a Sender needs. DefaultSenderConfig fills in what has
// a documented or assumed value; the caller sets the rest.
type SenderConfig struct {
	Runtime       rt.Runtime
	Local, Remote FS
	Trace         *trace.Actor // nil records nothing
	// RemoteNetwork and RemotePO name the postoffice behind Remote. The local one must
	// have an outbound mailbag for it.
	RemoteNetwork, RemotePO string

	Chunk         int            // bytes of one write of the message file
	MessageShare  nt.ShareAccess // of the message and attachment files
	MessageAccess nt.AccessMask  // of the message, attachment and envelope files
	POClose       POClose
	// FlushBeforeKey makes the sender call FlushFileBuffers on what it has written in
	// step 4 before it goes on to step 5.
	FlushBeforeKey bool

	Retries      int           // attempts after the first
	Cycle        time.Duration // between two attempts
	NameAttempts int           // names tried when a created file exists
	ShareControl bool          // CONTROL.GLB was made shareable (src: KB Q99204)
	IDBlock      int           // names taken at once (src: KB Q148515); 0: as many as are needed
	// MaxLanMailSize is the largest message in KB, attachments included; 0 is no limit.
	//
	// src: KB Q131852
	MaxLanMailSize int
	// UnlockBeforeCleanup gives up the outbound mailbag's semaphore before the message is
	// taken out of the local postoffice: another program may send it again, or find only a
	// part of it.
	//
	// src: KB Q136004
	UnlockBeforeCleanup bool
	// Spooler, if set, gives the waits of a client in place of Cycle, and a wait for an
	// idle user before the first attempt.
	Spooler *Spooler

	// OnCall, if set, is called after each remote call returned. The step is that of the
	// call list, "3.1" to "5.4", or "abandon".
	OnCall func(step, op, path string, err error)
	// OnStep, if set, is called when one of the seven steps begins.
	OnStep func(step int, text string)
}

// Defaults of a sender.
//
// src: KB Q119884 (3 retries), Q148707 (5 minutes); assumed (8192 bytes, after the 8 KB
// buffers of KB Q117844; 16 names).
const (
	defaultChunk        = 8192
	defaultRetries      = 3
	defaultCycle        = 5 * time.Minute
	defaultNameAttempts = 16
)

// DefaultSenderConfig returns the defaults. The message file is opened with read and
// write access and denies writing to others.
//
// src: KB Q143413 ("open with read and write privileges"); assumed (share mode)
func DefaultSenderConfig() SenderConfig {
	return SenderConfig{
		Chunk: defaultChunk, MessageShare: nt.ShareRead, MessageAccess: readWrite,
		Retries: defaultRetries, Cycle: defaultCycle, NameAttempts: defaultNameAttempts,
	}
}

func (c *SenderConfig) validate() error {
	switch {
	case c.Runtime == nil || c.Local == nil || c.Remote == nil:
		return errors.New("sender: runtime, local and remote postoffice are needed")
	case c.Chunk <= 0 || c.Retries < 0 || c.Cycle < 0 || c.NameAttempts <= 0 || c.IDBlock < 0 || c.MaxLanMailSize < 0:
		return fmt.Errorf("sender: chunk %d, retries %d, cycle %v, name attempts %d, blocks of %d or %d KB out of range",
			c.Chunk, c.Retries, c.Cycle, c.NameAttempts, c.IDBlock, c.MaxLanMailSize)
	case !c.MessageAccess.CanWrite():
		return fmt.Errorf("sender: message access %#x cannot write", uint32(c.MessageAccess))
	}
	if c.Spooler != nil {
		if err := c.Spooler.validate(); err != nil {
			return err
		}
	}
	return errors.Join(validateName(c.RemoteNetwork), validateName(c.RemotePO))
}

// Told is what a sending user was told about a message.
type Told uint8

// What the user was told.
const (
	ToldNone Told = iota // nothing yet
	ToldSuccess
	ToldError
)

// String gives the word of the result files.
func (t Told) String() string { return [...]string{"none", "success", "error"}[t%3] }

// Announcement is where one attempt put a message in the remote postoffice.
type Announcement struct {
	MAI    ID
	Slot   int  // of INQUEUE3, -1 if the attempt did not come so far
	Closed bool // the close of INQUEUE3.KEY returned without an error
}

// Result is what became of one message, as far as its sender knows.
type Result struct {
	Token    Token
	LocalID  ID
	Told     Told
	Code     Code
	Also     Code // a second one in the same report
	Attempts int
	// Announcements has an entry for each attempt that created a remote message file.
	Announcements []Announcement
	// AppStart is the first call of step 3 of the first attempt that reached it, AppEnd
	// the last return of step 5 of the one that succeeded; zero where not reached.
	AppStart, AppEnd time.Time
	Err              error // of the last attempt that was abandoned
	NDR              string
}

// Sender is MSMAIL32 dispatching mail from a local postoffice to a remote one by the
// seven steps of KB Q143413. Remote is where every remote call goes.
type Sender struct {
	cfg SenderConfig
	dir *directory // of the local postoffice; read on first use
	bag string     // outbound mailbag for the remote postoffice
	// Names in the two postoffices.
	local, remote names

	mu  rt.Mutex
	res Result // +checklocks:mu
}

// NewSender checks the configuration. It opens nothing.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := names{attempts: cfg.NameAttempts, shared: cfg.ShareControl, block: cfg.IDBlock}
	return &Sender{cfg: cfg, local: n, remote: n, mu: cfg.Runtime.NewMutex()}, nil
}

// Progress returns what is known of the message that Run is sending, or has sent last.
// Any task may call it.
func (s *Sender) Progress() Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.res
	r.Announcements = append([]Announcement(nil), r.Announcements...)
	return r
}

func (s *Sender) update(change func(*Result)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.res)
}

// load reads the local postoffice's directory once.
func (s *Sender) load() error {
	if s.dir != nil {
		return nil
	}
	dir, err := readDirectory(s.cfg.Local)
	if err != nil {
		return err
	}
	bag, ok := dir.external(s.cfg.RemoteNetwork, s.cfg.RemotePO)
	if !ok {
		return fmt.Errorf("postoffice %s/%s: no outbound mailbag for %s/%s",
			dir.self.Network, dir.self.PO, s.cfg.RemoteNetwork, s.cfg.RemotePO)
	}
	s.dir, s.bag = dir, bag
	return nil
}

// Submit stores the message in the local postoffice: in the outbound mailbags of its
// recipients' postoffices, and in the mailbags of local recipients. It returns the
// message's token.
func (s *Sender) Submit(m Message) (Token, error) {
	if err := s.load(); err != nil {
		return "", err
	}
	return submit(&m, s.dir, &store{fs: s.cfg.Local, mem: s.cfg.Runtime, names: &s.local}, s.cfg.Runtime.Now())
}

// Pending returns how many messages wait in the outbound mailbag.
func (s *Sender) Pending() (int, error) {
	if err := s.load(); err != nil {
		return 0, err
	}
	b, err := openMailbagRead(s.cfg.Local, s.bag)
	if err != nil {
		return 0, err
	}
	return int(b.key.Live), b.close()
}

// Send submits the message and runs until it, and whatever was queued before it, has
// been sent or given up. It returns the result of this message; the error is for a
// message that was not sent or given up.
func (s *Sender) Send(m Message) (Result, error) {
	token, err := s.Submit(m)
	if err != nil {
		return Result{}, err
	}
	for {
		r := s.Run()
		switch {
		case r.Told == ToldNone:
			return r, r.Err
		case r.Token == token:
			return r, nil
		}
	}
}
