// Package ntcache is the Cache Manager of Windows NT 3.5x: it knows files, pages
// and time, and nothing of SMB. A file system, here the redirector, hands it a
// BackingStore for each file it wants cached and calls CopyRead and CopyWrite
// instead of going to the server; the lazy writer brings dirty pages back later.
//
// The model. A file's cached data hangs off one SharedCacheMap; each handle has a
// PrivateCacheMap with its hints and the history of its reads. Data is held in pages
// of PageSize bytes, 64 pages to a view of 256 KB. A page is absent, clean, dirty, or
// being written. Bytes at and beyond the valid data length are known to be zero and are
// never fetched. A write completes when the bytes are in pages.
//
// Memory. All files together have CacheSize bytes of pages and Views views. Who needs
// more takes the least recently used view that holds nothing dirty and is not in use; if
// there is none he waits until the mapped page writer has cleaned one, a page at a time.
// What one operation needs in a view is claimed at once, so that it never waits for
// memory while it holds some.
//
// Writing. The lazy writer first looks LazyFirstDelay after the first page became dirty,
// then every LazyScanPeriod while any page is; each scan writes one eighth of the dirty
// pages, and files with few dirty pages whole, in contiguous runs of at most
// MaxWriteBehind bytes inside a view. One worker writes a file at a time, in ascending
// offset; workers for different files run side by side: there is no order between files
// (src: KB Q143413). Temporary files are left out while there is memory enough. A writer
// that asks when DirtyThreshold pages wait to be written, or are on their way, is held
// back until fewer are (src: KB Q259928).
//
// A write that fails is not tried again: the page counts as clean and the data is
// gone (src: KB Q163401). The file system learns it through LostData.
//
// Reading. A read fetches what is not resident, in runs of at most MaxWriteBehind bytes.
// A pattern in a handle's last reads, whatever its stride and direction, is read ahead
// by a worker thread, before work of any other kind. What is on its way is not fetched
// a second time.
//
// Lock order, outermost first:
//
//	SharedCacheMap.writing  rt.Resource; held across BackingStore.PageOut
//	  SharedCacheMap.mu     the bytes of pages; never held across a call into BackingStore
//	    Manager.mu          everything else: sizes, states, views, queues
//
// A view that is pinned keeps its pages, so that their bytes can be copied with
// SharedCacheMap.mu alone. The locks of two maps are never held together.
//
// Limits: a view is not a range of addresses, so pages are counted where NT counts
// mapped views and a working set apart. A worker thread is an rt task: nothing is said of
// priorities. Byte counts beyond the pages, for paging I/O on its way, are 64 KB a
// worker thread and not part of CacheSize. There is no allocation size: the server
// allocates. A scan of the lazy writer does not wait for a worker thread.
package ntcache
