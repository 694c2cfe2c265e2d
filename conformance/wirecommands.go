package conformance

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// wireCommands are the requests that only a plain client can be made to send as the
// story wants them.
var wireCommands = []command{
	{
		usage: "readraw HANDLE SIZE [at OFFSET]", about: "READ_RAW; the outcome has n and data",
		who: plainClient, on: everywhere, parse: parseReadRaw,
	},
	{
		usage: "writeraw HANDLE SIZE [at OFFSET] [pattern=LETTER] [inline SIZE] [through]",
		about: "WRITE_RAW, with so many bytes in the request; the outcome has n",
		who:   plainClient, on: everywhere, parse: parseWriteRaw,
	},
	{
		usage: "lockread HANDLE OFFSET+LENGTH", about: "LOCK_AND_READ; the outcome has n and data",
		who: plainClient, on: everywhere, parse: parseLockRead,
	},
	{
		usage: "writeunlock HANDLE SIZE [at OFFSET] [pattern=LETTER]", about: "WRITE_AND_UNLOCK of the range written; the outcome has n",
		who: plainClient, on: everywhere, parse: parseWriteUnlock,
	},
	{
		usage: "relock HANDLE OFFSET+LENGTH OFFSET+LENGTH", about: "one LOCKING_ANDX that unlocks the first range and locks the second",
		who: plainClient, on: everywhere, parse: parseRelock,
	},
	{
		usage: "watch DIRECTORY [tree]", about: "NT_TRANSACT_NOTIFY_CHANGE for names; the outcome has n and names, as in added:X",
		who: plainClient, on: everywhere, parse: parseClientWatch,
	},
	{
		usage: "cancel HANDLE", about: "NT_CANCEL of what waits on an open file",
		who: plainClient, on: everywhere,
		parse: func(a *args) action {
			return clientHandle(a.actor, a.word("HANDLE"), func(f *clientFile) error { return f.c.CancelWaits(f.h) })
		},
	},
	{
		usage: "closeat HANDLE TIME", about: "CLOSE with a time of last write, as in 1995-10-02T09:00:00 (UTC)",
		who: plainClient, on: everywhere, parse: parseCloseAt,
	},
	{
		usage: "written PATH", about: "asks for the time of last write; the outcome has written (UTC)",
		who: plainClient, on: everywhere,
		parse: pathAction(func(fs fileSystem, path string) outcome {
			info, err := fs.stat(path)
			return failed(err).with("written", info.Written.Time().Format(caseTime))
		}),
	},
	{
		usage: "closetwice HANDLE", about: "CLOSE, and once more with the FID that is not one any longer; the outcome is the second's",
		who: plainClient, on: everywhere, parse: parseCloseTwice,
	},
	{
		usage: "capacity SIZE", about: "of the server's disk from now on", who: serverActor, on: ours,
		parse: func(a *args) action {
			n := a.size("SIZE")
			return func(s *story) outcome { s.w.volume.SetCapacity(n); return outcome{} }
		},
	},
	{
		usage: "fault slow=DURATION|refuse-raw|none", about: "what goes wrong at the server from now on", who: serverActor, on: ours,
		parse: parseFault,
	},
	{
		usage: "straybreak ACTOR", about: "breaks an oplock of a FID that the actor has not got", who: serverActor, on: ours,
		parse: func(a *args) action {
			actor := a.word("ACTOR")
			return func(s *story) outcome { s.w.srv.StrayBreak(actor); return outcome{} }
		},
	},
}

// ours are the targets whose server is ours.
var ours = []Target{Model, Embedded}

// caseTime is how a story writes a time.
const caseTime = "2006-01-02T15:04:05"

// atEnd makes the end of a file no error.
func atEnd(err error) outcome {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return outcome{err: err}
}

// onClientFile is an action on a plain client's open file.
func onClientFile(actor, name string, f func(*clientFile) outcome) action {
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(h file) outcome {
			c, ok := h.(*clientFile)
			if !ok {
				return voided("not a plain client's file")
			}
			return f(c)
		})
	}
}

// bounded takes a SIZE that one request of the kind can have.
func (a *args) bounded(what string) int64 {
	n := a.size(what)
	const most = 1 << 17
	if n < 0 || n > most {
		a.fail("%s: one request has at most 128KB", what)
		return 0
	}
	return n
}

