package machine

import (
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Names of the participants in traces.
const (
	ActorSender     = "sender" // MSMAIL32
	ActorSenderHost = "ws1"    // its redirector, Cache Manager and SMB client
	ActorLink       = "link"   // the link under test
	ActorServer     = "po"     // the server with the postoffice
	ActorMailer     = "mailer" // the Mailer
	ActorMailerHost = "ws2"    // its redirector, Cache Manager and SMB client
)

// Names of the server and its share.
const (
	ServerName = "PO"
	ShareName  = "MAILDATA"
)

// Client is the sending side of a World: what carries the application's files to the
// server. It is a rdr.Redirector, or an SMB2Client.
type Client interface {
	// Connect connects the drive.
	Connect() error
	// Idle returns an event that is signaled while nothing is done behind the application.
	Idle() rt.Event
	// DirtyBytes is how much of what was written has not been sent.
	DirtyBytes() int64
	// EventLog is what the machine has logged.
	EventLog() []rdr.LogEntry
}

// World is a sender's workstation behind a link, a server with a postoffice, and the
// Mailer's view of it, all on one Runtime with one trace.
type World struct {
	RT    rt.Runtime
	Trace *trace.Recorder
	// Client is the sending side under test, Local the sender's own disk.
	Client Client
	Local  *volume.Mem
	// Sender is the workstation that Client is the redirector of; nil if it is none.
	Sender *Workstation
	// SenderFS is the postoffice as the sender sees it: through Client.
	SenderFS mailclient.FS
	// MailerFS is the postoffice as the Mailer sees it.
	MailerFS mailclient.FS
	// MailerIdle, if not nil, is signaled while the Mailer's workstation has nothing
	// left to write.
	MailerIdle rt.Event
	// FileState, if not nil, tells what the server holds of a file of the share: its
	// size, -1 if there is none, and how many FIDs are open.
	FileState func(path string) (size int64, opens int)
}
