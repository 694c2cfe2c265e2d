package mailclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// MailerConfig is everything that a Mailer needs. DefaultMailerConfig fills in what has
// a documented or assumed value; the caller sets the rest.
type MailerConfig struct {
	Runtime rt.Runtime
	PO      FS
	Trace   *trace.Actor // nil records nothing

	Poll    time.Duration // between the starts of two cycles
	Phase   time.Duration // before the first cycle of Run
	Retries int           // cycles that a record waits for
	PerPass int           // records handled in one cycle

	Checks Checks
	// DeniedIsCorrupt gives [023] at once for a message file that cannot be opened,
	// instead of [012] after the retries.
	DeniedIsCorrupt bool
	// DeleteP1BeforeQueueUpdate deletes the envelope before INQUEUE3.KEY says that the
	// record is done with.
	//
	// src: KB Q136379 (spurious [021])
	DeleteP1BeforeQueueUpdate bool
	// QueueLock is how this program keeps others off INQUEUE3.
	QueueLock    QueueLock
	SendNDR      bool // queue failure mail for the sender
	NameAttempts int  // names tried when a created file exists
	ShareControl bool // CONTROL.GLB was made shareable (src: KB Q99204)
	// MinKDiskFull is the room in KB below which nothing is delivered; 0 does not ask. It
	// needs a PO that is a FreeSpacer.
	//
	// src: KB Q111558
	MinKDiskFull int

	// OnVerdict, if set, is told the fate of each record, once.
	OnVerdict func(Verdict)
	// OnLook, if set, is called right after the open of a message file returned, whether
	// or not it succeeded.
	OnLook func(path string)
}

// Defaults of a Mailer.
//
// src: KB Q148707 (5 minutes), Q119884 (3 retries), Q115490 (50 a pass), Q111558 (100 KB)
const (
	defaultPoll         = 5 * time.Minute
	defaultPerPass      = 50
	defaultMinKDiskFull = 100
)

// DefaultMailerConfig returns the defaults.
func DefaultMailerConfig() MailerConfig {
	return MailerConfig{
		Poll: defaultPoll, Retries: defaultRetries, PerPass: defaultPerPass,
		Checks: ChecksFull, SendNDR: true, NameAttempts: defaultNameAttempts, MinKDiskFull: defaultMinKDiskFull,
	}
}

func (c *MailerConfig) validate() error {
	switch {
	case c.Runtime == nil || c.PO == nil:
		return errors.New("mailer: runtime and postoffice are needed")
	case c.Poll <= 0 || c.Phase < 0 || c.Retries <= 0 || c.PerPass <= 0 || c.NameAttempts <= 0 || c.Checks > ChecksFull ||
		c.QueueLock > LockLegacy || c.MinKDiskFull < 0:
		return fmt.Errorf("mailer: poll %v, phase %v, retries %d, %d a pass, %d names, checks %v, lock %v or %d KB out of range",
			c.Poll, c.Phase, c.Retries, c.PerPass, c.NameAttempts, c.Checks, c.QueueLock, c.MinKDiskFull)
	}
	return nil
}

// Verdict is the fate of one record of INQUEUE3, or with slot -1 of the whole queue.
type Verdict struct {
	At     time.Time
	Code   Code // CodeNone: delivered to everyone
	Reason Reason
	Slot   int
	MAI    ID     // 0 if the record could not tell
	Token  Token  // "" if the record could not tell
	Path   string // of the message file
	Size   int64  // of the message file as read, -1 if it was not read
	// Declared is the size of the message file according to the record.
	Declared  int64
	Sender    Address // zero if nothing told
	Subject   string
	Delivered []Address
	Failed    []Address // recipients that Code is about
	Detail    string
	NDR       string
}

// CycleReport is what one cycle did.
type CycleReport struct {
	Status   DriveStatus
	Skipped  string // why the queue was not looked at
	Live     int    // records in the queue at the beginning
	Waiting  int    // records left for a later cycle
	Verdicts []Verdict
}

