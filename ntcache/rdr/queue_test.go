package rdr

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// What Ordered sends next, and when it wants to be asked again.
func TestOrderedNext(t *testing.T) {
	now := time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC)
	// writes are full requests of one file, of which some are under way since now.
	writes := func(n, sent int) (ops []Op) {
		for i := range n {
			ops = append(ops, Op{Kind: OpWrite, File: 1, Off: int64(i) * 4096, Len: 4096, Sent: i < sent, At: now})
		}
		return ops
	}
	closes := func(file uint64) Op { return Op{Kind: OpClose, File: file} }
	link := func(speed int64) Link { return Link{Speed: speed, Request: 4096, Outstanding: 50} }
	for name, row := range map[string]struct {
		link Link
		ops  []Op
		want []int
		wake bool // it wants to be asked again
	}{
		"unknown speed: what the window takes":       {link(0), writes(60, 0), upTo(44), false},
		"an eighth is left to the application":       {Link{Request: 4096, Outstanding: 16}, writes(60, 0), upTo(14), false},
		"one of a slow link, the next when it left":  {link(1200), writes(9, 0), upTo(1), true},
		"two of a slow link: no more":                {link(1200), writes(9, 2), nil, false},
		"a write with its close":                     {link(1200), append(writes(1, 0), closes(1)), []int{0, 1}, false},
		"a write under way: its close waits":         {link(1200), append(writes(1, 1), closes(1)), nil, false},
		"two writes: the close waits":                {link(0), append(writes(2, 0), closes(1)), upTo(2), false},
		"the close of another file is not beside it": {link(1200), append(writes(1, 0), closes(2)), upTo(1), false},
	} {
		t.Run(name, func(t *testing.T) {
			send, wake := Ordered{Window: StockWindow()}.Next(NewQueue(row.link, row.ops...), now)
			if diff := cmp.Diff(row.want, send); diff != "" {
				t.Errorf("sent (-want +got)\n%s", diff)
			}
			if wake.IsZero() == row.wake {
				t.Errorf("to be asked again at %v", wake)
			}
		})
	}
}

// upTo lists the first n positions.
func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// Where TCP's window is the bound, long writes go in single segments, and nothing else does.
func TestSizeOfARequest(t *testing.T) {
	t1 := Link{Speed: 193_000, RoundTrip: 41 * time.Millisecond, Request: 4096}
	lan := Link{Speed: 1_250_000, RoundTrip: time.Millisecond, Request: 4096}
	small := Link{Speed: 193_000, RoundTrip: 41 * time.Millisecond, Request: 1000}
	for _, row := range []struct {
		link Link
		n    int64
		want int
	}{
		{t1, 65536, 1392}, {t1, 8192, 4096}, {lan, 65536, 4096}, {small, 65536, 1000}, {Link{Request: 4096}, 65536, 4096},
	} {
		if got := row.link.unit(row.n); got != row.want {
			t.Errorf("%d bytes over %+v go in requests of %d, want %d", row.n, row.link, got, row.want)
		}
	}
}

// withPolicy plays a story with a policy on a server that takes its time.
func withPolicy(t *testing.T, p WritePolicy, server func(m *memory) Remote, story func(m *memory, d *Redirector)) {
	t.Helper()
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		m := newMemory(k)
		m.perOp = 10 * time.Millisecond
		d := redirector(t, k, m)
		d.connect = func() (Remote, error) { return server(m), nil }
		d.cfg.Policy = p
		story(m, d)
	})
}

// full is a server that has no room for a write that comes with a close.
type full struct{ *memory }

func (full) WriteAndClose(nt.FileHandle, []byte, int64, nt.WriteMode, nt.FileTime) (bool, error) {
	return false, nt.StatusDiskFull
}

// A write that fails does not keep the close that went with it from being done, and whoever
// waits for the write is told.
func TestCloseAfterItsWriteFailed(t *testing.T) {
	withPolicy(t, Ordered{Window: StockWindow(), Durable: true}, func(m *memory) Remote { return full{m} }, func(m *memory, d *Redirector) {
		var files [2]*Handle
		for i, name := range []string{"BEFORE", "F"} {
			h, err := d.Open(name, writeOnly())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.WriteAt([]byte("x"), 0); err != nil {
				t.Error(err)
			}
			files[i] = h
		}
		if err := files[1].Close(); !errors.Is(err, nt.StatusDiskFull) {
			t.Errorf("close: %v", err)
		}
		_ = files[0].Close() // is told of it, too
		if !d.Idle().Wait(time.Minute) {
			t.Error("not everything is done after a minute")
		}
		if len(m.names) != 0 {
			t.Errorf("the server has still open: %v", m.names)
		}
	})
}

// atClose sends nothing before a close, and then everything.
type atClose struct{ Ordered }

func (atClose) Next(q Queue, _ time.Time) (send []int, _ time.Time) {
	if q.Len() > 0 && q.Op(q.Len()-1).Kind == OpClose {
		send = upTo(q.Len())
	}
	return send, time.Time{}
}

// watchful is a server that notices what is under way when a close comes.
type watchful struct {
	*memory
	under *int // writes
	seen  func(under int, with bool)
}

func (s watchful) WriteAt(h nt.FileHandle, p []byte, off int64, m nt.WriteMode) (int, error) {
	*s.under++
	defer func() { *s.under-- }()
	return s.memory.WriteAt(h, p, off, m)
}

