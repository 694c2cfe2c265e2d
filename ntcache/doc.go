// Package ntcache is the Cache Manager of Windows NT 3.5x: it knows files, pages
// and time, and nothing of SMB. A file system, here the redirector, hands it a
// BackingStore for each file it wants cached and calls CopyRead and CopyWrite
// instead of going to the server; the lazy writer brings dirty pages back later.
//
// The model. A file's cached data hangs off one SharedCacheMap. Data is held in
// pages of PageSize bytes; dirtiness is per page. Bytes at and beyond the valid
// data length are known to be zero and are never fetched. A write completes when
// the bytes are in pages. The lazy writer first looks LazyFirstDelay after the
// first page became dirty, then every LazyScanPeriod while any page is; each scan
// writes one eighth of the dirty pages, and files with few dirty pages whole, in
// contiguous runs of at most MaxWriteBehind bytes. One worker writes a file at a time, in
// ascending offset; workers for different files run side by side: there is no
// order between files (src: KB Q143413).
//
// A write that fails is not tried again: the page counts as clean and the data is
// gone (src: KB Q163401). The file system learns it through LostData.
//
// Lock order, outermost first:
//
//	SharedCacheMap.turn     rt.Resource; held by what WriteBehind runs
//	SharedCacheMap.writing  rt.Resource; held across BackingStore.PageOut
//	  SharedCacheMap.mu     never held across a call into BackingStore
//	    Manager.mu          dirty totals and the list of maps
//
// Limits: views (VACBs), read-ahead and the dirty-page threshold are not modelled
// yet; a file's cached pages are bounded by what its handles wrote and read.
package ntcache