func parseReadRaw(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	n, off := a.bounded("SIZE"), a.sizeAfter("at")
	return onClientFile(actor, name, func(f *clientFile) outcome {
		p := make([]byte, n)
		got, err := f.c.ReadRaw(f.h, p, off)
		return atEnd(err).with("n", got).with("data", describe(p[:got], off))
	})
}

func parseWriteRaw(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	off := a.sizeAfter("at")
	var mode nt.WriteMode
	if a.flag("through") {
		mode = nt.WriteModeThrough
	}
	inline := a.sizeAfter("inline")
	p := make([]byte, a.bounded("SIZE"))
	fill(p, off, a.pattern("a"))
	return onClientFile(actor, name, func(f *clientFile) outcome {
		n, err := f.c.WriteRaw(f.h, p, off, mode, int(inline))
		return failed(err).with("n", n)
	})
}

func parseLockRead(a *args) action {
	actor, name, r := a.actor, a.word("HANDLE"), a.byteRange()
	const most = 1 << 16
	if r.Length > most {
		a.fail("one request has at most 64KB")
		r.Length = 0
	}
	return onClientFile(actor, name, func(f *clientFile) outcome {
		p := make([]byte, r.Length)
		n, err := f.c.LockAndRead(f.h, p, int64(r.Offset))
		return atEnd(err).with("n", n).with("data", describe(p[:n], int64(r.Offset)))
	})
}

func parseWriteUnlock(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	off := a.sizeAfter("at")
	p := make([]byte, a.bounded("SIZE"))
	fill(p, off, a.pattern("a"))
	return onClientFile(actor, name, func(f *clientFile) outcome {
		n, err := f.c.WriteAndUnlock(f.h, p, off)
		return failed(err).with("n", n)
	})
}

func parseRelock(a *args) action {
	actor, name, unlock, lock := a.actor, a.word("HANDLE"), a.byteRange(), a.byteRange()
	return clientHandle(actor, name, func(f *clientFile) error {
		return f.c.ChangeLocks(f.h, []nt.LockRange{unlock}, []nt.LockRange{lock})
	})
}

func parseClientWatch(a *args) action {
	actor, dir := a.actor, a.word("DIRECTORY")
	tree := a.flag("tree")
	return func(s *story) outcome {
		c, o := s.clientOf(actor)
		if c == nil {
			return o
		}
		h, _, err := c.Create(c.w.path(dir), nt.CreateParams{
			Access: nt.GenericRead, Disposition: nt.FileOpen, Options: nt.DirectoryFile,
			Share: nt.ShareRead | nt.ShareWrite | nt.ShareDelete,
		})
		if err != nil {
			return failed(err)
		}
		changes, err := c.NotifyChange(h, nt.NotifyFileName|nt.NotifyDirName, tree)
		return failed(errors.Join(err, c.Close(h, 0))).with("n", len(changes)).with("names", changeNames(changes))
	}
}

// changeNames lists changes as a story writes them.
func changeNames(changes []nt.Change) string {
	words := [...]string{"", "added", "removed", "modified", "old-name", "new-name"}
	var names []string
	for _, c := range changes {
		names = append(names, fmt.Sprintf("%s:%s", words[min(int(c.Action), len(words)-1)], c.Name))
	}
	return strings.Join(names, ",")
}

func parseCloseAt(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	at, err := time.Parse(caseTime, a.word("TIME"))
	if err != nil {
		a.fail("TIME: %w", err)
	}
	return clientHandle(actor, name, func(f *clientFile) error { return f.c.Close(f.h, nt.FileTimeOf(at)) })
}

func parseCloseTwice(a *args) action {
	return onClientFile(a.actor, a.word("HANDLE"), func(f *clientFile) outcome {
		if err := f.Close(); err != nil {
			return failed(err)
		}
		reply, err := f.c.Exchange(&smbwire.CloseRequest{FID: smbwire.FID(f.h.FID)})
		if err == nil && reply.Header.NTStatus() != nt.StatusSuccess {
			err = reply.Header.NTStatus()
		}
		return failed(err)
	})
}

func parseFault(a *args) action {
	var f smbserver.Faults
	if v, ok := a.value("slow"); ok {
		d, err := time.ParseDuration(v)
		if err != nil {
			a.fail("slow: %w", err)
		}
		f.Delay = d
	}
	f.RefuseRaw = a.flag("refuse-raw")
	if a.flag("none") == (f != smbserver.Faults{}) {
		a.fail("write a fault, or none")
	}
	return func(s *story) outcome { s.w.srv.SetFaults(f); return outcome{} }
}
