// Package trace is the one observable of ntrdr: the command line prints it, golden
// files compare it, determinism tests hash it and the timeline draws it.
//
// An Event has typed fields and is hashed in binary as it is recorded; its one-line
// text is rendered on demand. Every layer records through an Actor, which adds who
// and when. A nil Actor records nothing.
package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"time"
)

// Kind says what an Event is; it decides which fields have a meaning.
type Kind uint8

// The kinds of events. The numbers enter the checksum: append, never reorder.
const (
	KindNone       Kind = iota
	AppCall             // an application entered a call: Op, Path, Off, Len
	AppReturn           // it returned: Op, Path, Off, Len, Status
	AppNote             // an application says what it is doing: Text
	PageDirty           // L1 accepted a write: Path, Off, Len
	PageClean           // a paging write was answered: Path, Off, Len, Status
	BufferFill          // an L2 write-behind buffer took data: Path, Off, Len, FID unused
	BufferSend          // an L2 buffer was dispatched: Path, Off, Len, Text = trigger
	BufferDone          // its write was answered: Path, Off, Len, Status
	LazyScan            // the lazy writer looked: Off = dirty pages, Len = target pages
	SMBSend             // an SMB left: Op = command, MID, FID, Off, Len, Path
	SMBRecv             // an SMB arrived: Op = command, MID, FID, Off, Len, Status
	OplockGrant         // Path, FID, Text = level
	OplockBreak         // Path, FID, Text = level
	OplockAck           // Path, FID, Text = level
	TimerFire           // an SMB timer expired: Op = command, MID
	CircuitUp           // a virtual circuit was established: Text = peer
	CircuitDown         // a virtual circuit died: Text = why
	EventLog            // an entry of the NT event log: Off = id, Op = source, Text
	Popup               // a hard-error box: Op = title, Text
	FileState           // what a server held when a reader looked: Path, Off = size, Len = opens
	FileClosed          // a FID was closed at the server: Path, FID, Off = size
	MailLog             // a line of a mail agent's log: Text
	Verdict             // a mail agent judged a message: Text, Op = code
	SegmentLost         // the link dropped a packet: Off = segment number, Len = bytes
	SegmentResent       // TCP sent a segment again: Off = segment number, Len = bytes
	LinkDown            // an outage began
	LinkUp              // an outage ended
	FileDormant         // a closed file was kept open at the server: Path, FID
	FileFlush           // a flush of a file began or ended: Path, Len = dirty bytes, Text
	FileLost            // dirty data was discarded: Path, Len = bytes
	TaskPanic           // a task died: Op = name, Text
	ReadAhead           // the Cache Manager reads ahead: Path, Off, Len
	WriteThrottled      // a writer waits for dirty pages to be written, or goes on: Path, Len, Text
)

// Event is one thing that happened. Unused fields are zero.
type Event struct {
	At     time.Duration // since the start of the trial
	Kind   Kind
	Actor  string
	Op     string
	Path   string
	Off    int64
	Len    int64
	FID    uint16
	MID    uint16
	Status uint32 // NTSTATUS
	Text   string
}

// Locker is the little that a Recorder needs to be shared between tasks.
type Locker interface {
	Lock()
	Unlock()
}

// Clock tells the time of the world that is traced.
type Clock interface {
	Now() time.Time
	// Elapsed is the time since some moment before the trace.
	Elapsed() time.Duration
}

// Recorder collects the events of one trial, in order, and their checksum.
type Recorder struct {
	clock  Clock
	start  time.Time
	base   time.Duration // start, by the clock's Elapsed
	lock   Locker
	keep   bool
	sum    hash.Hash
	buf    []byte // not hashed yet
	events []Event
	watch  func(Event)
	seen   [256]bool                       // kinds that watch is called for
	wanted func(actor string, k Kind) bool // nil: everything is recorded
}

// NewRecorder starts a trace at the clock's present time. With keep false only the
// checksum is kept. A nil lock means that one task runs at a time, as on simrt.
func NewRecorder(clock Clock, lock Locker, keep bool) *Recorder {
	return &Recorder{
		clock: clock, start: clock.Now(), base: clock.Elapsed(), lock: lock, keep: keep, sum: sha256.New(),
		buf: make([]byte, 0, hashed+hashed/8), // an event may be longer
	}
}

// Only makes it a recorder without checksum and events, which wants no more than what f
// says, for Watch. It comes before Actor.
func (r *Recorder) Only(f func(actor string, k Kind) bool) { r.wanted = f }

