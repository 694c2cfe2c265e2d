package mailclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// Spooler is when the client's mail spooler works, and what it does about errors.
//
// src: KB Q86100, Q102962 (on NT they are registry values of the same names)
type Spooler struct {
	// IdleRequiredInterval is how long the user must have been idle; while the user is not,
	// the spooler looks again every ScanAgainInterval, and goes to work in any case after
	// ForceScanInterval.
	IdleRequiredInterval, ScanAgainInterval, ForceScanInterval time.Duration
	// SpoolerBackoffInterval follows a transient error, such as a locked file,
	// SpoolerReconnectInterval a fatal one, such as a lost connection.
	SpoolerBackoffInterval, SpoolerReconnectInterval time.Duration
}

// DefaultSpooler returns the defaults of MSMAIL.INI.
//
// src: KB Q86100 (2 s, 2 s, 300 s, 2000 ms, 60 s), Q130701 (ForceScanInterval)
func DefaultSpooler() Spooler {
	return Spooler{
		IdleRequiredInterval: 2 * time.Second, ScanAgainInterval: 2 * time.Second, ForceScanInterval: 300 * time.Second,
		SpoolerBackoffInterval: defaultBackoff, SpoolerReconnectInterval: defaultReconnect,
	}
}

func (s *Spooler) validate() error {
	if s.ScanAgainInterval <= 0 || s.SpoolerBackoffInterval <= 0 || s.SpoolerReconnectInterval <= 0 ||
		s.IdleRequiredInterval < 0 || s.ForceScanInterval < 0 {
		return fmt.Errorf("spooler: intervals %+v out of range", *s)
	}
	return nil
}

// awaitIdle waits for the user to be idle. lastInput is when the user last did
// something; nil means never since the mail was composed.
func (s *Spooler) awaitIdle(r rt.Runtime, lastInput func() time.Time) {
	composed := r.Now()
	for {
		last := composed
		if lastInput != nil {
			last = lastInput()
		}
		now := r.Now()
		if now.Sub(last) >= s.IdleRequiredInterval || now.Sub(composed) >= s.ForceScanInterval {
			return
		}
		r.Sleep(s.ScanAgainInterval)
	}
}

// pause is how long an error is waited for.
func (s *Spooler) pause(err error) time.Duration {
	if isDenied(err) {
		return s.SpoolerBackoffInterval
	}
	return s.SpoolerReconnectInterval
}

// InboxBusyError is what a sender is told of a recipient in the same postoffice whose
// mailbag cannot be opened.
//
// src: KB Q212756
const InboxBusyError = "Recipient's Inbox does not exist or is busy"

// ClientConfig is everything that a Client needs.
type ClientConfig struct {
	Runtime rt.Runtime
	PO      FS
	Trace   *trace.Actor // nil records nothing
	Spooler Spooler
	// LastInput, if set, says when the user last touched the machine.
	LastInput func() time.Time
	Tries     int // of one file or mailbag

	NameAttempts int  // names tried when a created file exists
	ShareControl bool // CONTROL.GLB was made shareable (src: KB Q99204)
	IDBlock      int  // names taken at once (src: KB Q148515); 0: as many as are needed
}

// defaultClientTries bounds how long a spooler goes on.
//
// src: assumed (the real one had no bound)
const defaultClientTries = 30

// DefaultClientConfig returns the defaults.
func DefaultClientConfig() ClientConfig {
	return ClientConfig{Spooler: DefaultSpooler(), Tries: defaultClientTries, NameAttempts: defaultNameAttempts}
}

// Client is MSMAIL32 posting mail in its own postoffice: into the mailbags of local
// recipients, and into the outbound mailbags of other postoffices.
//
// src: KB Q77628, Q148515
type Client struct {
	cfg   ClientConfig
	fs    *tracedFS
	dir   *directory // read on first use
	names names
}

