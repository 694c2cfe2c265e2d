// Package indexlast is an rdr.WritePolicy to learn from and to begin one's own with: a
// cheap cure of KB Q143413, and what is missing in it.
//
// In the article a reader acts on a small file, the KEY, that is closed at the server before
// the data of the message file has arrived. So the policy sends everything as early as it
// can, the writes of all files side by side, and holds one thing back: a CLOSE leaves when
// every earlier write, of any file, has been answered. Nobody waits for it: writes and closes
// of the application return at once.
//
// It promises that a file which was closed last is closed at the server last, while the
// circuit lives. On a line that only loses packets that is enough for mail, and the sender is
// sooner done than with nt351 (Example_bench). It does not promise:
//
//   - anything about a circuit that breaks: then the server itself closes all files, also the
//     KEY, whatever of the message file has arrived (Example_explore). What rdr.Ordered holds
//     back is not the CLOSE but the data of the KEY;
//   - an order of writes: a reader that shares a file with its writer sees an index before
//     the records that it points to;
//   - that what a call returned for arrives. As with rdr.Ordered, a failure stops what
//     follows and makes later calls fail.
//
// A policy of one's own is a type with the three methods of rdr.WritePolicy, in any module.
// It runs in a bench.Matrix (Matrix.WritePolicies), in one trial or an Exploration
// (Spec.WritePolicy), or in a redirector of one's own (rdr.Config.Policy). The program ntrdr
// takes only the built-in ones, because policies are code. A test of its decisions needs no
// redirector: rdr.NewQueue makes the queue that is asked about.
package indexlast
