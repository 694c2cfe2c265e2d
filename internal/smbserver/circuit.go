package smbserver

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/ntlm"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// circuit is a virtual circuit: what a client has negotiated, who is logged on and
// what is open. Nothing of it outlives the transport connection.
type circuit struct {
	id     connID
	client string // who listens for it, or its address
	// workstation is the name that its last logon gave; it tells the clients of one
	// host, or behind one address, apart.
	workstation string
	lastUse     time.Duration
	dead        bool
	slow        bool      // the link allows neither raw mode nor oplocks
	raw         *rawWrite // what the next message is the block of, else nil

	negotiated bool
	extended   bool
	challenge  [8]byte
	maxBuffer  int // what the client can receive, bytes
	caps       smbwire.Capabilities
	flags2     smbwire.Flags2 // of the last logon; breaks are sent with them
	failures   int            // logons

	logons   table[smbwire.UID, logon]
	trees    table[smbwire.TID, tree]
	files    table[smbwire.FID, openFile]
	cached   []*openFile // closed by the client and not by the server, oldest first
	searches table[smbwire.SID, search]
	locks    int // byte ranges held
}

// logon is a UID: a user, or a logon that needs another token.
type logon struct {
	uid  smbwire.UID
	auth *ntlm.Server // nil: complete
	legs int
	name string
}

// tree is a TID.
type tree struct {
	tid   smbwire.TID
	share *share
}

// The first identifiers of a circuit. Every circuit starts over, so that a stale FID
// can name another file after a reconnect.
//
// src: KB Q184998 (numbering restarts); the values themselves: assumed
const (
	firstUID smbwire.UID = 0x0801
	firstTID smbwire.TID = 0x0801
	firstFID smbwire.FID = 0x0801
	firstSID smbwire.SID = 0x0001
)

// Buffer sizes that a client may announce.
//
// src: assumed (no client announces less than 512; replies of this server need no more than 64 KB)
const (
	minClientBuffer = 512
	maxClientBuffer = 0xFFFF
)

func newCircuit(id connID, client string) *circuit {
	return &circuit{
		id: id, client: client, maxBuffer: minClientBuffer,
		logons:   table[smbwire.UID, logon]{last: firstUID - 1},
		trees:    table[smbwire.TID, tree]{last: firstTID - 1},
		files:    table[smbwire.FID, openFile]{last: firstFID - 1},
		searches: table[smbwire.SID, search]{last: firstSID - 1},
	}
}

func (cir *circuit) levelII() bool { return cir.caps&smbwire.CapLevelIIOplocks != 0 }

// room is how many bytes of payload a reply to this client can carry behind so many
// bytes of header, words and padding.
func (cir *circuit) room(overhead int) int { return max(cir.maxBuffer-overhead, 0) }
