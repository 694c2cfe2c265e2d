package machine

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// tellAll is tell for a story that a defect could make wait for ever: it fails if
// the story does not come to its end.
func tellAll(t *testing.T, linkName, lines string, f func(s *story)) {
	t.Helper()
	ended := false
	tell(t, linkName, lines, func(s *story) {
		f(s)
		ended = true
	})
	if !ended {
		t.Error("the story did not come to its end")
	}
}

// beside runs f as a task and returns an event that is signaled when it has ended.
func (s *story) beside(name string, f func()) rt.Event {
	ended := s.RT.NewEvent(rt.Notification)
	s.RT.Go(name, func() {
		defer ended.Set()
		f()
	})
	return ended
}

// openAndClose opens a file from the second workstation and closes it again.
func (s *story) openAndClose(path string, p nt.CreateParams) {
	s.t.Helper()
	f, err := s.ws2.Open(path, p)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.t.Error(err)
	}
}

// received lists the commands that reached ws1 since mark, in order.
func (s *story) received(mark int) (ops []string) {
	for _, e := range s.Trace.Events()[mark:] {
		if e.Actor == ActorSenderHost && e.Kind == trace.SMBRecv {
			ops = append(ops, e.Op)
		}
	}
	return ops
}

func (s *story) wantOnServer(path, want string) {
	s.t.Helper()
	if got, err := s.Volume.ReadFile(path); err != nil || string(got) != want {
		s.t.Errorf("the server has %d bytes, %.40q (%v); want %d, %.40q", len(got), got, err, len(want), want)
	}
}

// wantEvents compares the numbers of ws1's event log.
func (s *story) wantEvents(want ...rdr.EventID) {
	s.t.Helper()
	var got []rdr.EventID
	for _, e := range s.ws1.EventLog() {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("event log (-want +got):\n%s", diff)
	}
}

func noBuffering(p nt.CreateParams) nt.CreateParams {
	p.Options = nt.NoIntermediateBuffer
	return p
}

func overwriting(p nt.CreateParams) nt.CreateParams {
	p.Disposition = nt.FileOverwriteIf
	return p
}

// A break sends the write-behind buffers of its time. One that an application fills
// meanwhile is not its business: nothing but the next trigger would ever send it.
func TestABreakWaitsForNoBufferThatIsFilledBesideIt(t *testing.T) {
	tellAll(t, "ras-28.8", "", func(s *story) {
		h := s.open("F", create(nt.GenericWrite, denyNone))
		s.write(h, make([]byte, 4096), 0) // a full buffer, on its way
		opened := s.beside("second opener", func() { s.openAndClose("F", create(nt.GenericRead, denyNone)) })
		s.RT.Sleep(time.Second)
		s.write(h, make([]byte, 10), 5000)
		if !opened.Wait(10 * time.Second) {
			t.Error("the second opener still waits for the break")
		}
		s.close(h)
		if !s.ws1.Idle().Wait(time.Minute) {
			t.Fatal("the close still waits")
		}
		if held, opens := s.FileState("F"); held != 5010 || opens != 0 {
			t.Errorf("the server has %d bytes and %d opens", held, opens)
		}
		s.open("F", create(nt.GenericRead, denyNone))
	})
}

// One file, two opens of one machine: a deny-write one that may cache without an
// oplock, and one that lives on level II. The break of the second is none of the
// first's business.
func TestTheBreakOfOneOpenDoesNotEmptyTheCacheOfAnother(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		a := s.open("F", create(readWrite, nt.ShareRead))
		s.open("F", create(nt.GenericRead, denyNone))
		s.write(a, make([]byte, 8192), 0)
		mark := s.mark()
		if err := a.Flush(); err != nil {
			t.Error(err)
		}
		s.RT.Sleep(time.Second)
		if !slices.Contains(s.received(mark), "LOCKING_ANDX") {
			t.Fatalf("no break came: %v", s.received(mark))
		}
		mark = s.mark()
		if n, err := a.ReadAt(make([]byte, 8192), 0); n != 8192 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		s.wantSent(mark)
	})
}

