package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

func fsCommand() *command {
	return &command{
		name: "fs", args: "ls|get|put|cat|rm|mv|mkdir|stat|lock URL [ARG]", summary: "files on an SMB1 server: ls, get, put, cat, rm, mv, mkdir, stat, lock",
		long: "Works on the file or directory that the URL ends with, through the SMB1 client of this repository. With --policy a\n" +
			"redirector stands in between, with its cache and its write-behind: what `put` was told is then not what the\n" +
			"server has, and it ends when nothing is left to write.\n\n" +
			"  ls URL             a directory, or what matches a pattern such as .../share/*.MAI\n" +
			"  stat URL           one entry\n" +
			"  cat URL            a file to stdout\n" +
			"  get URL [FILE]     a file to a local one, which is whole or not there\n" +
			"  put URL FILE       a local file, or - for stdin, to the server; what was there is overwritten\n" +
			"  rm URL             one file\n" +
			"  mv URL NAME        NAME is a path in the same share\n" +
			"  mkdir URL          a directory\n" +
			"  lock URL           a byte range (--range), until --for is over or an interrupt\n\n" +
			"The exit status is 1 if the server said no, and 3 if it could not be asked.",
		example: "  ntrdr fs ls smb1://mailuser:secret@127.0.0.1:4450/MAILDATA\n" +
			"  ntrdr fs get smb1://mailuser:secret@127.0.0.1:4450/MAILDATA/GLB/MASTER.GLB master.glb\n" +
			"  ntrdr fs lock --range 0:512 --for 10s smb1://mailuser:secret@127.0.0.1:4450/MAILDATA/KEY/INQUEUE3.KEY",
		run: runFS,
	}
}

// fsFlags are fs's own flags.
type fsFlags struct {
	policy  string
	byRange string
	hold    time.Duration
	wait    bool
	asJSON  bool

	locked nt.LockRange // --range
}

// fsVerb is one thing that fs does.
type fsVerb struct {
	name     string
	min, max int // arguments after the URL
	patterns bool
	run      func(j *fsJob) error
}

func fsVerbs() []fsVerb {
	return []fsVerb{
		{name: "ls", patterns: true, run: (*fsJob).ls},
		{name: "stat", run: (*fsJob).stat},
		{name: "cat", run: (*fsJob).cat},
		{name: "get", max: 1, run: (*fsJob).get},
		{name: "put", min: 1, max: 1, run: (*fsJob).put},
		{name: "rm", run: (*fsJob).rm},
		{name: "mv", min: 1, max: 1, run: (*fsJob).mv},
		{name: "mkdir", run: (*fsJob).mkdir},
		{name: "lock", run: (*fsJob).lock},
	}
}

// fsJob is one call of fs, connected.
type fsJob struct {
	*fsFlags
	*station // its files are those of the share
	c        *invocation
	path     string   // in the share, with backslashes
	args     []string // after the URL
	stop     rt.Event // set by an interrupt of a verb that ends with it
}

func runFS(c *invocation) error {
	f := &fsFlags{}
	c.flags.StringVar(&f.policy, "policy", "", "put the redirector in between, under this policy: a built-in one's name, or a .reg file")
	c.flags.StringVar(&f.byRange, "range", "0:1", "lock: OFFSET:LENGTH in bytes")
	c.flags.DurationVar(&f.hold, "for", 0, "lock: how long it is held; 0: until interrupted")
	c.flags.BoolVar(&f.wait, "wait", false, "lock: wait while another holds it")
	c.flags.BoolVar(&f.asJSON, "json", false, "ls, stat: print one JSON object an entry")
	if err := c.parse(3); err != nil {
		return err
	}
	args := c.flags.Args()
	if len(args) < 2 {
		return badInput("say what to do and where, such as `ntrdr fs ls URL`")
	}
	verbs := fsVerbs()
	i := slices.IndexFunc(verbs, func(v fsVerb) bool { return v.name == args[0] })
	if i < 0 {
		return badInput("%q is none of ls, get, put, cat, rm, mv, mkdir, stat and lock", args[0])
	}
	if n := len(args) - 2; n < verbs[i].min || n > verbs[i].max {
		return badInput("%s takes %s after the URL, not %d", args[0], argumentCount(verbs[i]), n)
	}
	peer, err := f.check(verbs[i], args[1])
	if err != nil {
		return err
	}
	return f.run(c, verbs[i], peer, args[2:])
}

func argumentCount(v fsVerb) string {
	if v.min != v.max {
		return fmt.Sprintf("at most %s", count(v.max, "argument"))
	}
	return count(v.max, "argument")
}

