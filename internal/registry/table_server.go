package registry

// Reasons why a value is not acted on, where several rows share one.
const (
	idleAlerts       = "alerts go to an administrator: they are not modelled"
	idleAccounts     = "who may log on is the embedded server's own: it decides nothing about files"
	idleLimits       = "the embedded server has limits of its own, against hostile peers"
	idleDOS          = "no MS-DOS client is modelled: NT clients open with NT_CREATE_ANDX"
	idleHousekeeping = "the embedded server closes what a circuit leaves behind when the circuit ends"
	idleLinkInfo     = "a link's speed and delay never change here: the embedded server asks once"
	idleWorkItems    = "the embedded server has no work items: it never runs out of receive buffers"
)

// serverParams are the values of the Server service: first those that files
// feel, then those that an export of a real server contains besides.
//
// src: KB Q102967 (names A to M), Q102969 (M to Z), Q102469 (defaults of 3.51)
var serverParams = []Param{
	flag("EnableOplocks", 1, "KB Q102967, Q129202", "0: the server grants no oplock").acted(),
	number("OplockBreakWait", 10, 180, UnitSeconds, 35, "KB Q129202, Q102630",
		"how long the server waits for the answer to an oplock break").acted(),
	flag("EnableOplockForceClose", 0, "KB Q102967",
		"after OplockBreakWait 0: the second open fails; 1: the holder's handle is closed").acted(),
	number("CachedOpenLimit", 0, anyDWORD, "files", 5, "KB Q124916, Q126026",
		"closed files a connection that the server keeps open locally").acted(),
	flag("EnableRaw", 1, "KB Q102967", "0: the server refuses raw SMBs").acted(),
	number("MaxLinkDelay", 0, 100000, UnitSeconds, 60, "KB Q102967, Q129202",
		"a slower link gets neither raw SMBs nor oplocks").acted(),
	number("MinLinkThroughput", 0, anyDWORD, "bytes/s", 0, "KB Q129202",
		"a slower link gets neither raw SMBs nor oplocks; 0: never").acted(),
	number("LinkInfoValidTime", 0, 100000, UnitSeconds, 60, "KB Q102967",
		"how long queried link information holds").idle(idleLinkInfo),
	number("MaxMpxCt", 1, 100, "requests", 50, "KB Q102967, Q191370",
		"requests a client may have outstanding, told in NEGOTIATE").acted(),
	number("SizReqBuf", 512, 65535, UnitBytes, 4356, "KB Q136150",
		"request buffer, the negotiated MaxBufferSize: bounds a core read or write").acted(),
	number("MaxRawBufLen", 0, 65535, UnitBytes, 65535, "KB Q102469", "largest raw transfer").acted(),
	number("RawWorkItems", 1, 512, "items", 4, "KB Q146005, Q136377",
		"raw transfers that can run at once; NT computes it, 4 is assumed").acted(),
	computed("MaxWorkItems", 1, 512, "items", "KB Q102967", "most receive buffers").idle(idleWorkItems),
	computed("InitWorkItems", 1, 512, "items", "KB Q102967", "receive buffers at start").idle(idleWorkItems),
	number("AutoDisconnect", 0, anyDWORD, UnitMinutes, 15, "KB Q102469, Q102967",
		"idle time after which a circuit without open files is dropped").acted().from351(),
	number("Disc", 0, anyDWORD, UnitMinutes, 15, "KB Q102967, Q102469",
		"as AutoDisconnect, which replaced it in 3.51").acted().until35(),
	number("SharingViolationRetries", 0, anyDWORD, "retries", 5, "KB Q150384",
		"how often the server retries before it answers a sharing violation").acted().from351(),
	number("SharingViolationDelay", 0, anyDWORD, UnitMilliseconds, 200, "KB Q150384",
		"wait between these retries").acted().from351(),
	flag("EnableSoftCompat", 1, "KB Q102967, Q102630", "0: a compatibility open for reading is not mapped to a shared one").acted(),
	number("ScavTimeout", 1, 300, UnitSeconds, 30, "KB Q102630", "period of the server's housekeeping").idle(idleHousekeeping),
	number("MaxWorkItemIdleTime", 10, 1800, UnitSeconds, 300, "KB Q102967", "life of an idle work item").idle(idleWorkItems),
	number("MinKeepSearch", 5, 5000, UnitSeconds, 480, "KB Q102969", "shortest life of an open search").idle(idleHousekeeping),
	computed("MinFreeConnections", 2, 5, "items", "KB Q102969", "fewest free connection blocks an endpoint").idle(idleMemory),
	number("MinFreeWorkItems", 0, 10, "items", 2, "KB Q102969",
		"work items that must be free before a request that may block is taken on").idle(idleWorkItems),
	number("MinRcvQueue", 0, 10, "items", 2, "KB Q102969", "fewer free work items make the server allocate more").idle(idleWorkItems),
	number("MaxKeepSearch", 10, 10000, UnitSeconds, 1800, "KB Q102967", "longest life of an open search").idle(idleHousekeeping),

	number("AlertSched", 1, 65535, UnitMinutes, 5, "KB Q102967", "how often alert conditions are checked").idle(idleAlerts),
	number("Announce", 1, 65535, UnitSeconds, 720, "KB Q102469, Q102967", "how often the server announces itself (240 in 3.1)").idle(idleBrowser),
	number("AnnDelta", 0, 65535, UnitMilliseconds, 3000, "KB Q102967", "by how much that period varies").idle(idleBrowser),
	words("Comment", "KB Q102967, Q102469", "the comment in the list of servers").idle(idleBrowser).until35(),
	number("DiskSpaceThreshold", 0, 99, "percent", 10, "KB Q102967", "free disk space below which an alert is sent").idle(idleAlerts),
	flag("EnableFCBopens", 1, "KB Q102967, Q102630",
		"MS-DOS FCB opens of a file are folded into one").idle(idleDOS),
	flag("EnableForcedLogoff", 1, "KB Q102469", "1: who stays past the logon hours is logged off").idle(idleAccounts),
	number("ErrorThreshold", 1, 65535, "errors", 10, "KB Q102967", "errors in an AlertSched interval before an alert is sent").idle(idleAlerts),
	flag("Hidden", 0, "KB Q102967", "1: the server does not announce itself").idle(idleBrowser),
	number("InitConnTable", 1, 128, "entries", 8, "KB Q102967", "tree connections that the table has room for at start").idle(idleMemory),
	number("InitFileTable", 1, 256, "entries", 16, "KB Q102967", "files of a connection that the table has room for at start").idle(idleMemory),
	number("InitSearchTable", 1, 2048, "entries", 8, "KB Q102967", "searches that the table has room for at start").idle(idleMemory),
	number("InitSessTable", 1, 64, "entries", 4, "KB Q102967", "sessions that the table has room for at start").idle(idleMemory),
	number("IRPstackSize", 1, 12, "", 4, "KB Q102967", "stack locations of the server's IRPs").idle(idleMemory),
	flag("Lmannounce", 0, "KB Q102469", "1: the server announces itself to LAN Manager clients").idle(idleBrowser),
	computed("MaxFreeConnections", 2, 8, "items", "KB Q102967", "most free connection blocks an endpoint").idle(idleMemory),
	computed("MaxNonpagedMemoryUsage", 1<<20, anyDWORD, UnitBytes, "KB Q102967", "most nonpaged memory of the server").idle(idleMemory),
	computed("MaxPagedMemoryUsage", 1<<20, anyDWORD, UnitBytes, "KB Q102967", "most paged memory of the server").idle(idleMemory),
	names("NullSessionPipes", "KB Q102469", "named pipes that null sessions may open").idle(idleAccounts).from351(),
	names("NullSessionShares", "KB Q102469", "shares that null sessions may use").idle(idleAccounts).from351(),
	number("OpenSearch", 0, anyDWORD, "searches", 2048, "KB Q102469", "most open searches").idle(idleLimits),
	number("SessConns", 0, anyDWORD, "connections", 2048, "KB Q102469", "most tree connections a session").idle(idleLimits),
	number("SessOpens", 0, anyDWORD, "files", 2048, "KB Q102469", "most open files a session").idle(idleLimits),
	number("SessUsers", 0, anyDWORD, "users", 2048, "KB Q102469", "most users a session").idle(idleAccounts),
	number("SessVcs", 0, anyDWORD, "circuits", 1, "KB Q102469", "virtual circuits a session").idle(idleLimits),
	number("Size", 0, 3, "", 3, "KB Q102469", "which the server is tuned for: 1 little memory, 2 a balance, 3 file sharing").idle(idleMemory),
	words("SrvComment", "KB Q102469", "the comment in the list of servers").idle(idleBrowser),
	number("ThreadPriority", 0, 15, "", 5, "KB Q102630", "priority of the server's threads").idle(idleMemory),
	flag("TimeSource", 0, "KB Q102469", "1: the server is a time source").idle(idleBrowser),
	words("UserPath", "KB Q102469", "path of the users' directories").idle(idleBrowser),
	number("Users", 0, anyDWORD, "users", anyDWORD, "KB Q102469", "most users at a time").idle(idleAccounts),
}