// Four closes hold the flush slots. The lazy writer claims F and waits for one; when
// it gets it, F has been flushed and closed, and is open again as another file.
func TestALazyWorkerThatCameTooLateLeavesTheReopenedFileAlone(t *testing.T) {
	tellAll(t, "ras-28.8", "", func(s *story) {
		p := create(readWrite, nt.ShareNone)
		for _, name := range []string{"A", "B", "C", "D"} {
			h := s.open(name, p)
			s.write(h, make([]byte, 131072), 0)
			s.close(h)
		}
		f := s.open("F", p)
		s.write(f, make([]byte, 100), 0)
		s.RT.Sleep(4 * time.Second)
		if err := f.Flush(); err != nil {
			t.Error(err)
		}
		s.close(f)
		s.RT.Sleep(30 * time.Second)
		if s.ws1.DirtyBytes() == 0 {
			t.Fatal("the slots are free already")
		}
		f = s.open("F", p)
		s.RT.Sleep(400 * time.Second)
		if files, dirty := s.ws1.Files(), s.ws1.DirtyBytes(); files != 1 || dirty != 0 {
			t.Errorf("%d files and %d dirty bytes, want 1 and 0", files, dirty)
		}
		s.write(f, make([]byte, 5000), 0)
		if got := s.ws1.DirtyBytes(); got != 5000 {
			t.Errorf("%d bytes are dirty, want 5000", got)
		}
		s.Link.Reset()
		s.RT.Sleep(time.Second)
		if _, err := f.WriteAt(make([]byte, 10), 0); !errors.Is(err, nt.StatusNetworkNameDeleted) {
			t.Errorf("write on a dead handle: %v", err)
		}
		s.wantEvents(rdr.EventUnexpectedError, rdr.EventLostDelayedWrite)
	})
}

// The error of a write is the first that the application hears of the circuit's
// death. What it opens next, and another task with it, gets a new circuit.
func TestTheOpenAfterAFailedWriteConnectsAtOnce(t *testing.T) {
	tellAll(t, "t1", rdrKey+`"UseWriteBehind"=dword:0`, func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.RT.Go("reset", func() {
			s.RT.Sleep(10 * time.Millisecond)
			s.Link.Reset()
		})
		if _, err := h.WriteAt(make([]byte, 40000), 0); !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Fatalf("write: %v", err)
		}
		mark := s.mark()
		other := s.beside("other task", func() { s.open("H", create(readWrite, nt.ShareRead)) })
		s.open("G", create(readWrite, nt.ShareRead))
		if !other.Wait(time.Minute) {
			t.Error("the other task's open still waits")
		}
		if n := strings.Count(strings.Join(s.sent(mark), " "), "NEGOTIATE"); n != 1 {
			t.Errorf("%d circuits were set up: %v", n, s.sent(mark))
		}
	})
}

// A dormant open dies with its circuit, also before the redirector has been told.
func TestADormantOpenOfADeadCircuitServesNobody(t *testing.T) {
	tellAll(t, "t1", rdrKey+`"UseWriteBehind"=dword:0`, func(s *story) {
		s.close(s.open("F", create(readWrite, denyNone)))
		h := s.open("G", create(readWrite, nt.ShareRead))
		s.RT.Go("reset", func() {
			s.RT.Sleep(10 * time.Millisecond)
			s.Link.Reset()
		})
		if _, err := h.WriteAt(make([]byte, 40000), 0); !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Fatalf("write: %v", err)
		}
		f := s.open("F", create(readWrite, denyNone))
		s.write(f, []byte("x"), 0)
	})
}

