package rdr_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// kind says what a change is, in the words of the wire.
type kind string

const (
	writes  kind = "WRITE"
	sizes   kind = "SET"
	closes  kind = "CLOSE"
	unlocks kind = "UNLOCK"
	deletes kind = "DELETE"
	renames kind = "RENAME"
	mkdirs  kind = "MKDIR"
)

// byName is what a change has no open file for.
func (k kind) byName() bool { return k == deletes || k == renames || k == mkdirs }

// call is a call of the application that changes something, and has a number: its index,
// which its bytes, if it is a write, all carry.
type call struct {
	kind     kind
	path, to string
	off      int64 // of a write; the new size
	n        int
	took     time.Duration
	err      error
	answered int // bytes that the server has acknowledged; 1 of what is no write
}

// whole is what answered comes to.
func (c *call) whole() int {
	if c.kind == writes {
		return c.n
	}
	return 1
}

// request is a change on the wire; two of one chain have one MID.
type request struct {
	kind  kind
	path  string
	off   int64
	data  []byte
	calls []int      // whose changes it carries
	under []*request // that had not been answered when it was sent
	at    time.Duration
	mid   smbwire.MID
	done  bool
}

func (r *request) String() string {
	return fmt.Sprintf("%s %s %d+%d of calls %v at %v", r.kind, r.path, r.off, len(r.data), r.calls, r.at)
}

func (r *request) overlaps(o *request) bool {
	return r.off < o.off+int64(len(o.data)) && o.off < r.off+int64(len(r.data))
}

// world is one application on a workstation with a write policy, and what passes on its
// wire.
type world struct {
	*machine.Sim
	t         *testing.T
	rdr       *rdr.Redirector
	calls     []*call
	wire      []*request
	under     []*request
	gone      bool  // the circuit
	connected int64 // packets until the circuit was up
	// returned, if not nil, is called when a call of the application has returned.
	returned func(c *call)
	// acks, if not nil, is called before the answer to the break of an oplock is sent.
	acks func(path string)
	// replies, if not nil, may change what the server sends before it arrives.
	replies func(b []byte)

	opening map[smbwire.MID]string
	names   map[smbwire.FID]string
}

// setting is where a story takes place.
type setting struct {
	policy   rdr.PolicyName
	link     string // "": t1
	loss     float64
	seed     uint64
	registry string // more lines, as NAME=dword:XXXXXXXX
	outages  []link.Outage
}

