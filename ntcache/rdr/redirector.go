package rdr

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache"
)

// Remote is what the redirector needs from a server: one share over one virtual
// circuit. *smb1client.Tree satisfies it but for Echo and Hangup, which are its Client's.
type Remote interface {
	Create(path string, p nt.CreateParams) (nt.FileHandle, nt.CreateResult, error)
	ReadAt(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteAt(h nt.FileHandle, p []byte, off int64, m nt.WriteMode) (int, error)
	// ReadRaw and WriteRaw do what they can in raw mode; StatusSMBUseStandard leaves the
	// rest for core mode.
	ReadRaw(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteRaw(h nt.FileHandle, p []byte, off int64, m nt.WriteMode, inline int) (int, error)
	SetSize(h nt.FileHandle, size int64) error
	Flush(h nt.FileHandle) error
	Close(h nt.FileHandle, written nt.FileTime) error
	// WriteAndClose writes what one request takes and then closes, in one message that the
	// server executes in order. err is the first of the two; closed says that h is gone.
	WriteAndClose(h nt.FileHandle, p []byte, off int64, m nt.WriteMode, written nt.FileTime) (closed bool, err error)
	AckBreak(h nt.FileHandle, to nt.OplockLevel) error
	QueryFile(h nt.FileHandle) (nt.FileInfo, error)
	Delete(path string) error
	Rename(from, to string) error
	Mkdir(path string) error
	Find(pattern string) ([]nt.FileInfo, error)
	QueryPath(path string) (nt.FileInfo, error)
	Lock(h nt.FileHandle, r nt.LockRange, wait time.Duration) error
	Unlock(h nt.FileHandle, r nt.LockRange) error
	LockAll(h nt.FileHandle, ranges []nt.LockRange) error
	LockAndRead(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteAndUnlock(h nt.FileHandle, p []byte, off int64) (int, error)
	// NotifyChange waits for changes in a directory, CancelWaits ends what waits on h.
	NotifyChange(dir nt.FileHandle, filter nt.NotifyFilter, tree bool) ([]nt.Change, error)
	CancelWaits(h nt.FileHandle) error
	Limits() nt.Limits
	SetHandler(h nt.CircuitHandler)
	// Echo asks the server whether it is there.
	Echo() error
	// Hangup ends the circuit; the handler is not told.
	Hangup() error
	// Err tells why the circuit is down, nil while it is up; its status is
	// StatusIOTimeout if a request timed out.
	Err() error
}

// Connector sets up a new virtual circuit, logs on and connects the share. Each
// call must give the circuit a new number.
type Connector func() (Remote, error)

// Redirector is the redirector of one workstation, for one share.
type Redirector struct {
	rt         rt.Runtime
	cfg        Config
	cache      *ntcache.Manager
	connect    Connector
	tr         *trace.Actor
	connecting rt.Resource
	slabs      slabs

	mu       rt.Mutex
	live     *circuit                         // nil: the next name-based call connects
	fcbs     map[string]*fcb                  // by upper-case path
	early    map[nt.FileHandle]nt.OplockLevel // breaks that came before their open was registered
	openings int                              // opens under way; without one early is empty
	dormant  []*serverOpen                    // oldest first
	log      []LogEntry                       // the newest maxLog
	boxes    map[string]bool                  // by upper-case path: the box of lost data is on the screen
	failure  *failure                         // of a change that nobody was told of; nil: none
	handles  int                              // the applications', with a policy
	files    uint64                           // the last number of a file
	stopped  bool                             // the machine has stopped: see ErrStop
	behind   int                              // closes and flushes behind the application
	idle     rt.Event                         // Notification: behind == 0
}

// slabs are where the objects come from that each open makes.
type slabs struct {
	fcbs    *slab.Slab[fcb]
	opens   *slab.Slab[serverOpen]
	handles *slab.Slab[Handle]
	buffers *slab.Slab[writeBehind]
}

// New makes a redirector, or says what is wrong with cfg.
func New(r rt.Runtime, cfg Config, cache *ntcache.Manager, connect Connector, tr *trace.Actor) (*Redirector, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Policy == nil {
		var ok bool
		if cfg.Policy, ok = BuiltinPolicy(cfg.NtrdrWritePolicy, cfg.QueueWindow); !ok {
			return nil, fmt.Errorf("rdr: NtrdrWritePolicy %q", cfg.NtrdrWritePolicy)
		}
	}
	d := &Redirector{
		rt: r, cfg: cfg, cache: cache, connect: connect, tr: tr,
		connecting: r.NewResource(), mu: r.NewMutex(), idle: r.NewEvent(rt.Notification),
		fcbs: map[string]*fcb{}, early: map[nt.FileHandle]nt.OplockLevel{},
		boxes: map[string]bool{},
		slabs: slabs{
			fcbs: slab.From[fcb](r), opens: slab.From[serverOpen](r),
			handles: slab.From[Handle](r), buffers: slab.From[writeBehind](r),
		},
	}
	d.idle.Set()
	return d, nil
}

// Connect sets up the circuit if there is none, as `net use` does.
func (r *Redirector) Connect() error {
	c, err := r.useCircuit()
	if err != nil {
		return wrap("connect", r.cfg.Root, err)
	}
	c.done()
	return nil
}

// named runs a call that names a path on the live circuit, after this machine's own
// closes of that file have gone out and its dormant open has been closed.
func (r *Redirector) named(op, path string, f func(Remote) error) error {
	r.settle(path)
	c, err := r.useCircuit()
	if err != nil {
		return wrap(op, path, err)
	}
	defer c.done()
	if c.queue != nil {
		if err := r.refuse(Op{Kind: OpOther, Path: path}); err != nil {
			return wrap(op, path, err)
		}
		c.queue.awaitNames("")
	}
	err = c.ask(f)
	r.noticeLoss(err)
	return wrap(op, path, err)
}

// Delete deletes a file. The file is searched first, and if the search fails it is not
// deleted.
//
// src: KB Q159178 (3.51; it says so of a NetWare volume, that it is the same with SMB is assumed)
func (r *Redirector) Delete(path string) error {
	search := func(m Remote) error {
		_, err := m.Find(path)
		if errors.Is(err, nt.StatusNoSuchFile) {
			return nt.StatusObjectNameNotFound // to an application they are the same, error 2
		}
		return err
	}
	if r.cfg.Policy != nil {
		if !r.cfg.NtrdrSearchBeforeDelete {
			search = nil
		}
		return r.namedQueued(OpDelete, "delete", path, search, func(m Remote) error { return m.Delete(path) })
	}
	return r.named("delete", path, func(m Remote) error {
		if r.cfg.NtrdrSearchBeforeDelete {
			if err := search(m); err != nil {
				return err
			}
		}
		return m.Delete(path)
	})
}

// Mkdir makes a directory.
func (r *Redirector) Mkdir(path string) error {
	if r.cfg.Policy != nil {
		return r.namedQueued(OpMkdir, "mkdir", path, nil, func(m Remote) error { return m.Mkdir(path) })
	}
	return r.named("mkdir", path, func(m Remote) error { return m.Mkdir(path) })
}

// Rename renames a file.
func (r *Redirector) Rename(from, to string) error {
	if r.cfg.Policy != nil {
		r.closeDormant(to)
		return r.namedQueued(OpRename, "rename", from, nil, func(m Remote) error { return m.Rename(from, to) })
	}
	r.settle(to)
	return r.named("rename", from, func(m Remote) error { return m.Rename(from, to) })
}

// Stat asks the server for a file's attributes and size; what this machine has not
// written yet does not show.
func (r *Redirector) Stat(path string) (info nt.FileInfo, err error) {
	err = r.named("stat", path, func(m Remote) (err error) { info, err = m.QueryPath(path); return err })
	return info, err
}

// Find lists the directory entries that match a pattern such as `MAI\MA8\*.MAI`. As in
// Win32, `*.*` matches names without an extension too.
func (r *Redirector) Find(pattern string) (list []nt.FileInfo, err error) {
	if dir, ok := strings.CutSuffix(pattern, "*.*"); ok && (dir == "" || strings.HasSuffix(dir, `\`)) {
		pattern = dir + "*"
	}
	err = r.named("find", pattern, func(m Remote) (err error) { list, err = m.Find(pattern); return err })
	return list, err
}

// Idle returns an event that is signaled while nothing is flushed or closed behind
// an application and no page is dirty from such a close.
func (r *Redirector) Idle() rt.Event { return r.idle }

// DirtyBytes returns how many bytes wait in caches and buffers; a run that is being
// written by the Cache Manager is not among them.
func (r *Redirector) DirtyBytes() int64 {
	r.mu.Lock()
	list := make([]*fcb, 0, len(r.fcbs))
	for _, f := range r.fcbs { // map order: only a sum leaves the loop
		list = append(list, f)
	}
	r.mu.Unlock()
	var n int64
	for _, f := range list { // map order: only a sum leaves the loop
		n += f.dirtyBytes()
	}
	return n
}

// Files returns how many files the redirector knows: open, closing or dormant.
func (r *Redirector) Files() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.fcbs)
}

// startBehind counts work that goes on behind the application.
func (r *Redirector) startBehind() {
	r.mu.Lock()
	r.behind++
	if r.behind == 1 {
		r.idle.Reset()
	}
	r.mu.Unlock()
}

func (r *Redirector) endBehind() {
	r.mu.Lock()
	r.behind--
	if r.behind == 0 {
		r.idle.Set()
	}
	r.mu.Unlock()
}

// key is what two spellings of one path have in common.
func key(path string) string { return strings.ToUpper(strings.TrimPrefix(path, `\`)) }
