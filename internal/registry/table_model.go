package registry

// modelParams are the constants of the model that the published sources leave open, or
// that they give without a registry value. NT had none of these values.
var modelParams = []Param{
	number("NtrdrWriteBehindBuffers", 1, 64, "buffers", 3, "ours (KB Q143413 says 3)",
		"write-behind buffers a file").acted(),
	number("NtrdrWriteBehindBufferSize", 1, 65535, UnitBytes, 4096, oursModel,
		"size of a write-behind buffer").acted(),
	flag("NtrdrOplockOnDenyNoneOnly", 1, "ours (KB Q129202 speaks of deny-none opens alone)",
		"0: opens of every share mode ask for an oplock").acted(),
	flag("NtrdrCacheDenyWriteWrites", 1, "ours (KB Q102981 argues for readers alone)",
		"0: BufFilesDenyWrite buffers reads and no writes").acted(),
	flag("NtrdrFlushSendsSMBFlush", 1, oursModel,
		"0: FlushFileBuffers sends the data and does not ask the server to flush its own cache").acted(),
	number("NtrdrFindBufferSize", 1024, 65535, UnitBytes, 4096, oursModel,
		"the application's buffer in a directory search: see LowerSearchThreshold").acted(),
	number("NtrdrPhysicalMemory", 4, 4096, UnitMegabytes, 16, "ours (KB Q259928: a quarter of the memory may be dirty)",
		"memory of the machine: the cache's size and the dirty-page threshold are shares of it").acted(),
	number("NtrdrPageSize", 4096, 8192, UnitBytes, 4096, "ours (KB Q152348 has both)",
		"page of the machine: 4096 on x86 and MIPS, 8192 on Alpha; nothing else").acted(),
	number("NtrdrLazyFirstDelay", 1, 60_000, UnitMilliseconds, 3000, "ours (KB Q143413 says 1 to 3 seconds)",
		"from the first dirty page to the lazy writer's first scan").acted(),
	number("NtrdrLazyScanPeriod", 1, 60_000, UnitMilliseconds, 1000, "ours (KB Q143413 says 1 to 3 seconds)",
		"between two scans of the lazy writer").acted(),
	number("NtrdrLazyFraction", 1, 1024, "", 8, "ours (Win32 documentation, \"File Caching\")",
		"a scan writes one part in this many of the dirty pages").acted(),
	number("NtrdrLazySmallAllPages", 0, 4096, "pages", 8, oursModel,
		"a file with no more dirty pages is written whole in a scan").acted(),
	number("NtrdrConcurrentFileFlushes", 1, 64, "files", 4, oursModel,
		"files that are written behind the applications at the same time").acted(),
}
