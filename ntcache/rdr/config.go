package rdr

import (
	"fmt"
	"time"
)

// Scope says which handles UseWriteBehind governs.
type Scope string

const (
	// ScopeAll: UseWriteBehind=0 makes every write wait for its answer.
	// src: KB Q143413 (its cure works for a file open for reading and writing)
	ScopeAll Scope = "all"
	// ScopeWriteOnly: the value governs write-only handles alone.
	// src: KB Q163401 ("write only files")
	ScopeWriteOnly Scope = "writeonly"
)

// Dispatch says when an L2 buffer is sent.
type Dispatch string

const (
	// DispatchFull sends a buffer when it is full. src: assumed (reading of KB Q143413)
	DispatchFull Dispatch = "full"
	// DispatchFourth holds buffers until a fourth is needed. src: assumed (the other reading)
	DispatchFourth Dispatch = "fourth"
)

// Config is the redirector's parameters. Field names follow the registry; times are
// durations. Stock returns a default NT 3.51 workstation.
type Config struct {
	UseWriteBehind          bool
	UseAsyncWriteBehind     bool // replies to L2's WRITEs are not awaited
	UseCloseBehind          bool // the reply to CLOSE is not awaited
	UtilizeNtCaching        bool
	UseOpportunisticLocking bool
	BufFilesDenyWrite       bool
	BufReadOnlyFiles        bool
	UseUnlockBehind         bool // the reply to an unlock is not awaited
	UseLockReadUnlock       bool // LOCK_AND_READ and WRITE_AND_UNLOCK
	LockQuota               int  // bytes a file that they keep
	CacheFileTimeout        time.Duration
	DormantFileLimit        int
	SessTimeout             time.Duration
	KeepConn                time.Duration // idle time after which a circuit is dropped
	RawIoTimeLimit          time.Duration // longest raw transfer
	UseRawRead              bool
	UseRawWrite             bool
	UseWriteRawData         bool   // the first 4 KB in the request itself
	LowerSearchBufferSize   int    // bytes that a small search asks for
	LowerSearchThreshold    int    // bytes; a search with a smaller buffer is small
	UpperSearchBufferSize   int    // bytes that other searches ask for
	ReadAheadThroughput     uint32 // KB/s that a link needs for read-ahead; NoMinimumThroughput: any

	NtrdrWriteBehindScope   Scope
	NtrdrL2Dispatch         Dispatch
	NtrdrCloseWaitsForFlush bool
	NtrdrSearchBeforeDelete bool
	NtrdrPopupWait          time.Duration // until the user clicks OK in a box

	// Defects of certain builds: see package registry's table.
	NtrdrQuirkSemaphore298        bool
	NtrdrQuirkIgnoreOplockBreak   bool
	NtrdrQuirkDormantZeroStop     bool
	NtrdrQuirkDropLastL2Error     bool
	NtrdrQuirkInt21LostWrite      bool
	NtrdrQuirkInvalidTidLoop14Min bool
	NtrdrQuirkRawOddSplit         bool
	NtrdrQuirkMappedStaleFid      bool

	// Constants of the model: NtrdrX in the registry.
	WriteBehindBuffers    int  // L2 buffers a file
	WriteBehindBufferSize int  // bytes
	OplockOnDenyNoneOnly  bool // ask for an oplock on deny-none opens alone
	CacheDenyWriteWrites  bool // BufFilesDenyWrite buffers writes too
	FlushSendsSMBFlush    bool // FlushFileBuffers ends with SMB_COM_FLUSH
	FindBufferSize        int  // bytes of the buffer that FindFirstFile passes
	FastReadAhead         int  // granularity of read-ahead where raw mode could carry it
	SlowReadAhead         int  // and on other links
	SemaphoreWrites       int  // writes in a row that the defect of KB Q169742 lets pass

	NtrdrWritePolicy PolicyName
	QueueLimit       int         // bytes of writes that a policy's queue holds before writers wait
	QueueRequestSize int         // most bytes of a write that one request of a queue carries; 0: what the server takes
	QueueWindow      Window      // of the built-in policies
	Policy           WritePolicy // in place of NtrdrWritePolicy's; nil: that one

	Root string // the share's UNC path, for the texts of events
}

