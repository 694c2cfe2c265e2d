package metamorph

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/mailclient"
)

// result is what an operation returned to the application.
type result struct {
	Status nt.Status
	Data   []byte // of Read
	N      int    // of Write
	Size   int64  // of Size and Stat
	Names  string // of Find
}

// outcome is all that a run leaves behind.
type outcome struct {
	steps   [][]step
	results [][]result
	files   map[string][]byte
	attrs   map[string]nt.FileAttributes
	faults  []string // what no run without link faults may leave
}

// player plays one thread.
type player struct {
	w       *world
	account *account // nil if the steps are given
	files   map[int]mailclient.File
	seed    byte // of the bytes that it writes
}

// play plays a workload. Without steps it decides them.
func (w *world) play(load Workload, steps [][]step) (out outcome, err error) {
	out.results = make([][]result, len(load.Threads))
	out.steps = make([][]step, len(load.Threads))
	ended := w.kernel.RunTask("workload", func() {
		var over []rt.Event
		for i, ops := range load.Threads {
			p := &player{w: w, files: map[int]mailclient.File{}, seed: byte(i * 85)}
			given := []step(nil)
			if steps != nil {
				given = steps[i]
			} else {
				p.account = newAccount(w.oplocks())
			}
			e := w.kernel.NewEvent(rt.Notification)
			over = append(over, e)
			w.kernel.Go(fmt.Sprint("thread ", i+1), func() {
				defer e.Set()
				out.steps[i], out.results[i] = p.thread(ops, given)
			})
		}
		for _, e := range over {
			e.Wait(rt.Forever)
		}
		out.faults = w.quiesce()
	})
	if err := ended.Err(); err != nil {
		return out, err
	}
	if ended.Reason != simrt.Stopped {
		return out, fmt.Errorf("the run did not come to its end: %v", ended)
	}
	out.files = w.share.Snapshot()
	out.attrs = map[string]nt.FileAttributes{}
	for path := range out.files { // map order: builds a map
		info, err := w.share.Stat(path)
		if err != nil {
			return out, err
		}
		out.attrs[path] = info.Attributes
	}
	return out, nil
}

// oplocks tells which workstations are sure to be granted oplocks.
//
// src: KB Q129202 (MaxLinkDelay, MinLinkThroughput)
func (w *world) oplocks() (can [2]bool) {
	_, _, delay := w.sets[PO].Policy.DWORD("MaxLinkDelay")
	_, _, throughput := w.sets[PO].Policy.DWORD("MinLinkThroughput")
	for ws := range can {
		can[ws] = w.sets[PO].Bool("EnableOplocks") && !delay && !throughput && w.sets[ws].Bool("UseOpportunisticLocking")
	}
	return can
}

// thread plays operations one after the other and closes what they leave open.
func (p *player) thread(ops []Op, given []step) (steps []step, results []result) {
	for i, o := range ops {
		var s step
		if p.account != nil {
			s = p.account.before(o)
		} else {
			s = given[i]
		}
		var r result
		if !s.skip {
			p.prepare(o, s)
			r = p.do(o, byte(i*31))
			if s.loose {
				r = result{Names: r.Names}
			}
			if p.account != nil {
				p.account.after(o, r.Status == nt.StatusSuccess)
			}
		}
		steps, results = append(steps, s), append(results, r)
	}
	left := make([]int, 0, len(p.files))
	for h := range p.files { // map order: sorted below
		left = append(left, h)
	}
	slices.Sort(left)
	for _, h := range left {
		_ = p.files[h].Close() // what it has left behind is looked at in the end
	}
	return steps, results
}

// prepare waits for what the step says.
func (p *player) prepare(o Op, s step) {
	for ws, wait := range s.idle {
		if wait {
			p.w.idle(Machine(ws))
		}
	}
	if s.barrier {
		ws := o.WS
		if o.Kind.byHandle() {
			ws = p.w.machineOf(p.files[o.Handle])
		}
		p.w.barrier(ws)
	}
}

// owned is an open file that knows its workstation.
type owned struct {
	mailclient.File
	ws Machine
}

func (w *world) machineOf(f mailclient.File) Machine {
	if o, ok := f.(owned); ok {
		return o.ws
	}
	return WS1
}

// do plays one operation.
func (p *player) do(o Op, seed byte) (r result) {
	if o.Kind.byHandle() {
		return p.doFile(o, p.files[o.Handle], seed)
	}
	var err error
	fs := p.w.fs[o.WS]
	switch o.Kind {
	case Think:
		p.w.kernel.Sleep(o.For)
	case Open:
		var f mailclient.File
		if f, err = fs.Open(o.Path, o.Params); err == nil {
			p.files[o.Handle] = owned{f, o.WS}
		}
	case Delete:
		err = fs.Delete(o.Path)
	case Rename:
		err = fs.Rename(o.Path, o.To)
	case Stat:
		var info nt.FileInfo
		info, err = fs.Stat(o.Path)
		r.Size = info.Size
	case Find:
		var list []nt.FileInfo
		list, err = fs.Find(o.Path)
		names := make([]string, len(list))
		for i, info := range list {
			names[i] = info.Name
		}
		slices.Sort(names)
		r.Names = strings.Join(names, " ")
	default:
	}
	r.Status = mailclient.StatusOf(err)
	return r
}

// locker is an open file that can lock byte ranges.
type locker interface {
	Lock(r nt.LockRange, wait bool) error
	Unlock(r nt.LockRange) error
}