// Nobody is told of a death between the connection of the share and SetHandler.
func TestACircuitThatDiedBeforeItHadAHandlerIsReplaced(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		cache, err := ntcache.New(s.RT, ntcache.Stock(), nil)
		if err != nil {
			t.Fatal(err)
		}
		connects := 0
		r, err := rdr.New(s.RT, s.Sender.rdrCfg, cache, func() (rdr.Remote, error) {
			m, err := s.Sender.connect()
			if connects++; connects == 1 {
				s.Link.Reset()
				s.RT.Sleep(time.Millisecond)
			}
			return m, err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, first := r.Open("F", create(readWrite, nt.ShareRead))
		_, second := r.Open("F", create(readWrite, nt.ShareRead))
		if !errors.Is(first, nt.StatusNetworkNameDeleted) || second != nil || connects != 2 {
			t.Errorf("first open: %v; second: %v; %d connects", first, second, connects)
		}
	})
}

// A handle does what it was opened for, even where the cache could do more.
func TestAccessIsCheckedBeforeTheCacheIsTouched(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		c := s.open("F", create(readWrite, nt.ShareNone))
		s.write(c, []byte("hello"), 0)
		s.close(c)
		s.ws1.Idle().Wait(rt.Forever)
		reader := s.open("F", create(nt.GenericRead, nt.ShareRead))
		if _, err := reader.WriteAt([]byte("XXXXX"), 0); !errors.Is(err, nt.StatusAccessDenied) {
			t.Errorf("write on a read-only handle: %v", err)
		}
		s.close(reader)
		s.RT.Sleep(10 * time.Second)
		writer := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		s.write(writer, []byte("J"), 0)
		mark := s.mark()
		if _, err := writer.ReadAt(make([]byte, 5), 0); !errors.Is(err, nt.StatusAccessDenied) {
			t.Errorf("read on a write-only handle: %v", err)
		}
		s.wantSent(mark)
		s.close(writer)
		s.ws1.Idle().Wait(rt.Forever)
		s.wantOnServer("F", "Jello")
		s.wantEvents()
	})
}

// What one handle has in the write-behind buffers is older than what another of the
// same file writes now.
func TestBufferedDataDoesNotOverwriteWhatIsNewer(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		a := s.open("F", create(nt.GenericWrite, denyNone))
		b := s.open("F", create(readWrite, denyNone))
		s.write(a, []byte("old"), 0)
		s.write(b, []byte("new"), 0)
		s.close(a)
		s.RT.Sleep(20 * time.Second)
		s.wantOnServer("F", "new")
		got := make([]byte, 3)
		if _, err := b.ReadAt(got, 0); (err != nil && !errors.Is(err, io.EOF)) || string(got) != "new" {
			t.Errorf("read back %q, %v", got, err)
		}
	})
}

// An open that empties the file comes after what this machine wrote before it, in
// the write-behind buffers and in the cache.
func TestATruncatingOpenComesAfterWhatIsBuffered(t *testing.T) {
	for name, access := range map[string]nt.AccessMask{"buffers": nt.GenericWrite, "cache": readWrite} {
		t.Run(name, func(t *testing.T) {
			tellAll(t, "t1", lanmanKey+`"UseOpportunisticLocking"=dword:0`, func(s *story) {
				a := s.open("F", create(access, denyNone))
				s.write(a, make([]byte, 1000), 0)
				b := s.open("F", overwriting(create(readWrite, denyNone)))
				s.write(b, []byte("new"), 0)
				s.close(b)
				s.close(a)
				s.RT.Sleep(20 * time.Second)
				s.wantOnServer("F", "new")
			})
		})
	}
}