// Defaults of a stock NT 3.51 workstation.
const (
	// src: KB Q102981
	cacheFileTimeout = 10 * time.Second
	// src: KB Q102981
	dormantFileLimit = 45
	// src: KB Q102469 (6144; KB Q102981 has 4096 for NT 3.1)
	lockQuota = 6144
	// src: KB Q102067
	sessTimeout = 45 * time.Second
	// src: KB Q102981
	keepConn = 600 * time.Second
	// src: KB Q103003
	lowerSearchBufferSize = 16384
	// src: KB Q103003
	lowerSearchThreshold = 16384
	// src: KB Q103003
	upperSearchBufferSize = 32768
	// findBufferSize is the buffer of a Win32 search, which is small.
	// src: assumed (a page; only on which side of LowerSearchThreshold it lies matters)
	findBufferSize = 4096
	// src: KB Q143413 ("3 write-behind buffers for the file")
	writeBehindBuffers = 3
	// One core write on a connection with the stock request buffer.
	// src: assumed (KB Q136150 gives the request buffer, no article the buffer's size)
	writeBehindBufferSize = 4096
	// src: assumed (ours: half the memory of a workstation of 16 MB)
	queueLimit = 8 << 20
)

// Stock returns the redirector of a default NT 3.51 workstation.
func Stock() Config {
	return Config{
		UseWriteBehind:          true,
		UseAsyncWriteBehind:     true,
		UseCloseBehind:          true,
		UtilizeNtCaching:        true,
		UseOpportunisticLocking: true,
		BufFilesDenyWrite:       true,
		BufReadOnlyFiles:        true,
		UseUnlockBehind:         true,
		UseLockReadUnlock:       true,
		LockQuota:               lockQuota,
		CacheFileTimeout:        cacheFileTimeout,
		DormantFileLimit:        dormantFileLimit,
		SessTimeout:             sessTimeout,
		KeepConn:                keepConn,
		RawIoTimeLimit:          rawIoTimeLimit,
		UseRawRead:              true,
		UseRawWrite:             true,
		UseWriteRawData:         true,
		LowerSearchBufferSize:   lowerSearchBufferSize,
		LowerSearchThreshold:    lowerSearchThreshold,
		UpperSearchBufferSize:   upperSearchBufferSize,
		ReadAheadThroughput:     NoMinimumThroughput,
		NtrdrWriteBehindScope:   ScopeAll,
		NtrdrL2Dispatch:         DispatchFull,
		NtrdrSearchBeforeDelete: true,
		WriteBehindBuffers:      writeBehindBuffers,
		WriteBehindBufferSize:   writeBehindBufferSize,
		OplockOnDenyNoneOnly:    true,
		CacheDenyWriteWrites:    true,
		FlushSendsSMBFlush:      true,
		FindBufferSize:          findBufferSize,
		FastReadAhead:           fastReadAhead,
		SlowReadAhead:           slowReadAhead,
		SemaphoreWrites:         semaphoreLimit,
		NtrdrWritePolicy:        PolicyNT,
		QueueLimit:              queueLimit,
		QueueWindow:             StockWindow(),
		Root:                    `\\PO\MAILDATA`,
	}
}

// What a search may ask for: at least an entry with the longest name, at most what a
// transaction can announce.
//
// src: [MS-CIFS] §2.2.8.1.7, §2.2.4.46.1 (MaxDataCount has 16 bits)
const (
	minSearchBuffer = 1024
	maxSearchBuffer = 65535
)

