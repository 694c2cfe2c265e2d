package machine

import (
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
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

// World is a sender's workstation behind a link, a server with a postoffice, and the
// Mailer's view of it, all on one Runtime with one trace.
type World struct {
	RT    rt.Runtime
	Trace *trace.Recorder
	// Sender is the workstation under test, Local its own disk.
	Sender *Workstation
	Local  *volume.Mem
	// SenderFS is the postoffice as the sender sees it: through its redirector.
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