func (s watchful) WriteAndClose(h nt.FileHandle, p []byte, off int64, m nt.WriteMode, at nt.FileTime) (bool, error) {
	s.seen(*s.under, true)
	return s.memory.WriteAndClose(h, p, off, m, at)
}

func (s watchful) Close(h nt.FileHandle, at nt.FileTime) error {
	s.seen(*s.under, false)
	return s.memory.Close(h, at)
}

// A policy that sends a close with all that is before it has it go with the file's only
// write, and otherwise after all of them: a server may come to it first.
func TestACloseIsBesideNoWrite(t *testing.T) {
	for writes, with := range map[int]bool{1: true, 2: false, 3: false} { // map order: each is a story of its own
		closes := 0
		server := func(m *memory) Remote {
			return watchful{m, new(int), func(under int, got bool) {
				closes++
				if under > 0 || got != with {
					t.Errorf("%d writes: a close beside %d of them, with one: %v", writes, under, got)
				}
			}}
		}
		withPolicy(t, atClose{}, server, func(_ *memory, d *Redirector) {
			h, err := d.Open("F", writeOnly())
			if err != nil {
				t.Fatal(err)
			}
			for i := range writes {
				if _, err := h.WriteAt([]byte("x"), int64(i)*10); err != nil {
					t.Error(err)
				}
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
			if !d.Idle().Wait(time.Minute) {
				t.Error("not everything is done after a minute")
			}
		})
		if closes != 1 {
			t.Errorf("%d writes: %d closes", writes, closes)
		}
	}
}

// A close does not go with the write of another open of its file: that one would be closed.
func TestACloseGoesWithNoWriteOfAnotherOpen(t *testing.T) {
	withPolicy(t, Ordered{Window: StockWindow()}, func(m *memory) Remote { return m }, func(m *memory, d *Redirector) {
		var files [3]*Handle
		for i, name := range []string{"BEFORE", "F", "F"} {
			h, err := d.Open(name, writeOnly())
			if err != nil {
				t.Fatal(err)
			}
			files[i] = h
		}
		before, writer, other := files[0], files[1], files[2]
		for _, h := range []*Handle{before, writer} {
			if _, err := h.WriteAt([]byte("x"), 0); err != nil {
				t.Error(err)
			}
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if !d.Idle().Wait(time.Minute) {
			t.Error("not everything is done after a minute")
		}
		if _, open := m.names[writer.open.h.FID]; !open || len(m.names) != 2 {
			t.Errorf("the server has open: %v", m.names)
		}
	})
}

// quicker is a server where another machine has deleted a file before the DELETE came.
type quicker struct{ *memory }

func (quicker) Delete(string) error { return nt.StatusObjectNameNotFound }

// A deletion that was reported as done and finds nothing is done: nothing stops.
func TestDeleteOfWhatAnotherMachineHasDeleted(t *testing.T) {
	withPolicy(t, Ordered{Window: StockWindow()}, func(m *memory) Remote { return quicker{m} }, func(_ *memory, d *Redirector) {
		lock, err := d.Open("LOCK", nt.CreateParams{Access: readWrite, Disposition: nt.FileOpenIf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.WriteAt([]byte("x"), 0); err != nil {
			t.Error(err)
		}
		if err := errors.Join(lock.Close(), d.Delete("LOCK")); err != nil {
			t.Error(err)
		}
		if !d.Idle().Wait(time.Minute) {
			t.Error("not everything is done after a minute")
		}
		if _, err := d.Open("G", writeOnly()); err != nil {
			t.Errorf("a later open: %v", err)
		}
	})
}

// patient is Ordered with a rule of its own: a call awaits every earlier one.
type patient struct{ Ordered }

func (patient) Awaits(call, op Op) bool { return op.Seq < call.Seq }

// A policy that embeds a built-in one is asked what it awaits, and not that one.
func TestAPolicyThatEmbedsABuiltinOne(t *testing.T) {
	withPolicy(t, patient{Ordered{Window: StockWindow()}}, func(m *memory) Remote { return m }, func(m *memory, d *Redirector) {
		for i, name := range []string{"F", "G"} {
			h, err := d.Open(name, writeOnly())
			if err != nil {
				t.Fatal(err)
			}
			before := m.r.Now()
			if _, err := h.WriteAt([]byte("x"), 0); err != nil {
				t.Error(err)
			}
			if took := m.r.Now().Sub(before); (took > 0) != (i > 0) {
				t.Errorf("the write of %s has returned after %v", name, took)
			}
		}
	})
}

// Built-in policies are not asked about earlier ops where their answer is no, so that the cost
// of a write does not grow with what is queued.
func TestWhoIsNotAskedAboutEarlierOpsAwaitsNone(t *testing.T) {
	for _, name := range PolicyNames()[1:] {
		p, _ := BuiltinPolicy(name, StockWindow())
		if awaitsEarlier(p, OpWrite) {
			t.Errorf("%s: a write looks at the whole queue", name)
		}
		for call := OpWrite; call <= OpOther; call++ {
			awaits := false
			for earlier := OpWrite; earlier <= OpOther; earlier++ {
				awaits = awaits || p.Awaits(Op{Seq: 2, Kind: call, File: 1}, Op{Seq: 1, Kind: earlier, File: 1})
			}
			if asked := awaitsEarlier(p, call); asked != awaits {
				t.Errorf("%s: a call of kind %d awaits earlier ops: %v; asked: %v", name, call, awaits, asked)
			}
		}
	}
}