// play tells a story of an application on the workstation.
func play(t *testing.T, at setting, story func(w *world)) *world {
	t.Helper()
	w := &world{t: t, opening: map[smbwire.MID]string{}, names: map[smbwire.FID]string{}}
	if at.link == "" {
		at.link = "t1"
	}
	profile, err := link.ByName(at.link)
	if err != nil {
		t.Fatal(err)
	}
	w.Sim, err = machine.NewSim(machine.SimConfig{
		Name: t.Name(), Settings: settings(t, at.policy, at.registry), Mailer: settings(t, rdr.PolicyNT, ""),
		Link: profile, Loss: at.loss, Seed: at.seed + 1, Keep: true, Deadline: 24 * time.Hour, Outages: at.outages,
		Wrap: func(_ rt.Runtime, d link.Dialer) link.Dialer { return tap{d, w} },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Kernel.Close()
	w.rdr = w.Sender.Redirector
	out := w.Kernel.RunTask("story", func() {
		if err := w.rdr.Connect(); err != nil {
			t.Error(err)
			return
		}
		w.connected = w.Link.Delivered()
		story(w)
	})
	if err := out.Err(); err != nil {
		t.Fatal(err)
	}
	if out.Reason != simrt.Stopped {
		t.Errorf("the story did not come to its end: %v", out)
	}
	return w
}

func settings(t *testing.T, policy rdr.PolicyName, lines string) registry.Settings {
	t.Helper()
	text := "REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Rdr\\Parameters]\n" +
		fmt.Sprintf("\"NtrdrWritePolicy\"=%q\n", policy) + lines + "\n"
	p, _, err := registry.Load("test.reg", bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return p.On(registry.Editions()[0])
}

// tap shows the messages of every circuit to the world.
type tap struct {
	link.Dialer
	w *world
}

func (d tap) Dial(timeout time.Duration) (link.Conn, error) {
	c, err := d.Dialer.Dial(timeout)
	if err != nil {
		return nil, err
	}
	d.w.under, d.w.gone = nil, false
	return tapped{link.Tap(c, d.w), d.w}, nil
}

// tapped notes the end of a circuit.
type tapped struct {
	link.Conn
	w *world
}

func (c tapped) Recv() ([]byte, error) {
	msg, err := c.Conn.Recv()
	if err != nil {
		c.w.gone = true
	} else if c.w.replies != nil {
		c.w.replies(msg)
	}
	return msg, err
}

// Message notes what changes something, and its answers.
func (w *world) Message(dir link.Direction, b []byte) {
	if dir == link.Received && !bytes.HasPrefix(b, []byte("\xffSMB")) {
		return // what a raw read brings
	}
	m, err := smbwire.Parse(bytes.Clone(b))
	if err != nil {
		w.t.Errorf("on the wire: %v", err)
		return
	}
	switch {
	case dir == link.Sent && !m.Header.IsReply():
		for _, b := range m.Chain { // the server executes them in order
			w.sent(m.Header.MID, b)
		}
	case dir == link.Received && m.Header.IsReply():
		w.answered(m)
	}
}

func (w *world) sent(mid smbwire.MID, b smbwire.Body) {
	r := &request{mid: mid, at: w.Kernel.Now().Sub(simrt.DefaultStart())}
	switch b := b.(type) {
	case *smbwire.NTCreateAndXRequest:
		w.opening[mid] = b.FileName
		return
	case *smbwire.WriteAndXRequest:
		r.kind, r.path, r.off, r.data = writes, w.names[b.FID], b.Offset, b.Data
	case *smbwire.CloseRequest:
		r.kind, r.path = closes, w.names[b.FID]
	case *smbwire.DeleteRequest:
		r.kind, r.path = deletes, b.FileName
	case *smbwire.RenameRequest:
		r.kind, r.path = renames, b.OldFileName
	case *smbwire.CreateDirectoryRequest:
		r.kind, r.path = mkdirs, b.DirectoryName
	case *smbwire.LockingAndXRequest:
		if b.Type&smbwire.LockOplockRelease != 0 && w.acks != nil {
			w.acks(bare(w.names[b.FID]))
		}
		if len(b.Unlocks) == 0 {
			return
		}
		r.kind, r.path = unlocks, w.names[b.FID]
	case *smbwire.Transaction2Request:
		if b.Subcommand() != smbwire.Trans2SetFile {
			return
		}
		r.kind, r.path = sizes, w.names[smbwire.FID(uint16(b.Params[0])|uint16(b.Params[1])<<8)]
	default:
		return
	}
	r.path = bare(r.path)
	r.calls = w.carried(r)
	for _, u := range w.under {
		if u.mid != mid {
			r.under = append(r.under, u)
		}
	}
	w.under = append(w.under, r)
	w.wire = append(w.wire, r)
}

// carried are the numbers of the calls whose changes a request carries.
func (w *world) carried(r *request) (calls []int) {
	if r.kind == writes {
		for _, b := range r.data {
			if n := int(b); len(calls) == 0 || calls[len(calls)-1] != n {
				calls = append(calls, n)
			}
		}
		return calls
	}
	have := 0
	for _, o := range w.wire {
		if o.kind == r.kind && o.path == r.path {
			have++
		}
	}
	for i, c := range w.calls {
		if c.kind == r.kind && c.path == r.path {
			if have == 0 {
				return []int{i}
			}
			have--
		}
	}
	w.t.Errorf("nobody has called for %v", r)
	return nil
}

func (w *world) answered(m *smbwire.Message) {
	if b, ok := m.Chain[0].(*smbwire.NTCreateAndXResponse); ok && m.Header.NTStatus() == nt.StatusSuccess {
		w.names[b.FID] = w.opening[m.Header.MID]
		return
	}
	done := len(m.Chain)
	if m.Header.NTStatus() != nt.StatusSuccess {
		done-- // the last one
	}
	under := w.under
	w.under = nil
	for _, r := range under {
		if r.mid != m.Header.MID {
			w.under = append(w.under, r)
			continue
		}
		if r.done = done > 0; r.done {
			w.count(r)
		}
		done--
	}
}

// count adds what the server has acknowledged to the calls.
func (w *world) count(r *request) {
	if r.kind != writes {
		w.calls[r.calls[0]].answered++
		return
	}
	for _, b := range r.data {
		w.calls[b].answered++
	}
}

func bare(path string) string {
	for len(path) > 0 && path[0] == '\\' {
		path = path[1:]
	}
	return path
}

// file is an open file of the application.
type file struct {
	w    *world
	h    *rdr.Handle
	path string
}

// How the application opens what it writes: others may read it, which lets writes wait in
// the queue, or write it too, for which an oplock is needed.
var (
	denyWrite = nt.CreateParams{Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf}
	denyNone  = nt.CreateParams{Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpenIf}
)

func (w *world) open(path string, p nt.CreateParams) *file {
	w.t.Helper()
	h, err := w.rdr.Open(path, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return &file{w, h, path}
}

// do makes a call with the next number.
func (w *world) do(c call, f func(number int) error) error {
	w.calls = append(w.calls, &c)
	own := w.calls[len(w.calls)-1]
	before := w.Kernel.Now()
	own.err = f(len(w.calls) - 1)
	own.took = w.Kernel.Now().Sub(before)
	if w.returned != nil {
		w.returned(own)
	}
	return own.err
}

// write makes a write whose bytes are the call's number.
func (f *file) write(off int64, n int) error {
	return f.w.do(call{kind: writes, path: f.path, off: off, n: n}, func(number int) error {
		if number > 255 {
			f.w.t.Fatal("more calls than a byte can number")
		}
		_, err := f.h.WriteAt(bytes.Repeat([]byte{byte(number)}, n), off)
		return err
	})
}

func (f *file) setSize(n int64) error {
	return f.w.do(call{kind: sizes, path: f.path, off: n}, func(int) error { return f.h.SetSize(n) })
}

func (f *file) close() error {
	return f.w.do(call{kind: closes, path: f.path}, func(int) error { return f.h.Close() })
}

// unlock gives a lock back, which is a change too: others may have the range then.
func (f *file) unlock(r nt.LockRange) error {
	return f.w.do(call{kind: unlocks, path: f.path}, func(int) error { return f.h.Unlock(r) })
}

func (w *world) delete(path string) error {
	return w.do(call{kind: deletes, path: path}, func(int) error { return w.rdr.Delete(path) })
}

func (w *world) rename(from, to string) error {
	return w.do(call{kind: renames, path: from, to: to}, func(int) error { return w.rdr.Rename(from, to) })
}

func (w *world) mkdir(path string) error {
	return w.do(call{kind: mkdirs, path: path}, func(int) error { return w.rdr.Mkdir(path) })
}

// must fails the test for a call that failed.
func (w *world) must(errs ...error) {
	w.t.Helper()
	for _, err := range errs {
		if err != nil {
			w.t.Error(err)
		}
	}
}

// settle waits until everything has gone out.
func (w *world) settle() { w.rdr.Idle().Wait(rt.Forever) }
