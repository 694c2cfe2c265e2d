package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/smb1client"
)

const (
	stressRounds = 40
	stressBlock  = 3000 // bytes: neither pages nor write-behind buffers
	stressBlocks = 4    // a file
)

// cuttable is a dialer whose connections can be cut, as a cable is.
type cuttable struct {
	link.Dialer
	mu   rt.Mutex
	last link.Conn // guarded by mu
}

func (c *cuttable) Dial(timeout time.Duration) (link.Conn, error) {
	conn, err := c.Dialer.Dial(timeout)
	if err == nil {
		c.mu.Lock()
		c.last = conn
		c.mu.Unlock()
	}
	return conn, err
}

func (c *cuttable) cut() {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	_ = last.Close() // cut already, perhaps
}

// parallelWorld is two workstations and a server on this machine's processors.
type parallelWorld struct {
	t      *testing.T
	r      *wallrt.Runtime
	share  *volume.Mem
	server *smbserver.Server
	ws     [2]*Workstation
	dials  [2]*cuttable
}

func newParallelWorld(t *testing.T) *parallelWorld {
	t.Helper()
	r := wallrt.New(1)
	w := &parallelWorld{t: t, r: r, share: volume.NewMem(r, r.NewMutex(), volume.StockLimits())}
	cfg := ServerConfig(settings(t, ""))
	cfg.Users = map[string]string{accountName: accountPassword}
	cfg.Shares = map[string]volume.Volume{ShareName: w.share}
	var err error
	if w.server, err = smbserver.New(r, cfg); err != nil {
		t.Fatal(err)
	}
	rec := trace.NewRecorder(r, r.NewMutex(), false)
	for i, name := range [...]string{ActorSenderHost, ActorMailerHost} {
		w.addWorkstation(i, name, rec)
	}
	return w
}

