// Package mailclient is MS Mail 3.x on a shared postoffice: the postoffice's files,
// the MSMAIL32 sender with its seven steps, the Mailer that empties INQUEUE3, and a
// user's client that posts and reads mail. It sees a postoffice through FS alone, so the same agents run over a
// caching redirector, over a plain SMB client or on a local disk.
//
// # The model
//
// A postoffice is a directory tree without a server process (KB Q77926): every program
// opens its files and share modes are the only concurrency control (KB Q103960,
// Q101749). A mailbag is a pair: KEY\name.KEY, 560 bytes with counters and a bitmap of
// deleted records, and MBG\name.MBG, records of 116 bytes, each naming one message file
// MAI\MAx\nnnnnnnx.MAI. Mail from other postoffices arrives in the mailbag INQUEUE3,
// whose records also name an envelope P1\nnnnnnnx.P1. Whoever reads acts on the KEY: a
// record counts once its bit is clear, whether or not the message file is complete.
//
// The layouts of the files beyond their documented sizes and offsets were never
// published. Those here are ours and are called EMU-MSMAIL v1:
//
//	KEY      560 bytes: new, unread, live, slots (u16), sequence (u32), zeros up to
//	         0x30, then 4096 bits, 1 = deleted or free, least significant bit first
//	MBG      116 bytes a record; the offsets of KB Q108027, the rest zero
//	MAI      FIPS PUB 98 elements (RFC 841); reference counter at 0x0B (KB Q104423);
//	         at 0x27 a CRC-32 over the file's size and its bytes (KB Q107756 has the size
//	         as one component of the checksum)
//	ATT      the attachment's bytes; size and CRC-32 are in the MAI
//	P1       "EMP1", length, MAI name, addresses by kind (To, Cc, and the originator),
//	         CRC-32
//	CONTROL.GLB, MASTER.GLB, ACCESS2.GLB, NETPO.GLB, GROUP.GLB, MEM: documented sizes,
//	         our fields
//	*.0LK, LOCKP1ID.Pxx: empty; the open handle is the lock (KB Q128913)
//
// A message is recognised across postoffices, attempts and file names by its Token,
// a bracketed word in the subject, because the subject is also in the MBG record and
// so survives a message file that arrived short.
//
// # Errors
//
// Malformed files are *FormatError with file, field, offset and Reason. Failed calls
// are wrapped once and keep their nt.Status. What a user is told is a Code, the
// bracketed number of the KB articles; a Reason beside it says more than MS Mail ever
// did.
//
// A message goes from its writer's postoffice into INQUEUE3 of the next one, whose
// Mailer delivers it, or queues a copy with one hop less for the postoffice after that
// (KB Q154783). A Client posts within one postoffice; a Reader polls a mailbag, and
// empties or shadows it.
//
// # Mistakes of the time
//
// Switches, all off: MailerConfig.DeleteP1BeforeQueueUpdate (KB Q136379), QueueLock
// (KB Q103960) and Checks (KB Q130382), SenderConfig.UnlockBeforeCleanup (KB Q136004),
// ShareControl (KB Q99204) of all writers, ReaderConfig.StopOnCorrupt (KB Q104277) and
// LockedIsEmpty (KB Q107756, which is on), and Unshared, a server without share modes
// (KB Q126750).
//
// # Concurrency
//
// A Sender, Mailer, Client or Reader belongs to the one task that runs it. Only
// Sender.Progress may be called from another task; it takes the sender's mutex, the one
// lock of this package, which is never held across a call.
//
// # Limits
//
// 4096 records a mailbag, 16 MB a message or attachment file, 2000 recipients, 255
// attachments, 2000 members a group. Lists of ADMIN beyond users, postoffices and groups,
// templates, folders, calendars, Dir-Sync and MMF stores are not modelled
// (conformance/leftout.txt has all); text is not obfuscated. A run of the sender handles one message. A Mailer polls one postoffice, and
// asks for the room on its disk only if the FS is a FreeSpacer. Message files of refused
// mail stay in the postoffice; Check names them.
package mailclient
