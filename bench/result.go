package bench

import (
	"time"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// The types of a Spec, for callers outside this module.
type (
	// Settings is a policy on an edition.
	Settings = registry.Settings
	// Profile is a link.
	Profile = link.Profile
	// Outage is a time in which a link carries nothing.
	Outage = link.Outage
	// Workload is what the application of a trial does.
	Workload = workload.Workload
	// Event is an entry of a trial's trace.
	Event = trace.Event
)

// Schema names the form of every JSON object that this package writes.
const Schema = "ntrdr/1"

// Path is how the sender opens the message file.
type Path string

// The sender's paths to the message file.
const (
	// P1 opens it for reading and writing, deny-write: the default.
	P1 Path = "P1"
	// P2 opens it for reading and writing, deny-all.
	P2 Path = "P2"
	// P3 opens it for writing only, deny-write.
	P3 Path = "P3"
	// DenyNone opens it for reading and writing, deny-none: an oplock is asked for.
	DenyNone Path = "deny-none"
)

// Spec describes one trial. Everything that can change the result is in it.
type Spec struct {
	Commit         string // of this program, for the result files
	Policy         Settings
	Link           Profile
	Loss           float64 // of IP packets, each way, 0 to 1
	Outages        []Outage
	TCP            link.TCP // at both ends of the link
	Seed           uint64
	Workload       Workload // what is played; nil is mail
	MessageSize    int      // bytes of the message file, if it is mail
	Poll           time.Duration
	PollOnChange   bool // the Mailer polls 1 s after each change at the server, and Poll at the end only; simulated trials
	CheckPrefix    bool // fills in Result.Prefix; simulated trials
	FlushBeforeKey bool // FlushFileBuffers on the message file before step 5
	Path           Path
	CloseAfterKey  bool // the message file is closed after the KEY
	KeepEvents     bool // keep the trace, not its checksum alone
	NoTrace        bool // record no trace, unless KeepEvents or OnEvent asks for it: the Result has no checksum
	Shuffle        bool // explore another interleaving of ready tasks

	// WritePolicy, if set, takes the place of the policy's NtrdrWritePolicy.
	WritePolicy rdr.WritePolicy
	// Sender and Mailer, if set, change the configurations of the mail agents last.
	Sender func(*mailclient.SenderConfig)
	Mailer func(*mailclient.MailerConfig)
	// Wrap, if set, puts something around the sender's dialer, such as a capture.
	Wrap func(rt.Runtime, link.Dialer) link.Dialer
	// OnWorld, if set, is called with a simulated world before anything happens in it.
	OnWorld func(w *Sim)
	// OnCall, if set, is called after each remote call of the application with the world,
	// so that a test can cut the link there.
	OnCall func(w *World, call Call)
	// OnEvent, if set, sees each trace event as it happens.
	OnEvent func(w *World, e Event)
}

// ProfileHash identifies the link with its TCP.
func (s Spec) ProfileHash() string { return s.Link.HashWith(s.TCP) }

// WorkloadName is what results call the workload.
func (s Spec) WorkloadName() string { return s.workload().Name() }

// key is what the results of the trial and of others like it have in common.
func (s Spec) key() Key {
	return Key{
		Schema: Schema, Commit: s.Commit, ProfileHash: s.ProfileHash(), Policy: s.Policy.Policy.Name,
		Link: s.Link.Name, TCP: s.TCP.String(), Loss: s.Loss, Workload: s.WorkloadName(),
	}
}

// workload is what the trial plays: a Mail by the Spec's other fields.
func (s Spec) workload() Workload {
	switch w := s.Workload.(type) {
	case nil:
	case Mail:
		s.MessageSize = w.Size
	default:
		return w
	}
	s.Workload = nil
	return mail{&s}
}

// Configure makes a sender open and close its message file as the Spec says.
func (s Spec) Configure(c *mailclient.SenderConfig) {
	c.FlushBeforeKey = s.FlushBeforeKey
	if s.CloseAfterKey {
		c.POClose = mailclient.CloseAfterKey
	}
	switch s.Path {
	case P1: // the defaults
	case P2:
		c.MessageShare = nt.ShareNone
	case P3:
		c.MessageAccess = nt.GenericWrite
	case DenyNone:
		c.MessageShare = nt.ShareRead | nt.ShareWrite
	}
	if s.Sender != nil {
		s.Sender(c)
	}
}

// Call is a finished remote call of the application.
type Call struct {
	N    int    // 1-based number within the trial
	Step string // of the article's seven, such as "4"; "" where it is not mail
	Op   string
	Path string
	Err  error
}

// Fate is what an application was told, and what a reader found.
type Fate struct {
	Outcome  Outcome `json:"outcome"`
	Told     string  `json:"told"`   // success, error or none
	Silent   bool    `json:"silent"` // told success, and not delivered
	Code     string  `json:"code"`   // what the reader saw first, such as [023]; "": nothing that is wrong
	Reason   string  `json:"reason"`
	Attempts int     `json:"attempts"` // of the sender
	Copies   int     `json:"copies"`   // how often the whole result was there in the end
}

// Spent is how long a trial took, in seconds from the first call of step 3; nil: never
// reached.
type Spent struct {
	App       *float64 `json:"app_seconds"`     // until the application's last call returned
	Durable   *float64 `json:"durable_seconds"` // until the server had answered its last CLOSE, RENAME or DELETE
	Delivered *float64 `json:"delivered_seconds"`
}

// Result is what became of one trial.
type Result struct {
	Key
	Seed uint64 `json:"seed"`
	Fate
	Bytes int `json:"bytes"`
	Spent

	LinkBytes   int64  `json:"link_bytes"`
	Retransmits int64  `json:"retransmits"`
	Aborts      int64  `json:"aborts"`
	Checksum    string `json:"trace_checksum"`
	Error       string `json:"error,omitempty"` // why the trial came to no outcome

	Edition     string     `json:"-"`
	Packets     int64      `json:"-"` // that the sender's link delivered, both ways
	Prefix      string     `json:"-"` // when the server first held what no prefix of the application's operations gives; "": never
	KeyVisible  *float64   `json:"-"` // when the server closed the KEY that announces it
	Utilisation *float64   `json:"-"` // of the sender's direction, until durable
	AppStart    *float64   `json:"-"` // seconds from the trial's start to the first call of step 3
	Events      []Event    `json:"-"` // the trace, if it was kept
	EventLog    []LogEvent `json:"-"` // of the sender's workstation
}

// countLink takes the sender's link into the result.
func (r *Result) countLink(st link.Stats) {
	r.LinkBytes, r.Retransmits, r.Aborts = st.Up.Bytes+st.Down.Bytes, st.Retransmits, st.Aborts
}

// LogEvent is an entry of the NT event log of the sender's workstation.
type LogEvent struct {
	Seconds float64 `json:"seconds"` // since the start of the trial
	Source  string  `json:"source"`
	ID      int     `json:"id"`
	Path    string  `json:"path,omitempty"`
	Text    string  `json:"text"`
	Ours    bool    `json:"ours"` // no published source gives the text
}
