package smb1client

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

const (
	// DefaultMaxCmds is how many requests one circuit may have outstanding.
	//
	// src: KB Q102469 (MaxCmds 50)
	DefaultMaxCmds = 50

	// DefaultMaxBufferSize is the largest message the client announces, in bytes.
	//
	// src: KB Q136150 (4356)
	DefaultMaxBufferSize = 4356

	// minBufferSize is the least that either side may announce, in bytes.
	//
	// src: KB Q136150 (SizReqBuf is 512 or more)
	minBufferSize = 512

	// minSearchBuffer holds at least one entry with the longest name.
	//
	// src: [MS-CIFS] §2.2.8.1.7 (94 bytes and a name of 255 characters of 2 bytes)
	minSearchBuffer = 1024

	// maxBufferSize is the most that the client can announce, in bytes.
	//
	// src: [MS-CIFS] §2.2.4.53.1 (MaxBufferSize is 16 bits wide)
	maxBufferSize = 65535
)

// Options say how a circuit behaves. Runtime is required; in MaxCmds, MaxBufferSize
// and SearchBuffer, where zero could not work, zero means the default.
type Options struct {
	Runtime Runtime

	// Circuit goes into each FileHandle, so that a handle of an earlier circuit
	// is told apart from one of this circuit with the same FID.
	Circuit uint32

	// MaxCmds bounds the requests outstanding; the server's MaxMpxCount does too.
	MaxCmds int

	// MaxBufferSize is the largest message that the client announces, in bytes.
	MaxBufferSize int

	// SearchBuffer is how many bytes of entries a search asks for at once.
	SearchBuffer int

	// RequestTimeout gives the time that a request may take, from its bytes: the
	// size of its SMB plus the data it sends or expects. Nil: no request is timed.
	RequestTimeout func(bytes int) time.Duration

	// VCNumber of the session setup: 0 tells the server that this is the first
	// circuit and that older ones of this client are dead.
	VCNumber uint16

	// OEM makes the client speak code page 437 even if the server has Unicode.
	OEM bool

	// Classic makes the client log on without extended security, as NT 3.51 does,
	// even if the server offers it.
	Classic bool

	// Trace records what is sent, what arrives, and the circuit's life; it may be nil.
	Trace *trace.Actor
}

// validate fills in the defaults and refuses what cannot work.
func (o *Options) validate() error {
	if o.MaxCmds == 0 {
		o.MaxCmds = DefaultMaxCmds
	}
	if o.MaxBufferSize == 0 {
		o.MaxBufferSize = DefaultMaxBufferSize
	}
	if o.SearchBuffer == 0 {
		o.SearchBuffer = maxTransaction
	}
	var err error
	switch {
	case o.Runtime == nil:
		err = errors.New("no Runtime")
	case o.MaxCmds < 0:
		err = errors.New("MaxCmds is negative")
	case o.MaxBufferSize < minBufferSize || o.MaxBufferSize > maxBufferSize:
		err = errors.New("MaxBufferSize is not within 512 and 65535")
	case o.SearchBuffer < minSearchBuffer || o.SearchBuffer > maxBufferSize:
		err = errors.New("SearchBuffer is not within 1024 and 65535")
	}
	if err != nil {
		return &nt.Error{Op: "connect", Status: nt.StatusInvalidParameter, Err: err}
	}
	return nil
}
