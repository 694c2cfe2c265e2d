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
	SendNDR                   bool // queue failure mail for the sender
	NameAttempts              int  // names tried when a created file exists

	// OnVerdict, if set, is told the fate of each record, once.
	OnVerdict func(Verdict)
	// OnLook, if set, is called right after the open of a message file returned, whether
	// or not it succeeded.
	OnLook func(path string)
}

// Defaults of a Mailer.
//
// src: KB Q148707 (5 minutes), Q119884 (3 retries), Q115490 (50 a pass)
const (
	defaultPoll    = 5 * time.Minute
	defaultPerPass = 50
)

// DefaultMailerConfig returns the defaults.
func DefaultMailerConfig() MailerConfig {
	return MailerConfig{
		Poll: defaultPoll, Retries: defaultRetries, PerPass: defaultPerPass,
		Checks: ChecksFull, SendNDR: true, NameAttempts: defaultNameAttempts,
	}
}

func (c *MailerConfig) validate() error {
	switch {
	case c.Runtime == nil || c.PO == nil:
		return errors.New("mailer: runtime and postoffice are needed")
	case c.Poll <= 0 || c.Phase < 0 || c.Retries <= 0 || c.PerPass <= 0 || c.NameAttempts <= 0 || c.Checks > ChecksFull:
		return fmt.Errorf("mailer: poll %v, phase %v, retries %d, %d a pass, %d names or checks %v out of range",
			c.Poll, c.Phase, c.Retries, c.PerPass, c.NameAttempts, c.Checks)
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
	Skipped  string // why the queue was not looked at
	Live     int    // records in the queue at the beginning
	Waiting  int    // records left for a later cycle
	Verdicts []Verdict
}

// Mailer empties INQUEUE3 into the users' mailbags: the part of EXTERNAL and of every
// gateway that KB Q100826 calls so.
type Mailer struct {
	cfg   MailerConfig
	fs    *tracedFS
	dir   *directory // read when the first record is seen
	items map[itemKey]*itemState
	last  map[int]finished // what was last in each slot
	names names
	isBad bool // the queue's files broke a rule in the last cycle
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
}

// NewMailer checks the configuration. It opens nothing.
func NewMailer(cfg MailerConfig) (*Mailer, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Mailer{
		cfg: cfg, fs: &tracedFS{fs: cfg.PO, actor: cfg.Trace},
		items: map[itemKey]*itemState{}, last: map[int]finished{}, names: names{attempts: cfg.NameAttempts},
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
	m.cfg.Trace.Emit(trace.Event{Kind: trace.MailLog, Text: fmt.Sprintf(format, args...)})
}

// Cycle looks at INQUEUE3 once. The error is for what is no finding about the mail, such
// as a transport that broke; what was decided before it is in the report.
//
// src: KB Q100826, Q103960
func (m *Mailer) Cycle() (CycleReport, error) {
	var report CycleReport
	lock, err := m.fs.Open(LockPath(Inqueue), openLock)
	if err != nil {
		if isDenied(err) {
			report.Skipped = "another program has the queue"
			return report, nil
		}
		return report, fmt.Errorf("open %s: %w", LockPath(Inqueue), err)
	}
	err = m.pass(&report)
	return report, errors.Join(err, lock.Close(), m.unlock(err))
}

// unlock deletes the semaphore after a cycle that worked. Somebody else may have opened
// it by then, and an existing file does not block.
//
// src: KB Q128913
func (m *Mailer) unlock(failed error) error {
	if failed != nil {
		return nil
	}
	if err := m.fs.Delete(LockPath(Inqueue)); err != nil && !isDenied(err) && !isMissing(err) {
		return fmt.Errorf("delete %s: %w", LockPath(Inqueue), err)
	}
	return nil
}

// pass opens the queue and handles its records.
func (m *Mailer) pass(report *CycleReport) error {
	key, err := m.fs.Open(KeyPath(Inqueue), openUpdate)
	if err != nil {
		return m.queueError(report, KeyPath(Inqueue), err)
	}
	q := &mailbag{name: Inqueue, keyFile: key}
	err = m.open(q)
	if err != nil {
		return errors.Join(m.queueError(report, MBGPath(Inqueue), err), q.close())
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
	if q.mbgFile, err = m.fs.Open(MBGPath(Inqueue), openRead); err != nil {
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
// src: KB Q264331 ([001]), Q118619 (Drive in Error), Q103960 (error 32)
func (m *Mailer) queueError(report *CycleReport, what string, err error) error {
	switch {
	case isDenied(err):
		m.log("File I/O: Error opening \"%s\" error code=%d", "N:"+what, StatusOf(err).Win32())
		report.Skipped = "another program has " + what
		return nil
	case isMissing(err) || reasonOf(err) != ReasonNone:
		report.Skipped = "broken: " + err.Error()
		m.log("Drive in Error: N")
		m.queueVerdict(report, err)
		return nil
	}
	return fmt.Errorf("open %s: %w", what, err)
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

// conclude completes a verdict and tells everybody.
func (m *Mailer) conclude(report *CycleReport, v Verdict) {
	v.At = m.cfg.Runtime.Now()
	op, text := "delivered", fmt.Sprintf("message %v delivered", v.MAI)
	if v.Code != CodeNone {
		op, text = v.Code.String(), fmt.Sprintf("%s reason=%s", v.Code.Text(), v.Reason)
		if v.Detail != "" {
			text += ": " + v.Detail
		}
	}
	m.cfg.Trace.Emit(trace.Event{Kind: trace.Verdict, Op: op, Path: v.Path, Off: v.Size, Len: v.Declared, Text: text})
	report.Verdicts = append(report.Verdicts, v)
	if m.cfg.OnVerdict != nil {
		m.cfg.OnVerdict(v)
	}
}