func (w *parallelWorld) addWorkstation(i int, name string, rec *trace.Recorder) {
	w.t.Helper()
	ln, err := tcplink.Listen("127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.r.Go("serve "+name, func() {
		if err := w.server.Serve(ln, name); !errors.Is(err, link.ErrClosed) {
			w.t.Errorf("serve %s: %v", name, err)
		}
	})
	w.dials[i] = &cuttable{Dialer: &tcplink.Dialer{Addr: ln.Addr().String()}, mu: w.r.NewMutex()}
	w.ws[i], err = NewWorkstation(w.r, WorkstationConfig{
		Name: name, Settings: settings(w.t, ""), Dialer: w.dials[i], Server: ServerName, Share: ShareName,
		Credentials: smb1client.Credentials{User: accountName, Password: accountPassword}, Trace: rec.Actor(name),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// end closes everything and checks that no task is left.
func (w *parallelWorld) end() {
	w.t.Helper()
	if err := w.r.Do("close", func() {
		for _, ws := range w.ws {
			_ = ws.Close() // its circuit may have been cut
		}
		_ = w.server.Close() // its circuits are gone already, perhaps
	}); err != nil {
		w.t.Error(err)
	}
	if left := w.r.Wait(10 * time.Second); len(left) > 0 {
		w.t.Errorf("tasks left: %v", left)
	}
	w.r.Close()
}

// together runs the tasks f(0) to f(n-1) and waits for all.
func (w *parallelWorld) together(name string, n int, f func(i int)) {
	var ended []rt.Event
	for i := range n {
		e := w.r.NewEvent(rt.Notification)
		ended = append(ended, e)
		w.r.Go(fmt.Sprint(name, " ", i), func() {
			defer e.Set()
			f(i)
		})
	}
	for _, e := range ended {
		e.Wait(rt.Forever)
	}
}

// author writes one file over and over: each round another text.
type author struct {
	w      *parallelWorld
	path   string
	open   nt.CreateParams
	acked  int // rounds whose flush the server has acknowledged
	failed int // rounds that told an error
	told   error
}

func (a *author) block(round, n int) []byte {
	p := make([]byte, stressBlock)
	for i := range p {
		p[i] = byte(round*31 + n*7 + i/13 + 1)
	}
	return p
}

func (a *author) text(round int) (text []byte) {
	for n := range stressBlocks {
		text = append(text, a.block(round, n)...)
	}
	return text
}

// write writes a round's text and reads back each block where the open allows it.
// After the first block it calls middle.
func (a *author) write(f io.WriterAt, g io.ReaderAt, round int, middle func()) error {
	for n := range stressBlocks {
		p, off := a.block(round, n), int64(n*stressBlock)
		if _, err := f.WriteAt(p, off); err != nil {
			return err
		}
		if n == 0 {
			middle()
		}
		if !a.open.Access.CanRead() {
			continue
		}
		got := make([]byte, len(p))
		if _, err := g.ReadAt(got, off); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !bytes.Equal(got, p) {
			a.w.t.Errorf("%s, round %d: block %d is read back as something else", a.path, round, n)
		}
	}
	return nil
}

// round writes, flushes, and looks from the second workstation at what was
// acknowledged.
func (a *author) round(round int, middle func()) error {
	h, err := a.w.ws[0].Redirector.Open(a.path, a.open)
	if err != nil {
		return err
	}
	if err = a.write(h, h, round, middle); err == nil {
		err = h.Flush()
	}
	if err == nil {
		a.acked++
		a.compare(round)
	}
	return errors.Join(err, h.Close())
}

// compare reads the file from the second workstation.
func (a *author) compare(round int) {
	f, err := a.w.ws[1].Redirector.Open(a.path, create(nt.GenericRead, denyNone))
	if err != nil {
		a.w.t.Errorf("%s, round %d: second workstation: %v", a.path, round, err)
		return
	}
	got := make([]byte, stressBlocks*stressBlock)
	if _, err := f.ReadAt(got, 0); err != nil && !errors.Is(err, io.EOF) {
		a.w.t.Errorf("%s, round %d: second workstation: %v", a.path, round, err)
	} else if !bytes.Equal(got, a.text(round)) {
		a.w.t.Errorf("%s, round %d: the second workstation reads other bytes than were acknowledged", a.path, round)
	}
	if err := f.Close(); err != nil {
		a.w.t.Error(err)
	}
}

// lastRound writes once more without a flush and leaves the rest to the redirector.
// A circuit that has just been cut costs one open at most.
func (a *author) lastRound() {
	r := a.w.ws[0].Redirector
	h, err := r.Open(a.path, a.open)
	if err != nil {
		h, err = r.Open(a.path, a.open)
	}
	if err == nil {
		err = errors.Join(a.write(h, h, stressRounds, func() {}), h.Close())
	}
	if err != nil {
		a.w.t.Errorf("%s, last round: %v", a.path, err)
	}
}

// Authors on one workstation, one for each way in which a write can travel; a second
// workstation breaks their oplocks; the circuit is cut again and again. What is
// written is read back, what is acknowledged is there, and the last bytes stay.
func TestNoAcknowledgedByteIsLostWhateverHappensAtOnce(t *testing.T) {
	t.Parallel()
	w := newParallelWorld(t)
	defer w.end()
	authors := []*author{
		{w: w, path: "OPLOCK", open: create(readWrite, denyNone)},
		{w: w, path: "CACHED", open: create(readWrite, nt.ShareRead)},
		{w: w, path: "BUFFERED", open: create(nt.GenericWrite, denyNone)},
		{w: w, path: "THROUGH", open: nt.CreateParams{Access: readWrite, Share: denyNone, Disposition: nt.FileOpenIf, Options: nt.WriteThrough}},
	}
	if err := w.r.Do("story", func() { w.stress(authors) }); err != nil {
		t.Fatal(err)
	}
	for _, a := range authors {
		if got, err := w.share.ReadFile(a.path); err != nil || !bytes.Equal(got, a.text(stressRounds)) {
			t.Errorf("%s: the server's %d bytes are not those that were written last (%v)", a.path, len(got), err)
		}
		if a.acked == 0 || a.failed == 0 {
			t.Errorf("%s: %d rounds acknowledged, %d failed (%v): nothing was tried", a.path, a.acked, a.failed, a.told)
		}
	}
	if n := w.ws[0].Redirector.DirtyBytes(); n != 0 {
		t.Errorf("%d bytes are still dirty", n)
	}
}

func (w *parallelWorld) stress(authors []*author) {
	w.together("author", len(authors), func(i int) {
		a := authors[i]
		for round := range stressRounds {
			middle := func() { w.intrude(authors[(i+1)%len(authors)].path) }
			if round%len(authors) == i && round%3 == 0 {
				middle = w.dials[0].cut
			}
			if err := a.round(round, middle); err != nil {
				a.failed++
				a.told = err
			}
		}
	})
	w.together("author", len(authors), func(i int) { authors[i].lastRound() })
	w.ws[0].Redirector.Idle().Wait(rt.Forever)
}

// intrude opens a file from the second workstation, in the middle of whatever its
// author does.
func (w *parallelWorld) intrude(path string) {
	if f, err := w.ws[1].Redirector.Open(path, create(nt.GenericRead, denyNone)); err == nil {
		_ = f.Close() // the open is what matters
	}
}