// Watch calls f for each event from now on, or for those of some kinds alone, in order,
// with the recorder locked.
func (r *Recorder) Watch(f func(Event), kinds ...Kind) {
	r.watch, r.seen = f, [256]bool{}
	for _, k := range kinds {
		r.seen[k] = true
	}
	if len(kinds) > 0 {
		return
	}
	for k := range r.seen {
		r.seen[k] = true
	}
}

// Actor returns a recorder's face for one named participant.
func (r *Recorder) Actor(name string) *Actor {
	a := &Actor{r: r, name: name, all: r.wanted == nil}
	if a.all {
		return a
	}
	for k := range Kind(len(a.wants)) {
		a.wants[k] = r.wanted(name, k)
	}
	return a
}

// Start is the time that events are counted from.
func (r *Recorder) Start() time.Time { return r.start }

// Events returns what was kept; the caller must not change it.
func (r *Recorder) Events() []Event {
	if r.lock != nil {
		r.lock.Lock()
		defer r.lock.Unlock()
	}
	return r.events
}

// Len returns how many events have been kept.
func (r *Recorder) Len() int {
	if r.lock != nil {
		r.lock.Lock()
		defer r.lock.Unlock()
	}
	return len(r.events)
}

// Checksum is the first 128 bits of the SHA-256 over the binary events, in hex. Two
// trials with the same checksum recorded the same events at the same times. It is "" after
// Only.
func (r *Recorder) Checksum() string {
	if r.wanted != nil {
		return ""
	}
	if r.lock != nil {
		r.lock.Lock()
		defer r.lock.Unlock()
	}
	r.hash()
	return hex.EncodeToString(r.sum.Sum(nil)[:16])
}

func (r *Recorder) add(e *Event) {
	if r.lock != nil {
		r.lock.Lock()
		defer r.lock.Unlock()
	}
	e.At = r.clock.Elapsed() - r.base
	if r.wanted == nil {
		r.buf = e.appendBinary(r.buf)
		if len(r.buf) >= hashed {
			r.hash()
		}
		if r.keep {
			r.events = append(r.events, *e)
		}
	}
	if r.seen[e.Kind] {
		r.watch(*e)
	}
}

// hashed is how many bytes are hashed at once: a hash of many small pieces costs more.
const hashed = 4096

func (r *Recorder) hash() {
	r.sum.Write(r.buf) // a hash.Hash never returns an error
	r.buf = r.buf[:0]
}

// headLen is the size of an event's fixed-width fields.
const headLen = 8 + 1 + 8 + 8 + 2 + 2 + 4

// appendBinary writes fixed-width fields, and strings behind their length, so that
// no two different events share an encoding.
func (e *Event) appendBinary(b []byte) []byte {
	n := len(b)
	b = slices.Grow(b, headLen)[:n+headLen]
	head := (*[headLen]byte)(b[n:])
	binary.LittleEndian.PutUint64(head[0:], uint64(e.At))
	head[8] = byte(e.Kind)
	binary.LittleEndian.PutUint64(head[9:], uint64(e.Off))
	binary.LittleEndian.PutUint64(head[17:], uint64(e.Len))
	binary.LittleEndian.PutUint16(head[25:], e.FID)
	binary.LittleEndian.PutUint16(head[27:], e.MID)
	binary.LittleEndian.PutUint32(head[29:], e.Status)
	b = appendString(b, e.Actor)
	b = appendString(b, e.Op)
	b = appendString(b, e.Path)
	return appendString(b, e.Text)
}

func appendString(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	if s == "" {
		return b
	}
	return append(b, s...)
}

// Actor records events in the name of one participant.
type Actor struct {
	r     *Recorder
	name  string
	all   bool
	wants [len(kindNames)]bool // if not all
}

// Wants reports whether events of a kind go anywhere: what is costly to say need not be
// said if they do not. A nil Actor wants nothing.
func (a *Actor) Wants(k Kind) bool {
	return a != nil && (a.all || int(k) < len(a.wants) && a.wants[k])
}

// Emit records e with the actor's name and the present time.
func (a *Actor) Emit(e Event) {
	if !a.Wants(e.Kind) {
		return
	}
	e.Actor = a.name
	a.r.add(&e)
}

// Name returns the participant's name, "" for a nil Actor.
func (a *Actor) Name() string {
	if a == nil {
		return ""
	}
	return a.name
}
