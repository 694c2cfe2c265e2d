// Package mailclient is MS Mail 3.x on a shared postoffice: the postoffice's files,
// the MSMAIL32 sender with its seven steps, the Mailer that empties INQUEUE3, and a
// user's reader. It sees a postoffice through FS alone, so the same agents run over a
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
//	CONTROL.GLB, MASTER.GLB, ACCESS2.GLB, NETPO.GLB: documented sizes, our fields
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
// # Concurrency
//
// A Sender, Mailer or Reader belongs to the one task that runs it. Only Sender.Progress
// may be called from another task; it takes the sender's mutex, the one lock of this
// package, which is never held across a call.
//
// # Limits
//
// 4096 records a mailbag, 16 MB a message or attachment file, 2000 recipients, 255 attachments. Groups,
// templates, folders, calendars, Dir-Sync and MMF stores are not modelled; text is not
// obfuscated. The sender handles one message a session. Message files of refused mail
// stay in the postoffice; Check names them.
package mailclient
