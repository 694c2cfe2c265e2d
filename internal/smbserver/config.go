package smbserver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// Config is how a server behaves. The first group carries the names of the registry
// values under LanmanServer\Parameters. Zero is a setting, never "default": start
// from Stock.
type Config struct {
	// EnableOplocks lets clients have oplocks.
	//
	// src: KB Q102967, KB Q129202
	EnableOplocks bool
	// OplockBreakWait is how long a request waits for the answer to a break.
	//
	// src: KB Q129202
	OplockBreakWait time.Duration
	// EnableOplockForceClose decides what happens then: false fails the request
	// that waits, true closes the holder's FID, whose cached data is lost.
	//
	// src: KB Q102967
	EnableOplockForceClose bool
	// MaxMpxCt is the number of outstanding requests that clients are told to keep
	// to. The server does not enforce it.
	//
	// src: KB Q102967, KB Q191370
	MaxMpxCt uint16
	// SizReqBuf is the negotiated buffer size, in bytes.
	//
	// src: KB Q136150
	SizReqBuf uint16
	// SharingViolationRetries and SharingViolationDelay say how often and how far
	// apart an open, rename or delete is tried before a sharing violation is told.
	//
	// src: KB Q150384
	SharingViolationRetries int
	SharingViolationDelay   time.Duration
	// EnableRaw lets clients use READ_RAW and WRITE_RAW.
	//
	// src: KB Q102967
	EnableRaw bool
	// MaxRawBufLen is the most that one raw request can carry, in bytes.
	//
	// src: KB Q102469
	MaxRawBufLen int
	// RawWorkItems is how many raw requests the server can have under way at once;
	// it declines those beyond that.
	//
	// src: KB Q146005, KB Q136377
	RawWorkItems int
	// MaxLinkDelay and MinLinkThroughput (bytes a second) say which circuits get
	// neither raw mode nor oplocks: those with a link that is known to be slower.
	//
	// src: KB Q129202
	MaxLinkDelay      time.Duration
	MinLinkThroughput int64
	// CachedOpenLimit is how many files with an oplock a circuit's client can have
	// closed and the server not; 0 closes files when the client does.
	//
	// src: KB Q124916, KB Q126026
	CachedOpenLimit int
	// EnableSoftCompat lets others read a file that is open for reading in the
	// compatibility mode of DOS.
	//
	// src: KB Q102630
	EnableSoftCompat bool
	// AutoDisconnect is the idle time after which a circuit without open files and
	// searches is dropped; 0 never drops one.
	//
	// src: KB Q102967, KB Q102469 (named Disc before 3.51)
	AutoDisconnect time.Duration

	// Name is the server's NetBIOS name, Domain its workgroup.
	Name, Domain string
	// Users maps account names, in any case, to passwords. The name "" lets anonymous
	// logons in. Without users everyone is let in as a guest.
	Users map[string]string
	// Shares maps share names, in any case, to what they show.
	Shares map[string]volume.Volume
	// DropOldCircuits makes a logon with VcNumber 0 drop all other circuits of the
	// same client.
	//
	// src: [MS-CIFS] §3.3.5.43
	DropOldCircuits bool
	// Trace records what the server does; nil records nothing.
	Trace *trace.Actor
	// OnClose is told of every FID that is closed, whoever closes it. It runs
	// inside a step: it must not call the Server.
	OnClose func(Closed)
	// OnChange is told of every change of a file, once it is made. The same holds.
	OnChange func(Changed)

	Limits Limits
}

// Limits bound what peers can make the server hold. Each is per circuit, but
// MaxConns.
type Limits struct {
	MaxConns        int // circuits at once
	MaxLogons       int // UIDs
	MaxAuthFailures int // failed logons, after which the circuit is closed
	MaxTrees        int // TIDs
	MaxOpenFiles    int // FIDs
	MaxSearches     int // open searches
	MaxLocks        int // byte ranges
	MaxParked       int // requests that wait, for whatever it is
	MaxQueue        int // bytes waiting to be sent
}

// Closed says what a FID was when it was closed.
type Closed struct {
	Client, Share, Path string
	FID                 uint16
	Size                int64 // of the file, bytes
}

