package metamorph

import (
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Fault is what happens to a workstation's link: it carries nothing for a time, or its
// connections are reset.
type Fault struct {
	WS   Machine
	At   time.Duration // from the start
	Down time.Duration // 0: a reset
}

// String is the fault as a line of a workload's text.
func (f Fault) String() string {
	if f.Down == 0 {
		return fmt.Sprintf("reset %v %v", f.WS, f.At)
	}
	return fmt.Sprintf("down %v %v %v", f.WS, f.At, f.Down)
}

// written is one write of a workload with faults.
type written struct {
	off   int64
	data  []byte
	at    time.Time
	told  bool // the application was told that it is done
	acked bool // the server has told so, and nothing had been lost by then
}

// ledger knows what was written to one file, by the first workstation alone.
type ledger struct {
	path   string
	writes []written
}

// CheckFaults plays a workload whose links fail, through the redirectors alone, and says
// which of these do not hold; "" if all do:
//
//   - a byte that the server has acknowledged is at the server in the end;
//   - a byte that the application was told to be written, and that is not there, was
//     announced by Event 26 with the file's name after it was written, or by the error of a
//     flush;
//   - the workstation that wrote a byte reads it, unless its loss is announced so;
//   - nobody reads a byte that nobody wrote.
func CheckFaults(load Workload, pool *simrt.Pool) (string, error) {
	w, err := newWorld(load, true, false, pool)
	if err != nil {
		return "", err
	}
	defer w.kernel.Close()
	c := &faultCheck{w: w, ledgers: map[string]*ledger{}}
	ended := w.kernel.RunTask("workload", func() { c.play(load) })
	if err := ended.Err(); err != nil {
		return err.Error(), nil
	}
	if ended.Reason != simrt.Stopped {
		return fmt.Sprintf("the run did not come to its end: %v", ended), nil
	}
	return strings.Join(c.found, "\n"), nil
}

// faultCheck is one run.
type faultCheck struct {
	w       *world
	ledgers map[string]*ledger
	found   []string
	// claims are the losses that must have been announced by the end.
	claims []claim
}

type claim struct {
	path string
	at   time.Time
	text string
}

func (c *faultCheck) violated(format string, args ...any) {
	if len(c.found) < maxFound {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

// maxFound bounds a report. src: assumed
const maxFound = 10

func (c *faultCheck) play(load Workload) {
	for _, f := range load.Faults {
		c.w.kernel.AfterFunc(f.At, func() { c.w.kernel.Go("fault", func() { c.w.fail(f) }) })
	}
	var over []rt.Event
	for i, ops := range load.Threads {
		e := c.w.kernel.NewEvent(rt.Notification)
		over = append(over, e)
		c.w.kernel.Go(fmt.Sprint("thread ", i+1), func() {
			defer e.Set()
			c.thread(ops)
		})
	}
	for _, e := range over {
		e.Wait(rt.Forever)
	}
	c.finish()
}

func (w *world) fail(f Fault) {
	if f.Down > 0 {
		w.links[f.WS].Down(f.Down)
		return
	}
	w.links[f.WS].Reset()
}

// openFile is an open file of a thread.
type openFile struct {
	mailclient.File
	ws     Machine
	ledger *ledger
	waits  bool // its writes return when the server has answered
}

func (c *faultCheck) thread(ops []Op) {
	files := map[int]*openFile{}
	for i, o := range ops {
		switch {
		case o.Kind == Think:
			c.w.kernel.Sleep(o.For)
		case o.Kind == Open:
			if f, err := c.w.fs[o.WS].Open(o.Path, o.Params); err == nil {
				files[o.Handle] = &openFile{f, o.WS, c.ledger(o.Path), o.Params.Options&nt.WriteThrough != 0}
			}
		case o.Kind.byHandle() && files[o.Handle] != nil:
			c.fileOp(o, files[o.Handle], byte(i*31))
			if o.Kind == Close {
				delete(files, o.Handle)
			}
		}
	}
	for h := 0; len(files) > 0; h++ {
		if f := files[h]; f != nil {
			_ = f.Close() // what is lost is in the event log
			delete(files, h)
		}
	}
}

func (c *faultCheck) ledger(path string) *ledger {
	l := c.ledgers[path]
	if l == nil {
		l = &ledger{path: path}
		c.ledgers[path] = l
	}
	return l
}

func (c *faultCheck) fileOp(o Op, f *openFile, seed byte) {
	switch o.Kind {
	case Read:
		buf := make([]byte, o.Len)
		if n, err := f.ReadAt(buf, o.Off); err == nil || mailclient.StatusOf(err) == nt.StatusEndOfFile {
			c.sees(f.ledger, f.ws, o.Off, buf[:n])
		}
	case Write:
		c.write(o, f, seed)
	case Flush:
		if err := f.Flush(); f.ws == WS1 {
			c.flushed(f.ledger, err)
		}
	case Close:
		_ = f.Close() // never fails for what is behind
	default:
	}
}

func (c *faultCheck) write(o Op, f *openFile, seed byte) {
	l := f.ledger
	l.writes = append(l.writes, written{off: o.Off, data: pattern(o.Len, seed), at: c.w.kernel.Now()})
	w := &l.writes[len(l.writes)-1]
	_, err := f.WriteAt(w.data, o.Off)
	w.told = err == nil
	w.acked = err == nil && f.waits
}

// flushed notes a flush: if it succeeded, what was written before is at the server, but for
// what had been lost; if it failed, the application has been told that some of it is not.
func (c *faultCheck) flushed(l *ledger, err error) {
	for i := range l.writes {
		w := &l.writes[i]
		if err != nil {
			w.told = w.told && w.acked
			continue
		}
		w.acked = w.acked || w.told && !c.announced(l.path, w.at)
	}
}

// announced reports whether an Event 26 names the file since then.
func (c *faultCheck) announced(path string, since time.Time) bool {
	for _, e := range c.w.cached[WS1].Redirector.EventLog() {
		if e.ID == rdr.EventLostDelayedWrite && e.Path == path && !e.At.Before(since) {
			return true
		}
	}
	return false
}

// sees compares what a workstation reads with what was written. Another machine may see
// it late, and so anything that was ever there.
func (c *faultCheck) sees(l *ledger, ws Machine, off int64, got []byte) {
	for i, b := range got {
		if !c.explains(l, ws, off+int64(i), b) {
			return
		}
	}
}

// explains walks back through the writes of one byte until one has the value that is
// there.
func (c *faultCheck) explains(l *ledger, ws Machine, at int64, got byte) bool {
	for i := len(l.writes) - 1; i >= 0; i-- {
		w := &l.writes[i]
		in := at - w.off
		switch {
		case in < 0 || in >= int64(len(w.data)):
			continue
		case w.data[in] == got:
			return true
		case ws != WS1 || !w.told:
			continue
		case w.acked:
			c.violated("%s: %v has %#x at %d, but %#x, write %d, was acknowledged", l.path, ws, got, at, w.data[in], i+1)
			return false
		}
		c.claims = append(c.claims, claim{l.path, w.at, fmt.Sprintf("%s: write %d at %d is lost and was not announced", l.path, i+1, at)})
		if len(c.claims) > 1 && c.claims[len(c.claims)-2].at.Equal(w.at) {
			c.claims = c.claims[:len(c.claims)-1] // one for each write will do
		}
	}
	if got != 0 {
		c.violated("%s: %v has %#x at %d, which nobody wrote", l.path, ws, got, at)
	}
	return got == 0
}

// finish lets everything end, closes the accounts and looks at the server.
func (c *faultCheck) finish() {
	c.w.idle(WS1)
	c.w.idle(WS2)
	for _, path := range sortedLedgers(c.ledgers) {
		l := c.ledgers[path]
		data, err := c.w.share.ReadFile(path)
		if err != nil {
			data = nil // it could not be created
		}
		end := int64(len(data))
		for _, w := range l.writes {
			end = max(end, w.off+int64(len(w.data)))
		}
		c.sees(l, WS1, 0, append(data, make([]byte, end-int64(len(data)))...))
	}
	for _, x := range c.claims {
		if !c.announced(x.path, x.at) {
			c.violated("%s", x.text)
		}
	}
	for ws := range c.w.cached {
		if n := c.w.cached[ws].Redirector.DirtyBytes(); n != 0 {
			c.violated("%v: idle with %d dirty bytes", Machine(ws), n)
		}
	}
}

func sortedLedgers(m map[string]*ledger) []string {
	paths := map[string]bool{}
	for path := range m { // map order: collects
		paths[path] = true
	}
	return sortedKeys(paths)
}
