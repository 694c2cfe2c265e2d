package ntcache

import (
	"fmt"
	"time"
)

// Config holds the Cache Manager's constants. Stock returns a default NT 3.51
// workstation; callers change fields.
type Config struct {
	PageSize              int           // bytes; a power of two
	LazyFirstDelay        time.Duration // from idle to the first scan
	LazyScanPeriod        time.Duration // between scans while any page is dirty
	LazyFraction          int           // a scan writes 1/LazyFraction of the dirty pages
	LazySmallAllPages     int           // a file with up to this many dirty pages is written whole
	MaxWriteBehind        int           // bytes in one contiguous paging write, or read
	ConcurrentFileFlushes int           // files written behind the application at once
}

// Constants of the stock Cache Manager.
const (
	// pageSize is the x86 and MIPS page. src: KB Q152348
	pageSize = 4096
	// lazyFirstDelay is the upper figure of "after 1 to 3 seconds". src: KB Q143413
	lazyFirstDelay = 3 * time.Second
	// lazyScanPeriod is the lower figure of "after 1 to 3 seconds". src: KB Q143413
	lazyScanPeriod = time.Second
	// lazyFraction is the share of dirty pages queued in a scan.
	// src: Win32 documentation, "File Caching" (one eighth; 3.5x inferred)
	lazyFraction = 8
	// lazySmallAllPages lets small files reach the server within a scan: an eighth
	// of fewer pages is none. src: assumed (no rounding rule is published)
	lazySmallAllPages = 8
	// maxWriteBehind bounds a run before Windows Vista.
	// src: Windows Internals 4th ed., ch. 11 (64 KB)
	maxWriteBehind = 65536
	// concurrentFileFlushes must be at least 2, or no file could overtake another.
	// src: assumed (KB Q102469 gives 17 redirector threads, not their use)
	concurrentFileFlushes = 4
)

// Stock returns the Cache Manager of a default NT 3.51 workstation.
func Stock() Config {
	return Config{
		PageSize:              pageSize,
		LazyFirstDelay:        lazyFirstDelay,
		LazyScanPeriod:        lazyScanPeriod,
		LazyFraction:          lazyFraction,
		LazySmallAllPages:     lazySmallAllPages,
		MaxWriteBehind:        maxWriteBehind,
		ConcurrentFileFlushes: concurrentFileFlushes,
	}
}

func (c Config) validate() error {
	switch {
	case c.PageSize <= 0 || c.PageSize&(c.PageSize-1) != 0:
		return fmt.Errorf("ntcache: PageSize %d is not a power of two", c.PageSize)
	case c.LazyFirstDelay <= 0 || c.LazyScanPeriod <= 0:
		return fmt.Errorf("ntcache: lazy-writer delays %v, %v must be positive", c.LazyFirstDelay, c.LazyScanPeriod)
	case c.LazyFraction < 1 || c.LazySmallAllPages < 0:
		return fmt.Errorf("ntcache: LazyFraction %d, LazySmallAllPages %d", c.LazyFraction, c.LazySmallAllPages)
	case c.MaxWriteBehind < c.PageSize:
		return fmt.Errorf("ntcache: MaxWriteBehind %d is less than a page", c.MaxWriteBehind)
	case c.ConcurrentFileFlushes < 1:
		return fmt.Errorf("ntcache: ConcurrentFileFlushes %d", c.ConcurrentFileFlushes)
	}
	return nil
}

// lazyTarget is how many of dirty pages one scan writes, small files apart.
func (c Config) lazyTarget(dirty int) int { return max(dirty/c.LazyFraction, min(dirty, 1)) }