// Stock returns the settings of an NT 3.51 server as installed, with no users and no
// shares.
func Stock() Config {
	return Config{
		EnableOplocks:           true,
		OplockBreakWait:         35 * time.Second,
		MaxMpxCt:                50,
		SizReqBuf:               4356,
		SharingViolationRetries: 5,
		SharingViolationDelay:   200 * time.Millisecond,
		EnableRaw:               true,
		MaxRawBufLen:            65535,
		RawWorkItems:            stockRawWorkItems,
		MaxLinkDelay:            60 * time.Second,
		CachedOpenLimit:         5,
		EnableSoftCompat:        true,
		AutoDisconnect:          15 * time.Minute,
		Name:                    "SERVER",
		Domain:                  "WORKGROUP",
		DropOldCircuits:         true,
		Limits:                  StockLimits(),
	}
}

// stockRawWorkItems is what a server computes for itself if the registry says nothing.
//
// src: assumed (KB Q136377 says that it depends on the machine's memory, and no number)
const stockRawWorkItems = 4

// maxRawBufLen is the most that the 16-bit counts of raw requests can say.
//
// src: [MS-CIFS] §2.2.4.22.1
const maxRawBufLen = 65535

// StockLimits returns limits that no well-behaved client meets.
//
// src: assumed (some times what the busiest client of the time would use)
func StockLimits() Limits {
	return Limits{
		MaxConns:        256,
		MaxLogons:       64,
		MaxAuthFailures: 16,
		MaxTrees:        64,
		MaxOpenFiles:    2048,
		MaxSearches:     128,
		MaxLocks:        4096,
		MaxParked:       256,
		MaxQueue:        4 << 20,
	}
}

// minSizReqBuf is the smallest request buffer.
//
// src: KB Q136150 (range 512 to 65535)
const minSizReqBuf = 512

func (c *Config) validate() error {
	var p problems
	check(&p, c.OplockBreakWait > 0, "OplockBreakWait", c.OplockBreakWait)
	check(&p, c.MaxMpxCt > 0, "MaxMpxCt", c.MaxMpxCt)
	check(&p, c.SizReqBuf >= minSizReqBuf, "SizReqBuf", c.SizReqBuf)
	check(&p, c.SharingViolationRetries >= 0, "SharingViolationRetries", c.SharingViolationRetries)
	check(&p, c.SharingViolationDelay >= 0, "SharingViolationDelay", c.SharingViolationDelay)
	check(&p, c.MaxRawBufLen >= 0 && c.MaxRawBufLen <= maxRawBufLen, "MaxRawBufLen", c.MaxRawBufLen)
	check(&p, c.RawWorkItems >= 0, "RawWorkItems", c.RawWorkItems)
	check(&p, c.MaxLinkDelay >= 0, "MaxLinkDelay", c.MaxLinkDelay)
	check(&p, c.MinLinkThroughput >= 0, "MinLinkThroughput", c.MinLinkThroughput)
	check(&p, c.CachedOpenLimit >= 0, "CachedOpenLimit", c.CachedOpenLimit)
	check(&p, c.AutoDisconnect >= 0, "AutoDisconnect", c.AutoDisconnect)
	l := c.Limits
	for _, n := range [...]int{
		l.MaxConns, l.MaxLogons, l.MaxAuthFailures, l.MaxTrees, l.MaxOpenFiles,
		l.MaxSearches, l.MaxLocks, l.MaxParked, l.MaxQueue,
	} {
		check(&p, n > 0, "a limit", n)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Shares)) {
		check(&p, name != "" && c.Shares[name] != nil, "share "+name, c.Shares[name])
	}
	return errors.Join(p...)
}

// problems are what is wrong with a Config.
type problems []error

// check notes that something is not ok. A value is made an interface only then.
func check[T any](p *problems, ok bool, what string, got T) {
	if !ok {
		*p = append(*p, &nt.Error{
			Op: "configure server", Status: nt.StatusInvalidParameter,
			Err: fmt.Errorf("%s is %v", what, got),
		})
	}
}
