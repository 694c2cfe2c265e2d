package registry

// Reasons why a value is not acted on, where several rows share one.
const (
	idlePipes   = "no mail agent writes to a named pipe: they are not modelled"
	idleBrowser = "browsing and mailslots carry no file data: they are not modelled"
	idleMemory  = "memory of the driver, nothing that an application or the wire shows"
)

// rdrParams are the values of the redirector driver.
//
// src: KB Q103003 (the list as of 3.1) and the articles named in each row
var rdrParams = []Param{
	flag("UseWriteBehind", 1, "KB Q143413, Q163401",
		"0: an application's write returns when the server has answered it").acted(),
	flag("UseAsyncWriteBehind", 1, "KB Q103003",
		"0: sending a write-behind buffer blocks the sender until the server has answered").acted(),
	number("ConnectMaxTimeout", 1, anyDWORD, UnitSeconds, 45, "KB Q148127, Q148950",
		"longest time that a connect may take").acted(),
	number("ConnectTimeout", 0, anyDWORD, UnitSeconds, 300, "KB Q103003, corrected by Q148127",
		"none: the name is a documentation error, the redirector reads ConnectMaxTimeout").idle("the documented name is an error: nothing reads it"),
	number("RawIoTimeLimit", 0, 65535, UnitSeconds, 5, "KB Q151996",
		"raw mode is used only if the transfer is expected to end within this time").acted(),
	number("LowerSearchBufferSize", 1024, 65535, UnitBytes, 16384, "KB Q103003",
		"bytes that a small directory search asks for at once; on a link where it takes 5 s, the application's buffer").acted(),
	number("LowerSearchThreshold", 0, 65535, UnitBytes, 16384, "KB Q103003",
		"searches with a smaller buffer use LowerSearchBufferSize, others UpperSearchBufferSize").acted(),
	number("UpperSearchBufferSize", 1024, 65535, UnitBytes, 32768, "KB Q103003",
		"bytes that a large directory search asks for at once; on a link where it takes 5 s, the application's buffer").acted(),
	number("StackSize", 0, anyDWORD, "", 4, "KB Q103003", "the IRP stack size of the redirector").idle(idleMemory),
	number("FailedConnectTimeout", 0, anyDWORD, UnitSeconds, 30, "KB Q185081, Q242528",
		"how long a failed connect is remembered").since("NT 4.0 SP4"),
	flag("MultipleUsersOnConnection", 1, "KB Q233082",
		"0: a virtual circuit for each user").since("NT 4.0 Terminal Server SP4"),
	flag("FileSystemControlFilter", 1, "KB Q249799",
		"which file system controls go to the server").since("NT 4.0 after SP6a"),
}

