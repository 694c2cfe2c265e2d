package ntcache

import (
	"fmt"
	"time"
)

// Config holds the Cache Manager's constants. Stock returns a default NT 3.51
// workstation; callers change fields.
type Config struct {
	PageSize              int           // bytes; a power of two
	CacheSize             int64         // bytes of page data of all files
	Views                 int           // 256 KB views of all files
	DirtyThreshold        int           // pages of all files; a write that would exceed it waits
	FileDirtyLimit        int           // the same for one file; 0: none
	ThrottleRecheck       time.Duration // how often a waiting writer looks again
	LazyFirstDelay        time.Duration // from idle to the first scan
	LazyScanPeriod        time.Duration // between scans while any page is dirty
	LazyFraction          int           // a scan writes 1/LazyFraction of the dirty pages
	LazySmallAllPages     int           // a file with up to this many dirty pages is written whole
	MaxWriteBehind        int           // bytes in one contiguous paging write, or read
	ConcurrentFileFlushes int           // worker threads: files written behind the application at once
	ReadAheadGranularity  int           // bytes; a power of two; what a file starts with

	// QuirkWriteThroughTailCached keeps the last page of a FILE_FLAG_WRITE_THROUGH
	// write in the cache alone if the write ends inside it. src: KB Q153993
	QuirkWriteThroughTailCached bool
}

// Constants of the stock Cache Manager.
const (
	// pageSize is the x86 and MIPS page. src: KB Q152348
	pageSize = 4096
	// viewSize is what one view maps; views are aligned to it.
	// src: Windows Internals 4th ed., ch. 11 (256 KB)
	viewSize = 256 << 10
	// throttleRecheck is how long a throttled writer waits before it looks again.
	// src: assumed (the lazy writer's period; re-implementations use one second)
	throttleRecheck = time.Second
	// throttleCap bounds what one write is counted for when it asks to go on.
	// src: assumed (a view; re-implementations use the same figure)
	throttleCap = viewSize
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

// What a machine's memory decides.
const (
	// StockMemory is the memory of the machine that Stock describes.
	// src: assumed (a workstation of 1995 that runs Mail beside an office suite)
	StockMemory = 16 << 20
	// cacheShare of the memory is the most that cached pages take.
	// src: assumed (the cache competes with working sets, KB Q191098; half)
	cacheShare = 2
	// views is the cache's address space, unless the memory needs more.
	// src: Windows Internals 4th ed., ch. 11 (64 MB, in views of 256 KB)
	views = 256
	// minCacheSize lets one reader and one writer work on views of their own.
	// src: assumed (four views)
	minCacheSize = 4 * viewSize
)

// sizeClasses give the dirty-page threshold as a share of the memory, in eighths.
//
// src: Windows Internals 4th ed., ch. 11 (1/8, 1/4, 1/4 + 1/8 by system size)
// The limits of the classes: src: assumed (12 MB and 32 MB, as for a workstation)
var sizeClasses = [...]struct{ below, eighths int64 }{
	{12 << 20, 1},    // small
	{32 << 20, 2},    // medium
	{1 << 62, 2 + 1}, // large
}

// WithMemory returns c for a machine with that many bytes of memory: the size of
// the cache, its views and the dirty-page threshold follow.
func (c Config) WithMemory(bytes int64) Config {
	c.CacheSize = max(bytes/cacheShare, minCacheSize)
	c.Views = max(views, int(c.CacheSize/viewSize))
	for _, class := range sizeClasses {
		if bytes < class.below {
			c.DirtyThreshold = int(bytes / 8 * class.eighths / int64(c.PageSize))
			break
		}
	}
	return c
}

// Stock returns the Cache Manager of a default NT 3.51 workstation.
func Stock() Config {
	return Config{
		PageSize:              pageSize,
		ThrottleRecheck:       throttleRecheck,
		LazyFirstDelay:        lazyFirstDelay,
		LazyScanPeriod:        lazyScanPeriod,
		LazyFraction:          lazyFraction,
		LazySmallAllPages:     lazySmallAllPages,
		MaxWriteBehind:        maxWriteBehind,
		ConcurrentFileFlushes: concurrentFileFlushes,
		ReadAheadGranularity:  pageSize,
	}.WithMemory(StockMemory)
}

// pagesInView bounds the pages of a view: their state is a set in one word.
//
// src: assumed (64 pages of 4 KB)
const pagesInView = 64

func powerOfTwo(n int) bool { return n > 0 && n&(n-1) == 0 }

func (c Config) validate() error {
	switch {
	case !powerOfTwo(c.PageSize) || viewSize/c.PageSize > pagesInView || c.PageSize > viewSize:
		return fmt.Errorf("ntcache: PageSize %d is not a power of two from %d to %d", c.PageSize, viewSize/pagesInView, viewSize)
	case c.CacheSize < minCacheSize || c.Views < minCacheSize/viewSize:
		return fmt.Errorf("ntcache: CacheSize %d, Views %d: less than %d views", c.CacheSize, c.Views, minCacheSize/viewSize)
	case c.DirtyThreshold < 1 || c.FileDirtyLimit < 0 || c.ThrottleRecheck <= 0:
		return fmt.Errorf("ntcache: DirtyThreshold %d, FileDirtyLimit %d, ThrottleRecheck %v",
			c.DirtyThreshold, c.FileDirtyLimit, c.ThrottleRecheck)
	case c.LazyFirstDelay <= 0 || c.LazyScanPeriod <= 0:
		return fmt.Errorf("ntcache: lazy-writer delays %v, %v must be positive", c.LazyFirstDelay, c.LazyScanPeriod)
	case c.LazyFraction < 1 || c.LazySmallAllPages < 0:
		return fmt.Errorf("ntcache: LazyFraction %d, LazySmallAllPages %d", c.LazyFraction, c.LazySmallAllPages)
	case c.MaxWriteBehind < c.PageSize:
		return fmt.Errorf("ntcache: MaxWriteBehind %d is less than a page", c.MaxWriteBehind)
	case c.ConcurrentFileFlushes < 1:
		return fmt.Errorf("ntcache: ConcurrentFileFlushes %d", c.ConcurrentFileFlushes)
	case !powerOfTwo(c.ReadAheadGranularity):
		return fmt.Errorf("ntcache: ReadAheadGranularity %d is not a power of two", c.ReadAheadGranularity)
	}
	return nil
}

// lazyTarget is how many of dirty pages one scan writes, small files apart.
func (c Config) lazyTarget(dirty int) int { return max(dirty/c.LazyFraction, min(dirty, 1)) }
