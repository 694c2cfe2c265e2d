// Package workload is what an application of a trial does beside mail, and what a reader
// on another machine may never see of it. A Workload makes a Run a trial; the trial says
// when the reader looks, the Run what it looks at and what that means.
//
// A Script is a Workload that is written as a list of operations, in the language that
// Language describes; the built-in ones are scripts too. Its files consist of stamps of
// 16 bytes, and each carries its file, its offset, its trial and the operation that wrote
// it. So whatever a reader finds can be compared with what the application had made of
// the file after each of its operations:
//
//   - torn: it is as no operation left it;
//   - out of order: it is neither that, nor as a beginning of the write that came next would
//     leave it;
//   - ahead of another file: it shows an operation, and the other lacks an earlier one.
//     That a file is there, and empty, does not count;
//   - unfinished once done: it is not as the last operation left it, although the
//     application had been told before the look that all of it is done;
//   - missing, empty: as they say.
//
// The rules of the built-in ones:
//
//   - copy: who can open the file finds a beginning of it, without a hole, or all;
//   - log: the index never points past whole records of the log;
//   - isam: who has the header locked finds each update that the header counts, at most
//     one that it does not count yet, and no torn record;
//   - build: a manifest never stands beside a product or an object that is not whole;
//   - office: the document is never torn or empty, and gone only while the new file is
//     whole.
//
// That a copy is not all there is no damage that the rule of copy could forbid: it has no
// second name that is put in place at the end, as office has, so a circuit that breaks
// leaves a beginning of the file under every policy, the fix of KB Q143413 too. Whoever
// reads cannot tell from the file alone, but the application can if it is told, and that
// is what the outcome says: failed if it was told an error, lost, and silent, if it was
// told success. What a reader can take for the whole and is not, a file of the right
// length with zeros in it, is corrupted. A workload of one's own that must never be found
// short once it is done says "unfinished once done".
//
// A copy opens its target for writing alone and lets nobody else have it, as programs do
// that fill a file and never read it: KB Q290861 ties the copying of files to the write-behind of
// write-only files. So under NT's own machinery it goes through the three
// write-behind buffers of L2, not through L1, which has no place for what cannot be read; a
// copy of 256 KB by nt351 waits for most of its data. Whoever wants the other reading writes
// "open c COPY.DAT create deny-all" into a workload of his own.
//
// Outcomes: corrupted is a look at a state that a rule forbids; delivered and lost are
// judged at the end on the server's disk. An application stops at the first call that
// fails: then it has been told.
//
// Limits: one application and one reader. Sizes, offsets and lengths are multiples of 16
// bytes. A reader that takes neither a lock nor denies writing may read a file that is
// longer than one SMB at two moments, and call it torn; no built-in workload does. What a
// read returns is counted, and not compared. A live reader, through go-smb2, has no
// byte-range locks: a script that asks it for one ends with an error.
package workload