// workstationParams are the values of the Workstation service.
//
// src: KB Q102469 (names and defaults of 3.51), Q102981 (ranges and texts, of 3.1).
// The defaults of Q102469 are taken for 3.5 too: it is nearer to it than 3.1.
var workstationParams = []Param{
	flag("UtilizeNtCaching", 1, "KB Q102981, Q163401",
		"0: the Cache Manager caches no remote file, every write goes to the redirector").acted(),
	flag("UseOpportunisticLocking", 1, "KB Q102981, Q129202",
		"0: opens ask for no oplock").acted(),
	flag("BufFilesDenyWrite", 1, "KB Q102981",
		"0: a file opened with only FILE_SHARE_READ is not cached without an oplock").acted(),
	flag("BufReadOnlyFiles", 1, "KB Q102981",
		"0: a file with the read-only attribute is not cached without an oplock").acted(),
	number("CacheFileTimeout", 0, anyDWORD, UnitSeconds, 10, "KB Q102981, Q148811",
		"how long a closed file may stay open at the server").acted(),
	number("DormantFileLimit", 0, anyDWORD, "files", 45, "KB Q102981",
		"how many closed files a share may keep open at the server").acted(),
	flag("UseCloseBehind", 1, "KB Q102469 (name), Q102981 (by analogy)",
		"0: an application's close returns when the server has answered it").acted(),
	flag("UseUnlockBehind", 1, "KB Q102981",
		"0: an unlock returns when the server has answered it").acted(),
	flag("UseLockReadUnlock", 1, "KB Q102981",
		"0: LOCK_AND_READ and WRITE_AND_UNLOCK are not used").acted(),
	number("LockQuota", 0, anyDWORD, UnitBytes, 6144, "KB Q102469, Q102981",
		"most data a file that lock-and-read keeps").acted(),
	number("LockIncrement", 0, anyDWORD, UnitMilliseconds, 10, "KB Q102981",
		"step of the back-off for OS/2 locks that wait forever").idle("only for OS/2 applications on servers older than LAN Manager 2.0"),
	number("LockMaximum", 0, anyDWORD, UnitMilliseconds, 500, "KB Q102981",
		"end of the lock back-off").idle("only for OS/2 applications on servers older than LAN Manager 2.0"),
	flag("UseRawRead", 1, "KB Q102981", "0: raw reads are not used").acted(),
	flag("UseRawWrite", 1, "KB Q102981", "0: raw writes are not used").acted(),
	flag("UseWriteRawData", 1, "KB Q102981", "0: a raw write's request carries no data itself").acted(),
	number("MaxCmds", 0, 255, "requests", 50, "KB Q102469, Q102981",
		"most requests that may be outstanding on a virtual circuit").acted(),
	number("MaxThreads", 0, anyDWORD, "threads", 17, "KB Q102469 (name)",
		"kernel threads of the redirector").idle("no source says what each thread does: see ConcurrentFileFlushes of package ntcache"),
	number("SessTimeout", 10, 65535, UnitSeconds, 45, "KB Q102981, Q102067",
		"added to an SMB's time on the wire: the redirector waits that long for the answer").acted().atOnce(),
	number("KeepConn", 1, 65535, UnitSeconds, 600, "KB Q102981",
		"idle time after which the client drops a connection").acted(),
	number("ReadAheadThroughput", 0, anyDWORD, "KB/s", anyDWORD, "KB Q102981",
		"throughput that read-ahead needs; -1 is taken as no minimum").acted(),
	flag("Use512ByteMaxTransfer", 0, "KB Q102981", "1: requests to MS-Net servers carry 512 bytes at most").idle("no MS-Net server is modelled"),
	flag("ForceCoreCreateMode", 1, "KB Q102469 (name)", "not published").idle("only its name is published"),
	flag("UseEncryption", 1, "KB Q102469 (name)", "0: passwords are sent as plain text").idle("a logon carries no file data; passwords are never sent as plain text"),
	flag("BufNamedPipes", 1, "KB Q102981", "0: character-mode pipes are not buffered").idle(idlePipes),
	number("CharWait", 0, 65535, UnitMilliseconds, 3600, "KB Q102981",
		"wait for an instance of a named pipe").idle(idlePipes),
	number("CollectionTime", 0, 65535000, UnitMilliseconds, 250, "KB Q102981",
		"longest time that data stays in a character-mode pipe's buffer").idle(idlePipes),
	number("MaxCollectionCount", 0, 65535, UnitBytes, 16, "KB Q102981",
		"smaller writes to character-mode pipes are buffered").idle(idlePipes),
	number("SizCharBuf", 64, 4096, UnitBytes, 512, "KB Q102981",
		"size of a character-mode pipe's buffer").idle(idlePipes),
	number("PipeIncrement", 0, anyDWORD, UnitMilliseconds, 10, "KB Q102981",
		"step of the back-off of nonblocking pipe reads").idle(idlePipes),
	number("PipeMaximum", 0, anyDWORD, UnitMilliseconds, 500, "KB Q102981",
		"end of the pipe back-off").idle(idlePipes),
	number("MailslotBuffers", 0, anyDWORD, "buffers", 8, "KB Q102469, Q102981",
		"buffers for mailslot messages").idle(idleBrowser),
	number("ServerAnnounceBuffers", 0, anyDWORD, "buffers", 20, "KB Q102981",
		"buffers for the announcements of servers (also under Parameters\\Static)").idle(idleBrowser),
	number("NumIllegalDatagramEvents", 0, anyDWORD, "events", 5, "KB Q102981",
		"illegal datagrams that are logged").idle(idleBrowser),
	number("IllegalDatagramResetTime", 0, anyDWORD, UnitSeconds, 60, "KB Q102981",
		"span in which they are counted").idle(idleBrowser),
	flag("LogElectionPackets", 0, "KB Q102981", "1: browser elections are logged").idle(idleBrowser),
	words("OtherDomains", "KB Q102981", "LAN Manager domains to browse").idle(idleBrowser),
}
