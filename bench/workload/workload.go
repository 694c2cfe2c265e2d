package workload

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// The types of the interfaces below, for callers outside this module.
type (
	// FS is a file system as an application sees it; its files may be Lockers.
	FS = mailclient.FS
	// File is an open file of an FS.
	File = mailclient.File
	// Runtime is the world's time, tasks and randomness.
	Runtime = rt.Runtime
	// Actor records events of a trace.
	Actor = trace.Actor
	// LockRange is a byte range of a lock.
	LockRange = nt.LockRange
)

// Locker is a File with byte-range locks. A lock that is in the way is waited for, or
// refused with STATUS_LOCK_NOT_GRANTED.
type Locker interface {
	Lock(r LockRange, wait bool) error
	Unlock(r LockRange) error
}

// Workload is what the application of a trial does, and what a reader on another
// machine makes of it. One value serves any number of trials, also at the same time.
type Workload interface {
	// Name is what results call it, such as copy-256k.
	Name() string
	// Bytes is what the application writes, the numerator of throughputs.
	Bytes() int
	// Prepare makes what is on the disks before, which is the same for every seed.
	Prepare(local, share FS) error
	// Start makes the Run of one trial. It opens nothing.
	Start(Stage) (Run, error)
}

// Stage is where a Run happens.
type Stage struct {
	Runtime Runtime
	Seed    uint64
	Local   FS     // the application's own disk
	Share   FS     // the server's share, as the application's machine sees it
	Reader  FS     // the same, as the reader's machine sees it
	App     *Actor // for what the application does
	Look    *Actor // for what the reader sees
	// OnCall, if set, is called after each call of the application on Share.
	OnCall func(step, op, path string, err error)
	// OnOpen, if set, is called right after the reader has opened what it judges.
	OnOpen func(path string)
}

// Role is what a file of the share is to a workload.
type Role uint8

// The roles.
const (
	Foreign   Role = iota // none of its files
	Written               // its last CLOSE, answered, makes the workload durable
	Announces             // and the reader acts on it
)

// Run is a workload in one trial. Play is called once, on a task of its own, and Look
// any number of times on another, beside it and after it.
type Run interface {
	// Play is the application. The error is of the trial; the application's own errors
	// are in the Report.
	Play() error
	// Look is one look of the reader. It is complete if the reader could look at
	// everything and leaves nothing for a later look.
	Look() (complete bool)
	// Role says what a path is, in upper case and without a leading backslash.
	Role(path string) Role
	// Report says what became of it all. It is called once, after the last look, with the
	// disk of the server as it is then.
	Report(server FS) (Report, error)
}

// Observation is what can be known of one run at the end of a trial.
type Observation struct {
	Told   mailclient.Told
	Raised []mailclient.Code // by the Mailer or the reader, for an announced record
	// Forbidden counts the states seen that a reader may never see.
	Forbidden int
	// Copies is how often the result is there, whole: of a message, in the recipient's
	// mailbag; of another workload, 1 or 0.
	Copies int
}

// Report is what became of a Run. Zero times: never.
type Report struct {
	Observation
	Code, Reason string // what the reader saw first, in a word each
	Attempts     int
	Begun, Ended time.Time // the application's first call and last return
	Delivered    time.Time // when the reader first saw the whole result
}
