package machine

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

const (
	lanmanKey = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters]` + "\n"
	rdrKey    = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters]` + "\n"
	serverKey = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters]` + "\n"

	readWrite = nt.GenericRead | nt.GenericWrite
	denyNone  = nt.ShareRead | nt.ShareWrite
)

func settings(t testing.TB, lines string) registry.Settings {
	t.Helper()
	p, _, err := registry.Load("test.reg", strings.NewReader("REGEDIT4\n\n"+lines+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p.On(registry.Editions()[0])
}

// story is a simulated world of two workstations and a server, for a test to tell
// what the first one's redirector does.
type story struct {
	*Sim
	t   *testing.T
	ws1 *rdr.Redirector
	ws2 mailclient.FS
}

// tell plays f as a task on a link, ws1 with the given registry lines.
func tell(t *testing.T, linkName, lines string, f func(s *story)) {
	t.Helper()
	play(t, linkName, settings(t, lines), settings(t, ""), f)
}

func (s *story) open(path string, p nt.CreateParams) *rdr.Handle {
	s.t.Helper()
	h, err := s.ws1.Open(path, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *story) write(h *rdr.Handle, p []byte, off int64) {
	s.t.Helper()
	if n, err := h.WriteAt(p, off); n != len(p) || err != nil {
		s.t.Fatalf("write %d at %d: %d, %v", len(p), off, n, err)
	}
}

func (s *story) close(h *rdr.Handle) {
	s.t.Helper()
	if err := h.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// sent lists the commands that ws1 has sent since mark, in order.
func (s *story) sent(mark int) (ops []string) {
	for _, e := range s.Trace.Events()[mark:] {
		if e.Actor == ActorSenderHost && e.Kind == trace.SMBSend {
			ops = append(ops, e.Op)
		}
	}
	return ops
}

func (s *story) mark() int { return len(s.Trace.Events()) }

func (s *story) wantSent(mark int, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.sent(mark)); diff != "" {
		s.t.Errorf("SMBs sent (-want +got):\n%s", diff)
	}
}

// elapsed runs f and returns how long it took.
func (s *story) elapsed(f func()) time.Duration {
	before := s.Kernel.Now()
	f()
	return s.Kernel.Now().Sub(before)
}

func create(access nt.AccessMask, share nt.ShareAccess) nt.CreateParams {
	return nt.CreateParams{Access: access, Share: share, Disposition: nt.FileOpenIf}
}

func TestAWriteReturnsBeforeAnythingIsSentAndIsReadFromTheCache(t *testing.T) {
	tell(t, "ras-28.8", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		mark := s.mark()
		took := s.elapsed(func() { s.write(h, make([]byte, 8192), 0) })
		got := make([]byte, 100)
		if n, err := h.ReadAt(got, 8000); n != 100 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		if size, err := h.Size(); size != 8192 || err != nil || took != 0 {
			t.Errorf("size %d, %v; the write took %v", size, err, took)
		}
		s.wantSent(mark)
		if held, _ := s.FileState("F"); held != 0 {
			t.Errorf("the server has %d bytes", held)
		}
	})
}

func TestTheLazyWriterSendsAnOpenFilesDataAfterThreeSeconds(t *testing.T) {
	tell(t, "lan10", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.write(h, make([]byte, 5000), 0)
		mark := s.mark()
		s.RT.Sleep(2900 * time.Millisecond)
		s.wantSent(mark)
		s.RT.Sleep(200 * time.Millisecond)
		s.wantSent(mark, "WRITE_ANDX", "WRITE_ANDX")
		if held, _ := s.FileState("F"); held != 5000 {
			t.Errorf("the server has %d bytes", held)
		}
	})
}

func TestFlushFileBuffersWaitsForTheDataAndTheServer(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.write(h, make([]byte, 8192), 0)
		mark := s.mark()
		if err := h.Flush(); err != nil {
			t.Error(err)
		}
		s.wantSent(mark, "WRITE_RAW", "RAW", "FLUSH")
		if held, _ := s.FileState("F"); held != 8192 {
			t.Errorf("the server has %d bytes", held)
		}
	})
}

// A second opener breaks the batch oplock; dirty pages reach the server before the
// acknowledgement, so the opener reads them.
func TestASecondOpenerBreaksTheOplockAndReadsWhatWasDirty(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		data := bytes.Repeat([]byte("dirty"), 1000)
		s.write(h, data, 0)
		mark := s.mark()
		f, err := s.ws2.Open("F", create(nt.GenericRead, denyNone))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(data))
		if _, err := f.ReadAt(got, 0); (err != nil && !errors.Is(err, io.EOF)) || !bytes.Equal(got, data) {
			t.Errorf("the second opener reads other bytes (%v)", err)
		}
		s.wantSent(mark, "WRITE_ANDX", "WRITE_ANDX", "LOCKING_ANDX")
		// What it writes from now on goes to the server at once.
		s.write(h, []byte("later"), 0)
		if _, err := f.ReadAt(got[:5], 0); err != nil || string(got[:5]) != "later" {
			t.Errorf("after the break the second opener reads %q, %v", got[:5], err)
		}
	})
}

func TestADormantFileIsReopenedWithoutTheServerAndClosedAfterTenSeconds(t *testing.T) {
	tell(t, "lan10", "", func(s *story) {
		p := create(readWrite, denyNone)
		s.close(s.open("F", p))
		s.RT.Sleep(time.Second)
		mark := s.mark()
		s.RT.Sleep(4 * time.Second)
		h := s.open("F", p)
		s.wantSent(mark)
		s.close(h)
		s.RT.Sleep(9900 * time.Millisecond)
		s.wantSent(mark)
		s.RT.Sleep(200 * time.Millisecond)
		s.wantSent(mark, "CLOSE")
	})
}

func TestADormantFileIsClosedForAnotherOpenAndForItsOwnDelete(t *testing.T) {
	tell(t, "lan10", "", func(s *story) {
		p := create(readWrite, denyNone)
		s.close(s.open("F", p))
		s.RT.Sleep(time.Second)
		mark := s.mark()
		took := s.elapsed(func() {
			f, err := s.ws2.Open("F", create(readWrite, nt.ShareNone))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
		s.wantSent(mark, "CLOSE")
		if took > time.Second {
			t.Errorf("the second opener waited %v", took)
		}
		s.RT.Sleep(time.Second)
		s.close(s.open("F", p))
		s.RT.Sleep(time.Second)
		mark = s.mark()
		if err := s.ws1.Delete("F"); err != nil {
			t.Error(err)
		}
		s.wantSent(mark, "CLOSE", "TRANSACTION2", "DELETE")
	})
}

func TestTheOldestDormantFileMakesRoom(t *testing.T) {
	tell(t, "lan10", lanmanKey+`"DormantFileLimit"=dword:1`, func(s *story) {
		p := create(readWrite, denyNone)
		s.close(s.open("A", p))
		s.RT.Sleep(time.Second)
		mark := s.mark()
		s.close(s.open("B", p))
		s.RT.Sleep(time.Second)
		s.wantSent(mark, "NT_CREATE_ANDX", "CLOSE")
		if _, opens := s.FileState("A"); opens != 0 {
			t.Errorf("A has %d opens", opens)
		}
	})
}

// Close under each combination of the switches, with 8 KB dirty on a slow link.
func TestWhatACloseWaitsFor(t *testing.T) {
	rows := []struct {
		name, lines string
		min, max    time.Duration
	}{
		{"stock: nothing", "", 0, 0},
		{"CloseWaitsForFlush: the data", rdrKey + `"NtrdrCloseWaitsForFlush"=dword:1`, time.Second, 4 * time.Second},
		{"no close-behind: the data and CLOSE", lanmanKey + `"UseCloseBehind"=dword:0`, 2 * time.Second, 6 * time.Second},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tell(t, "ras-28.8", r.lines, func(s *story) {
				h := s.open("F", create(readWrite, nt.ShareRead))
				s.write(h, make([]byte, 8192), 0)
				if took := s.elapsed(func() { s.close(h) }); took < r.min || took > r.max {
					t.Errorf("close took %v, want %v to %v", took, r.min, r.max)
				}
			})
		})
	}
}

// The four send triggers of the write-behind buffers, on a write-only handle.
func TestTheFourTriggersOfTheWriteBehindBuffers(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		mark := s.mark()
		s.write(h, make([]byte, 1000), 0)
		s.RT.Sleep(time.Minute)
		s.wantSent(mark) // no timer
		if err := h.Flush(); err != nil {
			t.Error(err)
		}
		s.wantSent(mark, "WRITE_ANDX", "FLUSH")
		mark = s.mark()
		s.write(h, make([]byte, 4096), 1000)
		s.RT.Sleep(time.Second)
		s.wantSent(mark, "WRITE_ANDX") // a buffer is full
		mark = s.mark()
		s.write(h, make([]byte, 10), 100_000)
		s.close(h)
		s.RT.Sleep(time.Second)
		s.wantSent(mark, "WRITE_ANDX", "CLOSE")
		if held, _ := s.FileState("F"); held != 100_010 {
			t.Errorf("the server has %d bytes", held)
		}
	})
}

func TestTheFourthBufferSendsTheOldest(t *testing.T) {
	tell(t, "t1", rdrKey+`"NtrdrL2Dispatch"="fourth"`, func(s *story) {
		h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		mark := s.mark()
		s.write(h, make([]byte, 3*4096), 0)
		s.RT.Sleep(time.Second)
		s.wantSent(mark)
		s.write(h, make([]byte, 1), 3*4096)
		s.wantSent(mark, "WRITE_ANDX")
		i := slices.IndexFunc(s.Trace.Events()[mark:], func(e trace.Event) bool {
			return e.Actor == ActorSenderHost && e.Kind == trace.BufferSend
		})
		if i < 0 || s.Trace.Events()[mark+i].Off != 0 {
			t.Errorf("sent is not the oldest buffer: %+v", s.Trace.Events()[mark:])
		}
	})
}

// All three buffers are on their way when the circuit breaks, and one more is half full:
// one box, at once, and nothing is left.
func TestALostCircuitTakesTheBuffersWithItAndAnnouncesThemOnce(t *testing.T) {
	tell(t, "ras-28.8", rdrKey+`"NtrdrWriteBehindBuffers"=dword:4`, func(s *story) {
		h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		s.write(h, make([]byte, 3*4096+10), 0)
		s.RT.Sleep(100 * time.Millisecond)
		s.Link.Reset()
		s.RT.Sleep(time.Second)
		lost := 0
		for _, e := range s.ws1.EventLog() {
			if e.ID == rdr.EventLostDelayedWrite {
				lost++
			}
		}
		if dirty := s.ws1.DirtyBytes(); lost != 1 || dirty != 0 {
			t.Errorf("Event 26 %d times, %d bytes wait; want once and none: %v", lost, dirty, s.ws1.EventLog())
		}
	})
}

func TestWithoutAsyncWriteBehindTheSenderOfABufferWaits(t *testing.T) {
	for lines, waits := range map[string]bool{"": false, rdrKey + `"UseAsyncWriteBehind"=dword:0`: true} {
		tell(t, "t1", lines, func(s *story) {
			h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
			took := s.elapsed(func() { s.write(h, make([]byte, 4096), 0) })
			if (took > 0) != waits {
				t.Errorf("%q: the write took %v", lines, took)
			}
		})
	}
}

func TestUseWriteBehind0WaitsAndTellsTheError(t *testing.T) {
	tell(t, "t1", rdrKey+`"UseWriteBehind"=dword:0`, func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		mark := s.mark()
		if took := s.elapsed(func() { s.write(h, make([]byte, 8192), 0) }); took == 0 {
			t.Error("the write returned at once")
		}
		s.wantSent(mark, "WRITE_RAW", "RAW")
		s.Link.Reset()
		_, err := h.WriteAt(make([]byte, 10), 0)
		if !errors.Is(err, nt.StatusUnexpectedNetworkError) && !errors.Is(err, nt.StatusNetworkNameDeleted) {
			t.Errorf("after a reset: %v", err)
		}
	})
}

// A broken circuit: handles die, dirty data is lost, the event log says so, and the
// next call by name connects again.
func TestABrokenCircuitKillsHandlesAndTheNextNameReconnects(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.write(h, make([]byte, 100), 0)
		s.Link.Reset()
		s.RT.Sleep(time.Second)
		if _, err := h.ReadAt(make([]byte, 1), 0); !errors.Is(err, nt.StatusNetworkNameDeleted) {
			t.Errorf("read on a dead handle: %v", err)
		}
		s.close(h)
		var ids []rdr.EventID
		for _, e := range s.ws1.EventLog() {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff([]rdr.EventID{rdr.EventUnexpectedError, rdr.EventLostDelayedWrite}, ids); diff != "" {
			t.Errorf("event log (-want +got):\n%s", diff)
		}
		mark := s.mark()
		again := s.open("F", create(readWrite, nt.ShareRead))
		if !slices.Contains(s.sent(mark), "NEGOTIATE") {
			t.Errorf("no new circuit: %v", s.sent(mark))
		}
		if size, err := again.Size(); size != 0 || err != nil {
			t.Errorf("size %d, %v: the lost bytes are still seen", size, err)
		}
		if s.ws1.DirtyBytes() != 0 {
			t.Errorf("%d bytes dirty", s.ws1.DirtyBytes())
		}
	})
}

// On a slow link the SMB timer ends a silent circuit: 45 s, and the size over the
// rate, which for a query is the reply that it leaves room for.
func TestTheRequestTimerEndsASilentCircuit(t *testing.T) {
	tell(t, "x25-9.6", "", func(s *story) {
		s.Link.Down(time.Hour)
		took := s.elapsed(func() {
			_, err := s.ws1.Stat("F")
			if !errors.Is(err, nt.StatusIOTimeout) {
				t.Errorf("stat: %v", err)
			}
		})
		if took < 45*time.Second || took > 60*time.Second {
			t.Errorf("it took %v", took)
		}
		s.RT.Sleep(0)
		log := s.ws1.EventLog()
		if len(log) != 1 || log[0].ID != rdr.EventTimeout || log[0].Text != "The redirector has timed out a request to PO." {
			t.Errorf("event log %v", log)
		}
	})
}

func TestAnIdleRedirectorSaysSo(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.write(h, make([]byte, 8192), 0)
		s.close(h)
		if s.ws1.Idle().Wait(0) {
			t.Error("idle with a close behind")
		}
		s.ws1.Idle().Wait(rt.Forever)
		if held, opens := s.FileState("F"); held != 8192 || opens != 0 {
			t.Errorf("idle, and the server has %d bytes and %d opens", held, opens)
		}
	})
}

// Nothing stays behind of files that are closed: neither dormant ones that a break
// ended, nor those of a circuit that broke.
func TestClosedFilesAreForgotten(t *testing.T) {
	tell(t, "lan10", "", func(s *story) {
		p := create(readWrite, denyNone)
		s.close(s.open("A", p))
		s.RT.Sleep(time.Second)
		if _, err := s.ws2.Open("A", p); err != nil {
			t.Fatal(err)
		}
		h := s.open("B", create(readWrite, nt.ShareNone))
		s.Link.Reset()
		s.RT.Sleep(time.Second)
		s.close(h)
		s.ws1.Idle().Wait(rt.Forever)
		if n := s.ws1.Files(); n != 0 {
			t.Errorf("the redirector still knows %d files", n)
		}
	})
}

// The circuit breaks under a call by path while no file is open.
func TestALossUnderACallByPathIsLogged(t *testing.T) {
	tell(t, "ras-28.8", "", func(s *story) {
		s.RT.Go("reset", func() {
			s.RT.Sleep(10 * time.Millisecond)
			s.Link.Reset()
		})
		if _, err := s.ws1.Stat("F"); !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Errorf("stat: %v", err)
		}
		s.RT.Sleep(time.Second)
		log := s.ws1.EventLog()
		if len(log) != 1 || log[0].ID != rdr.EventUnexpectedError {
			t.Errorf("event log %v", log)
		}
	})
}
