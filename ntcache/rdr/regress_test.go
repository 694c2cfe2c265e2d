package rdr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// memory is a server without a network: it answers at once, or after perWrite, and
// grants every oplock.
type memory struct {
	Remote // what no test calls
	r      rt.Runtime
	perOp  time.Duration
	onErr  func() // called once by Err, before it answers
	closed func() // if not nil, called when a file has been closed
	opened func() // called once when a file has been opened, before the reply
	cut    func() // if not nil, called when a file's size has been set, before the reply
	shared bool   // another machine has the files open too: there is level II at most

	acked []nt.OplockLevel
	full  bool // no write finds room

	mu      rt.Mutex
	files   map[string][]byte
	names   map[uint16]string // of the open FIDs
	last    uint16
	written int // bytes
	handler nt.CircuitHandler
	down    error
}

func newMemory(r rt.Runtime) *memory {
	return &memory{r: r, mu: r.NewMutex(), files: map[string][]byte{}, names: map[uint16]string{}}
}

func (m *memory) Create(path string, p nt.CreateParams) (nt.FileHandle, nt.CreateResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	m.names[m.last] = path
	res := nt.CreateResult{Action: nt.FileOpened, Oplock: p.Oplock, Size: int64(len(m.files[path]))}
	if m.shared && p.Oplock != nt.OplockNone {
		res.Oplock = nt.OplockLevelII
	}
	h := nt.FileHandle{Circuit: 1, FID: m.last}
	if f := m.opened; f != nil {
		m.opened = nil
		m.mu.Unlock()
		f()
		m.mu.Lock()
	}
	return h, res, nil
}

func (m *memory) QueryFile(h nt.FileHandle) (nt.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return nt.FileInfo{Size: int64(len(m.files[m.names[h.FID]]))}, nil
}

func (m *memory) SetSize(h nt.FileHandle, size int64) error {
	m.mu.Lock()
	path := m.names[h.FID]
	data := make([]byte, size)
	copy(data, m.files[path])
	m.files[path] = data
	m.mu.Unlock()
	if m.cut != nil {
		m.cut()
	}
	return nil
}