// A handle without buffering asks the server, and the server must know what the
// machine's other handle has in the cache.
func TestAnUncachedHandleSeesWhatAnotherHasDirty(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		a := s.open("F", create(readWrite, nt.ShareRead))
		b := s.open("F", noBuffering(create(nt.GenericRead, denyNone)))
		s.write(a, bytes.Repeat([]byte("d"), 8192), 0)
		if size, err := b.Size(); size != 8192 || err != nil {
			t.Errorf("size %d, %v", size, err)
		}
		s.write(a, []byte("later"), 0)
		got := make([]byte, 8)
		if _, err := b.ReadAt(got, 0); err != nil || string(got) != "laterddd" {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// The read of one handle flushes another's data behind its back: if that fails, the
// loss is announced.
func TestAFlushForAnotherHandleAnnouncesWhatItLoses(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		a := s.open("F", create(readWrite, nt.ShareRead))
		b := s.open("F", noBuffering(create(nt.GenericRead, denyNone)))
		s.write(a, make([]byte, 8192), 0)
		s.RT.Go("reset", func() {
			s.RT.Sleep(5 * time.Millisecond)
			s.Link.Reset()
		})
		if _, err := b.ReadAt(make([]byte, 10), 0); !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Errorf("read: %v", err)
		}
		s.RT.Sleep(time.Minute)
		s.wantEvents(rdr.EventUnexpectedError, rdr.EventLostDelayedWrite)
	})
}

// Dormant files that another machine's opens end leave nothing behind.
func TestDormantFilesThatABreakEndedAreForgotten(t *testing.T) {
	tellAll(t, "lan10", "", func(s *story) {
		for _, name := range []string{"A", "B", "C", "D"} {
			h := s.open(name, create(readWrite, denyNone))
			s.write(h, make([]byte, 32768), 0)
			s.close(h)
			s.RT.Sleep(time.Second)
			s.openAndClose(name, create(nt.GenericRead, denyNone))
			if held, _ := s.FileState(name); held != 32768 {
				t.Errorf("the server has %d bytes of %s", held, name)
			}
		}
		s.RT.Sleep(time.Second)
		if n := s.ws1.Files(); n != 0 {
			t.Errorf("the redirector still knows %d files", n)
		}
	})
}

func TestNoFileHasNegativeOffsets(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		mark := s.mark()
		for name, call := range map[string]func() error{
			"read":             func() error { _, err := h.ReadAt(make([]byte, 1), -1); return err },
			"write":            func() error { _, err := h.WriteAt(make([]byte, 1), -1); return err },
			"set size":         func() error { return h.SetSize(-1) },
			"read to nowhere":  func() error { _, err := h.ReadAt(make([]byte, 2), math.MaxInt64-1); return err },
			"write to nowhere": func() error { _, err := h.WriteAt(make([]byte, 2), math.MaxInt64-1); return err },
		} {
			if err := call(); !errors.Is(err, nt.StatusInvalidParameter) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.wantSent(mark)
	})
}

// src: [MS-CIFS] §3.2.5.42
func TestABreakOfLevelIIIsNotAnswered(t *testing.T) {
	tellAll(t, "lan10", "", func(s *story) {
		h := s.open("F", create(nt.GenericRead, denyNone))
		f, err := s.ws2.Open("F", create(readWrite, denyNone))
		if err != nil {
			t.Fatal(err)
		}
		s.RT.Sleep(time.Second)
		mark := s.mark()
		if _, err := f.WriteAt([]byte("x"), 0); err != nil {
			t.Error(err)
		}
		s.RT.Sleep(time.Second)
		if diff := cmp.Diff([]string{"LOCKING_ANDX"}, s.received(mark)); diff != "" {
			t.Fatalf("received (-want +got):\n%s", diff)
		}
		s.wantSent(mark)
		got := make([]byte, 1)
		if _, err := h.ReadAt(got, 0); err != nil || string(got) != "x" {
			t.Errorf("after the break: read %q, %v", got, err)
		}
	})
}

