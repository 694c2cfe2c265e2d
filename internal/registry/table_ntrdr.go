package registry

const (
	oursModel = "ours (the sources leave it open)"
	oursNever = "ours (NT never had it)"

	idleUnknown = "the article does not say under which circumstances"
)

// ntrdrParams are our own values, under the redirector's key. NT never had them;
// each is a choice that the published sources leave to the model, a remedy that NT
// did not offer, or a defect of a certain build.
var ntrdrParams = []Param{
	choice("NtrdrWriteBehindScope", []string{"all", "writeonly"},
		"ours (KB Q143413 against Q163401)",
		"what UseWriteBehind governs: every write, or those through write-only handles").acted(),
	choice("NtrdrL2Dispatch", []string{"full", "fourth"}, "ours (KB Q143413 leaves it open)",
		"a write-behind buffer is sent when it is full, or when a fourth is needed").acted(),
	flag("NtrdrCloseWaitsForFlush", 0, oursModel,
		"1: a close returns when the file's dirty data is answered").acted(),
	flag("NtrdrSearchBeforeDelete", 1, "ours (KB Q159178, which says it of a NetWare volume)",
		"0: a file is deleted without a search for it").acted(),
	number("NtrdrPopupWait", 0, anyDWORD, UnitSeconds, 0, "ours (the box of KB Q168460 stops its thread until OK)",
		"how long the user takes to click OK in a Lost Delayed-Write Data box; 0: nobody waits").acted(),
	flag("NtrdrReconnectVc0", 1, oursModel,
		"0: a new circuit does not tell the server that this client's older ones are dead").acted(),
	choice("NtrdrWritePolicy", []string{"nt", "write-through", "flush-on-close", "ordered", "ordered-durable"}, oursNever,
		"what orders writes and closes: NT's own machinery, or one that NT never had").acted(),
	number("NtrdrQueueLimit", 1, anyDWORD, UnitBytes, 8<<20, oursNever,
		"bytes that NtrdrWritePolicy's queue holds; then a writer waits").acted(),
	number("NtrdrQueueRequests", 1, 50, "requests", 50, oursNever,
		"writes of one file that NtrdrWritePolicy has under way at once; an eighth of what the server takes is left to others").acted(),
	number("NtrdrQueueSpan", 0, 60_000, UnitMilliseconds, 1000, oursNever,
		"how long the link may need for them if they are more than two; 0: any time").acted(),
	number("NtrdrQueueRequestSize", 512, 65535, UnitBytes, 65535, oursNever,
		"most bytes of a write that NtrdrWritePolicy sends in one request, if the server takes as many").acted(),
	number("NtrdrQueueAhead", 0, 60_000, UnitMilliseconds, 10, oursNever,
		"how long before one write has left the next is handed to the transport").acted(),

	flag("NtrdrQuirkSemaphore298", 0, "ours (the defect of KB Q169742)",
		"1: with UseWriteBehind=0 copying a file to a share fails with error 298").acted(),
	flag("NtrdrQuirkMappedStaleFid", 0, "ours (the defect of KB Q184998)",
		"1: a mapped file is read and written through a FID of a dead circuit: it may be another file's").acted(),
	flag("NtrdrQuirkWriteThroughTailCached", 0, "ours (the defect of KB Q153993)",
		"1: the tail of a write-through write stays in the cache").acted(),
	flag("NtrdrQuirkRawOddSplit", 0, "ours (the defect of KB Q152348)",
		"1: a raw write over 64 KB is split into odd sizes").acted(),
	flag("NtrdrQuirkIgnoreOplockBreak", 0, "ours (the defect of KB Q163525)",
		"1: an oplock break can go unanswered").acted(),
	flag("NtrdrQuirkDormantZeroStop", 0, "ours (the defect of KB Q228538)",
		"1: DormantFileLimit=0 stops the machine").acted(),
	flag("NtrdrQuirkDropLastL2Error", 0, "ours (the defect of KB Q290861)",
		"1: the error of the last write-behind buffers is lost").acted(),
	flag("NtrdrQuirkInt21LostWrite", 0, "ours (the defect of KB Q111027)",
		"1: a DOS write to a share raises a false lost-delayed-write box (3.5 alone)").acted(),
	flag("NtrdrQuirkInvalidTidLoop14Min", 0, "ours (the defect of KB Q130003)",
		"1: an invalid TID is retried for 14 minutes").acted(),
	flag("NtrdrQuirkSessionSetupOneSmb", 0, "ours (the defect of KB Q161968)",
		"1: two SMBs in one segment after the session setup reset the connection").acted(),
	flag("NtrdrQuirkUnlockLost", 0, "ours (the defect of KB Q123062)",
		"1: a record area can stay locked after it was unlocked (3.5 before SP2)").idle(idleUnknown),
	flag("NtrdrQuirkReadsOfAPage", 0, "ours (the defect of KB Q123976)",
		"1: sequential reads can be of 4 KB instead of 64 KB (3.5 before a service pack)").idle(idleUnknown),
}