func (m *memory) ReadAt(h nt.FileHandle, p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data := m.files[m.names[h.FID]]
	n := copy(p, data[min(off, int64(len(data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) WriteAt(h nt.FileHandle, p []byte, off int64, _ nt.WriteMode) (int, error) {
	if m.perOp > 0 {
		m.r.Sleep(m.perOp)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	path, open := m.names[h.FID]
	switch {
	case !open:
		return 0, nt.StatusInvalidHandle
	case m.full:
		return 0, nt.StatusDiskFull
	}
	data := m.files[path]
	if need := int(off) + len(p); need > len(data) {
		data = append(data, make([]byte, need-len(data))...)
	}
	m.files[path] = data
	m.written += len(p)
	return copy(data[off:], p), nil
}

func (m *memory) Close(h nt.FileHandle, _ nt.FileTime) error {
	m.mu.Lock()
	delete(m.names, h.FID)
	m.mu.Unlock()
	if m.closed != nil {
		m.closed()
	}
	return nil
}

func (m *memory) WriteAndClose(h nt.FileHandle, p []byte, off int64, mode nt.WriteMode, at nt.FileTime) (bool, error) {
	if _, err := m.WriteAt(h, p, off, mode); err != nil {
		return false, err
	}
	return true, m.Close(h, at)
}

func (m *memory) AckBreak(_ nt.FileHandle, to nt.OplockLevel) error {
	m.acked = append(m.acked, to)
	return nil
}

// grow is what another machine writes.
func (m *memory) grow(path string, size int) {
	m.mu.Lock()
	m.files[path] = make([]byte, size)
	m.mu.Unlock()
}

func (m *memory) Limits() nt.Limits              { return nt.Limits{MaxRead: 4096, MaxWrite: 4096} }
func (m *memory) Flush(nt.FileHandle) error      { return nil }
func (m *memory) SetHandler(h nt.CircuitHandler) { m.handler = h }
func (m *memory) Hangup() error                  { return nil }

// Err answers what was true when it was asked.
func (m *memory) Err() error {
	m.mu.Lock()
	err, f := m.down, m.onErr
	m.onErr = nil
	m.mu.Unlock()
	if f != nil {
		f()
	}
	return err
}

// die is the end of the circuit, as a client reports it.
func (m *memory) die(err error) {
	m.mu.Lock()
	m.down = err
	m.mu.Unlock()
	m.handler.OnCircuitLost(err)
}

func (m *memory) bytesOf(path string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.files[path])
}

func redirector(t *testing.T, r rt.Runtime, m *memory) *Redirector {
	t.Helper()
	cache, err := ntcache.New(r, ntcache.Stock(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(r, Stock(), cache, func() (Remote, error) { return m, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// inEveryOrder tells a story on many seeds of a restless runtime.
func inEveryOrder(t *testing.T, seeds uint64, f func(r rt.Runtime)) {
	t.Helper()
	for seed := range seeds {
		simtest.Run(t, simrt.Options{Seed: seed, Shuffle: true, Deadline: time.Hour}, func(k *simrt.Kernel) { f(simtest.Restless(k)) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func writeOnly() nt.CreateParams {
	return nt.CreateParams{Access: nt.GenericWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf}
}

// fillBuffers writes n blocks of 4 KB through the write-behind buffers, closes, and
// checks what has arrived.
func fillBuffers(t *testing.T, r rt.Runtime, m *memory, n int) {
	t.Helper()
	const blocks = 64
	d := redirector(t, r, m)
	h, err := d.Open("F", writeOnly())
	if err != nil {
		t.Error(err)
		return
	}
	model := make([]byte, blocks*4096)
	for i := range n {
		at := i % blocks * 4096
		block := model[at : at+4096]
		for j := range block {
			block[j] = byte(i + i/251)
		}
		if _, err := h.WriteAt(block, int64(at)); err != nil {
			t.Errorf("write %d: %v", i, err)
			return
		}
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	d.Idle().Wait(rt.Forever)
	if got := m.bytesOf("F"); !bytes.Equal(got, model[:min(n, blocks)*4096]) {
		t.Errorf("%d bytes arrived, and not those that were written last", len(got))
	}
	if m.written != n*4096 {
		t.Errorf("%d bytes were sent for %d", m.written, n*4096)
	}
	if files, dirty := d.Files(), d.DirtyBytes(); files != 0 || dirty != 0 {
		t.Errorf("%d files and %d dirty bytes at the end", files, dirty)
	}
}

// One plain writer: between finding all buffers in use and sending the oldest, their
// answers may arrive.
func TestAWriterWhoseBuffersAreAnsweredWhileItLooksForRoom(t *testing.T) {
	t.Run("in every order", func(t *testing.T) {
		inEveryOrder(t, 100, func(r rt.Runtime) { fillBuffers(t, r, newMemory(r), 40) })
	})
	t.Run("in parallel", func(t *testing.T) {
		parallel(t, func(r rt.Runtime) { fillBuffers(t, r, newMemory(r), 20000) })
	})
}

// parallel runs f on the machine's processors and fails if it hangs.
func parallel(t *testing.T, f func(r rt.Runtime)) {
	t.Helper()
	r := wallrt.New(1)
	defer r.Close()
	r.Go("story", func() { f(r) })
	if left := r.Wait(30 * time.Second); len(left) > 0 {
		t.Errorf("tasks left: %v", left)
	}
}

// Writers and flushers of one write-only file, each on its own range.
func TestWritersAndFlushersOfOneFileWaitForEachOthersBuffersOnly(t *testing.T) {
	inEveryOrder(t, 100, func(r rt.Runtime) {
		m := newMemory(r)
		m.perOp = time.Millisecond
		d := redirector(t, r, m)
		h, err := d.Open("F", writeOnly())
		if err != nil {
			t.Fatal(err)
		}
		const tasks, writes, size = 3, 20, 1500
		var ended []rt.Event
		for i := range tasks {
			ended = append(ended, beside(r, fmt.Sprint("writer ", i), func() {
				for n := range writes {
					p := bytes.Repeat([]byte{byte(1 + i*writes + n)}, size)
					if _, err := h.WriteAt(p, int64(i*writes+n)*size); err != nil {
						t.Error(err)
					}
					if n%7 == i {
						if err := h.Flush(); err != nil {
							t.Error(err)
						}
					}
				}
			}))
		}
		for _, e := range ended {
			e.Wait(rt.Forever)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		d.Idle().Wait(rt.Forever)
		var want []byte
		for i := range tasks * writes {
			want = append(want, bytes.Repeat([]byte{byte(1 + i)}, size)...)
		}
		if got := m.bytesOf("F"); !bytes.Equal(got, want) {
			t.Errorf("%d bytes arrived, want the %d that were written", len(got), len(want))
		}
	})
}

func beside(r rt.Runtime, name string, f func()) rt.Event {
	ended := r.NewEvent(rt.Notification)
	r.Go(name, func() {
		defer ended.Set()
		f()
	})
	return ended
}

// A task writes and reads back, on a cached open, while the oplock of another open of
// the same file is broken again and again.
func TestWhatIsWrittenIsReadBackWhateverBreaksBeside(t *testing.T) {
	inEveryOrder(t, 100, func(r rt.Runtime) {
		m := newMemory(r)
		d := redirector(t, r, m)
		a, err := d.Open("F", nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf})
		if err != nil {
			t.Fatal(err)
		}
		breaks := beside(r, "breaks", func() {
			for range 6 {
				b, err := d.Open("F", nt.CreateParams{Access: nt.GenericRead, Share: denyNone, Disposition: nt.FileOpen})
				if err != nil {
					t.Error(err)
					return
				}
				m.handler.OnBreak(b.open.h, nt.OplockNone)
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		})
		const blocks = 4
		model := make([]byte, blocks*512)
		for i := range 60 {
			off := i % blocks * 512
			p := bytes.Repeat([]byte{byte(i + 1)}, 512)
			copy(model[off:], p)
			if _, err := a.WriteAt(p, int64(off)); err != nil {
				t.Error(err)
			}
			got := make([]byte, 512)
			if _, err := a.ReadAt(got, int64(off)); err != nil || !bytes.Equal(got, p) {
				t.Errorf("write %d: wrote %d, read back %d, %v", i, p[0], got[0], err)
				break
			}
		}
		breaks.Wait(rt.Forever)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		d.Idle().Wait(rt.Forever)
		if !bytes.Equal(m.bytesOf("F"), model) {
			t.Error("the server has other bytes than were written last")
		}
	})
}

// The reply to an open and the loss of its circuit cross: the handle is dead, and
// takes no data that could never be sent.
func TestALossThatCrossesTheReplyOfAnOpenKillsTheHandle(t *testing.T) {
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		m := newMemory(k)
		d := redirector(t, k, m)
		if err := d.Connect(); err != nil {
			t.Fatal(err)
		}
		lossAt := func(nth int) *Handle {
			var arm func(n int)
			arm = func(n int) {
				m.onErr = func() {
					if n == 1 {
						m.die(nt.StatusUnexpectedNetworkError)
						return
					}
					arm(n - 1)
				}
			}
			arm(nth)
			h, err := d.Open("F", nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf})
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		h := lossAt(2) // the first question is for the circuit, the second for the open
		if _, err := h.WriteAt([]byte("x"), 0); !errors.Is(err, nt.StatusNetworkNameDeleted) {
			t.Errorf("write: %v", err)
		}
		if live := d.anyOpenLocked(); d.DirtyBytes() != 0 || live != nil {
			t.Errorf("%d dirty bytes, live open %+v", d.DirtyBytes(), live)
		}
	})
}

func reading() nt.CreateParams {
	return nt.CreateParams{Access: nt.GenericRead, Share: denyNone, Disposition: nt.FileOpenIf}
}

// wantSize opens a file and asks for its size.
func wantSize(t *testing.T, d *Redirector, path string, want int64) {
	t.Helper()
	h, err := d.Open(path, reading())
	if err != nil {
		t.Error(err)
		return
	}
	if size, err := h.Size(); size != want || err != nil {
		t.Errorf("size %d, %v; want %d", size, err, want)
	}
}

// Two opens of one machine, and between them another machine's write: the reply of
// the first must not bring back the size that the file had.
func TestTheRepliesOfTwoOpensDoNotCross(t *testing.T) {
	inEveryOrder(t, 100, func(r rt.Runtime) {
		m := newMemory(r)
		m.shared = true
		d := redirector(t, r, m)
		first := beside(r, "first open", func() {
			if _, err := d.Open("F", reading()); err != nil {
				t.Error(err)
			}
		})
		r.Sleep(time.Duration(r.Rand("growth").IntN(5)) * time.Millisecond)
		m.grow("F", 8192)
		wantSize(t, d, "F", 8192)
		first.Wait(rt.Forever)
	})
}

// A break ends a dormant file. When the server has its CLOSE, another machine writes:
// what this one knew of the file is no longer true, although it has not finished.
func TestAnOpenThatIsBeingClosedGuardsNothing(t *testing.T) {
	inEveryOrder(t, 100, func(r rt.Runtime) {
		m := newMemory(r)
		d := redirector(t, r, m)
		h, err := d.Open("F", reading())
		if err != nil {
			t.Fatal(err)
		}
		fid := h.open.h
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		d.Idle().Wait(rt.Forever)
		written := r.NewEvent(rt.Notification)
		m.shared = true
		m.closed = func() {
			m.grow("F", 8192)
			written.Set()
			r.Sleep(20 * time.Millisecond) // the reply is on its way
		}
		r.Go("break", func() { m.handler.OnBreak(fid, nt.OplockNone) })
		written.Wait(rt.Forever)
		wantSize(t, d, "F", 8192)
	})
}

// A handle of the old circuit is still open, with data that is lost. What is written
// on the new circuit, as soon as there is one, is not thrown away with it.
func TestALostCircuitTakesNothingOfTheNextWithIt(t *testing.T) {
	inEveryOrder(t, 200, func(r rt.Runtime) {
		old := newMemory(r)
		next := newMemory(r)
		remotes := []*memory{old, next}
		d := redirector(t, r, old)
		d.connect = func() (Remote, error) {
			m := remotes[0]
			remotes = remotes[1:]
			return m, nil
		}
		p := nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf}
		for _, path := range []string{"A", "F"} {
			h, err := d.Open(path, p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.WriteAt([]byte("old"), 0); err != nil {
				t.Fatal(err)
			}
		}
		old.mu.Lock()
		old.down = nt.StatusUnexpectedNetworkError
		old.mu.Unlock()
		loss := beside(r, "loss", func() { old.handler.OnCircuitLost(nt.StatusUnexpectedNetworkError) })
		r.Sleep(0)
		h, err := d.Open("F", p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.WriteAt([]byte("new"), 0); err != nil {
			t.Fatal(err)
		}
		loss.Wait(rt.Forever)
		if err := h.Flush(); err != nil || string(next.bytesOf("F")) != "new" {
			t.Errorf("flush: %v; the server has %q", err, next.bytesOf("F"))
		}
		if got := next.bytesOf("A"); len(got) != 0 {
			t.Errorf("what was lost is on the new circuit: %q", got)
		}
	})
}

// A handle on level II extends the file while a second open of this machine is on its
// way: the reply of that open brings the size that the file had before.
func TestAnOpensReplyDoesNotUndoAWriteThatWasFaster(t *testing.T) {
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		m := newMemory(k)
		m.shared = true
		d := redirector(t, k, m)
		a, err := d.Open("F", nt.CreateParams{Access: readWrite, Share: denyNone, Disposition: nt.FileOpenIf})
		if err != nil {
			t.Fatal(err)
		}
		m.opened = func() {
			if _, err := a.WriteAt(make([]byte, 8192), 0); err != nil {
				t.Error(err)
			}
		}
		wantSize(t, d, "F", 8192)
		if size, err := a.Size(); size != 8192 || err != nil {
			t.Errorf("the writer sees %d, %v", size, err)
		}
	})
}

// A cached write that is called when the server has cut the file, and the reply is on
// its way, comes after the cut.
func TestAWriteBesideSetSizeIsNotDropped(t *testing.T) {
	inEveryOrder(t, 20, func(r rt.Runtime) {
		m := newMemory(r)
		d := redirector(t, r, m)
		h, err := d.Open("F", nt.CreateParams{Access: readWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf})
		if err != nil {
			t.Fatal(err)
		}
		var written rt.Event
		m.cut = func() {
			written = beside(r, "writer", func() {
				if _, err := h.WriteAt([]byte("after"), 8192); err != nil {
					t.Error(err)
				}
			})
			r.Sleep(20 * time.Millisecond) // the reply is on its way
		}
		if err := h.SetSize(100); err != nil {
			t.Fatal(err)
		}
		written.Wait(rt.Forever)
		if err := h.Flush(); err != nil {
			t.Error(err)
		}
		size, err := h.Size()
		if got := m.bytesOf("F"); len(got) != 8197 || size != 8197 || err != nil {
			t.Errorf("the server has %d bytes, the writer sees %d, %v", len(got), size, err)
		}
	})
}

// A server gives the FID of a file that it has closed to the next open before the
// reply to the CLOSE is there: what is known of the new open stays.
func TestAFIDThatIsUsedAgainBelongsToTheNewOpen(t *testing.T) {
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		m := newMemory(k)
		d := redirector(t, k, m)
		old, err := d.Open("F", writeOnly())
		if err != nil {
			t.Fatal(err)
		}
		var next *Handle
		m.closed = func() {
			m.closed = nil
			m.last = 0
			if next, err = d.Open("G", reading()); err != nil {
				t.Error(err)
			}
		}
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		d.Idle().Wait(rt.Forever)
		m.handler.OnBreak(next.open.h, nt.OplockNone)
		if next.open.oplock != nt.OplockNone || next.open.h != old.open.h {
			t.Errorf("after the break %v has %v", next.open.h, next.open.oplock)
		}
	})
}