// Who waits for the answer of a write-behind buffer is told it.
func TestWithoutAsyncWriteBehindTheWriteTellsItsOwnError(t *testing.T) {
	tellAll(t, "t1", rdrKey+`"UseAsyncWriteBehind"=dword:0`, func(s *story) {
		h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		s.RT.Go("reset", func() {
			s.RT.Sleep(5 * time.Millisecond)
			s.Link.Reset()
		})
		if _, err := h.WriteAt(make([]byte, 4096), 0); !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestARedirectorThatFlushesForABreakIsNotIdle(t *testing.T) {
	tellAll(t, "ras-28.8", "", func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		s.write(h, make([]byte, 20000), 0)
		opened := s.beside("second opener", func() { s.openAndClose("F", create(nt.GenericRead, denyNone)) })
		s.RT.Sleep(2 * time.Second)
		if s.ws1.Idle().Wait(0) {
			t.Error("idle while a break's data is on its way")
		}
		s.ws1.Idle().Wait(rt.Forever)
		if held, _ := s.FileState("F"); held != 20000 {
			t.Errorf("idle, and the server has %d of 20000 bytes", held)
		}
		if !opened.Wait(time.Second) {
			t.Error("idle, and the second opener still waits")
		}
	})
}

func TestTwoSpellingsOfOnePathAreOneFile(t *testing.T) {
	tellAll(t, "t1", "", func(s *story) {
		s.close(s.open("F", create(readWrite, denyNone)))
		s.RT.Sleep(time.Second)
		mark := s.mark()
		h := s.open(`\f`, create(readWrite, denyNone))
		s.wantSent(mark) // the dormant open serves it
		if n := s.ws1.Files(); n != 1 {
			t.Errorf("%d files", n)
		}
		s.close(h)
	})
}

// A server drops a circuit on which nothing is open after fifteen minutes. That is
// no error, and the next call by name connects again.
func TestAnIdleCircuitIsDroppedWithoutAWord(t *testing.T) {
	tellAll(t, "t1", lanmanKey+`"KeepConn"=dword:ffff`, func(s *story) { // or the workstation hangs up first
		s.close(s.open("F", create(readWrite, denyNone)))
		mark := s.mark()
		s.RT.Sleep(40 * time.Minute)
		if !slices.ContainsFunc(s.Trace.Events()[mark:], func(e trace.Event) bool {
			return e.Actor == ActorSenderHost && e.Kind == trace.CircuitDown
		}) {
			t.Fatal("the server kept the circuit")
		}
		s.wantEvents()
		mark = s.mark()
		s.open("F", create(readWrite, denyNone))
		if got := s.sent(mark); len(got) == 0 || got[0] != "NEGOTIATE" {
			t.Errorf("sent %v", got)
		}
	})
}

// With data on its way the event log tells why the circuit died, and then what was
// lost with it.
func TestTheEventLogTellsTheCauseBeforeTheLoss(t *testing.T) {
	rows := []struct {
		name, link string
		access     nt.AccessMask
		die        func(s *story)
		want       []rdr.EventID
	}{
		{
			"reset, cached", "ras-28.8", readWrite, func(s *story) { s.Link.Reset() },
			[]rdr.EventID{rdr.EventUnexpectedError, rdr.EventLostDelayedWrite},
		},
		{
			"reset, buffered", "ras-28.8", nt.GenericWrite, func(s *story) { s.Link.Reset() },
			[]rdr.EventID{rdr.EventUnexpectedError, rdr.EventLostDelayedWrite, rdr.EventWriteBehindFlushFailed},
		},
		{
			"silence, cached", "x25-9.6", readWrite, func(s *story) { s.Link.Down(time.Hour) },
			[]rdr.EventID{rdr.EventTimeout, rdr.EventLostDelayedWrite},
		},
		{
			"silence, buffered", "x25-9.6", nt.GenericWrite, func(s *story) { s.Link.Down(time.Hour) },
			[]rdr.EventID{rdr.EventTimeout, rdr.EventLostDelayedWrite, rdr.EventWriteBehindFlushFailed},
		},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tellAll(t, r.link, "", func(s *story) {
				h := s.open("F", create(r.access, nt.ShareRead))
				s.write(h, make([]byte, 4096), 0)
				s.close(h)
				s.RT.Sleep(500 * time.Millisecond)
				r.die(s)
				s.RT.Sleep(20 * time.Minute)
				s.wantEvents(r.want...)
			})
		})
	}
}