func (p *player) doFile(o Op, f mailclient.File, seed byte) (r result) {
	var err error
	switch o.Kind {
	case Read:
		buf := make([]byte, o.Len)
		var n int
		n, err = f.ReadAt(buf, o.Off)
		r.Data = buf[:n]
	case Write:
		r.N, err = f.WriteAt(pattern(o.Len, p.seed+seed), o.Off)
	case Flush:
		err = f.Flush()
	case SetSize:
		err = f.SetSize(o.Len)
	case Size:
		r.Size, err = f.Size()
	case Close:
		delete(p.files, o.Handle)
		err = f.Close()
	case Lock, LockShared, Unlock:
		if err = lock(o, f); errors.Is(err, nt.StatusFileLockConflict) {
			err = nt.StatusLockNotGranted // the server says it of a range that was refused before
		}
	default:
	}
	r.Status = mailclient.StatusOf(err)
	return r
}

func lock(o Op, f mailclient.File) error {
	own, _ := f.(owned)
	l, ok := own.File.(locker)
	if !ok {
		return nt.StatusNotSupported
	}
	r := nt.LockRange{Offset: uint64(o.Off), Length: uint64(o.Len), Shared: o.Kind == LockShared}
	if o.Kind == Unlock {
		return l.Unlock(r)
	}
	return l.Lock(r, false)
}

// pattern is bytes that tell where they come from; none is zero.
func pattern(n int64, seed byte) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7+i>>8+int(seed)) | 1
	}
	return p
}

// quiesce lets everything behind the applications end and says what is left over.
func (w *world) quiesce() (faults []string) {
	var longest time.Duration
	for ws, c := range w.cached {
		if c == nil {
			continue
		}
		w.idle(Machine(ws))
		longest = max(longest, w.sets[ws].Duration("CacheFileTimeout"))
		if n := c.Redirector.DirtyBytes(); n != 0 {
			faults = append(faults, fmt.Sprintf("%v: idle with %d dirty bytes", Machine(ws), n))
		}
		for _, e := range c.Redirector.EventLog() {
			faults = append(faults, fmt.Sprintf("%v: event %d: %s", Machine(ws), e.ID, e.Text))
		}
	}
	w.kernel.Sleep(longest + time.Minute)
	for path := range w.share.Snapshot() { // map order: sorted below
		if _, opens := w.server.FileState("MAILDATA", path); opens != 0 {
			faults = append(faults, fmt.Sprintf("%s is still open at the server, %d times", path, opens))
		}
	}
	for ws, c := range w.cached {
		if c != nil && c.Redirector.Files() != 0 {
			faults = append(faults, fmt.Sprintf("%v still knows %d files", Machine(ws), c.Redirector.Files()))
		}
	}
	slices.Sort(faults)
	return faults
}

// compare says how two runs differ; "" if they do not.
func compare(load Workload, want, got outcome) string {
	var b strings.Builder
	for i, ops := range load.Threads {
		for j, o := range ops {
			if d := want.results[i][j].diff(got.results[i][j]); d != "" {
				fmt.Fprintf(&b, "thread %d, operation %d, %v: %s\n", i+1, j+1, o, d)
			}
		}
	}
	paths := map[string]bool{}
	for path := range want.files { // map order: collects
		paths[path] = true
	}
	for path := range got.files { // map order: collects
		paths[path] = true
	}
	for _, path := range sortedKeys(paths) {
		w, wok := want.files[path]
		g, gok := got.files[path]
		switch {
		case wok != gok:
			fmt.Fprintf(&b, "%s at the server: is there: %v, want %v\n", path, gok, wok)
		case !bytes.Equal(w, g):
			fmt.Fprintf(&b, "%s at the server: %s\n", path, diffBytes(w, g))
		case want.attrs[path] != got.attrs[path]:
			fmt.Fprintf(&b, "%s at the server: attributes %#x, want %#x\n", path, got.attrs[path], want.attrs[path])
		}
	}
	for _, f := range got.faults {
		fmt.Fprintf(&b, "%s\n", f)
	}
	return b.String()
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // map order: sorted below
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// diff compares what the reference returned with what the redirector did.
func (r result) diff(got result) string {
	switch {
	case r.Status != got.Status:
		return fmt.Sprintf("got %v, want %v", got.Status, r.Status)
	case !bytes.Equal(r.Data, got.Data):
		return diffBytes(r.Data, got.Data)
	case r.N != got.N || r.Size != got.Size || r.Names != got.Names:
		return fmt.Sprintf("got n=%d size=%d names=[%s], want n=%d size=%d names=[%s]", got.N, got.Size, got.Names, r.N, r.Size, r.Names)
	}
	return ""
}

func diffBytes(want, got []byte) string {
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	return fmt.Sprintf("%d bytes, want %d; the first difference is at %d: % x, want % x", len(got), len(want), at,
		got[at:min(at+8, len(got))], want[at:min(at+8, len(want))])
}

// Check plays a workload both ways and says how the runs differ; "" if they do not.
func Check(load Workload, pool *simrt.Pool) (string, error) {
	want, err := run(load, false, nil, pool)
	if err != nil {
		return "", fmt.Errorf("reference: %w", err)
	}
	got, err := run(load, true, want.steps, pool)
	if err != nil {
		return err.Error(), nil
	}
	return compare(load, want, got), nil
}

func run(load Workload, cached bool, steps [][]step, pool *simrt.Pool) (outcome, error) {
	w, err := newWorld(load, cached, false, pool)
	if err != nil {
		return outcome{}, err
	}
	defer w.kernel.Close()
	return w.play(load, steps)
}