// Mailer empties INQUEUE3 into the users' mailbags: the part of EXTERNAL and of every
// gateway that KB Q100826 calls so (KB Q104981, Q136379: they share it).
type Mailer struct {
	cfg   MailerConfig
	fs    *tracedFS
	dir   *directory // read when the first record is seen
	items map[itemKey]*itemState
	last  map[int]finished // what was last in each slot
	names names
	flag  string // content of FLAG.GLB when dir was read; "" if that is not known
	isBad bool   // the queue's files broke a rule in the last cycle
}

// itemKey names a record across cycles; a slot is reused, an ID is not.
type itemKey struct {
	slot int
	mai  ID
}

// finished is a record that was taken out of the queue, and the KEY's sequence number
// with which that was written.
type finished struct {
	mai ID
	seq uint32
}

// itemState is what a Mailer remembers of a record that stays in the queue.
type itemState struct {
	waits int             // cycles that left it there
	done  map[string]bool // mailbags that have the message
	// forwarded are the outbound mailbags that have a copy.
	forwarded map[string]bool
}

// NewMailer checks the configuration. It opens nothing.
func NewMailer(cfg MailerConfig) (*Mailer, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Mailer{
		cfg: cfg, fs: &tracedFS{fs: cfg.PO, actor: cfg.Trace},
		items: map[itemKey]*itemState{}, last: map[int]finished{}, names: names{attempts: cfg.NameAttempts, shared: cfg.ShareControl},
	}, nil
}

// Run does a cycle every Poll until stop is signaled. A cycle that fails, because the
// transport broke or somebody else has the queue, is followed by the next.
func (m *Mailer) Run(stop rt.Event) {
	next := m.cfg.Runtime.Now().Add(m.cfg.Phase)
	for !stop.Wait(next.Sub(m.cfg.Runtime.Now())) {
		if _, err := m.Cycle(); err != nil {
			m.log("Drive in Error: N: %v", err)
		}
		for next = next.Add(m.cfg.Poll); next.Before(m.cfg.Runtime.Now()); {
			next = next.Add(m.cfg.Poll)
		}
	}
}

// log records a line of SESSION.LOG.
func (m *Mailer) log(format string, args ...any) {
	if m.cfg.Trace.Wants(trace.MailLog) {
		m.cfg.Trace.Emit(trace.Event{Kind: trace.MailLog, Text: fmt.Sprintf(format, args...)})
	}
}

// queueVerdict announces a broken queue when it is first seen.
func (m *Mailer) queueVerdict(report *CycleReport, err error) {
	if m.isBad {
		return
	}
	m.isBad = true
	reason := reasonOf(err)
	if isMissing(err) {
		reason = ReasonMissing
	}
	m.conclude(report, Verdict{Code: CodeUndeliverable, Reason: reason, Slot: -1, Size: -1, Detail: err.Error()})
}

// trace records a verdict.
func (m *Mailer) trace(v *Verdict) {
	if !m.cfg.Trace.Wants(trace.Verdict) {
		return
	}
	op, text := "delivered", fmt.Sprintf("message %v delivered", v.MAI)
	if v.Code != CodeNone {
		op, text = v.Code.String(), fmt.Sprintf("%s reason=%s", v.Code.Text(), v.Reason)
		if v.Detail != "" {
			text += ": " + v.Detail
		}
	}
	m.cfg.Trace.Emit(trace.Event{Kind: trace.Verdict, Op: op, Path: v.Path, Off: v.Size, Len: v.Declared, Text: text})
}

// conclude completes a verdict and tells everybody.
func (m *Mailer) conclude(report *CycleReport, v Verdict) {
	v.At = m.cfg.Runtime.Now()
	m.trace(&v)
	report.Verdicts = append(report.Verdicts, v)
	if m.cfg.OnVerdict != nil {
		m.cfg.OnVerdict(v)
	}
}