// check reads the URL and the values of flags.
func (f *fsFlags) check(v fsVerb, server string) (bench.Peer, error) {
	peer, err := parseServer(server)
	switch {
	case err != nil:
		return peer, err
	case !v.patterns && volume.HasWildcard(peer.Dir):
		// A server takes them in DELETE and RENAME, for all that matches.
		return peer, badInput("%s: %s takes no wildcards", peer.Dir, v.name)
	case peer.Dir == "" && v.name != "ls":
		return peer, badInput("%s: the URL names no file, only a share", v.name)
	case f.hold < 0:
		return peer, badInput("--for: %v is negative", f.hold)
	}
	f.locked, err = parseRange(f.byRange)
	return peer, err
}

// parseRange reads OFFSET:LENGTH.
func parseRange(text string) (nt.LockRange, error) {
	off, length, _ := strings.Cut(text, ":")
	o, oerr := strconv.ParseUint(off, 10, 63)
	n, nerr := strconv.ParseUint(length, 10, 63)
	if oerr != nil || nerr != nil || n == 0 {
		return nt.LockRange{}, badInput("--range: %q is not OFFSET:LENGTH in bytes, such as 0:512", text)
	}
	return nt.LockRange{Offset: o, Length: n}, nil
}

// run connects, and lets the verb work as a task.
func (f *fsFlags) run(c *invocation, v fsVerb, peer bench.Peer, args []string) error {
	path := peer.Dir
	peer.Dir = ""
	s, err := f.connect(c, peer)
	if err != nil {
		return err
	}
	defer s.close()
	j := &fsJob{fsFlags: f, station: s, c: c, path: path, args: args, stop: s.rt.NewEvent(rt.Notification)}
	defer context.AfterFunc(c.ctx, func() {
		if v.name == "lock" {
			j.stop.Set()
			return
		}
		s.abort()
	})()
	return refusal(path, s.do("fs", func() error { return errors.Join(v.run(j), j.written()) }))
}

// connect is the way to the share that --policy asks for.
func (f *fsFlags) connect(c *invocation, peer bench.Peer) (*station, error) {
	if f.policy == "" {
		return connectPlain(c, peer)
	}
	set, err := f.settings(c)
	if err != nil {
		return nil, err
	}
	return connectTo(c, peer, machine.ActorSenderHost, stationFlags{settings: set, seed: uint64(os.Getpid())})
}

// settings are those of --policy.
func (f *fsFlags) settings(c *invocation) (registry.Settings, error) {
	if strings.HasSuffix(strings.ToLower(f.policy), ".reg") {
		return loadPolicyFile(c, f.policy, defaultEdition)
	}
	return builtinPolicy(f.policy, defaultEdition)
}

// written waits until the server has everything, and says if it cannot have it.
func (j *fsJob) written() error {
	if j.ws == nil {
		return nil
	}
	j.settle()
	for _, e := range j.ws.Redirector.EventLog() {
		if e.ID == rdr.EventLostDelayedWrite || e.ID == rdr.EventWriteBehindFlushFailed {
			return &nt.Error{Op: "write behind", Path: e.Path, Status: nt.StatusLostWritebehindData}
		}
	}
	return nil
}

// refused are the statuses with which a server that works says no.
var refused = []nt.Status{
	nt.StatusObjectNameNotFound, nt.StatusObjectPathNotFound, nt.StatusNoSuchFile, nt.StatusObjectNameInvalid, nt.StatusObjectNameCollision,
	nt.StatusAccessDenied, nt.StatusSharingViolation, nt.StatusFileLockConflict, nt.StatusLockNotGranted, nt.StatusRangeNotLocked,
	nt.StatusFileIsADirectory, nt.StatusNotADirectory, nt.StatusDirectoryNotEmpty, nt.StatusCannotDelete, nt.StatusDeletePending,
	nt.StatusMediaWriteProtected, nt.StatusDiskFull, nt.StatusTooManyOpenedFiles, nt.StatusNotSupported,
}

// refusal tells an answer that one does not like from a peer that fails.
func refusal(path string, err error) error {
	e, isFile := errors.AsType[*nt.Error](err)
	if !isFile {
		return err
	}
	if e.Path == "" { // what is done with an open file does not know it
		err = fmt.Errorf("%s: %w", path, err)
	}
	if slices.ContainsFunc(refused, func(st nt.Status) bool { return errors.Is(err, st) }) {
		return unmetError{err.Error()}
	}
	return peerError{err}
}
