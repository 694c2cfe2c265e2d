package report

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// Run is one trial to tell of.
type Run struct {
	Title   string // such as the policy's name
	Outcome string // one line
	Events  []trace.Event
}

// Who are the participants of a story, from the sender's desk to the reader's.
type Who uint8

// The participants.
const (
	Sender     Who = iota // the sending mail program
	Redirector            // the NT redirector of the sender's workstation
	Link                  // between the sender's workstation and the server
	Server                // the remote postoffice
	Mailer                // the program that looks for mail at the postoffice
	Nobody                // the emulator itself
	Program               // takes the sender's place where there is no mail
	Reader                // and the Mailer's
)

// String names the participant.
func (w Who) String() string {
	return [...]string{"sender", "redirector", "link", "server", "Mailer", "ntrdr", "program", "reader"}[w]
}

// Moment is one thing in a story.
type Moment struct {
	At    time.Duration // since the start of the trial
	Who   Who
	Text  string
	Key   bool  // the story cannot be understood without it; it is never folded
	Held  int64 // bytes of the message file that the server holds then
	Total int64 // bytes of the message file in the end; 0: not created yet

	class class
	lost  int // packets that the link has lost since the moment before
}

// class groups similar moments so that a row of them can be folded.
type class uint8

const (
	classNone     class = iota
	classAppWrite       // the sender writes to the message file
	classWire           // the server answers a WRITE to it
	classLook           // the Mailer looks and finds nothing
)

// Facts are the few numbers that decide a run. A nil time was never reached.
type Facts struct {
	MessageFile string
	Size        int64          // of the whole message file
	Told        *time.Duration // the sender closed INQUEUE3.KEY: for it, the mail is sent
	Announced   *time.Duration // INQUEUE3.KEY was closed at the server
	HeldThen    int64          // bytes of the message file that the server held then
	LastWrite   *time.Duration // the server has answered the last WRITE of the message file
	Looked      *time.Duration // the Mailer first opened the message file
	HeldAtLook  int64
	Verdict     string // the last one of the Mailer, or else the sender's
	VerdictAt   *time.Duration
	PacketsLost int

	// Of a program that is not of mail.
	WentOn     *time.Duration // its last call that succeeded has returned
	LastChange *time.Duration // the server has answered its last WRITE, CLOSE, RENAME or DELETE
}

// Story is a run as it is told.
type Story struct {
	Title, Outcome string
	Plain          bool // of a program that is not of mail
	Moments        []Moment
	Facts          Facts
	Outages        []Span
	Held           []Level // each change of what the server holds
	End            time.Duration
}

// Span is a stretch of time.
type Span struct{ From, To time.Duration }

// Level is what the server holds of the message file from At on.
type Level struct {
	At    time.Duration
	Bytes int64
}