func (c Config) validate() error {
	switch {
	case c.NtrdrWriteBehindScope != ScopeAll && c.NtrdrWriteBehindScope != ScopeWriteOnly:
		return fmt.Errorf("rdr: NtrdrWriteBehindScope %q", c.NtrdrWriteBehindScope)
	case c.NtrdrL2Dispatch != DispatchFull && c.NtrdrL2Dispatch != DispatchFourth:
		return fmt.Errorf("rdr: NtrdrL2Dispatch %q", c.NtrdrL2Dispatch)
	case c.WriteBehindBuffers < 1 || c.WriteBehindBufferSize < 1:
		return fmt.Errorf("rdr: %d write-behind buffers of %d bytes", c.WriteBehindBuffers, c.WriteBehindBufferSize)
	case c.QueueLimit < 1 || c.QueueWindow.Requests < 1 || c.QueueWindow.Ahead < 0 || c.QueueWindow.Span < 0 || c.QueueRequestSize < 0:
		return fmt.Errorf("rdr: a queue of %d bytes with a window of %d requests, %v ahead", c.QueueLimit, c.QueueWindow.Requests, c.QueueWindow.Ahead)
	case c.LockQuota < 0:
		return fmt.Errorf("rdr: LockQuota %d", c.LockQuota)
	case c.NtrdrPopupWait < 0 || c.KeepConn <= 0 || c.RawIoTimeLimit < 0:
		return fmt.Errorf("rdr: NtrdrPopupWait %v, KeepConn %v, RawIoTimeLimit %v", c.NtrdrPopupWait, c.KeepConn, c.RawIoTimeLimit)
	case c.FindBufferSize < minSearchBuffer || min(c.LowerSearchBufferSize, c.UpperSearchBufferSize) < minSearchBuffer ||
		max(c.LowerSearchBufferSize, c.UpperSearchBufferSize) > maxSearchBuffer || c.LowerSearchThreshold < 0:
		return fmt.Errorf("rdr: search buffers of %d, %d and %d bytes, threshold %d",
			c.FindBufferSize, c.LowerSearchBufferSize, c.UpperSearchBufferSize, c.LowerSearchThreshold)
	case !powerOfTwo(c.FastReadAhead) || !powerOfTwo(c.SlowReadAhead) || c.SemaphoreWrites < 0:
		return fmt.Errorf("rdr: FastReadAhead %d, SlowReadAhead %d, SemaphoreWrites %d",
			c.FastReadAhead, c.SlowReadAhead, c.SemaphoreWrites)
	case c.CacheFileTimeout < 0 || c.DormantFileLimit < 0 || c.SessTimeout <= 0:
		return fmt.Errorf("rdr: CacheFileTimeout %v, DormantFileLimit %d, SessTimeout %v",
			c.CacheFileTimeout, c.DormantFileLimit, c.SessTimeout)
	}
	return nil
}

func powerOfTwo(n int) bool { return n > 0 && n&(n-1) == 0 }

// slowSearch is how long a search may take to bring as much as the redirector likes.
//
// src: KB Q103003 ("if it will take more than five seconds to retrieve data")
const slowSearch = 5 * time.Second

// SearchBuffer is how many bytes a search asks for at once over a link of linkSpeed
// bytes a second (0: unknown, taken as fast). The article says both that a buffer
// between the threshold and UpperSearchBufferSize is used as it is and that
// UpperSearchBufferSize is used: the second is followed.
//
// src: KB Q103003
func (c Config) SearchBuffer(linkSpeed int64) int {
	size := c.UpperSearchBufferSize
	if c.FindBufferSize < c.LowerSearchThreshold {
		size = c.LowerSearchBufferSize
	}
	if linkSpeed > 0 && int64(size) > linkSpeed*int64(slowSearch/time.Second) {
		return c.FindBufferSize
	}
	return size
}

// RequestTimeout is the timer of one SMB that moves size bytes in all over a link of
// linkSpeed bytes a second (0: unknown, the size then costs nothing).
//
// src: KB Q102067 ((size + data) / rate + SessTimeout)
func (c Config) RequestTimeout(size int, linkSpeed int64) time.Duration {
	if linkSpeed <= 0 {
		return c.SessTimeout
	}
	return c.SessTimeout + time.Duration(int64(size)*int64(time.Second)/linkSpeed)
}