// NewClient checks the configuration. It opens nothing.
func NewClient(cfg ClientConfig) (*Client, error) {
	if cfg.Runtime == nil || cfg.PO == nil {
		return nil, errors.New("client: runtime and postoffice are needed")
	}
	if cfg.Tries <= 0 || cfg.NameAttempts <= 0 || cfg.IDBlock < 0 {
		return nil, fmt.Errorf("client: %d tries, %d names or blocks of %d out of range", cfg.Tries, cfg.NameAttempts, cfg.IDBlock)
	}
	if err := cfg.Spooler.validate(); err != nil {
		return nil, err
	}
	return &Client{
		cfg: cfg, fs: &tracedFS{fs: cfg.PO, actor: cfg.Trace},
		names: names{attempts: cfg.NameAttempts, shared: cfg.ShareControl, block: cfg.IDBlock},
	}, nil
}

// Send posts a message when the user is idle, and returns its token. An error about
// single mailbags is a *MailbagError; the other recipients have the message.
func (c *Client) Send(m Message) (Token, error) {
	c.cfg.Spooler.awaitIdle(c.cfg.Runtime, c.cfg.LastInput)
	if c.dir == nil {
		dir, err := readDirectory(c.fs)
		if err != nil {
			return "", fmt.Errorf("%s: %w", ServerPathError, err)
		}
		c.dir = dir
	}
	token, err := submit(&m, c.dir, &store{fs: c.fs, names: &c.names, retry: c.retry()}, c.cfg.Runtime.Now())
	if bag, ok := errors.AsType[*MailbagError](err); ok {
		c.cfg.Trace.Emit(trace.Event{Kind: trace.MailLog, Text: "ERROR MAILING TO MAILBAG: " + bag.Mailbag})
		if isDenied(bag.Err) || isMissing(bag.Err) {
			err = fmt.Errorf("%s: %w", InboxBusyError, err)
		}
	}
	return token, inWords(err)
}

// inWords says what a client says of a file that it could not make; of a server that is
// away it says nothing.
//
// src: KB Q87411, Q87381
func inWords(err error) error {
	file, ok := errors.AsType[*newFileError](err)
	if !ok || !isFinding(file) && StatusOf(file) != nt.StatusDiskFull {
		return err
	}
	return fmt.Errorf("%s: %w", file.words, err)
}

// retry waits after an error that may pass, Tries times at most.
func (c *Client) retry() func(error) bool {
	tries := 1
	return func(err error) bool {
		if isFinding(err) && !isDenied(err) || tries >= c.cfg.Tries {
			return false
		}
		tries++
		c.cfg.Runtime.Sleep(c.cfg.Spooler.pause(err))
		return true
	}
}

// submit stores a message for all of its recipients and returns its token.
func submit(m *Message, dir *directory, st *store, now time.Time) (Token, error) {
	err := m.validate()
	if err != nil {
		return "", err
	}
	if st.bags, err = dir.routes(m); err != nil {
		return "", err
	}
	token := m.Token
	var made *MAI
	err = st.put(m.Attachments, func(first, id ID) (*MAI, error) {
		if m.Token == "" {
			token = Token(fmt.Sprintf("<%s.%v>", dir.self.PO, id))
		}
		f, err := m.build(st.mem, token, now, first)
		made = f
		return f, err
	})
	if made != nil {
		giveBack(st.mem, made.Text)
	}
	return token, err
}

// routes returns the mailbags for the message's recipients, each once.
func (d *directory) routes(m *Message) ([]string, error) {
	var bags []string
	seen := map[string]bool{}
	for _, a := range append(append([]Address(nil), m.To...), m.Cc...) {
		bag, ok := d.route(a)
		if !ok {
			return nil, fmt.Errorf("recipient %v: %w", a, errNoRoute)
		}
		if !seen[bag] {
			seen[bag] = true
			bags = append(bags, bag)
		}
	}
	return bags, nil
}
